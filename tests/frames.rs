//! HTTP/2 as frames: a client that sends what it is told, right or wrong, and reads what comes back.

use std::{
    fmt,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

use fluke_hpack::Decoder;

use crate::PATIENCE;

/// The first bytes of a connection.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The types of frames.
#[allow(missing_docs)] // their names are those of RFC 9113 section 6
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// The flag of SETTINGS and PING that answers one.
pub const ACK: u8 = 0x1;
/// The flag of the last frame of a stream.
pub const END_STREAM: u8 = 0x1;
/// The flag of the last frame of a list of headers.
pub const END_HEADERS: u8 = 0x4;
/// The flag of a frame that begins with the length of its padding.
pub const PADDED: u8 = 0x8;
/// The flag of headers that begin with a priority.
pub const PRIORITIZED: u8 = 0x20;

/// A header: its name and its value.
pub type Field<'a> = (&'a str, &'a str);

/// The headers that every request has.
pub const GET: [Field<'static>; 4] =
    [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];

/// One frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream; 0 is the connection.
    pub stream: u32,
    /// What it has in it.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of RST_STREAM and GOAWAY.
    fn code(&self) -> u32 {
        let at = if self.kind == kind::GOAWAY { 4 } else { 0 };
        let code = self.payload.get(at..at + 4).and_then(|code| code.try_into().ok());
        code.map_or(u32::MAX, u32::from_be_bytes)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:x}@{} {}", self.kind, self.flags, self.stream, self.payload.escape_ascii())
    }
}

/// What became of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status, if an answer has begun.
    pub status: Option<u16>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// As much of the body as came.
    pub body: Vec<u8>,
    /// How often something of a body came, be it empty.
    pub pieces: usize,
    /// How it ended.
    pub end: End,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Complete,
    /// It was reset, with this code.
    Reset(u32),
    /// Its connection was ended, with this code.
    GoAway(u32),
    /// The connection was closed without a word.
    #[default]
    Closed,
}

impl Answer {
    /// The header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// In a word: `200`, `reset 1`, `goaway 1`, `closed`; what is in the way of an end stands behind the status.
    pub fn outcome(&self) -> String {
        let end = match self.end {
            End::Complete => String::new(),
            End::Reset(code) => format!("reset {code}"),
            End::GoAway(code) => format!("goaway {code}"),
            End::Closed => "closed".to_owned(),
        };
        let status = self.status.map(|status| status.to_string());
        [status.unwrap_or_default(), end].join(" ").trim().to_owned()
    }
}

/// One connection.
pub struct Http2 {
    stream: TcpStream,
    unread: Vec<u8>,
    decoder: Decoder<'static>,
}

