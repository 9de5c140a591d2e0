fn report() {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([])
    }
    fn run(context: &_pulsar::Context) -> _pulsar::BoxFuture<'_, _pulsar::Outcome> {
        _pulsar::Box::pin(async move {
            _pulsar::in_pool(
                    context,
                    move || match _pulsar::Returned::<()>::new().split(report()) {
                        _pulsar::Ok(_) => _pulsar::Ok(()),
                        _pulsar::Err(error) => {
                            _pulsar::Err(_pulsar::Failure::boxed(error))
                        }
                    },
                )
                .await
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Task::new(7200000, needs, run).once().function("report")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
