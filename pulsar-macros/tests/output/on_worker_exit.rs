fn note(_: &WorkerExit) {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn run(told: &_pulsar::WorkerExit) -> _pulsar::Outcome {
        match _pulsar::Returned::<()>::new().split(note(told)) {
            _pulsar::Ok(_) => _pulsar::Ok(()),
            _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
        }
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::worker_exit(run).function("note")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
