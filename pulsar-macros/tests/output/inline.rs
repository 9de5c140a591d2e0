fn hello() -> &'static str {
    "hello"
}
/// What `url!(hello { .. })` takes: the values of `/`.
struct hello_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    const ROUTE_PLACE: _pulsar::Place = _pulsar::Place::new(
        module_path!(),
        file!(),
        line!(),
        column!(),
    );
    fn handler(
        _: _pulsar::Request,
        _: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        _pulsar::Reply::now(_pulsar::HandlerOutput::respond(hello()))
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/", handler).function("hello").at(ROUTE_PLACE)
        .built_for_tests(cfg!(test))
    }
    static ROUTE_URL: _pulsar::UrlRoute = _pulsar::UrlRoute::new("/", ROUTE_PLACE);
    impl _pulsar::RouteUrl for hello_url {
        fn route() -> &'static _pulsar::UrlRoute {
            &ROUTE_URL
        }
    }
};
#[doc(hidden)]
const GET_ノ: () = ();
