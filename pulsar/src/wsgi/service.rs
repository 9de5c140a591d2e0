//! A WSGI application as a `tower::Service`: the one place where the two meet.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
};

use bytes::Bytes;
use http::{Method, header};
use tower_service::Service;

use super::{
    application::{Answered, Application, guarded},
    body::Kind,
    environ::Environ,
    error::Error,
    exchange::Exchange,
    failure::Failure,
    pieces::Pieces,
    sending::{Sending, send},
    start_response::StartResponse,
};
use crate::{
    body::{Body, BoxError, BoxFuture, Request, Response},
    context::Context,
    error::Chain,
    problem::{self, Accept, Problem},
    request::Connection,
};

/// A WSGI [`Application`] as a `tower::Service`, which never fails.
///
/// It can be mounted in a [`Router`](crate::Router) or in an axum one, and have tower's layers around it.
///
/// ```
/// use pulsar::{Context, testing::Client, wsgi::{self, Application, Environ, IntoBody, StartResponse}};
///
/// async fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok("Hello World!\n")
/// }
///
/// # pulsar::testing::block_on(async {
/// let service = Application::new(hello).service(Context::default());
/// Client::new(service).get("/").send().await.assert_text("Hello World!\n");
/// # });
/// ```
#[derive(Clone)]
pub struct WsgiService {
    application: Application,
    context: Context,
    multithread: bool,
}

impl Application {
    /// The application as a service, with the state of a worker: its settings and its thread pool.
    pub fn service(self, context: Context) -> WsgiService {
        // Of what runs on an event loop; the pool says it of what runs there.
        let multithread = context.settings().event_loops() > 1;
        WsgiService { application: self, multithread, context }
    }
}

impl fmt::Debug for WsgiService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsgiService").field("callable", &self.application.name).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for WsgiService
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = WsgiFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> WsgiFuture {
        self.answer(request.map(Body::new))
    }
}

impl WsgiService {
    /// Answers a request.
    pub(crate) fn answer(&self, request: Request) -> WsgiFuture {
        let id = request.extensions().get::<Connection>().map(|connection| connection.request_id().clone());
        let head_only = request.method() == Method::HEAD;
        let name = self.application.name;
        let exchange = Arc::new(Exchange::new(name, id, Accept::of(request.headers()), head_only));
        if request.headers().get_all(header::CONTENT_TYPE).iter().nth(1).is_some() {
            // One of them would be believed here and the other one elsewhere.
            let failure = Failure::Refused("there is more than one Content-Type");
            return WsgiFuture { exchange, stage: Stage::Failed(Some(failure)) };
        }
        let environ = Environ::new(request, self.context.clone(), name, self.multithread);
        let start_response = StartResponse::new(Arc::clone(&exchange));
        let called = guarded(|| self.application.call_alone(environ, start_response));
        let stage = match called {
            Ok(call) => Stage::Calling(call),
            Err(failure) => Stage::Failed(Some(failure)),
        };
        WsgiFuture { exchange, stage }
    }
}

/// The answer of a [`WsgiService`], when it is there.
pub struct WsgiFuture {
    exchange: Arc<Exchange>,
    stage: Stage,
}

enum Stage {
    Calling(BoxFuture<'static, Answered>),
    /// The callable has returned; the head goes out with the first piece of the body, and not before.
    First(Pieces),
    Failed(Option<Failure>),
}

impl fmt::Debug for WsgiFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsgiFuture").finish_non_exhaustive()
    }
}

impl Future for WsgiFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let response = match ready!(this.stage.poll(&this.exchange, cx)) {
            Ok(response) => response,
            Err(failure) => failed(&this.exchange, failure.into_problem()),
        };
        Poll::Ready(Ok(response))
    }
}

impl Drop for WsgiFuture {
    /// The client has gone while the callable was at work, which may be about to write.
    fn drop(&mut self) {
        if let Stage::Calling(_) = self.stage {
            self.exchange.abandon();
        }
    }
}

