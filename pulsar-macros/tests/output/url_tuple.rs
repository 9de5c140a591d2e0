fn day(Path((year, name)): extract::Path<(u16, String)>) {}
/// What `url!(day { .. })` takes: the values of `/<int:year>/<name>`.
#[allow(dead_code, non_camel_case_types, private_interfaces, unreachable_pub)]
struct day_url<'url> {
    /// The value of `<int:year>`.
    pub year: u16,
    /// The value of `<name>`.
    pub name: &'url str,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        request: _pulsar::Request,
        _: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::later(async move {
            let argument_1 = match <extract::Path<
                (u16, String),
            > as _pulsar::FromRequest<
                _pulsar::Context,
                _,
            >>::from_request(request, &context)
                .await
            {
                _pulsar::Result::Ok(value) => value,
                _pulsar::Result::Err(rejection) => {
                    return _pulsar::rejected(
                            _pulsar::IntoResponse::into_response(rejection),
                        )
                        .await;
                }
            };
            _pulsar::on_pool(
                    &context,
                    move || _pulsar::IntoResponse::into_response(day(argument_1)),
                )
                .await
        })
    }
    fn requirements() -> _pulsar::Vec<_pulsar::Requirement> {
        use _pulsar::NoRequirement as _;
        _pulsar::found([
            _pulsar::Probe::<extract::Path<(u16, String)>>::new().requirement(),
        ])
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/<int:year>/<name>", handler).function("day")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .requires(requirements).extracts(true).blocking(true)
    }
    impl _pulsar::RouteUrl for day_url<'_> {
        #[inline]
        fn route() -> &'static _pulsar::UrlRoute {
            static ROUTE: _pulsar::UrlRoute = _pulsar::UrlRoute::new(
                "/<int:year>/<name>",
                _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
            );
            &ROUTE
        }
    }
};
