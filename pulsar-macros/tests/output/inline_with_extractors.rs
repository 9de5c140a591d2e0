fn save(request: Request) {}
/// What `url!(save { .. })` takes: the values of `/save`.
struct save_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for save_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["PUT"],
                "/save",
                "save",
                (&_pulsar::Function::inline(
                    save,
                    (
                        _pulsar::Last(
                            <Request as _pulsar::Extractor<_>>::TYPE,
                            _pulsar::Anything,
                        ),
                        (),
                    ),
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < save_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum PUT_ノsave {}
