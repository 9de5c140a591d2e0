async fn db(settings: &Settings, State(pool): State<Pool>) -> Result<Db> {
    pool.open().await
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn provides() -> _pulsar::Requirement {
        _pulsar::Returned::<Result<Db>>::new().provides()
    }
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([
            _pulsar::Requirement::of::<Settings>(),
            _pulsar::Requirement::of::<Pool>(),
        ])
    }
    fn build(
        context: &_pulsar::Context,
    ) -> _pulsar::BoxFuture<'_, _pulsar::Result<_pulsar::Built, _pulsar::BoxError>> {
        _pulsar::Box::pin(async move {
            let need_1 = context.need::<Settings>();
            let need_2 = context.need::<Pool>();
            match _pulsar::Returned::<Result<Db>>::new()
                .split(db(&*need_1, _pulsar::State(need_2)).await)
            {
                _pulsar::Ok(value) => _pulsar::Ok(_pulsar::Provided::built(value)),
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Provider::new(provides, needs, build).function("db")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
