//! The body of an answer on its way out. Its end is the end of the request.
//!
//! It keeps to what the head says of it, keeps a panic from taking the connection along, and completes the line of the access log.

use std::{
    mem,
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

/// The body of an answer. It is moved several times for each, and therefore small.
pub(super) struct AnswerBody {
    body: Body,
    rest: Rest,
    /// What the access log will say, completed as the body is sent.
    entry: Option<Box<Entry>>,
    in_flight: InFlight,
}

/// What there is still to send.
#[derive(Debug)]
enum Rest {
    /// Whatever the body has.
    Whole,
    /// That, and nothing but the end of the connection says that it is complete.
    UntilEnd,
    /// So many bytes.
    Exactly(u64),
    /// Nothing. Over HTTP/1 it counts as a body all the same, since hyper takes its length from there.
    Withheld(u64),
    /// Nothing, and its length is not known.
    WithheldUnknown,
    /// Nothing, and over HTTP/2 the head alone says so.
    HeadOnly,
    /// Nothing, since all has been sent.
    Sent,
    /// Nothing more: this is why it breaks off, as soon as what came before is out.
    Failed(Box<BoxError>),
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
            Framing::Whole if asked.is_old() && body.size_hint().exact().is_none() => (body, Rest::UntilEnd),
            Framing::Whole => (body, Rest::Whole),
            Framing::Exactly(length) => (body, Rest::Exactly(length)),
            Framing::Withheld(_) if asked.is_http2() => (Body::empty(), Rest::HeadOnly),
            Framing::Withheld(length) => {
                (Body::empty(), length.map_or(Rest::WithheldUnknown, Rest::Withheld))
            }
        };
        Self { body, rest, entry, in_flight }
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
        if let Rest::UntilEnd = self.rest {
            // Closed in order it would look complete; a reset is no end.
            self.in_flight.cut_connection();
        }
        self.rest = Rest::Failed(Box::new(failure));
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The body has come to its end.
    fn end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Rest::Exactly(left @ 1..) = self.rest {
            tracing::error!(
                "the body of an answer is {left} bytes shorter than its Content-Length; the connection is cut"
            );
            return self.break_off("the body of the answer is shorter than its length".into(), cx);
        }
        handover::hands_over();
        Poll::Ready(None)
    }

    /// Counts a piece against the length that the head said, of which so much is left. More than that would be read as the next answer.
    fn count(&mut self, mut data: Bytes, left: u64) -> Bytes {
        let length = data.len() as u64;
        if length > left {
            tracing::error!("the body of an answer is longer than its Content-Length; the rest is not sent");
            // It fits: it is less than the length of the piece.
            data.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        self.rest = Rest::Exactly(left.saturating_sub(length));
        if length >= left {
            // Whoever produces it need not go on.
            self.rest = Rest::Sent;
            self.body = Body::empty();
        }
        data
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
        if let Rest::Failed(_) = this.rest
            && let Rest::Failed(failure) = mem::replace(&mut this.rest, Rest::Sent)
        {
            return Poll::Ready(Some(Err(*failure)));
        }
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_frame(cx)));
        let frame = match polled {
            Ok(poll) => match ready!(poll) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return this.break_off(error.into(), cx),
                None => return this.end(cx),
            },
            Err(panic) => {
                tracing::error!(
                    panic = panic_message(&*panic),
                    "the body of an answer panicked; the connection is cut"
                );
                return this.break_off("the body of the answer panicked".into(), cx);
            }
        };
        handover::hands_over();
        // Data is much smaller than a frame of whatever kind.
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(other) => return Poll::Ready(Some(Ok(other))),
        };
        if let Rest::Exactly(left) = this.rest {
            data = this.count(data, left);
        }
        if let Some(entry) = &mut this.entry {
            entry.sent(data.len());
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match self.rest {
            Rest::Whole | Rest::UntilEnd => self.body.is_end_stream(),
            Rest::Exactly(left) => left == 0,
            Rest::Withheld(_) | Rest::WithheldUnknown | Rest::Failed(_) => false,
            Rest::HeadOnly | Rest::Sent => true,
        }
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        match self.rest {
            Rest::Whole | Rest::UntilEnd => self.body.size_hint(),
            Rest::Exactly(length) | Rest::Withheld(length) => SizeHint::with_exact(length),
            Rest::WithheldUnknown | Rest::HeadOnly | Rest::Failed(_) => SizeHint::default(),
            Rest::Sent => SizeHint::with_exact(0),
        }
    }
}
