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
    fn handler(
        _: _pulsar::Request,
        params: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(a) = <String as _pulsar::PathValue>::of(&params, 0) else {
            return _pulsar::Reply::no_such_value();
        };
        let _pulsar::Some(b) = <Cow<'_, str> as _pulsar::PathValue>::of(&params, 1) else {
            return _pulsar::Reply::no_such_value();
        };
        let _pulsar::Some(c) = <std::path::PathBuf as _pulsar::PathValue>::of(&params, 2)
        else {
            return _pulsar::Reply::no_such_value();
        };
        let _pulsar::Some(d) = <Token<'_> as _pulsar::PathValue>::of(&params, 3) else {
            return _pulsar::Reply::no_such_value();
        };
        let _pulsar::Some(e) = <Vec<Uuid> as _pulsar::PathValue>::of(&params, 4) else {
            return _pulsar::Reply::no_such_value();
        };
        let _pulsar::Some(f) = <u8 as _pulsar::PathValue>::of(&params, 5) else {
            return _pulsar::Reply::no_such_value();
        };
        _pulsar::Reply::now(
            _pulsar::HandlerOutput::respond(page(a, b, c, d, e, f, params.str(6))),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/<a>/<b>/<c>/<d>/<e>/<f>/<g>", handler)
        .function("page").at(_pulsar::Place::new(module_path!(), file!(), line!(),
        column!())).built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for page_url<'_> {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/<a>/<b>/<c>/<d>/<e>/<f>/<g>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳノᐸstringᐳ {}
