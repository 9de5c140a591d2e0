async fn stop() {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([])
    }
    fn handle<'a>(
        _: &'a _pulsar::Context,
        _: &'a [u8],
    ) -> _pulsar::BoxFuture<'a, _pulsar::Returns> {
        _pulsar::Box::pin(async move {
            match _pulsar::Returned::<()>::new().split(stop().await) {
                _pulsar::Ok(value) => {
                    _pulsar::answered(_pulsar::MessageAnswer::write(&value))
                }
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Message::new("stop", needs, handle).function("stop")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
