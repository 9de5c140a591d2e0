//! What an application can do wrong, in the terms of PEP 3333.

use std::{fmt, io};

use crate::body::BoxError;

/// What a callable returns: a body, or an error that becomes the answer if no bytes are out yet.
///
/// Any [`std::error::Error`] turns into it by `?` and is a 500, whose text is logged and not sent; see
/// [`pulsar::Error`](crate::Error).
pub type Result<T, E = crate::Error> = std::result::Result<T, E>;

/// A rule of PEP 3333 that an application has broken, or a client that has gone.
///
/// It is what `start_response` and `write` return. Passed on by `?` it becomes a 500, logged with the name of the callable.
///
/// ```
/// use pulsar::wsgi::Error;
/// let error = Error::HopByHop("connection".into());
/// assert_eq!(error.to_string(), "`connection` is a header of the connection, which is the server's and not the application's");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The status is not three digits, a space and a reason, such as `404 Not Found`.
    Status(String),
    /// A status from 100 to 199: an interim answer is the server's.
    Interim(u16),
    /// The name of a header is no token (RFC 9110 section 5.6.2).
    HeaderName(String),
    /// The value of this header has a control character, or one above U+00FF.
    HeaderValue(String),
    /// A header about the connection and not about the answer, such as `Connection` (RFC 9110 section 7.6.1).
    HopByHop(String),
    /// The `Content-Length` is not a number.
    ContentLength(String),
    /// There is more than one `Content-Length`.
    ContentLengthTwice,
    /// `start_response` was called a second time without an error.
    CalledTwice,
    /// `start_response` was called with an error after the headers had been sent; this is that error.
    HeadersSent(BoxError),
    /// The body began, or ended, and `start_response` had not been called.
    NotCalled,
    /// More was written than the `Content-Length` says.
    TooLong(u64),
    /// Less was written than the `Content-Length` says: this many bytes are missing.
    TooShort(u64),
    /// `write` was called when the callable had returned.
    WrittenLate,
    /// The client closed the connection.
    Disconnected,
    /// `write` would have to wait for the client on the event loop; use [`Write::send`](super::Write::send) there.
    WouldBlock,
    /// A rule that only the [validator](super::validator()) looks for.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(
                f,
                "the status {status:?} is not three digits, a space and a reason, such as \"200 OK\""
            ),
            Self::Interim(status) => {
                write!(f, "the status {status} is an interim answer, which only the server may send")
            }
            Self::HeaderName(name) => write!(f, "{name:?} cannot be the name of a header"),
            Self::HeaderValue(name) => write!(
                f,
                "the value of the header `{name}` has a control character or one that is not ISO-8859-1"
            ),
            Self::HopByHop(name) => write!(
                f,
                "`{name}` is a header of the connection, which is the server's and not the application's"
            ),
            Self::ContentLength(value) => write!(f, "the Content-Length {value:?} is not a number"),
            Self::ContentLengthTwice => f.write_str("Content-Length is given twice"),
            Self::CalledTwice => f.write_str(
                "start_response was called twice; the second call has to say why, by `with_error`",
            ),
            Self::HeadersSent(_) => f.write_str(
                "the headers are out, so that the answer cannot be replaced by one that tells of an error",
            ),
            Self::NotCalled => f.write_str("start_response was not called before the body"),
            Self::TooLong(length) => write!(f, "more was written than the Content-Length, which is {length}"),
            Self::TooShort(missing) => {
                write!(f, "the body ended {missing} bytes before the Content-Length that was announced")
            }
            Self::WrittenLate => f.write_str("`write` was called after the callable had returned its body"),
            Self::Disconnected => f.write_str("the client has closed the connection"),
            Self::WouldBlock => f.write_str(
                "the client is slower than the application, and `write` cannot wait on the event loop; \
                 use `write.send(..).await`",
            ),
            Self::Invalid(rule) => f.write_str(rule),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::HeadersSent(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Disconnected => io::ErrorKind::BrokenPipe,
            Error::WouldBlock => io::ErrorKind::WouldBlock,
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
