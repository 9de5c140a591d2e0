mod admin {}

pulsar::main! {
    app admin { routes: admin }
}
