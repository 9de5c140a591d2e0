fn bye(code: u8) {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    #[allow(unused_imports)]
    use _pulsar::ReturnedValue as _;
    fn run(told: u8) -> _pulsar::Outcome {
        _pulsar::Returned::<()>::new()
            .split(bye(told))
            .map(_pulsar::drop)
            .map_err(_pulsar::Failure::boxed)
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::exit(run).function("bye").at(_pulsar::Place::new(module_path!(),
        file!(), line!(), column!()))
    }
};
