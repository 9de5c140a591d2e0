#[::core::prelude::v1::test]
fn starts() {
    async fn starts() {}
    {
        use ::pulsar::__private as _pulsar;
        _pulsar::run_async(
            async || _pulsar::TestSetup::new(::pulsar::testing::program!()).socket(),
            async |_: &_pulsar::Test| (),
            async |()| starts().await,
        )
    }
}
