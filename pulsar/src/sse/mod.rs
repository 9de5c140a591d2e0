//! Server-sent events: an answer that goes on, one event after another, as the WHATWG's HTML standard describes it.
//!
//! [`Sse`] makes the answer from a stream of [`Event`]s. Browsers read it with `EventSource`, which comes back by itself when
//! the answer ends, and says with [`LastEventId`] where it was. Nothing here knows who makes the events. The rule it keeps:
//! what a program puts in a field stays in that field, whatever line breaks it has.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::{Stream, stream};
//! use pulsar::{
//!     get,
//!     sse::{Event, LastEventId, Sse},
//! };
//!
//! /// Counts on from where the client was.
//! #[get("/count")]
//! async fn count(last: Option<LastEventId>) -> Sse<impl Stream<Item = Event>> {
//!     let first = last.and_then(|last| last.parse::<u64>().ok()).map_or(0, |last| last + 1);
//!     Sse::new(stream::unfold(first, async |number| {
//!         tokio::time::sleep(Duration::from_secs(1)).await;
//!         Some((Event::new().id(number).data(format!("this is {number}")), number + 1))
//!     }))
//! }
//! ```
//!
//! While there is no event, a comment every 15 seconds tells proxies and clients that the answer goes on: see [`KeepAlive`].
//! When the server drains, the answer ends as if the stream had, so that nobody waits for it; clients come back to the next
//! server.
//!
//! Files, lower ones first: `event`, `keep_alive`, `last_event_id`; `answer`.

mod answer;
mod event;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod keep_alive;
mod last_event_id;

pub use self::{
    answer::{IntoEvent, Sse},
    event::Event,
    keep_alive::KeepAlive,
    last_event_id::LastEventId,
};
