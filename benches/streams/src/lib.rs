//! What the three programs have in common, so that nothing but the framework differs.
//!
//! Each serves the same: `/download`, 1 GiB that is streamed from memory in pieces of 64 KiB; `/upload`, a body that is read, counted
//! and dropped; `/files`, a folder; `/events`, server-sent events, all of which `/publish` sends to all clients; `/ws`, which sends
//! WebSocket messages back; `/`, a text.

use std::{net::TcpListener, sync::OnceLock};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::broadcast;

/// The pieces of a download.
pub const PIECE: usize = 64 * 1024;

/// How many of them there are.
pub const PIECES: usize = (1 << 30) / PIECE;

/// The pieces of a download: one and the same bytes of memory.
pub fn pieces() -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send {
    static ZEROS: [u8; PIECE] = [0; PIECE];
    stream::iter((0..PIECES).map(|_| Ok(Bytes::from_static(&ZEROS))))
}

/// What events go through on their way from one publisher to all clients.
pub fn events() -> &'static broadcast::Sender<Bytes> {
    static EVENTS: OnceLock<broadcast::Sender<Bytes>> = OnceLock::new();
    EVENTS.get_or_init(|| broadcast::channel(64).0)
}

/// The events from now on: each of them is the text that was published.
pub fn published() -> impl Stream<Item = Bytes> + Send {
    let receiver = events().subscribe();
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await.ok()?, receiver)))
}

/// The text of published bytes.
pub fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The port, the number of threads, and the folder of files, from the command line.
pub fn arguments() -> (u16, usize, String) {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("usage: PROGRAM PORT THREADS FOLDER");
    let (port, threads) = (next(), next());
    (port.parse().expect("a port"), threads.parse().expect("a number of threads"), next())
}

/// A listening socket with a queue that is long enough for all clients of the fan-out.
pub fn listen(port: u16) -> std::io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}
