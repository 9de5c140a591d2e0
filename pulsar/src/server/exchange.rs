//! One request and its answer: what stands between hyper and the application.
//!
//! It has the [policy](super::policy) judge both, adds what the application may rely on (limits, an id), and notes
//! when the answer is out.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    mem,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use axum_core::{extract::DefaultBodyLimit, response::IntoResponse};
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::Limited;
use hyper::{body::Incoming, service::Service, upgrade::OnUpgrade};
use pin_project_lite::pin_project;

use crate::{
    board::Limit,
    body::{self, Body, Request, Response},
    drain::Notice,
    problem::{self, Problem},
    request::{Arrival, Asker, Connection, X_REQUEST_ID, is_standard},
    server::{
        access_log::{Entry, Log},
        activity::{Activity, InFlight},
        answer::AnswerBody,
        answers::{Answer, Answers},
        handover,
        policy::{Asked, Failure, Framing, RequestBody, Rules, Seen, frame, judge},
    },
};

/// Answers the requests of one connection.
pub(super) struct Exchanges<A> {
    pub(super) application: A,
    pub(super) connection: Connection,
    /// How many requests the connection has had.
    pub(super) requests: Cell<u64>,
    pub(super) activity: Arc<Activity>,
    pub(super) rules: Arc<Rules>,
    /// The host of the last request, which was found to be good: that of the next one is mostly the same.
    pub(super) host: RefCell<Vec<u8>>,
    /// What the last body of a request could not be read for; that of the next one has its place if nobody looks at it any longer.
    pub(super) failed: Cell<Option<Failed>>,
    pub(super) log: Option<Arc<Log>>,
}

impl<A: Answers> Service<http::Request<Incoming>> for Exchanges<A> {
    type Response = http::Response<AnswerBody>;
    type Error = Infallible;
    type Future = Answering<A::Answer>;

    /// Has the application answer one request.
    fn call(&self, request: http::Request<Incoming>) -> Answering<A::Answer> {
        let mut failed = None;
        let mut ready = |request| self.with_limits(request, &mut failed);
        let mut arrival = Arrival::new(request, &mut ready);
        let request = arrival.head();
        let number = self.requests.get();
        self.requests.set(number + 1);
        let has_body = !request.body().is_end_stream();
        let in_flight = InFlight::begin(&self.activity, number, has_body);
        let asked = Asked {
            is_head: *request.method() == Method::HEAD,
            version: request.version(),
            is_upgrade: request.extensions().get::<OnUpgrade>().is_some(),
        };
        if asked.is_upgrade {
            self.activity.may_become_a_tunnel();
        }
        let is_standard = is_standard(request.method());
        let seen = Seen::of(request.headers());
        let id = self.connection.id_of_request(number, seen.request_id);
        let entry = self.log.as_ref().map(|log| {
            let connection = self.connection.for_request(id.clone(), request.headers());
            Box::new(Entry::begin(log, connection, request))
        });
        let asker = Asker { id: Some(id), accept: seen.accept(), is_head: asked.is_head };
        let judged = judge(&self.rules, request, &seen, &self.connection, &mut self.host.borrow_mut());
        let call = match judged {
            Ok(()) => {
                if asked.is_http2() {
                    name_host(arrival.head_mut());
                }
                Call::Made { answer: self.application.answer(&mut arrival, &self.connection, &asker) }
            }
            Err(refusal) => {
                if let Some(limit) = refusal.limit {
                    self.activity.line().reached(limit);
                }
                Call::Refused { response: Some(Box::new(refusal.into_response())) }
            }
        };
        Answering { call, asked, is_standard, failed, asker, entry, in_flight: Some(in_flight) }
    }
}

