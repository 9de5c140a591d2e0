fn nap() {
    std::fs::read(PATH);
}
/// What `url!(nap { .. })` takes: the values of `/nap`.
struct nap_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        _: _pulsar::Request,
        _: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        _pulsar::Reply::now(_pulsar::HandlerOutput::respond(nap()))
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/nap", handler).function("nap")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for nap_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/nap",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノnap {}
#[doc(hidden)]
const _: () = {
    #[deprecated(
        note = "`std::fs::read` blocks the event loop, and with it every other request there\nhelp: leave `inline` out, so that `nap` runs on the thread pool; `allow(blocking)` in the attribute if it is meant"
    )]
    const fn a_blocking_call() {}
    a_blocking_call()
};
