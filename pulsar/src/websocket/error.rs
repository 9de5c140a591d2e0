//! What can go wrong with a WebSocket.

use std::{error::Error as StdError, fmt, io};

use crate::websocket::message::CloseFrame;

/// Why a WebSocket gives no more messages, or takes none.
///
/// Whose fault it is: [`Protocol`](Self::Protocol), [`InvalidText`](Self::InvalidText), [`TooLong`](Self::TooLong) and
/// [`Silent`](Self::Silent) are the client's, which has been told; [`Io`](Self::Io) is the network's;
/// [`NotSendable`](Self::NotSendable) is the program's. Mostly a handler need not tell them apart, and returns.
///
/// ```
/// use pulsar::websocket::WebSocketError;
/// assert_eq!(WebSocketError::Closed.to_string(), "the WebSocket is closed");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WebSocketError {
    /// It was closed, by either end.
    Closed,
    /// The client broke the protocol; the text says how. It was closed with code 1002.
    Protocol(String),
    /// The client sent a text that is no UTF-8. It was closed with code 1007.
    InvalidText,
    /// The client sent more than the limits allow; the text says of what. It was closed with code 1009.
    TooLong(&'static str),
    /// The client sent nothing, and did not answer a ping. It was closed with code 1011.
    Silent,
    /// A message that the protocol cannot carry, which was not sent; the text says why.
    NotSendable(&'static str),
    /// The connection broke.
    Io(io::Error),
}

impl WebSocketError {
    /// What the client is told, if it can still be told something.
    pub(super) fn close_frame(&self) -> Option<CloseFrame> {
        match self {
            Self::Protocol(why) => {
                let end = (0..=MAX_REASON).rev().find(|&at| why.is_char_boundary(at)).unwrap_or(0);
                Some(CloseFrame::new(CloseFrame::PROTOCOL_ERROR, &why[..end]))
            }
            Self::InvalidText => Some(CloseFrame::new(CloseFrame::INVALID_PAYLOAD, "")),
            Self::TooLong(what) => Some(CloseFrame::new(CloseFrame::TOO_BIG, *what)),
            Self::Silent => Some(CloseFrame::new(CloseFrame::INTERNAL_ERROR, "no answer to a ping")),
            Self::Closed | Self::NotSendable(_) | Self::Io(_) => None,
        }
    }

    pub(super) fn of_wire(error: tungstenite::Error) -> Self {
        use tungstenite::{Error, error::CapacityError, error::ProtocolError};
        match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::SendAfterClosing) => Self::Closed,
            Error::Io(error) => Self::Io(error),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Io(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the client closed without a close frame",
            )),
            Error::Protocol(error) => Self::Protocol(error.to_string()),
            Error::Utf8(_) => Self::InvalidText,
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooLong(MESSAGE_TOO_LONG),
            error => Self::Protocol(error.to_string()),
        }
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the WebSocket is closed"),
            Self::Protocol(why) => write!(f, "the client broke the WebSocket protocol: {why}"),
            Self::InvalidText => f.write_str("the client sent a text that is no UTF-8"),
            Self::TooLong(what) => write!(f, "the client sent too much: {what}"),
            Self::Silent => f.write_str("the client sent nothing and did not answer a ping"),
            Self::NotSendable(why) => write!(f, "the message was not sent: {why}"),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
        }
    }
}

impl StdError for WebSocketError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// The longest reason of a close frame, in bytes: what the 125 of a control frame leave.
pub(super) const MAX_REASON: usize = 123;

const MESSAGE_TOO_LONG: &str = "a message or a frame is longer than the limit";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_is_told_fits_into_a_close_frame() {
        for (why, length) in [
            ("", 0),
            ("short", 5),
            (&*"x".repeat(123), 123),
            (&*"x".repeat(124), 123),
            (&*"\u{e9}".repeat(99), 122),
        ] {
            let frame = WebSocketError::Protocol(why.into()).close_frame().unwrap();
            assert_eq!((frame.code, frame.reason.len()), (1002, length), "{why}");
        }
    }
}
