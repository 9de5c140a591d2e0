async fn page(lang: &str, number: u32) -> String {
    format!("{lang} {number}")
}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn handler(
        _: _pulsar::Request,
        params: _pulsar::Params,
        _: &_pulsar::Context,
    ) -> _pulsar::Reply {
        let _pulsar::Option::Some(number) = params.parse::<u32>(1) else {
            return _pulsar::Reply::now(_pulsar::no_such_value());
        };
        _pulsar::Reply::later(async move {
            _pulsar::IntoResponse::into_response(page(params.str(0), number).await)
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Route::new(& ["GET"], "/<lang>/<int:number>", handler).function("page")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
        .built_for_tests(cfg!(test))
    }
};
