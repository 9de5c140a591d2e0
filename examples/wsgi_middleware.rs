//! A chain of WSGI callables: middleware that passes a request on, a router, and a callable for the rest; built when it is first
//! needed, checked by the validator, compressed by a layer of tower-http.
//!
//!     cargo run --example wsgi_middleware
//!     curl -i http://127.0.0.1:8060//news                     # 308: a path has single slashes
//!     curl -i http://127.0.0.1:8060/news                      # 401: nobody is logged in
//!     curl -i -u ada:secret http://127.0.0.1:8060/news        # the router
//!     curl -i -u ada:secret http://127.0.0.1:8060/else        # the callable behind it
//!     curl -i -u ada:secret http://127.0.0.1:8060/else --compressed
//!     curl -i -u ada:secret http://127.0.0.1:8060/upload -d 'more than sixteen bytes'

use std::process::ExitCode;

use pulsar::{
    Context, Method, Router, WsgiServer,
    wsgi::{self, Authorization, Environ, IntoBody, LazyWsgi, StartResponse, WsgiHandler},
};
use tower_http::{compression::CompressionLayer, cors::CorsLayer};

/// A middleware answers, or returns `None` to pass the request on. This one is `async`, since it never waits.
async fn log_in(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<&'static str>> {
    // Read from the header by `wsgi::authorization`, which stands before this one.
    if let Some(Authorization::Basic { username, password }) = environ.object("http.authorization")
        && (username.as_str(), password.as_str()) == ("ada", "secret")
    {
        let user = username.clone();
        environ.set("REMOTE_USER", user);
        return Ok(None);
    }
    let headers = [("WWW-Authenticate", "Basic realm=\"news\""), ("Content-Type", "text/plain")];
    start_response("401 Unauthorized", &headers)?;
    Ok(Some("who are you?\n"))
}

/// What nobody before has answered. A plain function: it runs on the thread pool and may block.
fn rest(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let line = format!("nothing at {}\n", environ.get("PATH_INFO").unwrap_or_default());
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    // Pieces are sent as they come.
    Ok((0..20).map(move |_| line.clone()))
}

/// Runs once in each worker, at its first request.
fn chain(context: &Context) -> wsgi::Result<WsgiHandler> {
    let news = Router::new().add(Method::GET, "/news", async || "nothing new\n").compile(context.clone())?;
    let handler = WsgiHandler::new()
        .add(wsgi::clean_path())
        .add(wsgi::authorization())
        .add(log_in)
        .add(wsgi::wait_for_body(16))
        .add(news)
        .add(wsgi::validator(rest));
    Ok(handler.response(|environ, response| {
        let user = environ.get("REMOTE_USER").unwrap_or_default();
        if let Ok(user) = user.parse() {
            response.headers_mut().insert("x-user", user);
        }
    }))
}

fn main() -> ExitCode {
    WsgiServer::new(LazyWsgi::new(chain))
        .name("wsgi_middleware")
        .layer(CorsLayer::permissive())
        .layer(CompressionLayer::new())
        .run()
}
