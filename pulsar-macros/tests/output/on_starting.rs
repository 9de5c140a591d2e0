#[cfg(unix)]
fn hello() {}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    #[allow(unused_imports)]
    use _pulsar::ReturnedValue as _;
    fn run() -> _pulsar::Outcome {
        _pulsar::Returned::<()>::new()
            .split(hello())
            .map(_pulsar::drop)
            .map_err(_pulsar::Failure::boxed)
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::starting(run).function("hello")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
