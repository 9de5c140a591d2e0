fn hello() -> &'static str {
    "hello"
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        _: _pulsar::Request,
        _: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        _pulsar::Reply::now(_pulsar::IntoResponse::into_response(hello()))
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/", handler).function("hello")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
};
