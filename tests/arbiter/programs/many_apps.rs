//! A program with 64 applications, for `many.rs`: each answers with its number.

use std::process::ExitCode;

use pulsar::{
    WsgiServer,
    wsgi::{self, Environ, IntoBody, StartResponse},
};

fn main() -> ExitCode {
    let mut arbiter = pulsar::arbiter();
    for number in 0..64 {
        let callable = move |_: &mut Environ, start_response: StartResponse| -> wsgi::Result<_> {
            start_response("200 OK", &[("Content-Type", "text/plain")])?;
            Ok(format!("{number}\n").into_body())
        };
        arbiter.add(WsgiServer::new(callable).name(format!("app{number}")).bind("127.0.0.1:0"));
    }
    arbiter.run()
}
