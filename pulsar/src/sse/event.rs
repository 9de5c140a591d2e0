//! One event, and how it is written.

use std::{
    fmt::{self, Display, Write},
    time::Duration,
};

use bytes::Bytes;
use memchr::memchr2;
use serde::Serialize;

/// An event of an [`Sse`](crate::sse::Sse) answer.
///
/// What is not set is not sent. Clients do nothing with an event without data, except that they keep its id and its time to
/// come back.
///
/// ```
/// use pulsar::sse::Event;
///
/// let event = Event::new().event("message").id(7).data("two\nlines");
/// assert_eq!(event.to_string(), "event: message\nid: 7\ndata: two\ndata: lines\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The lines so far, each with its end.
    lines: String,
    mistake: Option<&'static str>,
}

impl Event {
    /// An event without fields.
    ///
    /// ```
    /// assert_eq!(pulsar::sse::Event::new().to_string(), "\n");
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the event, by which clients listen to it; without one it is `message`.
    ///
    /// A name cannot have line breaks. An event with such a name is not sent; the log says so.
    ///
    /// ```
    /// use pulsar::sse::Event;
    /// assert_eq!(Event::new().event("tick").data("1").to_string(), "event: tick\ndata: 1\n\n");
    /// ```
    #[must_use]
    pub fn event(self, name: impl Display) -> Self {
        self.single("event", name, &['\r', '\n'], "the name of an event has a line break")
    }

    /// Sets the id, which a client that comes back sends as [`LastEventId`](crate::sse::LastEventId).
    ///
    /// An id cannot have line breaks or NUL characters. An event with such an id is not sent; the log says so.
    ///
    /// ```
    /// use pulsar::sse::Event;
    /// assert_eq!(Event::new().id(42).to_string(), "id: 42\n\n");
    /// ```
    #[must_use]
    pub fn id(self, id: impl Display) -> Self {
        self.single("id", id, &['\r', '\n', '\0'], "the id of an event has a line break or a NUL")
    }

    /// Adds data. It may have several lines, with any line break; clients get them joined by `\n`.
    ///
    /// ```
    /// use pulsar::sse::Event;
    /// assert_eq!(Event::new().data("a\r\nb\rc").to_string(), "data: a\ndata: b\ndata: c\n\n");
    /// ```
    #[must_use]
    pub fn data(mut self, data: impl Display) -> Self {
        self.lines_of("data: ", data);
        self
    }

    /// Adds data as JSON, which is one line.
    ///
    /// # Errors
    ///
    /// Fails if the value has no form in JSON, as a map whose keys are lists.
    ///
    /// ```
    /// use pulsar::sse::Event;
    /// let event = Event::new().json(&("a\nb", 1))?;
    /// assert_eq!(event.to_string(), "data: [\"a\\nb\",1]\n\n");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn json(self, value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(self.data(serde_json::to_string(value)?))
    }

    /// Sets how long clients wait before they come back when the answer has ended, in whole milliseconds. Browsers wait a
    /// few seconds by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use pulsar::sse::Event;
    /// assert_eq!(Event::new().retry(Duration::from_secs(2)).to_string(), "retry: 2000\n\n");
    /// ```
    #[must_use]
    pub fn retry(mut self, time: Duration) -> Self {
        self.line("retry: ", time.as_millis());
        self
    }

    /// Adds a comment, which clients leave out. It may have several lines.
    ///
    /// ```
    /// use pulsar::sse::Event;
    /// assert_eq!(Event::new().comment("for people").to_string(), ": for people\n\n");
    /// ```
    #[must_use]
    pub fn comment(mut self, text: impl Display) -> Self {
        self.lines_of(": ", text);
        self
    }

    /// The event as it is sent, or why it cannot be.
    pub(super) fn into_bytes(mut self) -> Result<Bytes, &'static str> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        self.lines.push('\n');
        Ok(self.lines.into())
    }

    fn single(mut self, field: &str, value: impl Display, not: &[char], mistake: &'static str) -> Self {
        let value = value.to_string();
        if value.contains(not) {
            self.mistake = Some(mistake);
        } else {
            self.line(field, format_args!(": {value}"));
        }
        self
    }

    fn lines_of(&mut self, field: &str, text: impl Display) {
        let before = self.lines.len();
        self.line(field, text);
        // Most texts are one line, and it is there already.
        let begin = before + field.len();
        let end = self.lines.len() - 1;
        let written = &self.lines[begin..end];
        if memchr2(b'\r', b'\n', written.as_bytes()).is_none() {
            return;
        }
        let text = written.replace("\r\n", "\n");
        self.lines.truncate(before);
        // `str::lines` takes no lone carriage return for an end, and forgets what follows the last end.
        for line in text.split(['\r', '\n']) {
            self.line(field, line);
        }
    }

    fn line(&mut self, field: &str, value: impl Display) {
        if self.lines.is_empty() {
            self.lines.reserve(USUAL);
        }
        self.lines.push_str(field);
        let Ok(()) = write!(self.lines, "{value}") else {
            unreachable!("a string takes whatever is written to it");
        };
        self.lines.push('\n');
    }
}

/// As many bytes as most events have, so that they are made in one piece of memory.
const USUAL: usize = 128;

/// The event as it is sent, which ends with an empty line. One that cannot be sent has what it would have without its mistake.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lines)
    }
}
