//! A chain of callables: the first one that answers wins, and what it answers can be changed on its way out.

use std::{fmt, sync::Arc};

use super::{
    application::{Answered, Application, AsyncApplication, Callable, Outcome},
    body::Body,
    environ::Environ,
    start_response::StartResponse,
};
use crate::body::BoxFuture;

type Change = dyn Fn(&Environ, &mut http::Response<()>) + Send + Sync;

/// A WSGI application made of several: middleware, routers, and callables that answer what is left.
///
/// Each member is asked in turn. One that returns `None` has passed the request on, maybe with something set in the environ; the
/// first one that returns a body has answered. If nobody does the answer is 404.
///
/// ```
/// use pulsar::{
///     Context, Method, Router,
///     testing::{Client, block_on},
///     wsgi::{self, Application, Environ, IntoBody, StartResponse, WsgiHandler},
/// };
///
/// /// A middleware: it answers whom it does not know, and passes on everybody else.
/// async fn guard(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<&'static str>> {
///     match environ.get("HTTP_X_TOKEN").as_deref() {
///         Some("secret") => {
///             environ.set("REMOTE_USER", "ada");
///             Ok(None)
///         }
///         _ => {
///             start_response("403 Forbidden", &[("Content-Type", "text/plain")])?;
///             Ok(Some("who are you?\n"))
///         }
///     }
/// }
///
/// fn rest(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let user = environ.get("REMOTE_USER").unwrap_or_default().into_owned();
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok(format!("hello {user}\n"))
/// }
///
/// let router = Router::new().add(Method::GET, "/news", async || "nothing new\n");
/// let handler = WsgiHandler::new()
///     .add(wsgi::clean_path())
///     .add(guard)
///     .add(router.compile(Context::default()).unwrap())
///     .add(rest)
///     .response(|_, response| {
///         response.headers_mut().insert("x-served-by", "chain".parse().unwrap());
///     });
///
/// block_on(async {
///     let client = Client::new(Application::new(handler).service(Context::default()));
///     client.get("/news").send().await.assert_status(403);
///     let known = |path| client.get(path).header("x-token", "secret");
///     known("/news").send().await.assert_text("nothing new\n").assert_header("x-served-by", "chain");
///     known("/else").send().await.assert_text("hello ada\n");
/// });
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct WsgiHandler {
    members: Vec<Application>,
    changes: Vec<Arc<Change>>,
}

impl WsgiHandler {
    /// A chain without members, which answers 404.
    ///
    /// ```
    /// use pulsar::wsgi::WsgiHandler;
    /// let handler = WsgiHandler::new().add(pulsar::wsgi::clean_path());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member behind the others.
    ///
    /// A plain `fn` runs on the thread pool, which costs the way to another thread and back; a middleware that only looks at
    /// the environ is better `async`, or made with [`Application::inline`].
    ///
    /// ```
    /// use pulsar::wsgi::{self, Environ, StartResponse, WsgiHandler};
    ///
    /// async fn note(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
    ///     environ.set("shop.seen", true);
    ///     Ok(None)
    /// }
    ///
    /// let handler = WsgiHandler::new().add(note);
    /// ```
    #[allow(clippy::should_implement_trait)] // nobody takes a chain for a number
    pub fn add<C: Callable<Kind>, Kind>(mut self, callable: C) -> Self {
        self.members.push(callable.into_application());
        self
    }

    /// Has the status and the headers of every answer of a member changed, behind the changes that were added before.
    ///
    /// It is not asked where a member has failed, nor where one has sent the head by `write`.
    ///
    /// ```
    /// use pulsar::wsgi::WsgiHandler;
    ///
    /// let handler = WsgiHandler::new().response(|environ, response| {
    ///     if environ.get("PATH_INFO").is_some_and(|path| path.starts_with("/private/")) {
    ///         response.headers_mut().insert("cache-control", "no-store".parse().unwrap());
    ///     }
    /// });
    /// ```
    pub fn response(
        mut self,
        change: impl Fn(&Environ, &mut http::Response<()>) + Send + Sync + 'static,
    ) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    async fn ask(&self, environ: &mut Environ, start_response: StartResponse) -> Outcome {
        for member in &self.members {
            if let Some(body) = member.call(environ, start_response.clone()).await? {
                return Ok(Some(self.change(environ, &start_response, body)?));
            }
        }
        Ok(None)
    }

    fn change(
        &self,
        environ: &Environ,
        start_response: &StartResponse,
        body: Body,
    ) -> Result<Body, crate::Error> {
        if self.changes.is_empty() {
            return Ok(body);
        }
        // An iterator may call `start_response` as late as when it makes its first piece.
        let body = body.with_first_piece().map_err(crate::Error::new)?;
        start_response.change_head(|response| {
            for change in &self.changes {
                change(environ, response);
            }
        });
        Ok(body)
    }
}

impl fmt::Debug for WsgiHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(Application::name)).finish()
    }
}

impl AsyncApplication for WsgiHandler {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move { Answered(self.ask(environ, start_response).await) })
    }
}

impl From<WsgiHandler> for Application {
    fn from(handler: WsgiHandler) -> Self {
        Application::from_async("WsgiHandler", handler)
    }
}
