fn hello() -> &'static str {
    "hello"
}
/// What `url!(hello { .. })` takes: the values of `/`.
struct hello_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        _: _pulsar::Request,
        _: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        _pulsar::Reply::now(_pulsar::HandlerOutput::respond(hello()))
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/", handler).function("hello")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for hello_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノ {}
