#[cfg(unix)]
async fn application(e: &mut Environ, s: StartResponse) -> wsgi::Result<Body> {}
#[cfg(unix)]
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn application_of_callable() -> _pulsar::Application {
        _pulsar::Application::of_async_fn(
            concat!(module_path!(), "::", "application"),
            |mut environ, start_response| _pulsar::Box::pin(async move {
                match application(&mut environ, start_response).await {
                    _pulsar::Ok(body) => _pulsar::Answer::answered(body),
                    _pulsar::Err(error) => _pulsar::AnswerError::answered(error),
                }
            }),
            |environ, start_response| _pulsar::Box::pin(async move {
                match application(environ, start_response).await {
                    _pulsar::Ok(body) => _pulsar::Answer::answered(body),
                    _pulsar::Err(error) => _pulsar::AnswerError::answered(error),
                }
            }),
        )
    }
    _pulsar::inventory::submit! {
        _pulsar::WsgiApp::new(application_of_callable, "application",
        _pulsar::Place::new(module_path!(), file!(), line!(), column!()),).name("wsgi2")
        .binds(& [":8070", "unix:app.sock"]).workers("2")
    }
};
