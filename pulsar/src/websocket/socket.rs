//! A WebSocket as its handler has it.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    thread,
};

use futures_core::Stream;
use futures_sink::Sink;
use http::HeaderValue;

use crate::websocket::{
    connection::Shared,
    error::WebSocketError,
    message::{CloseFrame, Message, Utf8Bytes},
};

/// An open WebSocket, which [`WebSocketUpgrade::on_upgrade`](crate::websocket::WebSocketUpgrade::on_upgrade) gives its handler.
///
/// It is a `Stream` of results and a `Sink` of [`Message`]s as well, so that `futures_util::StreamExt::split` makes two halves
/// of it. When it is dropped the connection is closed with code 1000; while it is there, the connection is looked after whether
/// or not anybody receives.
///
/// ```
/// use pulsar::{Response, get, websocket::{Message, WebSocketError, WebSocketUpgrade}};
///
/// /// Adds up numbers until the client closes, or says nonsense.
/// #[get("/sum")]
/// async fn sum(upgrade: WebSocketUpgrade) -> Response {
///     upgrade.on_upgrade(async |mut socket| {
///         let mut sum = 0_i64;
///         while let Some(Ok(message)) = socket.recv().await {
///             let Some(number) = message.as_text().and_then(|text| text.parse::<i64>().ok()) else {
///                 let _ = socket.close(4000, "not a number").await;
///                 return;
///             };
///             sum += number;
///             if socket.send(sum.to_string()).await.is_err() {
///                 return;
///             }
///         }
///     })
/// }
/// ```
pub struct WebSocket {
    connection: Shared,
    protocol: Option<HeaderValue>,
}

impl WebSocket {
    pub(super) fn new(connection: Shared, protocol: Option<HeaderValue>) -> Self {
        Self { connection, protocol }
    }

    /// The next message; `None` when there are no more.
    ///
    /// The close frame of the client is given as a message, the last one. Nothing is lost if the future is dropped before it
    /// is ready, as in `tokio::select!`.
    ///
    /// # Errors
    ///
    /// One error, and then `None`, when the client broke the protocol or a limit, or the connection broke.
    ///
    /// ```
    /// use pulsar::websocket::{Message, WebSocket};
    ///
    /// async fn count(mut socket: WebSocket) -> usize {
    ///     let mut count = 0;
    ///     while let Some(Ok(Message::Text(_) | Message::Binary(_))) = socket.recv().await {
    ///         count += 1;
    ///     }
    ///     count
    /// }
    /// ```
    pub async fn recv(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| self.connection.lock().poll_recv(cx)).await
    }

    /// Sends a message: it is on its way when this returns, and may still wait for a slow client.
    ///
    /// While more bytes than the write buffer allows wait for the client, this waits too. It never waits for ever: a client
    /// that does not read does not answer pings either.
    ///
    /// # Errors
    ///
    /// When the connection is closed or broken, and when the protocol has no such message.
    ///
    /// ```
    /// use pulsar::websocket::{WebSocket, WebSocketError};
    ///
    /// async fn greet(socket: &mut WebSocket) -> Result<(), WebSocketError> {
    ///     socket.send("hello").await?;
    ///     socket.send(vec![1, 2, 3]).await
    /// }
    /// ```
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        poll_fn(|cx| self.connection.lock().poll_ready(cx)).await?;
        self.connection.lock().start_send(message.into())
    }

    /// Closes with a code and a reason, and waits until the client has done so as well, or its time is up. What it sends
    /// meanwhile is dropped.
    ///
    /// # Errors
    ///
    /// When the code may not be sent, the reason is longer than 123 bytes, or the connection broke. That it is closed already
    /// is no error.
    ///
    /// ```
    /// use pulsar::websocket::{CloseFrame, WebSocket, WebSocketError};
    ///
    /// async fn refuse(socket: WebSocket) -> Result<(), WebSocketError> {
    ///     socket.close(CloseFrame::POLICY_VIOLATION, "members only").await
    /// }
    /// ```
    pub async fn close(mut self, code: u16, reason: impl Into<Utf8Bytes>) -> Result<(), WebSocketError> {
        let frame = CloseFrame::new(code, reason);
        let begun = self.connection.lock().start_send(Message::Close(Some(frame)));
        match begun {
            Ok(()) | Err(WebSocketError::Closed) => {}
            Err(error) => return Err(error),
        }
        while let Some(message) = self.recv().await {
            message?;
        }
        Ok(())
    }

    /// The protocol that was agreed on, if the handler named any and the client offered one of them.
    ///
    /// ```
    /// use pulsar::websocket::WebSocket;
    ///
    /// fn is_new(socket: &WebSocket) -> bool {
    ///     socket.protocol() == Some("chat.v2")
    /// }
    /// ```
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_ref().and_then(|protocol| protocol.to_str().ok())
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.connection.lock().release(thread::panicking());
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connection.lock().poll_recv(cx)
    }
}

/// `poll_flush` waits until the system has all bytes; sending alone does not.
impl Sink<Message> for WebSocket {
    type Error = WebSocketError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        self.connection.lock().poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), WebSocketError> {
        self.connection.lock().start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        self.connection.lock().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        let mut connection = self.connection.lock();
        match connection.start_send(Message::Close(Some(CloseFrame::new(CloseFrame::NORMAL, "")))) {
            Ok(()) | Err(WebSocketError::Closed) => connection.poll_flush(cx),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("protocol", &self.protocol()).finish_non_exhaustive()
    }
}
