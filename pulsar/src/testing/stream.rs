//! An answer that is read piece by piece, as it comes.

use std::{fmt, panic::Location, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, response::Parts};
use http_body_util::BodyExt;

use crate::{
    body::{Body, Response},
    testing::{
        answer::Answer,
        session::Head,
        waiting::{Caller, fail, within},
    },
};

/// An answer whose head is there, and whose body comes piece by piece: from
/// [`RequestBuilder::stream`](crate::testing::RequestBuilder::stream).
///
/// A piece is waited for no longer than [`Client::time_limit`](crate::testing::Client::time_limit) says. Dropping it hangs
/// up, as a client does that has seen enough.
///
/// ```
/// use futures_util::stream;
/// use pulsar::{Method, Router, body::Body, testing::{Client, block_on}};
///
/// let router = Router::new().add(Method::GET, "/", async || {
///     Body::from_stream(stream::iter(["one ", "two"].map(Ok::<_, std::io::Error>)))
/// });
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// block_on(async {
///     let mut answer = client.get("/").stream().await;
///     answer.assert_status(200);
///     assert_eq!(answer.next().await.unwrap(), "one ");
///     assert_eq!(answer.next().await.unwrap(), "two");
///     assert_eq!(answer.next().await, None);
/// });
/// ```
pub struct AnswerStream {
    head: Head,
    parts: Parts,
    body: Body,
    limit: Duration,
}

impl AnswerStream {
    pub(super) fn new(head: Head, response: Response, limit: Duration) -> Self {
        let (parts, body) = response.into_parts();
        Self { head, parts, body, limit }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The first value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
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
        assert!(
            self.status() == expected,
            "{}: expected status {expected}, got {}",
            self.head,
            self.status()
        );
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
        assert!(value == Some(expected), "{}: expected {name}: {expected}, found {value:?}", self.head);
        self
    }

    /// The next piece of the body, as the program sent it; over a socket, as it arrived. `None` when it has ended.
    ///
    /// # Panics
    ///
    /// Panics if the body breaks off, or nothing comes in time.
    #[allow(clippy::should_implement_trait)] // a future, as the `next` of streams is
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Option<Bytes>> {
        let caller = Location::caller();
        async move { self.piece(caller).await }
    }

    /// Reads the rest, and gives the whole answer with it.
    ///
    /// # Panics
    ///
    /// Panics if the body breaks off, or nothing comes in time.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async || "all of it");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(async {
    ///     let answer = client.get("/").stream().await;
    ///     answer.finish().await.assert_text("all of it");
    /// });
    /// ```
    #[track_caller]
    pub fn finish(self) -> impl Future<Output = Answer> {
        self.finish_at(Location::caller())
    }

    pub(super) async fn finish_at(mut self, caller: Caller) -> Answer {
        let mut body = BytesMut::new();
        while let Some(piece) = self.piece(caller).await {
            body.extend_from_slice(&piece);
        }
        Answer::new(&self.head, self.parts, body.freeze())
    }

    pub(super) async fn piece(&mut self, caller: Caller) -> Option<Bytes> {
        let Self { head, body, limit, .. } = self;
        let next = async {
            loop {
                match body.frame().await? {
                    // What has no bytes tells nothing, and neither do trailers.
                    Ok(frame) => match frame.into_data() {
                        Ok(bytes) if !bytes.is_empty() => return Some(bytes),
                        _ => {}
                    },
                    Err(error) => {
                        fail(caller, format_args!("{head}: the body of the answer broke off: {error}"))
                    }
                }
            }
        };
        within(*limit, caller, next, || format!("{head}: no more of the body came")).await
    }
}

impl fmt::Debug for AnswerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStream")
            .field("request", &format_args!("{}", self.head))
            .field("status", &self.parts.status)
            .field("headers", &self.parts.headers)
            .finish_non_exhaustive()
    }
}
