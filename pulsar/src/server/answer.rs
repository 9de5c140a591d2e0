//! The body of an answer on its way out. Its end is the end of the request.
//!
//! It keeps to what the head says of it, keeps a panic from taking the connection along, and completes the line of the access log.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use crate::{
    body::{Body, BoxError},
    pool::panic_message,
    server::{
        access_log::Entry,
        activity::InFlight,
        handover,
        policy::{Asked, Framing},
    },
};

/// The body of an answer.
pub(super) struct AnswerBody {
    body: Body,
    rest: Rest,
    /// Why it breaks off, as soon as what came before is out.
    failure: Option<BoxError>,
    /// What the access log will say, completed as the body is sent.
    entry: Option<Box<Entry>>,
    /// Whether nothing but the end of the connection says that it is complete.
    ends_with_connection: bool,
    in_flight: InFlight,
}

/// What there is still to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Whatever the body has.
    Whole,
    /// So many bytes.
    Exactly(u64),
    /// Nothing. Over HTTP/1 it counts as a body all the same, since hyper takes its length from there.
    Withheld { length: Option<u64>, is_http2: bool },
    /// Nothing, since all has been sent.
    Sent,
}

impl AnswerBody {
    pub(super) fn new(
        body: Body,
        framing: Framing,
        asked: Asked,
        entry: Option<Box<Entry>>,
        in_flight: InFlight,
    ) -> Self {
        let (body, rest) = match framing {
            Framing::Whole => (body, Rest::Whole),
            Framing::Exactly(length) => (body, Rest::Exactly(length)),
            Framing::Withheld(length) => {
                (Body::empty(), Rest::Withheld { length, is_http2: asked.is_http2() })
            }
        };
        let ends_with_connection =
            asked.is_old() && framing == Framing::Whole && body.size_hint().exact().is_none();
        Self { body, rest, failure: None, entry, ends_with_connection, in_flight }
    }

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
        if self.ends_with_connection {
            // Closed in order it would look complete; a reset is no end.
            self.in_flight.cut_connection();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Counts a piece against the length that the head said. More than that would be read as the next answer.
    fn count(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let Rest::Exactly(left) = self.rest else { return frame };
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(other) => return other,
        };
        let length = data.len() as u64;
        if length > left {
            tracing::error!("the body of an answer is longer than its Content-Length; the rest is not sent");
            // It fits: it is less than the length of the piece.
            data.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        self.rest = if length >= left { Rest::Sent } else { Rest::Exactly(left - length) };
        if self.rest == Rest::Sent {
            // Whoever produces it need not go on.
            self.body = Body::empty();
        }
        Frame::data(data)
    }
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
                Some(Ok(frame)) => Some(this.count(frame)),
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
        if frame.is_none()
            && let Rest::Exactly(left @ 1..) = this.rest
        {
            tracing::error!(
                "the body of an answer is {left} bytes shorter than its Content-Length; the connection is cut"
            );
            this.rest = Rest::Sent;
            return this.break_off("the body of the answer is shorter than its length".into(), cx);
        }
        if let (Some(entry), Some(frame)) = (&mut this.entry, &frame)
            && let Some(data) = frame.data_ref()
        {
            entry.sent(data.len());
        }
        handover::hands_over();
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.failure.is_none()
            && match self.rest {
                Rest::Whole => self.body.is_end_stream(),
                Rest::Exactly(left) => left == 0,
                Rest::Withheld { is_http2, .. } => is_http2,
                Rest::Sent => true,
            }
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            Rest::Whole => self.body.size_hint(),
            Rest::Exactly(length) | Rest::Withheld { length: Some(length), .. } => {
                SizeHint::with_exact(length)
            }
            Rest::Withheld { length: None, .. } => SizeHint::default(),
            Rest::Sent => SizeHint::with_exact(0),
        }
    }
}
