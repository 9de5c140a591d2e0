pulsar::main! {
    layer: [],
}
