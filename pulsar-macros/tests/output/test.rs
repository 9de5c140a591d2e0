/// Orders are listed.
#[ignore = "slow"]
#[::core::prelude::v1::test]
fn orders() -> Result<(), Error> {
    async fn orders(client: Client, State(db): State<Db>) -> Result<(), Error> {
        client.get("/orders").send().await.assert_status(200);
        Ok(())
    }
    {
        use ::pulsar::__private as _pulsar;
        _pulsar::run_async(
            async || {
                _pulsar::TestSetup::new(shop::program())
                    .provide(Rate(1.5))
                    .provide(clock())
                    .setting("max_body", 4)
                    .setting("strict_slashes", false)
                    .app("admin")
                    .socket()
            },
            async |test: &_pulsar::Test| (
                _pulsar::argument::<Client>(test).await,
                _pulsar::argument::<State<Db>>(test).await,
            ),
            async |(argument_0, argument_1)| orders(argument_0, argument_1).await,
        )
    }
}
