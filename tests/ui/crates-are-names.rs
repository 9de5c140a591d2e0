pulsar::main! {
    crates: ["blog"],
}
