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
    fn handler(
        _: _pulsar::Request,
        params: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(number) = <u32 as _pulsar::PathValue>::of(&params, 1) else {
            return _pulsar::Reply::no_such_value();
        };
        _pulsar::Reply::later(
            _pulsar::Box::pin(async move {
                _pulsar::HandlerOutput::respond(page(params.str(0), number).await)
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/<lang>/<int:number>", handler).function("page")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for page_url<'_> {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/<lang>/<int:number>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノᐸstringᐳノᐸintᐳ {}
