#[::core::prelude::v1::test]
fn orders() {
    fn orders(client: Client) {}
    {
        use ::pulsar::__private as _pulsar;
        _pulsar::run_sync(
            async || {
                _pulsar::TestSetup::new(::pulsar::testing::program!()).provide(Rate(1.5))
            },
            async |test: &_pulsar::Test| (
                <Client as _pulsar::FromTest>::from_test(test).await,
            ),
            |(argument_0,)| orders(argument_0),
        )
    }
}
