//! Answers of HTTP/1.1 as a strict client reads them: whatever RFC 9110 and RFC 9112 do not allow is an error.

use std::fmt;

/// All that came over a connection until its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The answers, interim ones too.
    pub answers: Vec<Answer>,
    /// Whether the connection ended before the last answer did.
    pub is_cut: bool,
}

/// An answer as it stood on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case, a character for each byte of their values.
    pub headers: Vec<(String, String)>,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
    /// How its end was told.
    pub framing: Framing,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There can be none.
    None,
    /// By its length.
    Length,
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Conversation {
    /// Reads what came. `is_head` says whether the request with this number, counted from 0, was HEAD.
    ///
    /// # Errors
    ///
    /// Says what no server may send.
    pub fn parse(mut bytes: &[u8], is_head: impl Fn(usize) -> bool) -> Result<Self, String> {
        let (mut conversation, mut number) = (Self::default(), 0);
        while !bytes.is_empty() {
            let Some((head, rest)) = split(bytes, b"\r\n\r\n") else {
                conversation.is_cut = true;
                // As far as it goes.
                if !b"HTTP/1.".starts_with(&bytes[..bytes.len().min(7)]) {
                    return Err(format!("no answer: {:?}", text(bytes)));
                }
                break;
            };
            let mut answer = Answer::head(head)?;
            bytes = rest;
            if answer.status == 101 {
                // What follows is another protocol.
                answer.body = bytes.to_vec();
                bytes = &[];
            } else if answer.status >= 200 {
                let (left, is_cut) = answer.read_body(bytes, is_head(number))?;
                (bytes, conversation.is_cut) = (left, is_cut);
                number += 1;
            }
            conversation.answers.push(answer);
        }
        Ok(conversation)
    }
}

impl Answer {
    fn head(head: &[u8]) -> Result<Self, String> {
        let head = text(head);
        let wrong = |what: &str| Err(format!("{what}: {head:?}"));
        let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status = line.strip_prefix("HTTP/1.1 ").or(line.strip_prefix("HTTP/1.0 "));
        let status = status.filter(|status| status.len() >= 4 && status.as_bytes()[3] == b' ');
        let Some(status) = status.and_then(|status| status[..3].parse::<u16>().ok()) else {
            return wrong("a malformed status line");
        };
        if !(100..600).contains(&status) || !line.chars().all(is_visible) {
            return wrong("a malformed status line");
        }
        let mut headers = Vec::new();
        for field in fields.split("\r\n").filter(|field| !field.is_empty()) {
            let Some((name, value)) = field.split_once(':') else { return wrong("a header without a colon") };
            if name.is_empty() || !name.chars().all(is_token) || !value.chars().all(is_visible) {
                return wrong("a malformed header");
            }
            headers.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
        }
        let answer = Self { status, headers, body: Vec::new(), framing: Framing::None };
        let (lengths, codings) = (answer.all("content-length"), answer.all("transfer-encoding"));
        if lengths.len() + codings.len() > 1 {
            return wrong("more than one way to tell the length");
        }
        if codings.iter().any(|coding| *coding != "chunked") {
            return wrong("a coding that was not asked for");
        }
        if lengths.iter().any(|length| !length.bytes().all(|byte| byte.is_ascii_digit())) {
            return wrong("a length that is no number");
        }
        if (status < 200 || status == 204) && lengths.len() + codings.len() > 0 {
            return wrong("a length where there is no body");
        }
        if status >= 200 && answer.all("date").len() != 1 {
            return wrong("not one date");
        }
        Ok(answer)
    }

    /// Gives what follows, and whether the body was cut.
    fn read_body<'a>(&mut self, mut rest: &'a [u8], is_head: bool) -> Result<(&'a [u8], bool), String> {
        if is_head || matches!(self.status, 204 | 304) {
            return Ok((rest, false));
        }
        if let Some(length) = self.header("content-length") {
            let length: usize = length.parse().map_err(|_| format!("a length of {length}"))?;
            let body = &rest[..rest.len().min(length)];
            (self.body, self.framing) = (body.to_vec(), Framing::Length);
            return Ok((&rest[body.len()..], body.len() < length));
        }
        if self.header("transfer-encoding").is_none() {
            (self.body, self.framing) = (rest.to_vec(), Framing::Close);
            return Ok((&[], false));
        }
        self.framing = Framing::Chunked;
        loop {
            let Some((size, behind)) = split(rest, b"\r\n") else { return Ok((&[], true)) };
            let size = text(size);
            let Ok(length) = usize::from_str_radix(&size, 16) else {
                return Err(format!("a chunk of {size:?}"));
            };
            if behind.len() < length + 2 {
                self.body.extend_from_slice(&behind[..behind.len().min(length)]);
                return Ok((&[], true));
            }
            self.body.extend_from_slice(&behind[..length]);
            if &behind[length..length + 2] != b"\r\n" {
                return Err(format!("a chunk that is longer than {length}"));
            }
            rest = &behind[length + 2..];
            if length == 0 {
                return Ok((rest, false));
            }
        }
    }

    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The body, a character for each byte.
    pub fn text(&self) -> String {
        text(&self.body)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?} {:?}", self.status, self.headers, self.framing, self.text())
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

/// Bytes as text: a character for each.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn is_visible(c: char) -> bool {
    c == '\t' || !c.is_control() || ('\u{80}'..='\u{9f}').contains(&c)
}
