//! One connection that nobody had to be connected to, for tests: a pair of sockets, one of them served.

use std::{io, sync::Arc, time::Duration};

use tokio::net::UnixStream;

use crate::{
    board::{Board, LoopLine},
    request::Peer,
    server::{
        answers::Answers,
        config::ServerConfig,
        connection::{Terms, serve},
        http1::http1,
        io_thread::IoThread,
        limits::Limits,
        serve::rules,
        stream::Socket,
    },
};

/// Serves one end of a connection as any other connection, on this event loop, and gives the other end.
///
/// Nothing ticks, so that it has as much time as it likes; the rules for requests are those of a server.
pub(crate) fn serve_pair(service: impl Answers, config: &ServerConfig) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    let terms = Terms {
        service,
        thread: IoThread::new(LoopLine::new(&Board::own(1), 0, 0)),
        limits: Arc::new(Limits::new(config, Duration::from_secs(1), 0, 1)),
        http1: http1(config),
        http2: None,
        rules: Arc::new(rules(config)),
        proxies: None,
        trust: None,
        log: None,
        door: None,
    };
    serve(&terms, Socket::Unix(ours), Peer::Unix(None), None);
    Ok(theirs)
}