impl Stage {
    fn poll(
        &mut self,
        exchange: &Arc<Exchange>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<Response, Failure>> {
        loop {
            match self {
                Self::Calling(call) => {
                    let answered = match guarded(|| call.as_mut().poll(cx)) {
                        Ok(Poll::Ready(Answered(outcome))) => outcome,
                        Ok(Poll::Pending) => return self.poll_written(exchange, cx),
                        Err(failure) => Err(failure),
                    };
                    if let Some((head, written)) = exchange.close_and_take_written() {
                        // Who has written has answered, whatever it returns.
                        let rest = answered.map(|body| body.map_or(Pieces::Ended, Pieces::of));
                        let body = Sending::written(exchange, &head, written).then(rest);
                        return Poll::Ready(Ok(send(exchange, head, body)));
                    }
                    let body = match answered {
                        Ok(Some(body)) => body,
                        Ok(None) => return Poll::Ready(Err(Failure::PassedOn)),
                        Err(failure) => return Poll::Ready(Err(failure)),
                    };
                    match body.0 {
                        Kind::Whole(bytes) => {
                            return Poll::Ready(begin(exchange, Some(bytes), Pieces::Ended));
                        }
                        // A service has meant what it said, and its first piece may be long in coming.
                        Kind::Stream { has_head: true, .. } => {
                            return Poll::Ready(begin(exchange, None, Pieces::of(body)));
                        }
                        _ => *self = Self::First(Pieces::of(body)),
                    }
                }
                Self::First(pieces) => {
                    let first = match guarded(|| pieces.poll_next(cx)) {
                        Ok(polled) => ready!(polled).transpose(),
                        Err(failure) => return Poll::Ready(Err(failure)),
                    };
                    let pieces = std::mem::replace(pieces, Pieces::Ended);
                    let first = first.map_err(|error| Failure::Error(crate::Error::new(error)));
                    return Poll::Ready(first.and_then(|first| begin(exchange, first, pieces)));
                }
                Self::Failed(failure) => {
                    let failure = failure.take();
                    return Poll::Ready(Err(failure.expect("a future is not polled after it is ready")));
                }
            }
        }
    }

    /// The callable has not returned, but may have written.
    fn poll_written(
        &mut self,
        exchange: &Arc<Exchange>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<Response, Failure>> {
        let Some((head, written)) = exchange.take_written(cx.waker()) else { return Poll::Pending };
        let Self::Calling(call) = std::mem::replace(self, Self::Failed(None)) else { return Poll::Pending };
        let body = Sending::written(exchange, &head, written).after(call);
        Poll::Ready(Ok(send(exchange, head, body)))
    }
}

/// Begins the answer of a callable that has returned.
fn begin(exchange: &Arc<Exchange>, first: Option<Bytes>, rest: Pieces) -> Result<Response, Failure> {
    let head = exchange.take_head().ok_or(Error::NotCalled)?;
    let body = Sending::returned(exchange, &head, first, rest);
    Ok(send(exchange, head, body))
}

/// The answer to what went wrong before anything was sent. Who reads the log learns the callable and the cause.
fn failed(exchange: &Exchange, mut problem: Problem) -> Response {
    if problem.status.is_server_error() {
        let made;
        let id = if let Some(id) = &exchange.id {
            id
        } else {
            made = Connection::none().request_id().clone();
            &made
        };
        let error = match (problem.source(), &problem.detail) {
            (Some(source), _) => Chain(source).to_string(),
            (None, Some(detail)) => detail.to_string(),
            (None, None) => problem.title.to_string(),
        };
        let status = problem.status.as_u16();
        tracing::error!(status, callable = exchange.callable, request_id = %id, "{error}");
        id.mark(&mut problem);
    }
    let response = problem::render(problem, &exchange.accept);
    if exchange.head_only { response.map(|_| Body::empty()) } else { response }
}
