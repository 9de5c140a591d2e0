//! Reads server-sent events as the HTML standard has it, section 9.2.6.

use std::{collections::VecDeque, fmt, time::Duration};

use serde::de::DeserializeOwned;

/// An event as a browser would get it, from [`Events`](crate::testing::Events).
///
/// ```
/// use futures_util::stream;
/// use pulsar::{Method, Router, sse, testing::{Client, block_on}};
///
/// let router = Router::new().add(Method::GET, "/", async || {
///     sse::Sse::new(stream::iter([sse::Event::new().event("sum").id(7).data("[1,2]")]))
/// });
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// block_on(async {
///     let event = client.get("/").events().await.next().await.unwrap();
///     assert_eq!((&*event.event, &*event.id, event.retry), ("sum", "7", None));
///     assert_eq!(event.json::<[u8; 2]>(), [1, 2]);
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The name: `message`, unless the program set another one.
    pub event: String,
    /// The lines of data, joined by `\n`.
    pub data: String,
    /// The id that a client which comes back would send: of this event, or of the last one before it that had any.
    pub id: String,
    /// How long a client waits before it comes back, if the event says so.
    pub retry: Option<Duration>,
}

impl Event {
    /// The data, read as JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is not JSON or does not fit.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.data).unwrap_or_else(|error| {
            panic!("{self}\nthe data of the event is not the JSON that was expected: {error}")
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the event `{}` with the id {:?} and the data {:?}", self.event, self.id, self.data)
    }
}

/// What is known between the bytes that came and those that will.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// A carriage return ended the last line, so that a line feed ends no other.
    after_return: bool,
    is_first_line_over: bool,
    event: String,
    data: String,
    id: String,
    retry_of_event: Option<Duration>,
    /// The id as of the last event, which a client that comes back sends.
    pub(super) last_id: String,
    /// How long a client waits before it comes back, if the program has said so.
    pub(super) retry: Option<Duration>,
    pub(super) events: VecDeque<Event>,
}

impl Parser {
    /// One that goes on where another answer ended.
    pub(super) fn after(last_id: String, retry: Option<Duration>) -> Self {
        Self { id: last_id.clone(), last_id, retry, ..Self::default() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let is_second_half = std::mem::take(&mut self.after_return) && byte == b'\n';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' => self.end_line(),
                b'\r' => {
                    self.after_return = true;
                    self.end_line();
                }
                byte => self.line.push(byte),
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut line = &line[..];
        if !std::mem::replace(&mut self.is_first_line_over, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch();
            return;
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                let time = Duration::from_millis(value.parse().unwrap_or(u64::MAX));
                (self.retry_of_event, self.retry) = (Some(time), Some(time));
            }
            // A comment, or what a later standard may have.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        self.last_id.clone_from(&self.id);
        let (event, mut data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        let retry = self.retry_of_event.take();
        if data.pop().is_none() {
            return;
        }
        let event = if event.is_empty() { "message".to_owned() } else { event };
        self.events.push_back(Event { event, data, id: self.id.clone(), retry });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of bytes, as `event|data|id|retry`.
    fn parsed(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::default();
        for piece in pieces {
            parser.push(piece);
        }
        let events = parser.events.iter();
        let events = events.map(|Event { event, data, id, retry }| {
            format!(
                "{event}|{data}|{id}|{}",
                retry.map_or(String::new(), |time| time.as_millis().to_string())
            )
        });
        events.collect()
    }

    #[test]
    fn a_stream_is_read_as_the_standard_says() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("data: one\n\n", &["message|one||"]),
            (
                "data: one\r\rdata: two\r\n\r\ndata: three\n\r\n",
                &["message|one||", "message|two||", "message|three||"],
            ),
            ("data: one\n", &[]),
            ("data:one\n\n", &["message|one||"]),
            ("data:  one\n\n", &["message| one||"]),
            ("data\n\ndata\ndata\n\ndata:", &["message|||", "message|\n||"]),
            ("data: a\ndata: b\n\n", &["message|a\nb||"]),
            (": a comment\n\ndata: a\n: and one more\ndata: b\n\n", &["message|a\nb||"]),
            ("event: tick\ndata: 1\n\ndata: 2\n\n", &["tick|1||", "message|2||"]),
            ("event: tick\n\ndata: 2\n\n", &["message|2||"]),
            (
                "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
                &["message|a|1|", "message|b|1|", "message|c||"],
            ),
            ("id: 1\n\ndata: a\n\n", &["message|a|1|"]),
            ("id: 1\0\ndata: a\n\n", &["message|a||"]),
            ("retry: 1500\ndata: a\n\ndata: b\n\n", &["message|a||1500", "message|b||"]),
            ("retry: 1.5\ndata: a\n\n", &["message|a||"]),
            ("retry: +15\ndata: a\n\n", &["message|a||"]),
            ("retry:\ndata: a\n\n", &["message|a||"]),
            ("\u{feff}data: a\n\n\u{feff}data: b\n\n", &["message|a||"]),
            ("Data: a\n\nfield: b\n data: c\n\n", &[]),
            ("data: a:b\n\n", &["message|a:b||"]),
            ("data: \u{e9}\u{1f600}\n\n", &["message|\u{e9}\u{1f600}||"]),
        ];
        for (text, expected) in table {
            assert_eq!(parsed(&[text.as_bytes()]), *expected, "{text:?}");
            // However the bytes arrive.
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(parsed(&bytes), *expected, "{text:?} byte by byte");
        }
        assert_eq!(parsed(&[b"data: \xff\n\n"]), ["message|\u{fffd}||"]);
    }

    #[test]
    fn an_id_without_an_event_counts_only_when_its_block_is_over() {
        let mut parser = Parser::after("3".into(), None);
        parser.push(b"id: 4\n");
        assert_eq!(parser.last_id, "3");
        parser.push(b"retry: 9\n\n");
        assert_eq!((parser.last_id.as_str(), parser.retry), ("4", Some(Duration::from_millis(9))));
        assert!(parser.events.is_empty());
    }
}