impl Http2 {
    /// Connects, and begins as every client has to.
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let mut connection = Self::silent(address);
        connection.send(PREFACE);
        connection.frame(kind::SETTINGS, 0, 0, b"");
        connection
    }

    /// Connects, and sends nothing.
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    #[track_caller]
    pub fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("the time is not zero");
        stream.set_nodelay(true).expect("the connection is open");
        Self { stream, unread: Vec::new(), decoder: Decoder::new() }
    }

    /// Where it is connected to.
    ///
    /// # Panics
    ///
    /// When it is not any more.
    pub fn peer(&self) -> SocketAddr {
        self.stream.peer_addr().expect("the connection is open")
    }

    /// Sends bytes as they are. That the server has closed already is not told: its answer is there to be read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a frame.
    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send(&encode(kind, flags, stream, payload));
    }

    /// Sends a list of headers that ends with this frame.
    pub fn headers(&mut self, flags: u8, stream: u32, fields: &[Field<'_>]) {
        self.frame(kind::HEADERS, END_HEADERS | flags, stream, &block(fields));
    }

    /// Sends a whole request without a body.
    pub fn get(&mut self, stream: u32, path: &str) {
        self.headers(END_STREAM, stream, &with(&[(":path", path)]));
    }

    /// The next frame, or none at the end.
    ///
    /// # Panics
    ///
    /// When nothing comes, or the connection ends within a frame.
    #[track_caller]
    pub fn read_frame(&mut self) -> Option<Frame> {
        while self.unread.len() < 9 {
            if !self.fill() {
                assert!(self.unread.is_empty(), "{}", self.unread.escape_ascii());
                return None;
            }
        }
        let length = usize::from(self.unread[0]) << 16
            | usize::from(self.unread[1]) << 8
            | usize::from(self.unread[2]);
        while self.unread.len() < 9 + length {
            if !self.fill() {
                return None;
            }
        }
        let all: Vec<u8> = self.unread.drain(..9 + length).collect();
        let stream = u32::from_be_bytes([all[5] & 0x7f, all[6], all[7], all[8]]);
        let frame = Frame { kind: all[3], flags: all[4], stream, payload: all[9..].to_vec() };
        if frame.kind == kind::SETTINGS && frame.flags & ACK == 0 {
            self.frame(kind::SETTINGS, ACK, 0, b"");
        }
        Some(frame)
    }

    /// Waits for a frame for which this is true.
    ///
    /// # Panics
    ///
    /// When the connection ends before.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, condition: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.read_frame().unwrap_or_else(|| panic!("the connection ended before {what}"));
            self.keep_up(&frame);
            if condition(&frame) {
                return frame;
            }
        }
    }

    /// Reads until it is clear what becomes of a stream. Frames of other streams are dropped.
    ///
    /// # Panics
    ///
    /// When it does not become clear.
    #[track_caller]
    pub fn answer(&mut self, stream: u32) -> Answer {
        let mut answer = Answer::default();
        while let Some(frame) = self.read_frame() {
            let fields = self.keep_up(&frame);
            match frame.kind {
                // The first of two that end a connection in order says nothing yet.
                kind::GOAWAY if frame.code() != 0 => {
                    answer.end = End::GoAway(frame.code());
                    return answer;
                }
                _ if frame.stream != stream => continue,
                kind::RST_STREAM => {
                    // With no error it says that the rest of the request is not wanted.
                    if answer.end != End::Complete {
                        answer.end = End::Reset(frame.code());
                    }
                    return answer;
                }
                kind::HEADERS => {
                    for (name, value) in fields {
                        match &*name {
                            ":status" => answer.status = value.parse().ok(),
                            _ => answer.headers.push((name, value)),
                        }
                    }
                }
                kind::DATA => {
                    answer.pieces += 1;
                    answer.body.extend_from_slice(&frame.payload);
                }
                _ => continue,
            }
            if frame.flags & END_STREAM != 0 {
                answer.end = End::Complete;
                return answer;
            }
        }
        answer
    }

    /// Every list of headers changes how the next one is read.
    #[track_caller]
    fn keep_up(&mut self, frame: &Frame) -> Vec<(String, String)> {
        if frame.kind != kind::HEADERS {
            return Vec::new();
        }
        assert!(frame.flags & END_HEADERS != 0, "no answer here is that long");
        let fields = self.decoder.decode(&frame.payload).expect("headers can be decoded");
        let text = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect();
        fields.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    /// Everything until the end, as bytes.
    ///
    /// # Panics
    ///
    /// When the server does not close.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    #[track_caller]
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(error) => panic!("nothing comes: {error}; so far {}", self.unread.escape_ascii()),
        }
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// The bytes of a frame.
///
/// # Panics
///
/// When the payload is longer than any frame may be.
pub fn encode(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload is short").to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &stream, payload].concat()
}

/// The headers of [`GET`], some of them replaced, and others behind them.
pub fn with<'a>(fields: &[Field<'a>]) -> Vec<Field<'a>> {
    let mut all: Vec<Field<'a>> = GET.to_vec();
    for field in fields {
        match all.iter_mut().find(|(name, _)| *name == field.0) {
            Some(known) => *known = *field,
            None => all.push(*field),
        }
    }
    all
}

/// A list of headers in HPACK, each of them in full; a byte for each character.
///
/// # Panics
///
/// When a character is no byte.
pub fn block(fields: &[Field<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0); // A literal that is not to be kept, RFC 7541 section 6.2.2.
        for text in [name, value] {
            let bytes: Vec<u8> =
                text.chars().map(|c| u8::try_from(c).expect("a character is a byte")).collect();
            let mut length = bytes.len();
            if length < 127 {
                block.push(u8::try_from(length).expect("it is less than 127"));
            } else {
                block.push(127);
                length -= 127;
                while length >= 128 {
                    block.push(u8::try_from(length % 128).expect("it is less than 128") | 128);
                    length /= 128;
                }
                block.push(u8::try_from(length).expect("it is less than 128"));
            }
            block.extend(bytes);
        }
    }
    block
}
