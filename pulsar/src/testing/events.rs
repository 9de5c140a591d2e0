//! Server-sent events as a browser's `EventSource` gets them.

use std::{fmt, panic::Location, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    body::Body,
    testing::{
        event_parser::{Event, Parser},
        session::{Head, Session},
        stream::AnswerStream,
        waiting::{Caller, fail},
    },
};

/// An answer of server-sent events: from [`RequestBuilder::events`](crate::testing::RequestBuilder::events).
///
/// An event is waited for no longer than [`Client::time_limit`](crate::testing::Client::time_limit) says. Dropping it hangs
/// up, as a browser does that leaves the page.
///
/// ```
/// use futures_util::stream;
/// use pulsar::{Method, Router, sse, testing::{Client, block_on}};
///
/// let router = Router::new().add(Method::GET, "/count", async |last: Option<sse::LastEventId>| {
///     let last = last.and_then(|last| last.parse().ok()).unwrap_or(0);
///     sse::Sse::new(stream::iter(last + 1..4).map(|number: u32| sse::Event::new().id(number).data(number)))
/// });
/// # use futures_util::StreamExt;
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// block_on(async {
///     let mut events = client.get("/count").events().await;
///     assert_eq!(events.next().await.unwrap().data, "1");
///     // The connection is lost, and the browser comes back.
///     let mut events = events.reconnect().await;
///     assert_eq!(events.next().await.unwrap().data, "2");
///     assert_eq!(events.next().await.unwrap().data, "3");
///     assert_eq!(events.next().await, None);
/// });
/// ```
pub struct Events {
    session: Session,
    head: Head,
    answer: AnswerStream,
    parser: Parser,
    /// The id as of the event that was given last.
    seen_id: String,
}

impl Events {
    /// Asks, and expects an answer that a browser would take for events.
    pub(super) async fn open(session: Session, head: Head, parser: Parser, caller: Caller) -> Self {
        let answer = session.send(&head, Body::empty(), false).await;
        let answer = answer.unwrap_or_else(|error| fail(caller, format_args!("{head}: no answer: {error}")));
        let answer = AnswerStream::new(head.clone(), answer, session.limit);
        let is_events = answer.header(header::CONTENT_TYPE.as_str()).is_some_and(|content_type| {
            let essence = content_type.split(';').next().unwrap_or(content_type);
            essence.trim().eq_ignore_ascii_case("text/event-stream")
        });
        if answer.status() != StatusCode::OK || !is_events {
            // It may go on for ever, and has not said that it is something else.
            let answer = answer.finish_at(caller).await;
            fail(
                caller,
                format_args!("expected status 200 and the content type text/event-stream, got\n{answer}"),
            );
        }
        let seen_id = parser.last_id.clone();
        Self { session, head, answer, parser, seen_id }
    }

    /// The next event. `None` when the answer has ended; an event that was not finished by then is none.
    ///
    /// # Panics
    ///
    /// Panics if the answer breaks off, or nothing comes in time. Comments, which keep a connection alive, are something.
    #[allow(clippy::should_implement_trait)] // a future, as the `next` of streams is
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Option<Event>> {
        let caller = Location::caller();
        async move {
            loop {
                if let Some(event) = self.parser.events.pop_front() {
                    self.seen_id.clone_from(&event.id);
                    return Some(event);
                }
                let piece = self.answer.piece(caller).await?;
                self.parser.push(&piece);
            }
        }
    }

    /// The id that a client which comes back would send; empty if there is none.
    pub fn last_event_id(&self) -> &str {
        // What has arrived and was not looked at has not happened yet.
        if self.parser.events.is_empty() { &self.parser.last_id } else { &self.seen_id }
    }

    /// How long a client waits before it comes back, if the program has said so.
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry
    }

    /// Hangs up and asks again, with the header `Last-Event-ID` if there was an id. It does not wait before.
    ///
    /// # Panics
    ///
    /// Panics if the answer is none of events.
    #[track_caller]
    pub fn reconnect(self) -> impl Future<Output = Self> {
        let caller = Location::caller();
        let (last_id, retry) = (self.last_event_id().to_owned(), self.retry());
        let Self { session, mut head, answer, .. } = self;
        drop(answer);
        async move {
            head.headers.remove(LAST_EVENT_ID);
            if !last_id.is_empty() {
                let value = HeaderValue::try_from(&*last_id).unwrap_or_else(|_| {
                    fail(caller, format_args!("{head}: the id {last_id:?} cannot be sent in a header"))
                });
                head.headers.insert(LAST_EVENT_ID, value);
            }
            Self::open(session, head, Parser::after(last_id, retry), caller).await
        }
    }
}

/// What a client that comes back sends.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("answer", &self.answer).finish_non_exhaustive()
    }
}
