//! A stream of events as an answer.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderName, HeaderValue, header};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    body::{Body, BoxError, Response},
    drain::{Notice, Watching},
    error::Chain,
    sse::{event::Event, keep_alive::KeepAlive},
};

/// An answer of server-sent events.
///
/// Each event is sent as soon as the stream gives it. The answer ends with the stream, or when the server drains. A stream
/// may give [`Event`]s, or results of them: the first error is logged, and the answer breaks off.
///
/// The headers are `Content-Type: text/event-stream`, `Cache-Control: no-cache`, and `X-Accel-Buffering: no`, which has nginx
/// pass events on at once.
///
/// ```
/// use futures_util::{Stream, stream};
/// use pulsar::{get, sse::{Event, Sse}};
///
/// #[get("/countdown")]
/// async fn countdown() -> Sse<impl Stream<Item = Event>> {
///     Sse::new(stream::iter((0..3).rev().map(|number| Event::new().data(number))))
/// }
/// ```
#[must_use]
pub struct Sse<S> {
    events: S,
    keep_alive: Option<KeepAlive>,
}

impl<S> Sse<S> {
    /// The events of a stream, with a comment every 15 seconds while there is none.
    ///
    /// ```
    /// use futures_util::stream;
    /// use pulsar::sse::{Event, Sse};
    /// let answer = Sse::new(stream::iter([Event::new().data("one")]));
    /// ```
    pub fn new(events: S) -> Self {
        Self { events, keep_alive: Some(KeepAlive::new()) }
    }

    /// Sets which comment is sent when, or with `None` that there is none.
    ///
    /// ```
    /// use futures_util::stream;
    /// use pulsar::sse::{Event, KeepAlive, Sse};
    /// let answer = Sse::new(stream::pending::<Event>()).keep_alive(KeepAlive::new().text("ping"));
    /// let silent = Sse::new(stream::pending::<Event>()).keep_alive(None);
    /// ```
    pub fn keep_alive(mut self, keep_alive: impl Into<Option<KeepAlive>>) -> Self {
        self.keep_alive = keep_alive.into();
        self
    }
}

impl<S> fmt::Debug for Sse<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

/// What a stream of events may give: an [`Event`], or a `Result<Event, E>`.
///
/// It is not for you to implement.
///
/// ```
/// use futures_util::stream;
/// use pulsar::sse::{Event, Sse};
/// let events = stream::iter([Ok(Event::new().data("one")), Err("the rest is lost")]);
/// let answer = Sse::new(events);
/// ```
pub trait IntoEvent {
    /// Not public API.
    #[doc(hidden)]
    fn into_event(self) -> Result<Event, BoxError>;
}

impl IntoEvent for Event {
    fn into_event(self) -> Result<Event, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError>> IntoEvent for Result<Event, E> {
    fn into_event(self) -> Result<Event, BoxError> {
        self.map_err(Into::into)
    }
}

impl<S> IntoResponse for Sse<S>
where
    S: Stream<Item: IntoEvent> + Send + 'static,
{
    fn into_response(self) -> Response {
        let notice = Notice::default();
        let keep_alive = self.keep_alive.map(|KeepAlive { every, comment }| {
            // A comment has no mistakes.
            let comment = comment.into_bytes().unwrap_or_default();
            Comments { every, comment, timer: None, sent: Instant::now() }
        });
        let mut response = Response::new(Body::new(Events {
            stream: Some(self.events),
            keep_alive,
            notice: notice.clone(),
            drain: Watching::default(),
        }));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        response.extensions_mut().insert(notice);
        response
    }
}

pin_project! {
    /// The body of the answer.
    struct Events<S> {
        #[pin]
        stream: Option<S>,
        keep_alive: Option<Comments>,
        notice: Notice,
        drain: Watching,
    }
}

struct Comments {
    every: std::time::Duration,
    comment: Bytes,
    timer: Option<Pin<Box<Sleep>>>,
    /// When there last was an event or a comment.
    sent: Instant,
}

impl Comments {
    fn restart(&mut self) {
        // The timer goes on, and finds out when it is over: to set it anew costs more, and there may be an event every moment.
        self.sent = Instant::now();
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(self.sent + self.every)));
        ready!(timer.as_mut().poll(cx));
        let now = Instant::now();
        if now < self.sent + self.every {
            timer.as_mut().reset(self.sent + self.every);
            ready!(timer.as_mut().poll(cx));
        }
        self.sent = Instant::now();
        timer.as_mut().reset(self.sent + self.every);
        Poll::Ready(self.comment.clone())
    }
}

impl<S: Stream<Item: IntoEvent>> http_body::Body for Events<S> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        // Not before the body is asked for more: until then no server is known.
        if this.stream.is_some() && this.drain.has_begun(this.notice, cx) {
            this.stream.set(None);
        }
        while let Some(events) = this.stream.as_mut().as_pin_mut() {
            let event = match events.poll_next(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => {
                    this.stream.set(None);
                    break;
                }
                Poll::Ready(Some(event)) => event.into_event(),
            };
            let bytes = match event.map(Event::into_bytes) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(mistake)) => {
                    tracing::error!("an event is not sent: {mistake}");
                    continue;
                }
                Err(error) => {
                    tracing::error!("a stream of events failed: {}", Chain(error.as_ref()));
                    this.stream.set(None);
                    return Poll::Ready(Some(Err(error)));
                }
            };
            if let Some(comments) = this.keep_alive {
                comments.restart();
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if this.stream.is_none() {
            return Poll::Ready(None);
        }
        match this.keep_alive {
            Some(comments) => comments.poll(cx).map(|comment| Some(Ok(Frame::data(comment)))),
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none()
    }
}

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
