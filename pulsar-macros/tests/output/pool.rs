fn report(
    mut year: u16,
    _lang: &str,
    Query(filter): Query<Filter>,
) -> impl IntoResponse {}
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
        .built_for_tests(cfg!(test))
    }
};
