//! The other end of a WebSocket, for tests: it masks what it sends, and keeps no limits.

use std::{
    future::poll_fn,
    io,
    task::{Context, Poll},
};

use hyper::upgrade::Upgraded;
use tungstenite::{
    Error as WireError,
    protocol::{Message as WireMessage, Role, WebSocket as WireSocket},
};

use crate::websocket::{
    message::{CloseFrame, Message, Utf8Bytes},
    wire::Wire,
};

/// A connection on which the handshake is done.
pub(crate) struct ClientSocket(WireSocket<Wire>);

impl ClientSocket {
    pub(crate) fn new(stream: Upgraded) -> Self {
        Self(WireSocket::from_raw_socket(Wire::new(stream, u32::MAX), Role::Client, None))
    }

    /// The next message; `None` when both ends have closed. Pings are answered, and not given.
    ///
    /// Nothing is lost if the future is dropped before it is ready.
    pub(crate) async fn recv(&mut self) -> Option<Result<Message, String>> {
        poll_fn(|cx| {
            loop {
                match self.poll(cx, WireSocket::read) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(WireMessage::Ping(_))) => {}
                    Poll::Ready(Ok(message)) => return Poll::Ready(Some(Ok(of_wire(message)))),
                    Poll::Ready(Err(WireError::ConnectionClosed | WireError::AlreadyClosed)) => {
                        return Poll::Ready(None);
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error.to_string()))),
                }
            }
        })
        .await
    }

    /// Sends a message, and waits until all of it is on its way.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), String> {
        let mut message = Some(message.into_wire());
        let sent = poll_fn(|cx| {
            if let Some(message) = message.take() {
                // What finds no room is kept, and goes out with the flush.
                match self.poll(cx, |socket| socket.write(message)) {
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
            }
            self.poll(cx, WireSocket::flush)
        })
        .await;
        match sent {
            // The server has closed meanwhile, which is what comes next when something is received.
            Err(WireError::ConnectionClosed) => Ok(()),
            sent => sent.map_err(|error| error.to_string()),
        }
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        step: impl FnOnce(&mut WireSocket<Wire>) -> Result<T, WireError>,
    ) -> Poll<Result<T, WireError>> {
        self.0.get_mut().driver.clone_from(cx.waker());
        match step(&mut self.0) {
            Err(WireError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result),
        }
    }
}

fn of_wire(message: WireMessage) -> Message {
    match message {
        WireMessage::Text(text) => Message::Text(Utf8Bytes(text)),
        WireMessage::Binary(bytes) => Message::Binary(bytes),
        WireMessage::Ping(bytes) => Message::Ping(bytes),
        WireMessage::Pong(bytes) => Message::Pong(bytes),
        WireMessage::Close(frame) => Message::Close(frame.map(CloseFrame::of_wire)),
        WireMessage::Frame(_) => unreachable!("the library gives whole messages"),
    }
}
