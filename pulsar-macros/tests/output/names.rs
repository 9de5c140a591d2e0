#[cfg(unix)]
async fn handler(params: u8, context: State<Db>, handler: Body) {}
#[cfg(unix)]
/// What `url!(handler { .. })` takes: the values of `/<int:params>`.
struct handler_url {
    /// The value of `<int:params>`.
    pub params: u8,
}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use my_framework::pulsar::__private as _pulsar;
    use _pulsar::NoRequirement as _;
    use _pulsar::MayReadMore as _;
    impl _pulsar::RouteUrl for handler_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["POST"],
                "/<int:params>",
                "handler",
                (&_pulsar::Function::awaited(
                    handler,
                    (
                        _pulsar::ValueAt(0, <u8 as _pulsar::PathValue>::TYPE),
                        (
                            _pulsar::Head(
                                <State<Db> as _pulsar::HeadExtractor>::TYPE,
                                <_pulsar::Reads<State<Db>>>::KIND,
                            ),
                            (
                                _pulsar::Last(
                                    <Body as _pulsar::Extractor<_>>::TYPE,
                                    _pulsar::Anything,
                                ),
                                (),
                            ),
                        ),
                    ),
                    <_ as _pulsar::HandlerFuture>::TYPE,
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .asks(&[<_pulsar::Probe<State<Db>>>::ASKS])
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < handler_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[cfg(unix)]
#[doc(hidden)]
enum POST_ノᐸintᐳ {}
