#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    _pulsar::inventory::submit! {
        _pulsar::Scope::new("/api/v1", _pulsar::Place::new(module_path!(), file!(),
        line!(), column!()))
    }
};
