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
    use _pulsar::{NoExtractor as _, NoRequirement as _};
    let _: [(); 1] = [<Query<Filter> as _pulsar::Extractor<_>>::IS_ONE];
    fn handler(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(year) = <u16 as _pulsar::PathValue>::of(&params, 0) else {
            return _pulsar::Reply::no_such_value();
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::extracting(
            _pulsar::Box::pin(async move {
                let argument_3 = _pulsar::Last::<
                    Query<Filter>,
                    _,
                >::extract(request, &context)
                    .await?;
                _pulsar::Ok(
                    _pulsar::on_pool(
                            &context,
                            move || _pulsar::HandlerOutput::respond(
                                report(year, params.str(1), argument_3),
                            ),
                        )
                        .await,
                )
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET", "PURGE"], "/reports/<int:year>/<lang>", handler)
        .function("report").at(_pulsar::Place::new(module_path!(), file!(), line!(),
        column!())).extracts(& [< _pulsar::Probe < Query < Filter > >> ::ASKS])
        .blocking().built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for report_url<'_> {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/reports/<int:year>/<lang>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノreportsノᐸintᐳノᐸstringᐳ {}
#[doc(hidden)]
enum PURGE_ノreportsノᐸintᐳノᐸstringᐳ {}
