//! One connection that nobody had to be connected to, for tests: a pair of sockets, one of them served.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use tokio::net::UnixStream;
use tower_service::Service;

use crate::{
    board::{Board, LoopLine},
    body::{Request, Response},
    request::Peer,
    server::{
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
pub(crate) fn serve_pair<S>(service: S, config: &ServerConfig) -> io::Result<UnixStream>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
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