impl<A: Answers> Exchanges<A> {
    /// Makes a request ready for an application. Most have no body; the empty one needs no allocation.
    fn with_limits(&self, request: http::Request<Incoming>, failed: &mut Option<Failed>) -> Request {
        if request.body().is_end_stream() {
            return request.map(|_| Body::empty());
        }
        let failed = failed.insert(Failed::anew(self.failed.take())).clone();
        self.failed.set(Some(failed.clone()));
        let activity = Arc::clone(&self.activity);
        let length = request.body().size_hint().exact();
        let told = move |failure| {
            if let Failure::Reached(limit) = failure {
                activity.line().reached(limit);
            }
            failed.set(failure);
        };
        let limits = self.rules.body;
        let mut request = request.map(|body| match limits.max {
            Some(max) if length.is_none() => {
                let max = usize::try_from(max).unwrap_or(usize::MAX);
                Body::new(RequestBody::new(Limited::new(body, max), limits, told))
            }
            // A length that is said has been compared already.
            _ => Body::new(RequestBody::new(body, limits, told)),
        });
        if length.is_none_or(|length| length > body::NEVER_TOO_LONG) {
            // One limit is enough: without this, extractors would stop at 2 MiB whatever the setting says.
            DefaultBodyLimit::disable().apply(&mut request);
        }
        request
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
    pub(super) struct Answering<A> {
        #[pin]
        call: Call<A>,
        asked: Asked,
        is_standard: bool,
        failed: Option<Failed>,
        asker: Asker,
        entry: Option<Box<Entry>>,
        in_flight: Option<InFlight>,
    }
}

pin_project! {
    #[project = CallProjection]
    enum Call<A> {
        Made { #[pin] answer: A },
        Refused { response: Option<Box<Response>> },
    }
}

impl<A: Answer> Future for Answering<A> {
    type Output = Result<http::Response<AnswerBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // What follows a refused request on its connection cannot be told apart from it for certain.
        let mut last = false;
        let mut polled = match this.call.project() {
            CallProjection::Made { answer } => answer.poll_answer(cx, this.asker),
            CallProjection::Refused { response } => {
                last = true;
                Poll::Ready(*response.take().expect("a future is not polled after it was ready"))
            }
        };
        // It stays where it is, for it is large.
        let Poll::Ready(response) = &mut polled else { return Poll::Pending };
        let asked = *this.asked;
        if let Some(failure) = this.failed.as_ref().and_then(Failed::get) {
            last = true;
            blame(response, failure);
        }
        if is_error(response.status()) {
            // The router has done so with its answers; these are our own, and those of services and layers.
            *response = problem::negotiate(mem::take(response), &this.asker.accept);
            // What has such a method may be the rest of a body that had no length.
            last |= !*this.is_standard && matches!(response.status().as_u16(), 405 | 501);
        }
        let framing = frame(response, asked).or_else(|mistake| {
            tracing::error!("an answer cannot be sent: {mistake}; the request is answered with 500");
            last = true;
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response();
            *response = problem::negotiate(problem, &this.asker.accept);
            frame(response, asked)
        });
        // A problem has nothing that could be wrong.
        let framing = framing.unwrap_or(Framing::Whole);
        let in_flight = this.in_flight.take().expect("a future is not polled after it was ready");
        // An id that nobody gave and nobody will look for is not worth a header.
        if let Some(id) = &this.asker.id
            && (this.entry.is_some() || id.is_given())
        {
            // An application that gives its own id knows why.
            response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| id.to_header());
        }
        if let Some(notice) = response.extensions().get::<Notice>() {
            notice.connect(in_flight.drain());
        }
        last &= !asked.is_http2();
        if (last || in_flight.says_close()) && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let mut entry = this.entry.take();
        if let Some(entry) = &mut entry {
            entry.answered(response.status(), response.headers().get(X_REQUEST_ID).cloned());
        }
        handover::hands_over();
        polled
            .map(|response| Ok(response.map(|body| AnswerBody::new(body, framing, asked, entry, in_flight))))
    }
}

/// Why the body of a request could not be read, as soon as somebody has found out.
#[derive(Clone, Default)]
pub(super) struct Failed(Arc<OnceLock<Failure>>);

impl Failed {
    /// One that nothing is known of yet, in the memory of another one that nobody looks at.
    fn anew(spare: Option<Self>) -> Self {
        let mut failed = spare.unwrap_or_default();
        match Arc::get_mut(&mut failed.0) {
            Some(failure) => drop(failure.take()),
            None => failed = Self::default(),
        }
        failed
    }

    fn set(&self, failure: Failure) {
        // A body fails once.
        let _ = self.0.set(failure);
    }

    fn get(&self) -> Option<Failure> {
        self.0.get().copied()
    }
}

/// Says what was wrong in the answer of somebody to whom every body that cannot be read is a bad request, as it is to foreign extractors.
fn blame(response: &mut Response, failure: Failure) {
    let (status, detail) = match failure {
        _ if response.status() != StatusCode::BAD_REQUEST => return,
        Failure::Broken => return,
        Failure::Reached(Limit::MaxBody) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than `max_body`")
        }
        Failure::Reached(_) => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
    };
    *response = Problem::new(status).with_detail(detail).into_response();
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_that_of_one_request_alone() {
        let first = Failed::anew(None);
        first.set(Failure::Broken);
        let second = Failed::anew(Some(first.clone()));
        assert_eq!((first.get(), second.get()), (Some(Failure::Broken), None), "somebody still looks at it");
        drop(second);
        let place = Arc::as_ptr(&first.0);
        let third = Failed::anew(Some(first));
        assert_eq!((third.get(), Arc::as_ptr(&third.0)), (None, place));
    }
}
