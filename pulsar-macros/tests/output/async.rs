/// One user.
///
/// By number.
#[must_use]
pub(crate) async fn user(
    id: u64,
    db: State<Db>,
    form: Json<Edit>,
) -> Result<Json<User>> {
    db.find(id).await
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Option::Some(id) = params.parse::<u64>(0) else {
            return _pulsar::Reply::now(_pulsar::no_such_value());
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::later(async move {
            let (mut parts, body) = _pulsar::Request::into_parts(request);
            let db = match <State<
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
            let form = match <Json<
                Edit,
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
            _pulsar::IntoResponse::into_response(user(id, db, form).await)
        })
    }
    fn requirements() -> _pulsar::Vec<_pulsar::Requirement> {
        use _pulsar::NoRequirement as _;
        _pulsar::found([
            _pulsar::Probe::<State<Db>>::new().requirement(),
            _pulsar::Probe::<Json<Edit>>::new().requirement(),
        ])
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/users/<int(min=1):id>", handler)
        .function("user").name("user.show").at(_pulsar::Place::new(module_path!(),
        file!(), line!(), column!())).doc("One user.\n\nBy number.")
        .requires(requirements).extracts(true).built_for_tests(cfg!(test))
    }
};
