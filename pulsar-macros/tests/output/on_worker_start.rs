async fn warm(db: &Db, State(cache): State<Cache>) -> pulsar::Result<()> {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([
            _pulsar::Requirement::of::<Db>(),
            _pulsar::Requirement::of::<Cache>(),
        ])
    }
    fn run(context: &_pulsar::Context) -> _pulsar::BoxFuture<'_, _pulsar::Outcome> {
        _pulsar::Box::pin(async move {
            let need_1 = context.need::<Db>();
            let need_2 = context.need::<Cache>();
            match _pulsar::Returned::<pulsar::Result<()>>::new()
                .split(warm(&*need_1, _pulsar::State(need_2)).await)
            {
                _pulsar::Ok(_) => _pulsar::Ok(()),
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::worker_start(needs, run).function("warm")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
