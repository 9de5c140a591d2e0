//! One request and its answer: what stands between hyper and the application.
//!
//! It has the [policy](super::policy) judge both, adds what the application may rely on (the [`Connection`] extension, an id), keeps a
//! panic from taking the connection along, and notes when the answer is out.

use std::{
    any::Any,
    convert::Infallible,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use axum_core::{extract::DefaultBodyLimit, response::IntoResponse};
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::Limited;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    board::Limit,
    body::{Body, Request, Response},
    drain::Notice,
    pool::panic_message,
    problem::{self, Accept, Problem},
    request::{Connection, RequestId, X_REQUEST_ID, is_standard},
    server::{
        access_log::{Entry, Log},
        activity::{Activity, InFlight},
        answer::{AnswerBody, Record},
        handover,
        policy::{Asked, Failure, Framing, RequestBody, Rules, frame, judge},
    },
};

/// Answers the requests of one connection.
pub(super) struct Exchanges<S> {
    pub(super) service: S,
    pub(super) connection: Connection,
    /// How many requests the connection has had.
    pub(super) requests: AtomicU64,
    pub(super) activity: Arc<Activity>,
    pub(super) rules: Arc<Rules>,
    pub(super) log: Option<Arc<Log>>,
}

impl<S> Exchanges<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Has the application answer one request.
    pub(super) fn answer(&self, mut request: http::Request<Incoming>) -> Answering<S::Future> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let in_flight = InFlight::begin(&self.activity, number, !request.body().is_end_stream());
        let connection = self.connection.for_request(number, request.headers());
        let entry = self.log.as_ref().map(|log| Box::new(Entry::begin(log, &connection, &request)));
        // An id that nobody gave and nobody will look for is not worth a header.
        let id =
            (entry.is_some() || connection.request_id().is_given()).then(|| connection.request_id().clone());
        let asked = Asked {
            is_head: *request.method() == Method::HEAD,
            version: request.version(),
            is_upgrade: request.extensions().get::<OnUpgrade>().is_some(),
        };
        let is_standard = is_standard(request.method());
        let failed = (!request.body().is_end_stream()).then(Failed::default);
        let accept = Accept::of(request.headers());
        let call = match judge(&self.rules, &request, &self.connection) {
            Ok(()) => {
                if asked.is_http2() {
                    name_host(&mut request);
                }
                let mut request = self.with_limits(request, failed.as_ref());
                request.extensions_mut().insert(connection);
                self.call(request)
            }
            Err(refusal) => {
                if let Some(limit) = refusal.limit {
                    self.activity.line().reached(limit);
                }
                Call::Refused { response: Some(refusal.into_response()) }
            }
        };
        Answering { call, asked, is_standard, failed, id, accept, entry, in_flight: Some(in_flight) }
    }

    /// Most requests have no body; the empty one needs no allocation.
    fn with_limits(&self, request: http::Request<Incoming>, failed: Option<&Failed>) -> Request {
        let Some(failed) = failed else { return request.map(|_| Body::empty()) };
        let (activity, failed) = (Arc::clone(&self.activity), failed.clone());
        let told = move |failure| {
            if let Failure::Reached(limit) = failure {
                activity.line().reached(limit);
            }
            failed.set(failure);
        };
        let limits = self.rules.body;
        let mut request = request.map(|body| match limits.max {
            Some(max) if body.size_hint().exact().is_none() => {
                let max = usize::try_from(max).unwrap_or(usize::MAX);
                Body::new(RequestBody::new(Limited::new(body, max), limits, told))
            }
            // A length that is said has been compared already.
            _ => Body::new(RequestBody::new(body, limits, told)),
        });
        // One limit is enough: without this, extractors would stop at 2 MiB whatever the setting says.
        DefaultBodyLimit::disable().apply(&mut request);
        request
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

/// Gives a request of HTTP/2 the header that one of HTTP/1.1 has, so that nobody has to look in two places: RFC 9113 section 8.3.1.
fn name_host(request: &mut http::Request<Incoming>) {
    if let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}

pin_project! {
    /// The answer to one request while the application works on it.
    pub(super) struct Answering<F> {
        #[pin]
        call: Call<F>,
        asked: Asked,
        is_standard: bool,
        failed: Option<Failed>,
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
        // What follows a refused request on its connection cannot be told apart from it for certain.
        let mut last = false;
        let polled = catch_unwind(AssertUnwindSafe(|| match this.call.as_mut().project() {
            CallProjection::Made { future } => future.poll(cx).map(|Ok(response)| response),
            CallProjection::Waiting { future } => future.as_mut().poll(cx),
            CallProjection::Panicked { panic } => match panic.take() {
                Some(panic) => resume_unwind(panic),
                None => Poll::Pending,
            },
            CallProjection::Refused { response } => {
                last = true;
                response.take().map_or(Poll::Pending, Poll::Ready)
            }
        }));
        let mut response = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => panicked(&*panic),
        };
        let asked = *this.asked;
        if let Some(failure) = this.failed.as_ref().and_then(Failed::get) {
            last = true;
            response = blamed(response, failure);
        }
        // The router has done so with its answers; these are our own, and those of services and layers.
        response = problem::negotiate(response, this.accept);
        // What has such a method may be the rest of a body that had no length.
        last |= !*this.is_standard && matches!(response.status().as_u16(), 405 | 501);
        let framing = frame(&mut response, asked).or_else(|mistake| {
            tracing::error!("an answer cannot be sent: {mistake}; the request is answered with 500");
            last = true;
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response();
            response = problem::negotiate(problem, this.accept);
            frame(&mut response, asked)
        });
        // A problem has nothing that could be wrong.
        let framing = framing.unwrap_or(Framing::Whole);
        let in_flight = this.in_flight.take().expect("a future is not polled after it was ready");
        if let Some(id) = this.id.take() {
            // An application that gives its own id knows why.
            response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| id.to_header());
        }
        if let Some(notice) = response.extensions().get::<Notice>() {
            notice.connect(in_flight.drain());
        }
        last &= !asked.is_http2();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            in_flight.opens_tunnel();
        } else if last || in_flight.says_close() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let record = this.entry.take().map(|entry| {
            let id = response.headers().get(X_REQUEST_ID).cloned();
            Box::new(Record { entry, status: response.status(), id, bytes: 0 })
        });
        handover::hands_over();
        Poll::Ready(Ok(response.map(|body| AnswerBody::new(body, framing, asked, record, in_flight))))
    }
}

/// Why the body of a request could not be read, as soon as somebody has found out.
#[derive(Clone, Default)]
struct Failed(Arc<OnceLock<Failure>>);

impl Failed {
    fn set(&self, failure: Failure) {
        // A body fails once.
        let _ = self.0.set(failure);
    }

    fn get(&self) -> Option<Failure> {
        self.0.get().copied()
    }
}

/// The answer of somebody to whom every body that cannot be read is a bad request, as it is to foreign extractors.
fn blamed(response: Response, failure: Failure) -> Response {
    let (status, detail) = match failure {
        _ if response.status() != StatusCode::BAD_REQUEST => return response,
        Failure::Broken => return response,
        Failure::Reached(Limit::MaxBody) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than `max_body`")
        }
        Failure::Reached(_) => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
    };
    Problem::new(status).with_detail(detail).into_response()
}

/// The answer in place of one that panicked. The panic hook has reported where.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    tracing::error!(
        panic = panic_message(panic),
        "the application panicked; the request is answered with 500"
    );
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
