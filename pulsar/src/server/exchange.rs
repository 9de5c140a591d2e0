//! One request and its answer: what stands between hyper and the application.
//!
//! It adds what the application may rely on (the [`Connection`] extension, an id), keeps a panic from taking the
//! connection along, and notes when the answer is out. It judges no request: that is the policy's business.

use std::{
    any::Any,
    convert::Infallible,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    body::{Body, BoxError, Request, Response},
    connection::{Connection, RequestId, X_REQUEST_ID},
    server::{
        access_log::{Entry, Log},
        io_thread::{Activity, InFlight, Phase},
    },
};

/// Answers the requests of one connection.
pub(super) struct Exchanges<S> {
    pub(super) service: S,
    pub(super) connection: Connection,
    pub(super) activity: Arc<Activity>,
    pub(super) log: Option<Arc<Log>>,
}

impl<S> Exchanges<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Has the application answer one request.
    pub(super) fn answer(&self, request: http::Request<Incoming>) -> Answering<S::Future> {
        let in_flight = InFlight::begin(&self.activity);
        let mut connection = self.connection.clone();
        let mut id = RequestId::from_headers(request.headers());
        let entry = self.log.as_ref().map(|log| {
            id.get_or_insert_with(RequestId::generate);
            Box::new(Entry::begin(log, &connection, &request))
        });
        if let Some(id) = &id {
            connection = connection.with_request_id(id.clone());
        }
        // Most requests have no body; the empty one needs no allocation.
        let mut request =
            request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) });
        request.extensions_mut().insert(connection);
        Answering { call: self.call(request), id, entry, in_flight: Some(in_flight) }
    }

    /// Calls the service at once if it is ready, as nearly all are: a request that waits in a future is moved
    /// more often, and a request is large.
    fn call(&self, request: Request) -> Call<S::Future> {
        // Nothing of a service is used after its panic, so that no broken state of it can be seen.
        let called = catch_unwind(AssertUnwindSafe(|| {
            let mut service = self.service.clone();
            // This waker wakes nobody, but a service that is not ready is asked again with a real one.
            match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(())) => Call::Made { future: service.call(request) },
                Poll::Pending => Call::Waiting {
                    future: Box::pin(async move {
                        let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                        let Ok(response) = service.call(request).await;
                        response
                    }),
                },
            }
        }));
        called.unwrap_or_else(|panic| Call::Panicked { panic: Some(panic) })
    }
}

pin_project! {
    /// The answer to one request while the application works on it.
    pub(super) struct Answering<F> {
        #[pin]
        call: Call<F>,
        id: Option<RequestId>,
        entry: Option<Box<Entry>>,
        in_flight: Option<InFlight>,
    }
}

pin_project! {
    #[project = CallProjection]
    enum Call<F> {
        Made { #[pin] future: F },
        Waiting { future: Pin<Box<dyn Future<Output = Response> + Send>> },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<http::Response<AnswerBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| match this.call.as_mut().project() {
            CallProjection::Made { future } => future.poll(cx).map(|Ok(response)| response),
            CallProjection::Waiting { future } => future.as_mut().poll(cx),
            CallProjection::Panicked { panic } => match panic.take() {
                Some(panic) => resume_unwind(panic),
                None => Poll::Pending,
            },
        }));
        let mut response = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => panicked(&*panic),
        };
        let in_flight = this.in_flight.take().expect("a future is not polled after it was ready");
        if let Some(id) = this.id.take() {
            // An application that gives its own id knows why.
            response.headers_mut().entry(X_REQUEST_ID).or_insert(id.header_value());
        }
        let draining = in_flight.thread().phase() > Phase::Running;
        if draining && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let record = this.entry.take().map(|entry| {
            let id = response.headers().get(X_REQUEST_ID).cloned();
            Box::new(Record { entry, status: response.status(), id, bytes: 0 })
        });
        Poll::Ready(Ok(response.map(|body| AnswerBody { body, record, _in_flight: in_flight })))
    }
}

/// The answer in place of one that panicked. The panic hook has reported where.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    tracing::error!(panic = message(panic), "the application panicked; the request is answered with 500");
    internal_error()
}

fn internal_error() -> Response {
    let body = r#"{"type":"about:blank","title":"Internal Server Error","status":500}"#;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let problem = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, problem);
    response
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a value that is no text")
}

/// The body of an answer on its way out. Its end is the end of the request.
pub(super) struct AnswerBody {
    body: Body,
    record: Option<Box<Record>>,
    _in_flight: InFlight,
}

/// What the access log will say, completed as the body is sent.
struct Record {
    entry: Box<Entry>,
    status: StatusCode,
    id: Option<HeaderValue>,
    bytes: u64,
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_frame(cx)));
        let frame = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => {
                tracing::error!(
                    panic = message(&*panic),
                    "the body of an answer panicked; the connection is cut"
                );
                this.body = Body::empty();
                // An error, not an end: a truncated answer must not look complete.
                return Poll::Ready(Some(Err("the body of the answer panicked".into())));
            }
        };
        if let (Some(record), Some(Ok(frame))) = (&mut this.record, &frame)
            && let Some(data) = frame.data_ref()
        {
            record.bytes += data.len() as u64;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let id = self.id.as_ref().and_then(|id| id.to_str().ok());
        self.entry.finish(self.status, id, self.bytes);
    }
}
