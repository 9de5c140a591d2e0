pulsar::main! {
    layers: (),
}
