pulsar::main! {
    layers: [],
    name: "shop",
    layers: [],
}
