/// The old pages.
fn legacy(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Body> {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    fn application() -> _pulsar::Application {
        _pulsar::Application::of_fn(
                concat!(module_path!(), "::", "legacy"),
                |environ, start_response| match legacy(environ, start_response) {
                    _pulsar::Ok(body) => _pulsar::Answer::answered(body),
                    _pulsar::Err(error) => _pulsar::AnswerError::answered(error),
                },
            )
            .inline()
    }
    _pulsar::inventory::submit! {
        _pulsar::WsgiApp::new(application, "legacy", _pulsar::Place::new(module_path!(),
        file!(), line!(), column!()),).at_path("/legacy").doc("The old pages.")
    }
};
