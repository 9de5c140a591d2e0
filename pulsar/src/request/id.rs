//! The id of a request: chosen by the client or made here, and written out only when somebody looks at it.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

use http::{HeaderName, HeaderValue};

use crate::problem::Problem;

/// The header that carries a [`RequestId`], in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, which ties together what several programs log about it; an argument `id: RequestId` gives it to
/// a handler.
///
/// A client or a proxy may choose it with the header `X-Request-Id`, of 1 to 128 visible ASCII characters; otherwise it
/// is made here, unique over the processes of a machine. Making one costs nothing until it is written out.
///
/// ```
/// use pulsar::{get, request::RequestId};
///
/// #[get("/work")]
/// async fn work(id: RequestId) -> String {
///     format!("ask for {id} when you call us\n")
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(Id);

#[derive(Clone, PartialEq, Eq)]
enum Id {
    // Boxed, since few are given and each request moves this.
    Given(Box<HeaderValue>),
    Made { connection: u64, number: u64 },
}

impl RequestId {
    /// The longest id that a client may choose, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The id that a client chose, if it is one that may stand in a log. It is a copy, as [`Accept`](crate::problem::Accept) is one.
    pub(crate) fn given(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = (1..=Self::MAX_LEN).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        if !sane {
            return None;
        }
        HeaderValue::from_bytes(bytes).ok().map(|copy| Self(Id::Given(Box::new(copy))))
    }

    pub(super) fn made(connection: u64, number: u64) -> Self {
        Self(Id::Made { connection, number })
    }

    /// Whether the client chose it.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.0, Id::Given(_))
    }

    /// The id as the value of a header.
    pub(crate) fn to_header(&self) -> HeaderValue {
        match &self.0 {
            Id::Given(value) => HeaderValue::clone(value),
            // Hexadecimal digits and dashes are always a header value.
            Id::Made { connection, number } => {
                HeaderValue::try_from(text(*connection, *number)).unwrap_or(HeaderValue::from_static("-"))
            }
        }
    }
}

impl RequestId {
    /// Notes in the answer to an error under which id it was logged.
    pub(crate) fn mark(&self, problem: &mut Problem) {
        problem.request_id = Some(self.to_string());
        problem.headers_mut().insert(X_REQUEST_ID, self.to_header());
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Given(value) => f.write_str(value.to_str().unwrap_or("-")),
            Id::Made { connection, number } => f.write_str(&text(*connection, *number)),
        }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

/// An id that was made here. With an access log every answer has one, and `format!` takes several times as long.
fn text(connection: u64, number: u64) -> String {
    let mut text = String::with_capacity(16 + 2 * (1 + 16));
    hexadecimal(&mut text, process_tag(), 16);
    for part in [connection, number] {
        text.push('-');
        hexadecimal(&mut text, part, 1);
    }
    text
}

/// Appends a number with so many digits at least.
fn hexadecimal(text: &mut String, number: u64, least: u32) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(least);
    for digit in (0..digits).rev() {
        let digit = u32::try_from(number >> (4 * digit) & 0xf).unwrap_or_default();
        text.push(char::from_digit(digit, 16).unwrap_or_default());
    }
}

/// What tells the ids of one process from those of another. The keys of `RandomState` come from the system's random source;
/// the pid keeps two processes apart even where that source gave both the same start.
fn process_tag() -> u64 {
    static TAG: OnceLock<u64> = OnceLock::new();
    *TAG.get_or_init(|| RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_id_is_written_in_hexadecimal_digits() {
        for (connection, number) in [(0, 0), (1, 15), (16, 0xabc), (u64::MAX, u64::MAX - 1)] {
            let expected = format!("{:016x}-{connection:x}-{number:x}", process_tag());
            assert_eq!(RequestId::made(connection, number).to_string(), expected);
        }
        let mut text = String::new();
        hexadecimal(&mut text, 0x1f, 16);
        assert_eq!(text, "000000000000001f");
    }

    #[test]
    fn only_an_id_that_may_stand_in_a_log_is_taken_from_the_client() {
        for (value, good) in [
            ("abc-123", true),
            (&"x".repeat(128), true),
            (&"x".repeat(129), false),
            ("", false),
            ("two words", false),
            ("tab\there", false),
            ("h\u{e9}", false),
        ] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            assert_eq!(RequestId::given(&value).is_some(), good, "{value:?}");
        }
    }

    #[test]
    fn an_id_is_the_same_without_the_request() {
        let request = Bytes::from(b"abc-123".to_vec());
        let id = RequestId::given(&HeaderValue::from_maybe_shared(request.clone()).unwrap()).unwrap();
        assert!(request.try_into_mut().is_ok(), "the memory of the request is kept");
        assert_eq!(id.to_string(), "abc-123");
    }
}
