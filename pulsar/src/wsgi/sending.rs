//! An answer on its way out: what was written, then what was returned, as long as the `Content-Length` says.
//!
//! The framing is ours and not the application's. Too little is an error, which cuts the connection so that nobody takes a part
//! for the whole; too much is cut off.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::{Frame, SizeHint};
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    application::{Answered, guarded},
    error::Error,
    exchange::{Exchange, may_have_body},
    failure::Failure,
    head::Head,
    pieces::Pieces,
};
use crate::{
    body::{Body, BoxError, BoxFuture, Response},
    error::Chain,
    task::spawn_on,
};

/// The body of an answer, in the order in which it was made.
pub(super) struct Sending {
    exchange: Arc<Exchange>,
    /// What the callable writes, until it has returned.
    written: Option<mpsc::Receiver<Bytes>>,
    /// The callable, which goes on.
    call: Option<BoxFuture<'static, Answered>>,
    first: Option<Bytes>,
    rest: Result<Pieces, Option<Failure>>,
    /// How much is missing of the `Content-Length`.
    left: Option<u64>,
    ended: bool,
}

impl Sending {
    /// The callable has returned, without having written.
    pub(super) fn returned(
        exchange: &Arc<Exchange>,
        head: &Head,
        first: Option<Bytes>,
        rest: Pieces,
    ) -> Self {
        let mut sending = Self::new(exchange, head);
        sending.first = first;
        sending.rest = Ok(rest);
        sending
    }

    /// The callable has written.
    pub(super) fn written(exchange: &Arc<Exchange>, head: &Head, written: mpsc::Receiver<Bytes>) -> Self {
        let mut sending = Self::new(exchange, head);
        sending.written = Some(written);
        sending
    }

    /// Behind what it has written comes what it has returned.
    pub(super) fn then(mut self, rest: Result<Pieces, Failure>) -> Self {
        self.rest = rest.map_err(Some);
        self
    }

    /// It has not returned yet.
    pub(super) fn after(mut self, call: BoxFuture<'static, Answered>) -> Self {
        self.call = Some(call);
        self
    }

    fn new(exchange: &Arc<Exchange>, head: &Head) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            written: None,
            call: None,
            first: None,
            rest: Ok(Pieces::Ended),
            left: head.length,
            ended: false,
        }
    }

    /// All of it, if it is here.
    fn whole(&mut self) -> Option<Bytes> {
        let complete = self.written.is_none() && self.rest.as_ref().is_ok_and(Pieces::is_ended);
        complete.then(|| self.first.take().unwrap_or_default())
    }

    /// Whether nothing goes before the pieces that were returned.
    fn is_all_that_is_left(&self) -> bool {
        self.first.is_none() && self.written.is_none() && self.call.is_none()
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if let Some(call) = &mut self.call
            && let Poll::Ready(Answered(outcome)) = call.as_mut().poll(cx)
        {
            self.call = None;
            self.exchange.close();
            self.rest = outcome.map(|body| body.map_or(Pieces::Ended, Pieces::of)).map_err(Some);
        }
        if let Some(written) = &mut self.written {
            if let Some(piece) = ready!(written.poll_recv(cx)) {
                return Poll::Ready(Some(Ok(piece)));
            }
            self.written = None;
        }
        if self.call.is_some() {
            // It has closed the way of what it writes, and what it returns is about to come.
            return Poll::Pending;
        }
        match &mut self.rest {
            Ok(pieces) => pieces.poll_next(cx),
            Err(failure) => {
                let cause = failure.take().map(Failure::into_cause);
                Poll::Ready(Some(Err(cause.unwrap_or_else(|| "the callable failed".into()))))
            }
        }
    }

    /// Cuts the connection: the client must see that something is missing.
    fn fail(&mut self, error: &str) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.end();
        let callable = self.exchange.callable;
        tracing::error!(callable, "{error}; the answer is broken off and the connection is cut");
        Poll::Ready(Some(Err(error.into())))
    }

    fn end(&mut self) {
        self.ended = true;
        self.rest = Ok(Pieces::Ended);
        self.call = None;
        self.written = None;
    }
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let polled = match guarded(|| this.poll_piece(cx)) {
            Ok(polled) => ready!(polled),
            Err(failure) => Some(Err(failure.into_cause())),
        };
        let mut piece = match polled {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return this.fail(&Chain(error.as_ref()).to_string()),
            None => {
                if let Some(missing @ 1..) = this.left {
                    return this.fail(&Error::TooShort(missing).to_string());
                }
                this.end();
                return Poll::Ready(None);
            }
        };
        if let Some(left) = &mut this.left {
            if piece.len() as u64 > *left {
                piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                log_too_long(&this.exchange);
                this.end();
                this.left = Some(0);
                return Poll::Ready((!piece.is_empty()).then_some(Ok(Frame::data(piece))));
            }
            *left -= piece.len() as u64;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        match (self.left, &self.rest) {
            (Some(left), _) => SizeHint::with_exact(left),
            (None, Ok(pieces)) if self.is_all_that_is_left() => pieces.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

impl Drop for Sending {
    /// Nobody asks for more than was announced. The callable goes on, and what comes of it is logged.
    fn drop(&mut self) {
        if self.ended || self.left != Some(0) {
            return;
        }
        let callable = self.exchange.callable;
        let log = move |failure: Failure| {
            let cause = failure.into_cause();
            tracing::error!(callable, "{}; the answer had been sent", Chain(cause.as_ref()));
        };
        match (self.call.take(), &mut self.rest) {
            (Some(mut call), _) => {
                if let Ok(runtime) = Handle::try_current() {
                    spawn_on(&runtime, async move {
                        let Answered(outcome) = poll_fn(|cx| match guarded(|| call.as_mut().poll(cx)) {
                            Ok(polled) => polled,
                            Err(failure) => Poll::Ready(Answered(Err(failure))),
                        })
                        .await;
                        if let Err(failure) = outcome {
                            log(failure);
                        }
                    });
                }
            }
            (None, Err(failure)) => drop(failure.take().map(log)),
            (None, Ok(_)) => {}
        }
    }
}

/// The body that an answer to another request would have: its length is told, and nothing of it is sent.
struct Unsent(u64);

impl http_body::Body for Unsent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

fn log_too_long(exchange: &Exchange) {
    tracing::error!(
        callable = exchange.callable,
        "the body is longer than its Content-Length; the rest is not sent"
    );
}

/// The answer with this head and this body, or without a body where none may be.
pub(super) fn send(exchange: &Arc<Exchange>, head: Head, mut body: Sending) -> Response {
    let bodyless = !may_have_body(head.status);
    let length = head.length;
    let mut response = head.into_response();
    let body = if exchange.head_only || bodyless {
        if exchange.head_only
            && !bodyless
            && length.is_none()
            && let Some(whole) = body.whole()
        {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
        }
        length.map_or_else(Body::empty, |length| Body::new(Unsent(length)))
    } else {
        match (body.whole(), length) {
            (Some(whole), None) => Body::from(whole),
            (Some(whole), Some(length)) if whole.len() as u64 == length => Body::from(whole),
            (Some(mut whole), Some(length)) if whole.len() as u64 > length => {
                log_too_long(exchange);
                whole.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                Body::from(whole)
            }
            (None, Some(0)) if body.first.is_some() => {
                log_too_long(exchange);
                Body::empty()
            }
            (whole, _) => {
                body.first = whole.filter(|whole| !whole.is_empty()).or(body.first.take());
                Body::new(body)
            }
        }
    };
    response.map(|()| body)
}
