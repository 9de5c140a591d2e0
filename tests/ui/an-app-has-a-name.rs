pulsar::main! {
    app: admin,
}
