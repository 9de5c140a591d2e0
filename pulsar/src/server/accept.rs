//! From a listening socket to connections in service, on one I/O thread.
//!
//! The loop that accepts never dies and never spins; a connection is one task that stays on this thread.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{self, SocketAddr},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
        unix,
    },
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::unix::AsyncFd,
    net::{TcpStream, UnixStream},
    time::{Instant, sleep},
};
use tower_service::Service;

use crate::{
    board::LoopLine,
    body::{Request, Response},
    request::{Connection, Peer, Trust, Wire},
    server::{
        access_log::Log,
        exchange::Exchanges,
        io_thread::{IoThread, Phase, Registration},
        listener::SocketFile,
        plan::delayed,
        policy::Rules,
        shutdown::{Demand, Watch},
        stream::{Socket, Stream},
    },
};

/// What the connections of one application have in common on one thread.
pub(super) struct Terms<S> {
    pub(super) service: S,
    pub(super) thread: Arc<IoThread>,
    pub(super) http: http1::Builder,
    /// Ticks that a connection may idle.
    pub(super) idle_limit: u32,
    /// What requests have to keep to.
    pub(super) rules: Arc<Rules>,
    /// Whose forwarding headers are believed.
    pub(super) trust: Option<Arc<Trust>>,
    pub(super) log: Option<Arc<Log>>,
}

impl Terms<()> {
    pub(super) fn with<S>(self, service: S) -> Terms<S> {
        let Self { service: (), thread, http, idle_limit, rules, trust, log } = self;
        Terms { service, thread, http, idle_limit, rules, trust, log }
    }
}

/// A listening socket, not yet tied to a thread.
pub(super) enum Listener {
    Tcp {
        listener: net::TcpListener,
        bound: SocketAddr,
    },
    Unix {
        listener: unix::net::UnixListener,
        path: Arc<Path>,
        /// Of whoever has to remove it.
        file: Option<Arc<SocketFile>>,
    },
}

/// The settings of HTTP/1.1. `keep_alive` false closes after each answer.
pub(super) fn http1(keep_alive: bool, max_head: usize, max_headers: usize) -> http1::Builder {
    let mut http = http1::Builder::new();
    if max_headers != DEFAULT_HEADERS {
        // Only then, since hyper keeps its own number of them on the stack.
        http.max_headers(max_headers);
    }
    // Not `pipeline_flush`: it keeps answers back while anything unread is there, so that a bad or unfinished request takes
    // the answers before it along, and its own 400 too. Without `writev`, an answer is still one buffer and one write.
    http.writev(false)
        .keep_alive(keep_alive)
        // The limit for a head is kept by `IoThread`, at a fraction of the cost.
        .header_read_timeout(None)
        .max_header_size(max_head)
        // Also the largest piece of a body; hyper's default of 400 KiB lets a client pin that much.
        .max_buf_size(max_head.max(64 * 1024));
    http
}

/// The most header fields that hyper takes by default.
const DEFAULT_HEADERS: usize = 100;

