fn save(request: Request) {}
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
            let request_value = match <Request as _pulsar::FromRequest<
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
            _pulsar::IntoResponse::into_response(save(request_value))
        })
    }
    fn requirements() -> _pulsar::Vec<_pulsar::Requirement> {
        use _pulsar::NoRequirement as _;
        _pulsar::found([_pulsar::Probe::<Request>::new().requirement()])
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["PUT"], "/save", handler).function("save")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .requires(requirements).extracts(true).built_for_tests(cfg!(test))
    }
};
