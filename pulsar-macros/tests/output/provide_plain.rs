#[cfg(unix)]
fn build() -> Clock {
    Clock
}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn provides() -> _pulsar::Requirement {
        _pulsar::Returned::<Clock>::new().provides()
    }
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([])
    }
    fn build_of_provider(
        _: &_pulsar::Context,
    ) -> _pulsar::BoxFuture<'_, _pulsar::Result<_pulsar::Built, _pulsar::BoxError>> {
        _pulsar::Box::pin(async move {
            match _pulsar::Returned::<Clock>::new().split(build()) {
                _pulsar::Ok(value) => _pulsar::Ok(_pulsar::Provided::built(value)),
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Provider::new(provides, needs, build_of_provider).function("build")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
