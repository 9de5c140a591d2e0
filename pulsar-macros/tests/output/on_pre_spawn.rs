fn run(worker: &Worker) -> io::Result<()> {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn run_of_ours(told: &_pulsar::Worker) -> _pulsar::Outcome {
        match _pulsar::Returned::<io::Result<()>>::new().split(run(told)) {
            _pulsar::Ok(_) => _pulsar::Ok(()),
            _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
        }
    }
    _pulsar::inventory::submit! {
        _pulsar::Hook::pre_spawn(run_of_ours).function("run")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
