//! What goes over a WebSocket.

use std::{fmt, ops::Deref};

use bytes::Bytes;
use tungstenite::protocol::{CloseFrame as WireCloseFrame, Message as WireMessage, frame::coding::CloseCode};

/// A message of a WebSocket.
///
/// [`recv`](crate::websocket::WebSocket::recv) gives texts, binary data, and the close frame of the client. It gives no pings,
/// which are answered already, and of pongs only the one that answers a ping of the handler's own.
///
/// Cloning is cheap: one message may go to many sockets.
///
/// ```
/// use pulsar::websocket::Message;
///
/// assert_eq!(Message::from("hello").as_text(), Some("hello"));
/// assert_eq!(Message::from(vec![1, 2]).as_bytes(), [1, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Utf8Bytes),
    /// Any bytes.
    Binary(Bytes),
    /// Asks whether the other end is there; it sends the bytes back in a pong. There may be 125.
    Ping(Bytes),
    /// The answer to a ping. There may be 125 bytes.
    Pong(Bytes),
    /// The end, and mostly why.
    Close(Option<CloseFrame>),
}

impl Message {
    /// The text, if it is one.
    ///
    /// ```
    /// use pulsar::websocket::Message;
    /// assert_eq!(Message::Binary("hello".into()).as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of what it carries: those of a text, of binary data, of a ping or pong, of the reason of a close.
    ///
    /// ```
    /// use pulsar::websocket::Message;
    /// assert_eq!(Message::from("hello").as_bytes(), b"hello");
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(frame) => frame.as_ref().map_or(&[], |frame| frame.reason.as_bytes()),
        }
    }

    pub(super) fn into_wire(self) -> WireMessage {
        match self {
            Self::Text(text) => WireMessage::Text(text.0),
            Self::Binary(bytes) => WireMessage::Binary(bytes),
            Self::Ping(bytes) => WireMessage::Ping(bytes),
            Self::Pong(bytes) => WireMessage::Pong(bytes),
            Self::Close(frame) => WireMessage::Close(frame.map(CloseFrame::into_wire)),
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

/// A text whose clones share its bytes.
///
/// ```
/// use pulsar::websocket::Utf8Bytes;
///
/// let text = Utf8Bytes::from("caf\u{e9}");
/// assert_eq!((text.len(), text.clone().to_uppercase().as_str()), (5, "CAF\u{c9}"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Utf8Bytes(pub(super) tungstenite::Utf8Bytes);

impl Deref for Utf8Bytes {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Utf8Bytes {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Utf8Bytes> for Bytes {
    fn from(text: Utf8Bytes) -> Self {
        text.0.into()
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, text: &&str) -> bool {
        **self == **text
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Why a WebSocket ends.
///
/// ```
/// use pulsar::websocket::CloseFrame;
///
/// let frame = CloseFrame::new(4000, "the game is over");
/// assert_eq!(frame.to_string(), "4000 the game is over");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The code: one of those of RFC 6455 section 7.4, such as [`NORMAL`](Self::NORMAL), or 4000 to 4999 for what a program
    /// agrees on with its clients.
    pub code: u16,
    /// For people, up to 123 bytes; mostly empty.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// All is done.
    pub const NORMAL: u16 = 1000;
    /// The server stops, or the page is left.
    pub const GOING_AWAY: u16 = 1001;
    /// The other end broke the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A message of a kind that is not wanted.
    pub const UNSUPPORTED_DATA: u16 = 1003;
    /// Bytes that are not what the kind of the message says, such as text that is no UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// A message that is not allowed, for a reason that no other code has.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// A message is too long.
    pub const TOO_BIG: u16 = 1009;
    /// The program failed.
    pub const INTERNAL_ERROR: u16 = 1011;

    /// A code and a reason.
    ///
    /// ```
    /// use pulsar::websocket::CloseFrame;
    /// assert_eq!(CloseFrame::new(CloseFrame::NORMAL, "").code, 1000);
    /// ```
    pub fn new(code: u16, reason: impl Into<Utf8Bytes>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Whether an end may send this code: 1005, 1006 and 1015 only stand for what was not sent.
    pub(super) fn may_be_sent(&self) -> bool {
        matches!(self.code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    pub(super) fn into_wire(self) -> WireCloseFrame {
        WireCloseFrame { code: CloseCode::from(self.code), reason: self.reason.0 }
    }

    pub(super) fn of_wire(frame: WireCloseFrame) -> Self {
        Self { code: frame.code.into(), reason: Utf8Bytes(frame.reason) }
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, " {}", &*self.reason) }
    }
}
