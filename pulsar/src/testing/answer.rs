//! An answer as a test looks at it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, response::Parts};
use serde::{Serialize, de::DeserializeOwned};

use crate::testing::session::Head;

/// An answer that has been read to its end. Every assertion gives the answer back, so that they chain.
///
/// ```
/// use pulsar::{Json, Method, Router, testing::{Client, block_on}};
/// let router = Router::new().add(Method::GET, "/", async || Json([1, 2]));
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// let answer = block_on(client.get("/").send());
/// answer.assert_status(200).assert_header("content-type", "application/json").assert_json(&[1, 2]).assert_text("[1,2]");
/// assert_eq!((answer.status().as_u16(), answer.header("content-type")), (200, Some("application/json")));
/// assert_eq!((answer.text(), &answer.bytes()[..], answer.json::<Vec<u8>>()), ("[1,2]", &b"[1,2]"[..], vec![1, 2]));
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The answer to a request, whose body has been read.
    pub(super) fn new(head: &Head, parts: Parts, body: Bytes) -> Self {
        Self {
            what: head.to_string(),
            path: head.path.clone(),
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The path and query of the request that this is the answer to: where redirects led, if they were followed.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// Panics if it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body)
            .unwrap_or_else(|error| panic!("{}: the body is not UTF-8: {error}", self.what))
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is not JSON or does not fit.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self}\nthe body is not the JSON that was expected: {error}"))
    }

    /// Asserts the status, given as a number or a [`StatusCode`].
    ///
    /// # Panics
    ///
    /// Panics if it is another.
    #[track_caller]
    pub fn assert_status<S>(&self, expected: S) -> &Self
    where
        S: TryInto<StatusCode, Error: fmt::Debug>,
    {
        let expected = expected.try_into().expect("a status");
        assert!(self.status == expected, "expected status {expected}, got\n{self}");
        self
    }

    /// Asserts the first value of a header.
    ///
    /// # Panics
    ///
    /// Panics if it is another, or not there.
    #[track_caller]
    pub fn assert_header(&self, name: &str, expected: &str) -> &Self {
        let value = self.header(name);
        assert!(value == Some(expected), "expected {name}: {expected}, found {value:?} in\n{self}");
        self
    }

    /// Asserts the body.
    ///
    /// # Panics
    ///
    /// Panics if it is another.
    #[track_caller]
    pub fn assert_text(&self, expected: &str) -> &Self {
        assert!(self.body == expected.as_bytes(), "expected the body {expected:?}, got\n{self}");
        self
    }

    /// Asserts the body, compared as JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is no JSON, or another value.
    #[track_caller]
    pub fn assert_json<T: Serialize + ?Sized>(&self, expected: &T) -> &Self {
        let expected = serde_json::to_value(expected).expect("a value that can be written as JSON");
        let value: serde_json::Value = self.json();
        assert!(value == expected, "expected the JSON\n{expected:#}\ngot\n{self}");
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} -> {}", self.what, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", String::from_utf8_lossy(&self.body))
    }
}
