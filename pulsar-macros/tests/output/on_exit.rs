fn bye(code: u8) {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn run(told: u8) -> _pulsar::Outcome {
        match _pulsar::Returned::<()>::new().split(bye(told)) {
            _pulsar::Ok(_) => _pulsar::Ok(()),
            _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
        }
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::exit(run).function("bye").at(_pulsar::Place::new(module_path!(),
        file!(), line!(), column!()))
    }
};
