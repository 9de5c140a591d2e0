pulsar::main! {
    layers: [A B],
    fallback: fn not_found() {},
    bind: ["127.0.0.1:8060" "[::1]:8060"],
    name "shop",
}
