//! What a route runs: a function from a request to a reply.
//!
//! How an annotated function becomes one is in `function`. Handlers of routes that are added without macros are closures;
//! [`IntoHandler`] turns those into the same kind of function.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
};

use axum_core::{
    extract::{FromRequest, FromRequestParts},
    response::IntoResponse,
};
use http::{StatusCode, header};
use http_body_util::{BodyExt, Collected, Limited};

use crate::{
    body::{Body, BoxFuture, Request, Response},
    context::Context,
    pool::PoolError,
    problem::Problem,
    request::Params,
};

/// What answers the requests of a route that a macro registered. Not public API.
#[doc(hidden)]
pub trait Serve: Sync {
    fn needs(&self) -> Needs;

    /// The request is there unless nothing of it is needed.
    ///
    /// # Panics
    ///
    /// Panics if it is not there and needed.
    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply;
}

/// What a handler needs of a request, besides path values. Not public API.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    Nothing,
    /// What the client sent.
    Sent,
    /// That, and what the server and the router know besides.
    All,
}

/// An answer, now or later. Not public API.
#[doc(hidden)]
pub struct Reply(pub(crate) ReplyKind);

pub(crate) enum ReplyKind {
    Now(Response),
    Later(Later),
}

/// An answer on its way.
pub(crate) enum Later {
    Answer(BoxFuture<'static, Response>),
    /// The error is what an extractor refuses the request with.
    Extracting(BoxFuture<'static, Result<Response, Response>>),
}

impl Future for Later {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Response> {
        loop {
            match &mut *self {
                Self::Answer(future) => return future.as_mut().poll(task),
                Self::Extracting(future) => match ready!(future.as_mut().poll(task)) {
                    Ok(response) => return Poll::Ready(response),
                    Err(rejection) => *self = Self::Answer(Box::pin(rejected(rejection))),
                },
            }
        }
    }
}

impl Reply {
    #[must_use]
    pub(crate) fn now(response: Response) -> Self {
        Self(ReplyKind::Now(response))
    }

    #[must_use]
    pub(crate) fn later(future: BoxFuture<'static, Response>) -> Self {
        Self(ReplyKind::Later(Later::Answer(future)))
    }

    /// The answer of a handler, or the refusal of one of its extractors.
    #[must_use]
    pub(crate) fn extracting(future: BoxFuture<'static, Result<Response, Response>>) -> Self {
        Self(ReplyKind::Later(Later::Extracting(future)))
    }

    /// The answer to a path value that does not fit its argument's type.
    #[must_use]
    pub(crate) fn no_such_value() -> Self {
        Self::now(Problem::new(StatusCode::NOT_FOUND).into_response())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            ReplyKind::Now(_) => "Reply::Now",
            ReplyKind::Later(_) => "Reply::Later",
        })
    }
}

/// Gives the rejection of a foreign extractor, which is plain text, the form that ours have.
async fn rejected(response: Response) -> Response {
    const LONGEST_DETAIL: usize = 4096;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let plain = response.headers().get(header::CONTENT_TYPE).is_none_or(|value| {
        value.as_bytes().get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/plain"))
    });
    if !is_error || !plain || response.extensions().get::<Problem>().is_some() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text =
        Limited::new(body, LONGEST_DETAIL).collect().await.map(Collected::to_bytes).unwrap_or_default();
    let mut problem = Problem::new(status);
    if !text.is_empty() {
        let text = String::from_utf8_lossy(&text).into_owned();
        // What is the program's fault is for its log.
        problem =
            if status.is_server_error() { problem.with_source(text) } else { problem.with_detail(text) };
    }
    *problem.headers_mut() = parts.headers;
    problem.headers_mut().remove(header::CONTENT_TYPE);
    problem.headers_mut().remove(header::CONTENT_LENGTH);
    problem.into_response()
}

/// A call of a handler that may block.
pub(crate) trait Job: Send {
    fn run(self: Box<Self>) -> Response;
}

/// Runs a handler that may block on the worker's pool.
pub(crate) fn on_pool(context: Context, job: Box<dyn Job>) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        match context.pool().run(move || job.run()).await {
            Ok(response) => response,
            Err(PoolError::Full) => Problem::busy().into_response(),
            // It is a panic of the handler wherever it ran: whoever catches those gets this one too.
            Err(PoolError::Panicked(message)) => resume_unwind(Box::new(message)),
        }
    })
}

