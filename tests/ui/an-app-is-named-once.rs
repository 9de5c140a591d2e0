pulsar::main! {
    app admin { bind: "127.0.0.1:8061" }
    app admin { bind: "127.0.0.1:8062" }
}
