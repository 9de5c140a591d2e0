fn hello() -> &'static str {
    "hello"
}
/// What `url!(hello { .. })` takes: the values of `/`.
struct hello_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for hello_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/",
                "hello",
                (&_pulsar::Function::inline(
                    hello,
                    (),
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < hello_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum GET_ノ {}
