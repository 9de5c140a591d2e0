//! What the servers have in common: the data of their answers, the command line, a listening socket.
//!
//! Each program below `bin/` is one server, started as `NAME PORT THREADS`, and answers as the example `bench` of pulsar does:
//!
//! | request | answer |
//! |---|---|
//! | `GET /plaintext` | `Hello, World!` as `text/plain` |
//! | `GET /json` | `{"message":"Hello, World!"}`, written by serde_json |
//! | `GET /user/{id}/post/{slug}` | `{id} {slug}`; `id` is parsed as an `u32` |
//! | `POST /echo` | the [`Order`] of the body, read and written again |
//!
//! The rule for all of them: what the documentation of each shows first, with connections that are kept alive, no log, and as many
//! threads as were asked for.

use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Socket, Type};

/// The answer to `GET /plaintext`.
pub const HELLO: &str = "Hello, World!";

/// The answer to `GET /json`.
pub const MESSAGE: Message = Message { message: HELLO };

/// Its type.
#[derive(Serialize)]
pub struct Message {
    message: &'static str,
}

/// What `POST /echo` reads and writes.
#[derive(Deserialize, Serialize)]
pub struct Order {
    id: u64,
    customer: String,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    quantity: u32,
    price: f64,
}

/// The port and the number of threads, from the command line.
///
/// # Panics
///
/// If they are not there, or no numbers.
#[must_use]
pub fn arguments() -> (u16, usize) {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let threads = arguments.next().and_then(|threads| threads.parse().ok());
    port.zip(threads).expect("two arguments: PORT THREADS")
}

/// A socket that listens on loopback and does not block. Several may have the same port: the system spreads connections over them.
///
/// # Errors
///
/// When the port is in use by a socket that does not share it.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(2048)?;
    Ok(socket.into())
}

/// The path values of `/user/{id}/post/{slug}`, for servers that have no router.
#[must_use]
pub fn user_and_slug(path: &str) -> Option<(u32, &str)> {
    let (id, slug) = path.strip_prefix("/user/")?.split_once("/post/")?;
    Some((id.parse().ok()?, slug))
}
