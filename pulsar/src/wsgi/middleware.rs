//! Members for a [`WsgiHandler`](super::WsgiHandler) that nearly every chain wants.

use std::future::poll_fn;

use http::{HeaderValue, StatusCode};

use super::{
    application::{Answered, Application, AsyncApplication, Outcome},
    authorization::Authorization,
    body::Body,
    environ::Environ,
    error::Result,
    failure::Failure,
    latin1,
    start_response::StartResponse,
    value::Value,
};
use crate::{body::BoxFuture, error::Error};

/// Redirects a path with several slashes in a row to the one with single slashes: 308, so that the method stays, and never
/// to another host.
///
/// ```
/// use pulsar::{Context, testing::{Client, block_on}, wsgi::{self, Application, WsgiHandler}};
///
/// block_on(async {
///     let handler = WsgiHandler::new().add(wsgi::clean_path());
///     let client = Client::new(Application::new(handler).service(Context::default()));
///     client.get("/a//b?c").send().await.assert_status(308).assert_header("location", "/a/b?c");
///     client.get("/a/b").send().await.assert_status(404);
/// });
/// ```
pub fn clean_path() -> Application {
    Application::new(redirect_to_clean_path).inline().named("clean_path")
}

fn redirect_to_clean_path(environ: &mut Environ, start_response: StartResponse) -> Result<Option<Body>> {
    let path = environ.uri().path();
    if !path.contains("//") {
        return Ok(None);
    }
    let mut location = String::with_capacity(path.len());
    for c in environ.mounted_at().chars().chain(path.chars()) {
        match c {
            '/' if location.ends_with('/') => {}
            // Browsers take it for a slash.
            '\\' => location.push_str("%5C"),
            c => location.push(c),
        }
    }
    if let Some(query) = environ.uri().query() {
        location.push('?');
        location.push_str(query);
    }
    let location = HeaderValue::try_from(location).map_err(Error::new)?;
    let location = latin1::decode(location.as_bytes()).into_owned();
    start_response("308 Permanent Redirect", &[("Location", &location), ("Content-Type", "text/plain")])?;
    Ok(Some(Body::from("the path has single slashes\n")))
}

/// Reads the header `Authorization` into the environ: an [`Authorization`] under `http.authorization`, to be had by
/// [`Environ::object`].
///
/// It checks nobody and refuses nobody; a header that is none is left alone.
///
/// ```
/// use pulsar::{
///     Context,
///     testing::{Client, block_on},
///     wsgi::{self, Application, Authorization, Environ, IntoBody, StartResponse, WsgiHandler},
/// };
///
/// async fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     match environ.object("http.authorization") {
///         Some(Authorization::Basic { username, password }) if password == "secret" => {
///             let text = format!("hello {username}\n");
///             start_response("200 OK", &[("Content-Type", "text/plain")])?;
///             Ok(text)
///         }
///         _ => {
///             start_response("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"shop\"")])?;
///             Ok("who are you?\n".to_owned())
///         }
///     }
/// }
///
/// block_on(async {
///     let handler = WsgiHandler::new().add(wsgi::authorization()).add(app);
///     let client = Client::new(Application::new(handler).service(Context::default()));
///     client.get("/").send().await.assert_status(401);
///     client.get("/").header("authorization", "Basic YWRhOnNlY3JldA==").send().await.assert_text("hello ada\n");
/// });
/// ```
pub fn authorization() -> Application {
    Application::new(read_authorization).inline().named("authorization")
}

#[allow(clippy::unnecessary_wraps)] // that is how a callable is written
fn read_authorization(environ: &mut Environ, _: StartResponse) -> Result<Option<Body>> {
    let header = environ.get("HTTP_AUTHORIZATION");
    if let Some(authorization) = header.as_deref().and_then(Authorization::parse) {
        environ.set("http.authorization", Value::object(authorization));
    }
    Ok(None)
}

/// Reads the whole body of a request before the next member is asked, up to `limit` bytes; a longer one is answered with 413.
///
/// The next member then reads without waiting: one that blocks holds no thread for a client that sends slowly.
///
/// ```
/// use pulsar::{
///     Context,
///     testing::{Client, block_on},
///     wsgi::{self, Application, WsgiHandler},
/// };
///
/// block_on(async {
///     let handler = WsgiHandler::new().add(wsgi::wait_for_body(4));
///     let client = Client::new(Application::new(handler).service(Context::default()));
///     client.post("/").body("1234").send().await.assert_status(404);
///     client.post("/").body("12345").send().await.assert_status(413);
/// });
/// ```
pub fn wait_for_body(limit: usize) -> Application {
    Application::from_async("wait_for_body", WaitForBody { limit })
}

struct WaitForBody {
    limit: usize,
}

impl WaitForBody {
    async fn wait(&self, environ: &mut Environ) -> Outcome {
        let input = environ.input();
        // One more, so that one can tell whether there is more.
        let most = self.limit.saturating_add(1);
        poll_fn(|cx| input.poll_ahead(cx, most)).await.map_err(Failure::Input)?;
        if input.buffered() > self.limit {
            let detail = format!("the body is longer than {} bytes", self.limit);
            return Err(Error::status(StatusCode::PAYLOAD_TOO_LARGE).detail(detail).into());
        }
        Ok(None)
    }
}

impl AsyncApplication for WaitForBody {
    fn call<'a>(&'a self, environ: &'a mut Environ, _: StartResponse) -> BoxFuture<'a, Answered> {
        Box::pin(async move { Answered(self.wait(environ).await) })
    }
}
