//! WebSockets (RFC 6455), over HTTP/1.1 and over HTTP/2 (RFC 8441).
//!
//! [`WebSocketUpgrade`] is the argument of a handler that makes the connection of its request a [`WebSocket`], which gives and
//! takes [`Message`]s. The handshake is an HTTP request like any other, read by hyper and checked here; the frames are those
//! of the crate `tungstenite`. This module is there with the feature `websocket`.
//!
//! ```
//! use pulsar::{Response, get, websocket::WebSocketUpgrade};
//!
//! #[get("/echo")]
//! async fn echo(upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.on_upgrade(async |mut socket| {
//!         while let Some(Ok(message)) = socket.recv().await {
//!             if socket.send(message).await.is_err() {
//!                 return;
//!             }
//!         }
//!     })
//! }
//! ```
//!
//! # What is done for you
//!
//! A connection is looked after by a task of its own, whatever the handler does at the time:
//!
//! * pings are answered, and a client that is silent is pinged; without an answer the connection ends with code 1011
//! * the close handshake is done when the client begins it, when the handler returns (code 1000), when it panics (1011), and
//!   when the server drains (1001, going away)
//! * a client that breaks the protocol is told so (1002, text that is no UTF-8: 1007), and one that sends too much (1009)
//! * while a client is slow to read, [`send`](WebSocket::send) waits, and no more is read from it
//!
//! # Limits
//!
//! | what | default | setting | option of the upgrade |
//! |---|---|---|---|
//! | a message | 1 MiB | `websocket_max_message` | [`max_message_size`](WebSocketUpgrade::max_message_size) |
//! | a frame | 256 KiB | `websocket_max_frame` | [`max_frame_size`](WebSocketUpgrade::max_frame_size) |
//! | frames of one message | 1024 | `websocket_max_fragments` | [`max_fragments`](WebSocketUpgrade::max_fragments) |
//! | bytes that wait for the client | 1 MiB | `websocket_write_buffer` | [`write_buffer`](WebSocketUpgrade::write_buffer) |
//! | silence before a ping | 20 s | `websocket_ping` | [`ping`](WebSocketUpgrade::ping) |
//! | silence after it | 20 s | `websocket_pong_timeout` | [`ping`](WebSocketUpgrade::ping) |
//! | the close handshake | 5 s | `websocket_close_timeout` | [`close_timeout`](WebSocketUpgrade::close_timeout) |
//!
//! The settings count in handlers of a program; in a router of another crate the defaults do.
//!
//! # Browsers of others
//!
//! A page of any site may open a WebSocket to any server, with the cookies of the one who looks at it. So the `Origin` that
//! browsers send has to be the host of the request, unless [`origins`](WebSocketUpgrade::origins) or
//! [`any_origin`](WebSocketUpgrade::any_origin) say otherwise; another one is answered with 403.
//!
//! # What is not there
//!
//! Messages are not compressed: `permessage-deflate` is not negotiated, since a small message could unpack to a huge one.
//!
//! Files, lower ones first: `message`, `error`, `options`; `fragments`, `wire`; `client`, `connection`; `socket`, `driver`; `origin`,
//! `handshake`; `upgrade`.

mod client;
mod connection;
mod driver;
mod error;
mod fragments;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handshake;
mod message;
mod options;
mod origin;
mod socket;
mod upgrade;
mod wire;

pub(crate) use self::{client::ClientSocket, handshake::accept};
pub use self::{
    error::WebSocketError,
    message::{CloseFrame, Message, Utf8Bytes},
    socket::WebSocket,
    upgrade::WebSocketUpgrade,
};