/// Accepts until a stop is asked for, then takes what stands in the queue and closes the socket.
///
/// All loops of an application, also those of other processes, wait at the same queue, so that no connection waits for one
/// that is stuck or gone. So that the first to wake does not take all, a loop that has more connections than another one
/// gives that one a [head start](Turns).
///
/// Fails only when the runtime cannot watch the socket.
pub(super) async fn accept<S>(
    listener: Listener,
    terms: Terms<S>,
    delay: Duration,
    mut watch: Watch,
) -> io::Result<()>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut stop = pin!(async {
        watch.reached(Demand::Drain).await;
        delayed(&mut watch, delay).await;
    });
    // Deprecated because a type may change its descriptor under it, or lose it; a `Listener` does neither. The function in its
    // place is `unsafe`.
    #[allow(deprecated)]
    let listener = AsyncFd::new(listener)?;
    let line = terms.thread.line().clone();
    line.accepts(true);
    let (mut pause, mut turns) = (Pause::default(), Turns::default());
    loop {
        let mut ready = tokio::select! {
            biased;
            () = &mut stop => break,
            ready = listener.readable() => ready?,
        };
        if let Some(head_start) = turns.before(&line) {
            tokio::select! { () = &mut stop => break, () = sleep(head_start) => {} }
        }
        match ready.try_io(|listener| listener.get_ref().accept()) {
            Err(_would_block) => turns.after_missing(),
            Ok(Ok(accepted)) => {
                turns.after_taking(&line);
                accepted.serve(&terms);
                pause = Pause::default();
            }
            Ok(Err(error)) => {
                tokio::select! { () = &mut stop => break, () = pause.after(&error) => {} }
            }
        }
    }
    line.accepts(false);
    // The runtime may not have heard yet of what just arrived; the socket itself knows.
    let listener = listener.into_inner();
    if let Listener::Unix { file: Some(file), .. } = &listener {
        // Whoever comes now finds no file; whoever came before is in the queue.
        file.remove();
    }
    while let Some(accepted) = last(&listener) {
        accepted.serve(&terms);
    }
    Ok(())
}

/// Who may take the next connection: whoever has fewest, if it is there.
#[derive(Default)]
struct Turns {
    waited: bool,
    /// Head starts in a row that nobody used.
    unused: u32,
    /// No more of them until then, and how long that was.
    alone: Option<(Instant, Duration)>,
}

impl Turns {
    /// Longer than it takes to wake a loop, on a busy machine too.
    const HEAD_START: Duration = Duration::from_millis(2);
    /// After so many that nobody used, the others are taken to be stuck,
    const PATIENCE: u32 = 10;
    /// for so long at first, and for twice as long each time up to the most.
    const ALONE: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(3);

    /// How long to wait before taking what is there.
    fn before(&mut self, line: &LoopLine) -> Option<Duration> {
        let is_alone = self.alone.is_some_and(|(until, _)| until > Instant::now());
        self.waited = !is_alone && line.lead() > 0;
        self.waited.then_some(Self::HEAD_START)
    }

    /// A connection is taken: if the others had a head start and still are behind by more than one, they did not want it.
    fn after_taking(&mut self, line: &LoopLine) {
        if !self.waited {
            return;
        }
        if line.lead() <= 1 {
            self.after_missing();
            return;
        }
        self.unused += 1;
        if self.unused >= Self::PATIENCE {
            self.unused = 0;
            let before = self.alone.map(|(_, time)| (time * 2).min(Self::LONGEST));
            let time = before.unwrap_or(Self::ALONE);
            self.alone = Some((Instant::now() + time, time));
        }
    }

    /// The others took what was there.
    fn after_missing(&mut self) {
        self.unused = 0;
        self.alone = None;
    }
}

/// The next connection of a queue that is being emptied.
fn last(listener: &Listener) -> Option<Accepted> {
    loop {
        match listener.accept() {
            Ok(accepted) => return Some(accepted),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept what was still waiting; its clients are turned away");
                return None;
            }
        }
    }
}

/// A connection that nobody serves yet.
enum Accepted {
    Tcp { stream: net::TcpStream, peer: SocketAddr, bound: SocketAddr },
    Unix { stream: unix::net::UnixStream, peer: Option<PathBuf>, path: Arc<Path> },
}

impl Listener {
    fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp { listener, bound } => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(Accepted::Tcp { stream, peer, bound: *bound })
            }
            Self::Unix { listener, path, .. } => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                let peer = peer.as_pathname().map(Path::to_owned);
                Ok(Accepted::Unix { stream, peer, path: Arc::clone(path) })
            }
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp { listener, .. } => listener.as_fd(),
            Self::Unix { listener, .. } => listener.as_fd(),
        }
    }
}

