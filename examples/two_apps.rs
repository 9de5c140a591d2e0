//! Two WSGI applications on two addresses, under one arbiter. One is a plain function, the other one `async`.
//!
//!     cargo run --example two_apps
//!     curl http://127.0.0.1:8060/
//!     curl http://127.0.0.1:8070/
//!
//! Each has settings of its own: `--threads 2` is for the first, `--wsgi2-bind 127.0.0.1:9000` for the other.

use pulsar::{
    wsgi::{self, Environ, IntoBody, StartResponse},
    wsgi_app,
};

/// The first application has the default address, and the flags without a name in front.
#[wsgi_app(name = "wsgi1")]
fn first(_environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok("wsgi1\n")
}

#[wsgi_app(name = "wsgi2", bind = "127.0.0.1:8070")]
async fn second(_environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok("wsgi2\n")
}

pulsar::main!();
