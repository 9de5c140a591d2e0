//! A WebSocket from the side of the browser.

use std::{collections::hash_map::RandomState, fmt, hash::BuildHasher, panic::Location, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    body::{Body, Response},
    testing::{
        answer::Answer,
        session::{Head, Session},
        stream::AnswerStream,
        waiting::{Caller, fail, within},
    },
    websocket::{ClientSocket, CloseFrame, Message, accept},
};

/// An open WebSocket: from [`RequestBuilder::websocket`](crate::testing::RequestBuilder::websocket).
///
/// A message is waited for no longer than [`Client::time_limit`](crate::testing::Client::time_limit) says. Pings of the server
/// are answered while something is received or sent. Dropping it hangs up without a word, as a browser does that loses its
/// network; [`close`](Self::close) says goodbye.
///
/// ```
/// use pulsar::{Method, Router, testing::{Client, block_on}, websocket::WebSocketUpgrade};
///
/// let router = Router::new().add(Method::GET, "/shout", async |upgrade: WebSocketUpgrade| {
///     upgrade.on_upgrade(async |mut socket| {
///         while let Some(Ok(message)) = socket.recv().await {
///             let Some(text) = message.as_text() else { break };
///             if socket.send(text.to_uppercase()).await.is_err() {
///                 return;
///             }
///         }
///     })
/// });
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// block_on(async {
///     let mut socket = client.get("/shout").websocket().await;
///     socket.send_text("hello").await;
///     assert_eq!(socket.receive_text().await, "HELLO");
///     socket.send_json(&["a", "b"]).await;
///     assert_eq!(socket.receive_json::<Vec<String>>().await, ["A", "B"]);
///     socket.close().await;
/// });
/// ```
pub struct WebSocket {
    head: Head,
    socket: ClientSocket,
    protocol: Option<HeaderValue>,
    limit: Duration,
}

