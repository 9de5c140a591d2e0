//! The form of a line of the access log.
//!
//! Every request writes one, so that it is put together by hand: the machinery of `format!` takes longer than the request does.

use std::{cell::Cell, io::Write as _, net::IpAddr};

use http::{Uri, Version};
use serde::Serialize;

use crate::{request::Peer, server::date::Date};

/// What a line tells.
pub(super) struct Line<'a> {
    /// Seconds since the epoch.
    pub(super) time: u64,
    /// The client, if it has an address.
    pub(super) client: Option<IpAddr>,
    pub(super) peer: &'a Peer,
    /// Method, target and version; none if what came could not be read.
    pub(super) request: Option<(&'a str, &'a Uri, Version)>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) micros: u64,
    pub(super) request_id: Option<&'a str>,
}

impl Line<'_> {
    /// Appends it as text.
    pub(super) fn text(&self, line: &mut Vec<u8>) {
        self.client(line);
        line.extend_from_slice(b" - - [");
        date(line, self.time);
        line.extend_from_slice(b"] \"");
        match self.request {
            Some((method, target, version)) => {
                escape(line, method);
                line.push(b' ');
                with_target(target, version, |target| escape(line, target));
                line.push(b' ');
                line.extend_from_slice(name(version).as_bytes());
            }
            None => line.push(b'-'),
        }
        line.extend_from_slice(b"\" ");
        number(line, self.status.into());
        line.push(b' ');
        match self.bytes {
            0 => line.push(b'-'),
            bytes => number(line, bytes),
        }
        line.push(b' ');
        number(line, self.micros);
        line.push(b' ');
        escape(line, self.request_id.unwrap_or("-"));
        line.push(b'\n');
    }

    /// Appends it as an object.
    pub(super) fn json(&self, line: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Json<'a> {
            time: String,
            client: &'a str,
            peer: String,
            method: Option<&'a str>,
            target: Option<&'a str>,
            version: Option<&'a str>,
            status: u16,
            bytes: u64,
            duration_us: u64,
            request_id: Option<&'a str>,
        }
        let mut client = Vec::new();
        self.client(&mut client);
        let mut write = |target: Option<&str>| {
            let json = Json {
                time: Date::of(self.time).to_string(),
                client: str::from_utf8(&client).unwrap_or_default(),
                peer: self.peer.to_string(),
                method: self.request.map(|(method, ..)| method),
                target,
                version: self.request.map(|(.., version)| name(version)),
                status: self.status,
                bytes: self.bytes,
                duration_us: self.micros,
                request_id: self.request_id,
            };
            // Strings and numbers always have a JSON form, and memory takes all of it.
            let _ = serde_json::to_writer(&mut *line, &json);
        };
        match self.request {
            Some((_, target, version)) => with_target(target, version, |target| write(Some(target))),
            None => write(None),
        }
        line.push(b'\n');
    }

    /// The client as a line begins with it: its address or, where it has none, the kind of its socket.
    fn client(&self, line: &mut Vec<u8>) {
        match (self.client, self.peer) {
            (Some(IpAddr::V4(address)), _) => {
                for (at, part) in address.octets().into_iter().enumerate() {
                    if at > 0 {
                        line.push(b'.');
                    }
                    number(line, part.into());
                }
            }
            // Writing to memory cannot fail.
            (Some(address), _) => drop(write!(line, "{address}")),
            (None, Peer::Unix(_)) => line.extend_from_slice(b"unix"),
            (None, _) => line.push(b'-'),
        }
    }
}

/// Gives the target as it is written in HTTP/1. In HTTP/2 scheme and authority are always there, and nearly always the same.
fn with_target(target: &Uri, version: Version, tell: impl FnOnce(&str)) {
    match target.path_and_query() {
        Some(path) if version == Version::HTTP_2 || target.authority().is_none() => tell(path.as_str()),
        _ => tell(&target.to_string()),
    }
}

fn name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2.0",
        // The server speaks no other.
        _ => "-",
    }
}

/// Appends the moment so many seconds after the beginning of 1970, as web servers write it since they write logs.
fn date(line: &mut Vec<u8>, time: u64) {
    thread_local! {
        /// The date that the last line had, which the next one mostly has too.
        static LAST: Cell<(u64, [u8; 26])> = const { Cell::new((u64::MAX, [0; 26])) };
    }
    let (mut last, mut text) = LAST.get();
    if last != time {
        let Date { year, month, day, hour, minute, second } = Date::of(time);
        let month =
            usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1)).copied().unwrap_or("");
        let date = format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000");
        // Longer ones are not for this calendar.
        let length = date.len().min(text.len());
        text[..length].copy_from_slice(&date.as_bytes()[..length]);
        last = time;
        LAST.set((last, text));
    }
    line.extend_from_slice(&text);
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn number(line: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let (mut at, mut left) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        if left == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[at..]);
}

