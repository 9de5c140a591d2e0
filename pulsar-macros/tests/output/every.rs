async fn sweep(cache: State<Cache>) -> Result<()> {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([_pulsar::Requirement::of::<Cache>()])
    }
    fn run(context: &_pulsar::Context) -> _pulsar::BoxFuture<'_, _pulsar::Outcome> {
        _pulsar::Box::pin(async move {
            let need_1 = context.need::<Cache>();
            match _pulsar::Returned::<Result<()>>::new()
                .split(sweep(_pulsar::State(need_1)).await)
            {
                _pulsar::Ok(_) => _pulsar::Ok(()),
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Task::new(30000, needs, run).function("sweep")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