impl WebSocket {
    /// Does the handshake. Fails with the answer if that makes it no WebSocket.
    pub(super) async fn open(session: &Session, mut head: Head, caller: Caller) -> Result<Self, Box<Answer>> {
        if head.method != Method::GET {
            fail(caller, format_args!("{head}: a WebSocket begins with a GET request"));
        }
        let key = key();
        for (name, value) in [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (header::SEC_WEBSOCKET_KEY, key.clone()),
        ] {
            // A test may want to see what a wrong handshake does.
            head.headers.entry(name).or_insert(value);
        }
        let answer = session.send(&head, Body::empty(), true).await;
        let mut answer =
            answer.unwrap_or_else(|error| fail(caller, format_args!("{head}: no answer: {error}")));
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = AnswerStream::new(head, answer, session.limit).finish_at(caller).await;
            return Err(Box::new(answer));
        }
        if let Some(wrong) = mistake(&answer, &head) {
            fail(caller, format_args!("{head}: {wrong}"));
        }
        let protocol = answer.headers().get(header::SEC_WEBSOCKET_PROTOCOL).cloned();
        let upgraded = hyper::upgrade::on(&mut answer).await.unwrap_or_else(|error| {
            fail(caller, format_args!("{head}: the connection did not become a WebSocket: {error}"))
        });
        Ok(Self { head, socket: ClientSocket::new(upgraded), protocol, limit: session.limit })
    }

    /// The protocol that was agreed on, if there is one.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_ref().and_then(|protocol| protocol.to_str().ok())
    }

    /// Sends a text.
    ///
    /// # Panics
    ///
    /// Panics if the connection is closed or broken, or the server does not read in time.
    #[track_caller]
    pub fn send_text(&mut self, text: impl Into<String>) -> impl Future<Output = ()> {
        self.send(Message::from(text.into()))
    }

    /// Sends a value as JSON, in a text.
    ///
    /// # Panics
    ///
    /// Panics like [`send_text`](Self::send_text), and if the value cannot be serialized.
    #[track_caller]
    pub fn send_json<T: Serialize + ?Sized>(&mut self, value: &T) -> impl Future<Output = ()> + use<'_, T> {
        let text = serde_json::to_string(value).expect("a value that can be written as JSON");
        self.send(Message::from(text))
    }

    /// Sends a message of any kind.
    ///
    /// # Panics
    ///
    /// Panics like [`send_text`](Self::send_text).
    ///
    /// ```
    /// use pulsar::{testing::WebSocket, websocket::Message};
    ///
    /// async fn ping(socket: &mut WebSocket) {
    ///     socket.send(vec![1, 2, 3]).await;
    ///     socket.send(Message::Ping("are you there?".into())).await;
    ///     assert_eq!(socket.receive().await, Message::Pong("are you there?".into()));
    /// }
    /// ```
    #[track_caller]
    pub fn send<M: Into<Message>>(&mut self, message: M) -> impl Future<Output = ()> + use<'_, M> {
        let (caller, message) = (Location::caller(), message.into());
        async move {
            let Self { head, socket, limit, .. } = self;
            let sent =
                within(*limit, caller, socket.send(message), || format!("{head}: the server did not read"))
                    .await;
            if let Err(error) = sent {
                fail(caller, format_args!("{head}: the message was not sent: {error}"));
            }
        }
    }

    /// The next message, which may be the close frame of the server; pings are not given.
    ///
    /// # Panics
    ///
    /// Panics if the connection is closed or broken, or nothing comes in time.
    #[track_caller]
    pub fn receive(&mut self) -> impl Future<Output = Message> {
        let caller = Location::caller();
        async move { self.message(caller, "a message").await }
    }

    /// The next message, which has to be a text.
    ///
    /// # Panics
    ///
    /// Panics if it is another one, and like [`receive`](Self::receive).
    #[track_caller]
    pub fn receive_text(&mut self) -> impl Future<Output = String> {
        let caller = Location::caller();
        async move { self.text(caller, "a text").await }
    }

    /// The next message, which has to be a text of JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is another one or does not fit, and like [`receive`](Self::receive).
    #[track_caller]
    pub fn receive_json<T: DeserializeOwned>(&mut self) -> impl Future<Output = T> + use<'_, T> {
        let caller = Location::caller();
        async move {
            let text = self.text(caller, "a text of JSON").await;
            serde_json::from_str(&text).unwrap_or_else(|error| {
                let head = &self.head;
                fail(
                    caller,
                    format_args!("{head}: the message {text:?} is not the JSON that was expected: {error}"),
                )
            })
        }
    }

    /// The next message, which has to be binary.
    ///
    /// # Panics
    ///
    /// Panics if it is another one, and like [`receive`](Self::receive).
    #[track_caller]
    pub fn receive_bytes(&mut self) -> impl Future<Output = Bytes> {
        let caller = Location::caller();
        async move {
            match self.message(caller, "binary data").await {
                Message::Binary(bytes) => bytes,
                other => self.unexpected(caller, "binary data", &other),
            }
        }
    }

    /// Waits until the server closes, and gives the reason, if it has one. The next message has to be that.
    ///
    /// # Panics
    ///
    /// Panics if it is another one, and like [`receive`](Self::receive).
    ///
    /// ```
    /// use pulsar::{testing::WebSocket, websocket::CloseFrame};
    ///
    /// async fn is_refused(socket: &mut WebSocket) {
    ///     socket.send_text("nonsense").await;
    ///     assert_eq!(socket.receive_close().await, Some(CloseFrame::new(4000, "not a number")));
    /// }
    /// ```
    #[track_caller]
    pub fn receive_close(&mut self) -> impl Future<Output = Option<CloseFrame>> {
        let caller = Location::caller();
        async move {
            match self.message(caller, "a close frame").await {
                Message::Close(frame) => frame,
                other => self.unexpected(caller, "a close frame", &other),
            }
        }
    }

    /// Closes with code 1000, and waits until the server has done so as well. What it sends meanwhile is dropped.
    ///
    /// # Panics
    ///
    /// Panics if the connection breaks, or the server does not close in time.
    #[track_caller]
    pub fn close(self) -> impl Future<Output = ()> {
        self.close_at(CloseFrame::new(CloseFrame::NORMAL, ""), Location::caller())
    }

    /// Closes with a code and a reason, as [`close`](Self::close) does.
    ///
    /// # Panics
    ///
    /// Panics like [`close`](Self::close).
    ///
    /// ```
    /// use pulsar::{testing::WebSocket, websocket::CloseFrame};
    ///
    /// async fn leave(socket: WebSocket) {
    ///     socket.close_with(CloseFrame::new(CloseFrame::GOING_AWAY, "the page is left")).await;
    /// }
    /// ```
    #[track_caller]
    pub fn close_with(self, frame: CloseFrame) -> impl Future<Output = ()> {
        self.close_at(frame, Location::caller())
    }

    async fn close_at(mut self, frame: CloseFrame, caller: Caller) {
        let Self { head, socket, limit, .. } = &mut self;
        let closed = async {
            // If the server was first there is nothing to send any more.
            let _ = socket.send(Message::Close(Some(frame))).await;
            while let Some(message) = socket.recv().await {
                if let Err(error) = message {
                    fail(caller, format_args!("{head}: the WebSocket broke while it was closed: {error}"));
                }
            }
        };
        within(*limit, caller, closed, || format!("{head}: the server did not close")).await;
    }

    async fn message(&mut self, caller: Caller, expected: &str) -> Message {
        let Self { head, socket, limit, .. } = self;
        match within(*limit, caller, socket.recv(), || format!("{head}: {expected} did not come")).await {
            Some(Ok(message)) => message,
            Some(Err(error)) => fail(
                caller,
                format_args!("{head}: the WebSocket broke while {expected} was waited for: {error}"),
            ),
            None => fail(
                caller,
                format_args!("{head}: the WebSocket is closed, {expected} does not come any more"),
            ),
        }
    }

    async fn text(&mut self, caller: Caller, expected: &str) -> String {
        match self.message(caller, expected).await {
            Message::Text(text) => text.to_string(),
            other => self.unexpected(caller, expected, &other),
        }
    }

    fn unexpected(&self, caller: Caller, expected: &str, found: &Message) -> ! {
        fail(caller, format_args!("{}: expected {expected}, got {found:?}", self.head))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("request", &format_args!("{}", self.head))
            .field("protocol", &self.protocol())
            .finish_non_exhaustive()
    }
}

/// 16 bytes in base64 that no other handshake has.
fn key() -> HeaderValue {
    let random = || RandomState::new().hash_one(()).to_ne_bytes();
    HeaderValue::try_from(STANDARD.encode([random(), random()].concat())).expect("base64 is ASCII")
}

/// What a client has to find wrong with a handshake: RFC 6455, section 4.1.
fn mistake(answer: &Response, head: &Head) -> Option<&'static str> {
    let expected = head.headers.get(header::SEC_WEBSOCKET_KEY).map(accept);
    if answer.headers().get(header::SEC_WEBSOCKET_ACCEPT) != expected.as_ref() {
        return Some("the answer has the wrong `Sec-WebSocket-Accept`");
    }
    let agreed = answer.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().unwrap_or_default();
    let offered = head.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    if offered.any(|protocol| protocol.trim() == agreed) {
        None
    } else {
        Some("the answer names a protocol that was not offered")
    }
}
