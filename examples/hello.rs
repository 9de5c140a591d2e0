//! The shortest WSGI program: one callable, `Hello World!` on every path.
//!
//!     cargo run --example hello
//!     curl -i http://127.0.0.1:8060/any/path

use std::process::ExitCode;

use pulsar::{
    WsgiServer,
    wsgi::{self, Environ, IntoBody, StartResponse},
};

/// A plain function, so that it may block: it runs on the thread pool.
fn hello(_environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let data = "Hello World!\n";
    let length = data.len().to_string();
    start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", &length)])?;
    Ok([data])
}

fn main() -> ExitCode {
    WsgiServer::new(hello).run()
}
