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
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use axum_core::{extract::DefaultBodyLimit, response::IntoResponse};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Limited;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    body::{Body, BoxError, Request, Response},
    pool::panic_message,
    problem::{self, Accept, Problem},
    request::{Connection, RequestId, X_REQUEST_ID},
    server::{
        access_log::{Entry, Log},
        activity::{Activity, InFlight},
        handover,
    },
};

/// Answers the requests of one connection.
pub(super) struct Exchanges<S> {
    pub(super) service: S,
    pub(super) connection: Connection,
    /// How many requests the connection has had.
    pub(super) requests: AtomicU64,
    pub(super) activity: Arc<Activity>,
    pub(super) max_body: Option<usize>,
    pub(super) log: Option<Arc<Log>>,
}

impl<S> Exchanges<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Has the application answer one request.
    pub(super) fn answer(&self, request: http::Request<Incoming>) -> Answering<S::Future> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let in_flight = InFlight::begin(&self.activity, number, !request.body().is_end_stream());
        let connection = self.connection.for_request(number, request.headers());
        let entry = self.log.as_ref().map(|log| Box::new(Entry::begin(log, &connection, &request)));
        // An id that nobody gave and nobody will look for is not worth a header.
        let id =
            (entry.is_some() || connection.request_id().is_given()).then(|| connection.request_id().clone());
        let accept = Accept::of(request.headers());
        let call = if too_long(request.body(), self.max_body) {
            Call::Refused { response: Some(too_long_response()) }
        } else {
            let has_body = !request.body().is_end_stream();
            let mut request = request.map(|body| limited(body, self.max_body));
            if has_body {
                // One limit is enough: without this, extractors would stop at 2 MiB whatever the setting says.
                DefaultBodyLimit::disable().apply(&mut request);
            }
            request.extensions_mut().insert(connection);
            self.call(request)
        };
        Answering { call, id, accept, entry, in_flight: Some(in_flight) }
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
        accept: Accept,
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
        Refused { response: Option<Response> },
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
            CallProjection::Refused { response } => response.take().map_or(Poll::Pending, Poll::Ready),
        }));
        let mut response = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => panicked(&*panic),
        };
        // The router has done so with its answers; these are our own, and those of services and layers.
        response = problem::negotiate(response, this.accept);
        let in_flight = this.in_flight.take().expect("a future is not polled after it was ready");
        if let Some(id) = this.id.take() {
            // An application that gives its own id knows why.
            response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| id.to_header());
        }
        if in_flight.says_close() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let record = this.entry.take().map(|entry| {
            let id = response.headers().get(X_REQUEST_ID).cloned();
            Box::new(Record { entry, status: response.status(), id, bytes: 0 })
        });
        handover::hands_over();
        Poll::Ready(Ok(response.map(|body| AnswerBody {
            body,
            failure: None,
            record,
            _in_flight: in_flight,
        })))
    }
}

/// The answer in place of one that panicked. The panic hook has reported where.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    tracing::error!(
        panic = panic_message(panic),
        "the application panicked; the request is answered with 500"
    );
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// Whether a body says that it is longer than it may be. One that does not say is cut off where the limit is.
fn too_long(body: &Incoming, max: Option<usize>) -> bool {
    max.is_some_and(|max| body.size_hint().lower() > max as u64)
}

fn too_long_response() -> Response {
    let mut response = Problem::new(StatusCode::PAYLOAD_TOO_LARGE)
        .with_detail("the body is longer than `max_body`")
        .into_response();
    // What follows on the connection is the rest of that body, which nobody will read.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Most requests have no body; the empty one needs no allocation.
fn limited(body: Incoming, max: Option<usize>) -> Body {
    match max {
        _ if body.is_end_stream() => Body::empty(),
        // A length that is known has been compared already.
        Some(max) if body.size_hint().exact().is_none() => Body::new(Limited::new(body, max)),
        _ => Body::new(body),
    }
}

/// The body of an answer on its way out. Its end is the end of the request.
pub(super) struct AnswerBody {
    body: Body,
    /// Why it breaks off, as soon as what came before is out.
    failure: Option<BoxError>,
    record: Option<Box<Record>>,
    _in_flight: InFlight,
}

impl AnswerBody {
    /// Breaks off with an error, which is no end: a truncated answer must not look complete.
    ///
    /// hyper cuts the connection at once, and with it what it has not written yet; so it gets a turn to write first.
    fn break_off(
        &mut self,
        failure: BoxError,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.body = Body::empty();
        self.failure = Some(failure);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
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
        handover::goes_on();
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_frame(cx)));
        let frame = match polled {
            Ok(poll) => match ready!(poll) {
                Some(Ok(frame)) => Some(frame),
                Some(Err(error)) => return this.break_off(error.into(), cx),
                None => None,
            },
            Err(panic) => {
                tracing::error!(
                    panic = panic_message(&*panic),
                    "the body of an answer panicked; the connection is cut"
                );
                return this.break_off("the body of the answer panicked".into(), cx);
            }
        };
        if let (Some(record), Some(frame)) = (&mut this.record, &frame)
            && let Some(data) = frame.data_ref()
        {
            record.bytes += data.len() as u64;
        }
        handover::hands_over();
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.failure.is_none() && self.body.is_end_stream()
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
