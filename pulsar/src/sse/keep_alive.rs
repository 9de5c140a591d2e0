//! What is sent while there is no event.

use std::{fmt::Display, time::Duration};

use crate::sse::event::Event;

/// A comment that is sent whenever there was no event for a while.
///
/// It keeps proxies from closing an answer that seems to be over, and finds out that a client has gone.
///
/// # Defaults
///
/// * every 15 seconds
/// * without a text
///
/// ```
/// use std::time::Duration;
///
/// use futures_util::stream;
/// use pulsar::sse::{Event, KeepAlive, Sse};
///
/// let events = stream::pending::<Event>();
/// let answer = Sse::new(events).keep_alive(KeepAlive::new().every(Duration::from_secs(5)).text("still here"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    pub(super) every: Duration,
    pub(super) comment: Event,
}

impl KeepAlive {
    /// Every 15 seconds, without a text.
    ///
    /// ```
    /// use pulsar::sse::KeepAlive;
    /// assert_eq!(KeepAlive::new(), KeepAlive::default());
    /// ```
    pub fn new() -> Self {
        Self { every: Duration::from_secs(15), comment: Event::new().comment("") }
    }

    /// Sets after how much silence the comment is sent; no less than a millisecond counts, and no more than a year.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use pulsar::sse::KeepAlive;
    /// let keep_alive = KeepAlive::new().every(Duration::from_secs(30));
    /// assert_ne!(keep_alive, KeepAlive::new());
    /// ```
    #[must_use]
    pub fn every(mut self, time: Duration) -> Self {
        // No time at all would send nothing but comments, and what is far more than a year overflows the clock.
        self.every = time.clamp(Duration::from_millis(1), A_YEAR);
        self
    }

    /// Sets the text of the comment, for people who look at the answer.
    ///
    /// ```
    /// use pulsar::sse::KeepAlive;
    /// assert_ne!(KeepAlive::new().text("still here"), KeepAlive::new());
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl Display) -> Self {
        self.comment = Event::new().comment(text);
        self
    }
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self::new()
    }
}

const A_YEAR: Duration = Duration::from_secs(31_536_000);
