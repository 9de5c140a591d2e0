fn day(Path((year, name)): extract::Path<(u16, String)>) {}
/// What `url!(day { .. })` takes: the values of `/<int:year>/<name>`.
struct day_url<'url> {
    /// The value of `<int:year>`.
    pub year: u16,
    /// The value of `<name>`.
    pub name: &'url str,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    impl _pulsar::RouteUrl for day_url<'_> {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["GET"],
                "/<int:year>/<name>",
                "day",
                (&_pulsar::Function::pooled(
                    day,
                    (
                        _pulsar::Last(
                            <extract::Path<
                                (u16, String),
                            > as _pulsar::Extractor<_>>::TYPE,
                            _pulsar::Anything,
                        ),
                        (),
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
        < day_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum GET_ノᐸintᐳノᐸstringᐳ {}