/// A handler of any origin.
#[derive(Clone)]
pub(crate) enum Endpoint {
    Generated { handler: &'static dyn Serve, needs: Needs },
    Closure(Arc<Closure>),
}

type Closure = dyn Fn(Request, &Context) -> BoxFuture<'static, Response> + Send + Sync;

impl Endpoint {
    pub(crate) fn from_closure<H, Args>(handler: H) -> Self
    where
        H: IntoHandler<Args>,
        Args: 'static,
    {
        Self::Closure(Arc::new(move |request, context| handler.clone().handle(request, context.clone())))
    }

    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Generated { needs, .. } => *needs,
            Self::Closure(_) => Needs::All,
        }
    }

    /// # Panics
    ///
    /// Panics if the request is not there and needed.
    pub(crate) fn call(&self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        match self {
            Self::Generated { handler, .. } => handler.serve(request, params, context),
            Self::Closure(closure) => Reply::later(closure(needed(request), context)),
        }
    }
}

/// The request of a handler that needs one.
///
/// # Panics
///
/// Panics if it is not there.
pub(crate) fn needed(request: &mut Option<Request>) -> Request {
    request.take().expect("a handler is called once, with a request if it needs one")
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated { .. } => "Endpoint::Generated",
            Self::Closure(_) => "Endpoint::Closure",
        })
    }
}

/// What may handle a request without a macro: an `async fn` or closure of up to eight extractors.
///
/// It is implemented for `async` functions whose arguments are extractors, the last of which may consume the body, and
/// whose output is an answer. It is not for you to implement.
///
/// ```
/// use pulsar::{Method, Router, extract::Path};
///
/// let mut router = Router::new();
/// router.add(Method::GET, "/square/<int:n>", async |Path(n): Path<u32>| n.pow(2).to_string());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a request",
    label = "not an `async` function of extractors that gives an answer",
    note = "every argument must implement `FromRequestParts<pulsar::Context>`, the last one `FromRequest<pulsar::Context>`, \
            the output `IntoResponse`, and the future must be `Send`"
)]
pub trait IntoHandler<Args>: Clone + Send + Sync + 'static {
    /// Not public API.
    #[doc(hidden)]
    fn handle(self, request: Request, context: Context) -> BoxFuture<'static, Response>;
}

impl<F, Fut, A> IntoHandler<((), A)> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = A> + Send + 'static,
    A: IntoResponse,
{
    fn handle(self, _: Request, _: Context) -> BoxFuture<'static, Response> {
        Box::pin(async move { self().await.into_response() })
    }
}

macro_rules! into_handler {
    ($($first:ident)* | $last:ident) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case)] // the arguments are named like their types
        impl<F, Fut, A, M, $($first,)* $last> IntoHandler<(M, A, $($first,)* $last)> for F
        where
            F: FnOnce($($first,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = A> + Send + 'static,
            A: IntoResponse,
            $($first: FromRequestParts<Context> + Send,)*
            $last: FromRequest<Context, M> + Send,
        {
            fn handle(self, request: Request, context: Context) -> BoxFuture<'static, Response> {
                Box::pin(async move {
                    let (parts, body): (_, Body) = request.into_parts();
                    #[allow(unused_mut)] // by the impl for one argument
                    let mut parts = parts;
                    $(let $first = match $first::from_request_parts(&mut parts, &context).await.map_err(IntoResponse::into_response) {
                        Ok(value) => value,
                        Err(rejection) => return rejected(rejection).await,
                    };)*
                    let request = Request::from_parts(parts, body);
                    let $last = match $last::from_request(request, &context).await.map_err(IntoResponse::into_response) {
                        Ok(value) => value,
                        Err(rejection) => return rejected(rejection).await,
                    };
                    self($($first,)* $last).await.into_response()
                })
            }
        }
    };
}

into_handler!(| A1);
into_handler!(A1 | A2);
into_handler!(A1 A2 | A3);
into_handler!(A1 A2 A3 | A4);
into_handler!(A1 A2 A3 A4 | A5);
into_handler!(A1 A2 A3 A4 A5 | A6);
into_handler!(A1 A2 A3 A4 A5 A6 | A7);
into_handler!(A1 A2 A3 A4 A5 A6 A7 | A8);

/// Answers with nothing.
#[cfg(test)]
pub(crate) struct Nothing;

#[cfg(test)]
impl Serve for Nothing {
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn serve(&'static self, _: &mut Option<Request>, _: Params, _: &Context) -> Reply {
        Reply::now(Response::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_plain_rejection_becomes_a_problem_and_keeps_its_headers() {
        let plain =
            (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic")], "who are you?").into_response();
        let answer = rejected(plain).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Basic");
        let problem = answer.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.detail.as_deref(), Some("who are you?"));
    }

    #[tokio::test]
    async fn a_rejection_that_is_a_page_or_a_redirect_is_left_as_it_is() {
        let page = (StatusCode::FORBIDDEN, [("content-type", "text/html")], "<p>no</p>").into_response();
        assert_eq!(rejected(page).await.headers()["content-type"], "text/html");
        let redirect = (StatusCode::SEE_OTHER, [("location", "/login")]).into_response();
        assert_eq!(rejected(redirect).await.status(), 303);
    }
}
