#[cfg(unix)]
async fn handler(params: u8, context: State<Db>, handler: Body) {}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use my_framework::pulsar::__private as _pulsar;
    fn handler_of_route(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Option::Some(params_value) = params.parse::<u8>(0) else {
            return _pulsar::Reply::now(_pulsar::no_such_value());
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::later(async move {
            let (mut parts, body) = _pulsar::Request::into_parts(request);
            let context_value = match <State<
                Db,
            > as _pulsar::FromRequestParts<
                _pulsar::Context,
            >>::from_request_parts(&mut parts, &context)
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
            let request = _pulsar::Request::from_parts(parts, body);
            let handler = match <Body as _pulsar::FromRequest<
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
            _pulsar::IntoResponse::into_response(
                handler(params_value, context_value, handler).await,
            )
        })
    }
    fn requirements() -> _pulsar::Vec<_pulsar::Requirement> {
        use _pulsar::NoRequirement as _;
        _pulsar::found([
            _pulsar::Probe::<State<Db>>::new().requirement(),
            _pulsar::Probe::<Body>::new().requirement(),
        ])
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["POST"], "/<int:params>", handler_of_route)
        .function("handler").at(_pulsar::Place::new(module_path!(), file!(), line!(),
        column!())).requires(requirements).extracts(true).built_for_tests(cfg!(test))
    }
};
