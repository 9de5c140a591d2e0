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
    impl _pulsar::RouteUrl for nap_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/nap/<int:seconds>",
                "nap",
                (&_pulsar::Function::immediate(
                    nap,
                    (_pulsar::ValueAt(0, <u64 as _pulsar::PathValue>::TYPE), ()),
                    <_ as _pulsar::HandlerFuture>::TYPE,
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < nap_url as _pulsar::RouteUrl > ::ROUTE
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
