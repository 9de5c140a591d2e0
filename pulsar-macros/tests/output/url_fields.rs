pub fn page(
    a: String,
    b: Cow<'_, str>,
    c: std::path::PathBuf,
    d: Token<'_>,
    _e: Vec<Uuid>,
    mut f: (u8),
    g: &'a str,
) {}
/// What `url!(page { .. })` takes: the values of `/<a>/<b>/<c>/<d>/<e>/<f>/<g>`.
pub struct page_url<'url> {
    /// The value of `<a>`.
    pub a: &'url str,
    /// The value of `<b>`.
    pub b: &'url str,
    /// The value of `<c>`.
    pub c: &'url str,
    /// The value of `<d>`.
    pub d: Token<'url>,
    /// The value of `<e>`.
    pub e: Vec<Uuid>,
    /// The value of `<f>`.
    pub f: u8,
    /// The value of `<g>`.
    pub g: &'url str,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for page_url<'_> {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/<a>/<b>/<c>/<d>/<e>/<f>/<g>",
                "page",
                (&_pulsar::Function::inline(
                    page,
                    (
                        _pulsar::ValueAt(0, <String as _pulsar::PathValue>::TYPE),
                        (
                            _pulsar::ValueAt(
                                1,
                                <Cow<'_, str> as _pulsar::PathValue>::TYPE,
                            ),
                            (
                                _pulsar::ValueAt(
                                    2,
                                    <std::path::PathBuf as _pulsar::PathValue>::TYPE,
                                ),
                                (
                                    _pulsar::ValueAt(
                                        3,
                                        <Token<'_> as _pulsar::PathValue>::TYPE,
                                    ),
                                    (
                                        _pulsar::ValueAt(
                                            4,
                                            <Vec<Uuid> as _pulsar::PathValue>::TYPE,
                                        ),
                                        (
                                            _pulsar::ValueAt(5, <u8 as _pulsar::PathValue>::TYPE),
                                            (_pulsar::TextAt(6), ()),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                    ),
                    <_ as _pulsar::HandlerOutput>::TYPE,
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < page_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum GET_ノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳ {}
