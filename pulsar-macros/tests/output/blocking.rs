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
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for nap_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/nap/<int:seconds>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[cfg(unix)]
#[doc(hidden)]
enum GET_ノnapノᐸintᐳ {}
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
