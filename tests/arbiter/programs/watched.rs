//! A program with the feature `top`, for `top.rs`.

use std::process::ExitCode;

use pulsar::{
    WsgiServer,
    wsgi::{self, Environ, IntoBody, StartResponse},
};

fn main() -> ExitCode {
    let mut arbiter = pulsar::arbiter();
    let callable = |_: &mut Environ, start_response: StartResponse| -> wsgi::Result<_> {
        start_response("200 OK", &[("Content-Type", "text/plain")])?;
        Ok("seen\n".into_body())
    };
    arbiter.add(WsgiServer::new(callable).name("watched"));
    arbiter.run()
}
