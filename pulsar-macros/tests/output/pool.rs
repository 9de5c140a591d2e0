fn report(
    mut year: u16,
    _lang: &str,
    Query(filter): Query<Filter>,
) -> impl IntoResponse {}
/// What `url!(report { .. })` takes: the values of `/reports/<int:year>/<lang>`.
struct report_url<'url> {
    /// The value of `<int:year>`.
    pub year: u16,
    /// The value of `<lang>`.
    pub lang: &'url str,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::MayReadMore as _;
    impl _pulsar::RouteUrl for report_url<'_> {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET", "PURGE"],
                "/reports/<int:year>/<lang>",
                "report",
                (&_pulsar::Function::pooled(
                    report,
                    (
                        _pulsar::ValueAt(0, <u16 as _pulsar::PathValue>::TYPE),
                        (
                            _pulsar::TextAt(1),
                            (
                                _pulsar::Last(
                                    <Query<Filter> as _pulsar::Extractor<_>>::TYPE,
                                    <_pulsar::Reads<Query<Filter>>>::KIND,
                                ),
                                (),
                            ),
                        ),
                    ),
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .blocking()
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < report_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum GET_ノreportsノᐸintᐳノᐸstringᐳ {}
#[doc(hidden)]
enum PURGE_ノreportsノᐸintᐳノᐸstringᐳ {}