/// Whether a byte stands for itself.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'"' | b'\\');
        byte += 1;
    }
    plain
};

/// Appends text so that no client can end a line, close a quote, or send a terminal a command.
pub(super) fn escape(line: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b' '..=b'~' => line.push(byte),
            _ => drop(write!(line, "\\x{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that lives as long as the tests do.
    fn line() -> Line<'static> {
        let peer = Peer::Tcp("10.0.0.2:51000".parse().unwrap());
        Line {
            time: 784_111_777,
            client: Some("192.0.2.7".parse().unwrap()),
            peer: Box::leak(Box::new(peer)),
            request: Some(request("/x\"?q", Version::HTTP_11)),
            status: 200,
            bytes: 13,
            micros: 184,
            request_id: Some("7f3a\"12\u{1b}[31m"),
        }
    }

    fn request(target: &str, version: Version) -> (&'static str, &'static Uri, Version) {
        ("GET", Box::leak(Box::new(target.parse().unwrap())), version)
    }

    fn text(line: &Line<'_>) -> String {
        let mut bytes = Vec::new();
        line.text(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_of_text_is_one_line_whatever_the_client_sent() {
        assert_eq!(
            text(&line()),
            "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /x\\\"?q HTTP/1.1\" 200 13 184 7f3a\\\"12\\x1b[31m\n"
        );
        let refused = Line { request: None, bytes: 0, status: 408, request_id: None, ..line() };
        assert_eq!(text(&refused), "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"-\" 408 - 184 -\n");
    }

    #[test]
    fn what_could_end_a_line_or_a_quote_is_escaped() {
        for (text, expected) in [
            ("", ""),
            ("plain ~!", "plain ~!"),
            ("\"", "\\\""),
            ("a\\b", "a\\\\b"),
            ("\u{1b}[31m\r\n\u{7f}", "\\x1b[31m\\x0d\\x0a\\x7f"),
            ("é", "\\xc3\\xa9"),
        ] {
            let mut line = Vec::new();
            escape(&mut line, text);
            assert_eq!(String::from_utf8(line).unwrap(), expected);
        }
    }

    #[test]
    fn a_client_is_told_by_its_address_or_the_kind_of_its_socket() {
        for (client, peer, expected) in [
            (Some("0.10.255.7"), Peer::Unknown, "0.10.255.7 - "),
            (Some("2001:db8::7"), Peer::Unknown, "2001:db8::7 - "),
            (None, Peer::Unix(None), "unix - "),
            (None, Peer::Unknown, "- - "),
        ] {
            let client = client.map(|client| client.parse().unwrap());
            let line = text(&Line { client, peer: &peer, ..line() });
            assert!(line.starts_with(expected), "{line}");
        }
    }

    #[test]
    fn numbers_and_dates_are_written_as_everywhere() {
        for number in [0, 9, 10, 99, 100, u64::MAX] {
            let line = text(&Line { micros: number, ..line() });
            assert!(line.contains(&format!(" 200 13 {number} ")), "{line}");
        }
        // The same twice, since the last one is kept.
        for time in [784_111_777, 784_111_777, 784_111_778, 951_782_400] {
            let date = Date::of(time);
            let expected = format!("{:02}:{:02}:{:02} +0000]", date.hour, date.minute, date.second);
            let line = text(&Line { time, ..line() });
            assert!(line.contains(&expected), "{line}");
        }
    }

    #[test]
    fn a_target_is_told_as_it_was_sent() {
        for (target, version, expected) in [
            ("/a?b", Version::HTTP_11, "GET /a?b HTTP/1.1"),
            ("*", Version::HTTP_11, "GET * HTTP/1.1"),
            ("http://a/b?c", Version::HTTP_11, "GET http://a/b?c HTTP/1.1"),
            ("http://a/b?c", Version::HTTP_2, "GET /b?c HTTP/2.0"),
            ("/", Version::HTTP_10, "GET / HTTP/1.0"),
            ("a:80", Version::HTTP_11, "GET a:80 HTTP/1.1"),
        ] {
            let line = text(&Line { request: Some(request(target, version)), ..line() });
            assert!(line.contains(&format!("\"{expected}\"")), "{line}");
        }
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        let mut bytes = Vec::new();
        line().json(&mut bytes);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = serde_json::json!({
            "time": "1994-11-06T08:49:37Z", "client": "192.0.2.7", "peer": "10.0.0.2:51000", "method": "GET",
            "target": "/x\"?q", "version": "HTTP/1.1", "status": 200, "bytes": 13,
            "duration_us": 184, "request_id": "7f3a\"12\u{1b}[31m",
        });
        assert_eq!(value, expected);
        assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 1);
    }
}
