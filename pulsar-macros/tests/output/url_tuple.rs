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
    use _pulsar::{NoExtractor as _, NoRequirement as _};
    let _: [(); 1] = [<extract::Path<(u16, String)> as _pulsar::Extractor<_>>::IS_ONE];
    fn handler(
        request: _pulsar::Request,
        _: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::extracting(
            _pulsar::Box::pin(async move {
                let argument_1 = _pulsar::Last::<
                    extract::Path<(u16, String)>,
                    _,
                >::extract(request, &context)
                    .await?;
                _pulsar::Ok(
                    _pulsar::on_pool(
                            &context,
                            move || _pulsar::HandlerOutput::respond(day(argument_1)),
                        )
                        .await,
                )
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/<int:year>/<name>", handler).function("day")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!())).extracts(&
        [< _pulsar::Probe < extract::Path < (u16, String) > >> ::ASKS]).blocking()
        .built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for day_url<'_> {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/<int:year>/<name>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum GET_ノᐸintᐳノᐸstringᐳ {}
