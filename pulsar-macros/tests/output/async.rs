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
    use _pulsar::NoRequirement as _;
    use _pulsar::MayReadMore as _;
    impl _pulsar::RouteUrl for user_url {
        const ROUTE: _pulsar::Route = _pulsar::Route::new(
                &["POST"],
                "/users/<int(min=1):id>",
                "user",
                (&_pulsar::Function::awaited(
                    user,
                    (
                        _pulsar::ValueAt(0, <u64 as _pulsar::PathValue>::TYPE),
                        (
                            _pulsar::Head(
                                <State<Db> as _pulsar::HeadExtractor>::TYPE,
                                <_pulsar::Reads<State<Db>>>::KIND,
                            ),
                            (
                                _pulsar::Last(
                                    <Json<Edit> as _pulsar::Extractor<_>>::TYPE,
                                    <_pulsar::Reads<Json<Edit>>>::KIND,
                                ),
                                (),
                            ),
                        ),
                    ),
                    <_ as _pulsar::HandlerFuture>::TYPE,
                    (
                        <_ as _pulsar::HandlerOutput>::TYPE,
                        <_ as _pulsar::HandlerError>::TYPE,
                    ),
                ))
                    .handler(),
                _pulsar::Place::here(module_path!()),
            )
            .name("user.show")
            .doc("One user.\n\nBy number.")
            .asks(&[<_pulsar::Probe<State<Db>>>::ASKS])
            .built_for_tests(cfg!(test));
    }
    _pulsar::inventory::submit! {
        < user_url as _pulsar::RouteUrl > ::ROUTE
    }
};
#[doc(hidden)]
enum POST_ノusersノᐸintᑕminニ1ᑐᐳ {}
