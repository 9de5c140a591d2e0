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
/// What `url!(user { .. })` takes: the values of `/users/<int(min=1):id>`.
pub(crate) struct user_url {
    /// The value of `<int(min=1):id>`.
    pub id: u64,
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::{NoExtractor as _, NoRequirement as _};
    let _: [(); 2] = [
        <State<Db> as _pulsar::HeadExtractor>::IS_ONE,
        <Json<Edit> as _pulsar::Extractor<_>>::IS_ONE,
    ];
    fn handler(
        request: _pulsar::Request,
        params: _pulsar::Params,
        context: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Some(id) = <u64 as _pulsar::PathValue>::of(&params, 0) else {
            return _pulsar::Reply::no_such_value();
        };
        let context = _pulsar::Clone::clone(context);
        _pulsar::Reply::extracting(
            _pulsar::Box::pin(async move {
                let (mut parts, body) = _pulsar::Request::into_parts(request);
                let db = _pulsar::Head::<State<Db>>::extract(&mut parts, &context)
                    .await?;
                let request = _pulsar::Request::from_parts(parts, body);
                let form = _pulsar::Last::<Json<Edit>, _>::extract(request, &context)
                    .await?;
                _pulsar::Ok(
                    match user(id, db, form).await {
                        _pulsar::Ok(value) => _pulsar::HandlerOutput::respond(value),
                        _pulsar::Err(error) => _pulsar::HandlerError::respond(error),
                    },
                )
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["POST"], "/users/<int(min=1):id>", handler)
        .function("user").name("user.show").at(_pulsar::Place::new(module_path!(),
        file!(), line!(), column!())).doc("One user.\n\nBy number.").extracts(& [<
        _pulsar::Probe < State < Db > >> ::ASKS, < _pulsar::Probe < Json < Edit > >>
        ::ASKS]).built_for_tests(cfg!(test))
    }
    impl _pulsar::RouteUrl for user_url {
        const ROUTE: _pulsar::NamedRoute = _pulsar::NamedRoute::new(
            "/users/<int(min=1):id>",
            _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
        );
    }
};
#[doc(hidden)]
enum POST_ノusersノᐸintᑕminニ1ᑐᐳ {}
