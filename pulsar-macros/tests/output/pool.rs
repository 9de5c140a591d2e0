fn report(
    mut year: u16,
    _lang: &str,
    Query(filter): Query<Filter>,
) -> impl IntoResponse {}
/// What `url!(report { .. })` takes: the values of `/reports/<int:year>/<lang>`.
#[allow(dead_code, non_camel_case_types, private_interfaces, unreachable_pub)]
struct report_url<'url> {
    /// The value of `<int:year>`.
    pub year: u16,
    /// The value of `<lang>`.
    pub lang: &'url str,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Option::Some(year) = params.parse::<u16>(0) else {
            return _pulsar::Reply::now(_pulsar::no_such_value());
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::later(async move {
            let argument_3 = match <Query<
                Filter,
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
                    move || _pulsar::IntoResponse::into_response(
                        report(year, params.str(1), argument_3),
                    ),
                )
                .await
        })
    }
    fn requirements() -> _pulsar::Vec<_pulsar::Requirement> {
        use _pulsar::NoRequirement as _;
        _pulsar::found([_pulsar::Probe::<Query<Filter>>::new().requirement()])
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET", "PURGE"], "/reports/<int:year>/<lang>", handler)
        .function("report").at(_pulsar::Place::new(module_path!(), file!(), line!(),
        column!())).requires(requirements).extracts(true).blocking(true)
    }
    impl _pulsar::RouteUrl for report_url<'_> {
        #[inline]
        fn route() -> &'static _pulsar::UrlRoute {
            static ROUTE: _pulsar::UrlRoute = _pulsar::UrlRoute::new(
                "/reports/<int:year>/<lang>",
                _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
            );
            &ROUTE
        }
    }
};
