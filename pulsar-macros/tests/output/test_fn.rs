#[::core::prelude::v1::test]
fn orders() {
    fn orders(client: Client) {}
    {
        use ::pulsar::__private as _pulsar;
        _pulsar::run_sync(
            async || {
                _pulsar::TestSetup::new(::pulsar::testing::program!()).provide(Rate(1.5))
            },
            async |test: &_pulsar::Test| (_pulsar::argument::<Client>(test).await,),
            |(argument_0,)| orders(argument_0),
        )
    }
}
