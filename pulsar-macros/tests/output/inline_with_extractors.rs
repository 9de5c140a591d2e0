fn save(request: Request) {}
/// What `url!(save { .. })` takes: the values of `/save`.
struct save_url {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::{NoExtractor as _, NoRequirement as _};
    let _: [(); 1] = [<Request as _pulsar::Extractor<_>>::IS_ONE];
    fn handler(
        request: _pulsar::Request,
        _: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::extracting(
            _pulsar::Box::pin(async move {
                let request_value = _pulsar::Last::<
                    Request,
                    _,
                >::extract(request, &context)
                    .await?;
                _pulsar::Ok(_pulsar::HandlerOutput::respond(save(request_value)))
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["PUT"], "/save", handler).function("save")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!())).extracts(&
        [< _pulsar::Probe < Request >> ::ASKS]).built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for save_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/save",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum PUT_ノsave {}
