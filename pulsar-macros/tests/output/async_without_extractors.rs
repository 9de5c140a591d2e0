async fn page(lang: &str, number: u32) -> String {
    format!("{lang} {number}")
}
/// What `url!(page { .. })` takes: the values of `/<lang>/<int:number>`.
struct page_url<'url> {
    /// The value of `<lang>`.
    pub lang: &'url str,
    /// The value of `<int:number>`.
    pub number: u32,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for page_url<'_> {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/<lang>/<int:number>",
                "page",
                (&_pulsar::Function::immediate(
                    page,
                    (
                        _pulsar::TextAt(0),
                        (_pulsar::ValueAt(1, <u32 as _pulsar::PathValue>::TYPE), ()),
                    ),
                    <_ as _pulsar::HandlerFuture>::TYPE,
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
enum GET_ノᐸstringᐳノᐸintᐳ {}
