#[cfg(unix)]
#[allow(deprecated, unused)]
async fn nap(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds))
}
#[cfg(unix)]
/// What `url!(nap { .. })` takes: the values of `/nap/<int:seconds>`.
struct nap_url {
    /// The value of `<int:seconds>`.
    pub seconds: u64,
}
#[cfg(unix)]
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
        params: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(seconds) = <u64 as _pulsar::PathValue>::of(&params, 0) else {
            return _pulsar::Reply::no_such_value();
        };
        _pulsar::Reply::later(
            _pulsar::Box::pin(async move {
                _pulsar::HandlerOutput::respond(nap(seconds).await)
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/nap/<int:seconds>", handler).function("nap")
        .at(ROUTE_PLACE).built_for_tests(cfg!(test))
    }
    static ROUTE_URL: _pulsar::UrlRoute = _pulsar::UrlRoute::new(
        "/nap/<int:seconds>",
        ROUTE_PLACE,
    );
    impl _pulsar::RouteUrl for nap_url {
        fn route() -> &'static _pulsar::UrlRoute {
            &ROUTE_URL
        }
    }
};
#[cfg(unix)]
#[doc(hidden)]
const GET_ノnapノᐸintᐳ: () = ();
#[cfg(unix)]
#[allow(deprecated)]
#[doc(hidden)]
const _: () = {
    #[deprecated(
        note = "`std::thread::sleep` blocks the event loop, and with it every other request there\nhelp: write `tokio::time::sleep(..).await`, or leave `async` out, so that `nap` runs on the thread pool; `allow(blocking)` in the attribute if it is meant"
    )]
    const fn a_blocking_call() {}
    a_blocking_call()
};
