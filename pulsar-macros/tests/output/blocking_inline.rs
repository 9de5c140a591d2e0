fn nap() {
    std::fs::read(PATH);
}
/// What `url!(nap { .. })` takes: the values of `/nap`.
struct nap_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for nap_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/nap",
                "nap",
                (&_pulsar::Function::inline(
                    nap,
                    (),
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
