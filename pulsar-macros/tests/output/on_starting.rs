#[cfg(unix)]
fn hello() {}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn run() -> _pulsar::Outcome {
        match _pulsar::Returned::<()>::new().split(hello()) {
            _pulsar::Ok(_) => _pulsar::Ok(()),
            _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
        }
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::starting(run).function("hello")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
