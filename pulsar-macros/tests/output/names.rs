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
    use _pulsar::{NoExtractor as _, NoRequirement as _};
    let _: [(); 2] = [
        <State<Db> as _pulsar::HeadExtractor>::IS_ONE,
        <Body as _pulsar::Extractor<_>>::IS_ONE,
    ];
    fn handler_of_route(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(params_value) = <u8 as _pulsar::PathValue>::of(&params, 0)
        else {
            return _pulsar::Reply::no_such_value();
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::extracting(
            _pulsar::Box::pin(async move {
                let (mut parts, body) = _pulsar::Request::into_parts(request);
                let context_value = _pulsar::Head::<
                    State<Db>,
                >::extract(&mut parts, &context)
                    .await?;
                let request = _pulsar::Request::from_parts(parts, body);
                let handler = _pulsar::Last::<Body, _>::extract(request, &context)
                    .await?;
                _pulsar::Ok(
                    _pulsar::HandlerOutput::respond(
                        handler(params_value, context_value, handler).await,
                    ),
                )
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["POST"], "/<int:params>", handler_of_route)
        .function("handler").at(_pulsar::Place::new(module_path!(), file!(), line!(),
        column!())).extracts(& [< _pulsar::Probe < State < Db > >> ::ASKS, <
        _pulsar::Probe < Body >> ::ASKS]).built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for handler_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/<int:params>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[cfg(unix)]
#[doc(hidden)]
enum POST_ノᐸintᐳ {}