impl Accepted {
    fn serve<S>(self, terms: &Terms<S>)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let watched = match self {
            Self::Tcp { stream, peer, bound } => {
                // A client that is gone already fails here; the first read will tell.
                let _ = stream.set_nodelay(true);
                let local = if bound.ip().is_unspecified() { stream.local_addr().ok() } else { Some(bound) };
                TcpStream::from_std(stream)
                    .map(|stream| (Socket::Tcp(stream), peer.into(), local.map(Peer::Tcp)))
            }
            Self::Unix { stream, peer, path } => {
                let peer = Peer::Unix(peer.map(Arc::from));
                UnixStream::from_std(stream)
                    .map(|stream| (Socket::Unix(stream), peer, Some(Peer::Unix(Some(path)))))
            }
        };
        match watched {
            Ok((socket, peer, local)) => serve(terms, socket, peer, local),
            Err(error) => tracing::error!(%error, "the event loop cannot watch a connection; it is closed"),
        }
    }
}

/// Starts the task of one connection.
fn serve<S>(terms: &Terms<S>, socket: Socket, peer: Peer, local: Option<Peer>)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let id = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let registration = Registration::new(&terms.thread, id, terms.idle_limit);
    let activity = Arc::clone(registration.activity());
    let exchanges = Exchanges {
        service: terms.service.clone(),
        connection: Connection::on(Wire { peer, local, proxy: None, trust: terms.trust.clone(), id }),
        requests: AtomicU64::new(0),
        activity: Arc::clone(&activity),
        rules: Arc::clone(&terms.rules),
        log: terms.log.clone(),
    };
    let stream = TokioIo::new(Stream::new(socket, registration));
    let connection =
        terms.http.serve_connection(stream, service_fn(move |request| exchanges.answer(request)));
    // An upgraded stream outlives this task. It belongs to the application from then on, and counts as open.
    let connection = connection.with_upgrades();
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        let (mut known, mut closing) = (false, false);
        let ended = poll_fn(|cx| {
            if !known {
                known = true;
                activity.thread().wake_with(id, cx.waker());
            }
            match activity.thread().phase() {
                Phase::Running | Phase::Draining => {}
                Phase::Closing if closing => {}
                Phase::Closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                Phase::Cut => return Poll::Ready(Ok(())),
            }
            // Polled first, because a request may have come together with the end of the time.
            let polled = connection.as_mut().poll(cx);
            if polled.is_pending() && activity.expired() { Poll::Ready(Ok(())) } else { polled }
        })
        .await;
        if let Err(error) = ended {
            tracing::debug!(connection = id, %error, "a connection ended in an error");
        }
    });
}

/// The waits after accept errors that concern the process, not a connection: 100 ms, growing to 1 s.
#[derive(Default)]
struct Pause(Option<Duration>);

impl Pause {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(1);

    async fn after(&mut self, error: &io::Error) {
        if of_one_connection(error) {
            return;
        }
        let pause = self.next();
        // Mostly the process or the system is out of file descriptors or memory. The queue keeps who waits.
        tracing::error!(%error, retry_in = ?pause, "cannot accept connections");
        sleep(pause).await;
    }

    fn next(&mut self) -> Duration {
        let pause = self.0.map_or(Self::FIRST, |before| (before * 2).min(Self::LONGEST));
        self.0 = Some(pause);
        pause
    }
}

/// Whether an accept error is about the connection that was to be accepted, so that the next one may do better.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second() {
        let mut pause = Pause::default();
        let waits: Vec<_> = (0..6).map(|_| pause.next().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn a_lost_connection_is_no_reason_to_wait() {
        // The errors as the system numbers them on Linux and the BSDs; EMFILE is 24 and ENFILE 23 on both.
        for (error, expected) in [
            (io::Error::from(io::ErrorKind::ConnectionAborted), true),
            (io::Error::from(io::ErrorKind::ConnectionReset), true),
            (io::Error::from_raw_os_error(24), false),
            (io::Error::from_raw_os_error(23), false),
            (io::Error::from(io::ErrorKind::OutOfMemory), false),
        ] {
            assert_eq!(of_one_connection(&error), expected, "{error}");
        }
    }
}
