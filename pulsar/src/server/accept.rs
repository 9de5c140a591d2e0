//! From a listening socket to connections in service, on one I/O thread.
//!
//! The loop that accepts never dies and never spins; a connection is one task that stays on this thread.

use std::{
    io,
    net::{self, SocketAddr},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
        unix,
    },
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::unix::AsyncFd,
    net::{TcpStream, UnixStream},
    task::coop::consume_budget,
    time::{Instant, sleep},
};

use crate::{
    board::Limit,
    request::Peer,
    server::{
        answers::Answers,
        clock::Phase,
        connection::{Terms, serve},
        io_thread::IoThread,
        listener::SocketFile,
        plan::delayed,
        shutdown::{Demand, Watch},
        stream::Socket,
        turns::Turns,
    },
};

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
    S: Answers,
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
    // Whether there may be more in the queue than was taken.
    let mut more = false;
    let (mut full, mut failing) = (Spell::default(), Spell::default());
    let places = &terms.limits.places;
    loop {
        // Those that are served here have their turn as well, however many wait.
        consume_budget().await;
        if places.are_taken() {
            line.reached(Limit::MaxConnections);
            if full.begins() {
                tracing::warn!(
                    max_connections = places.most(),
                    "an I/O thread has all the connections that it may have; others wait until one is closed"
                );
            }
            let freed = places.freed.notified();
            tokio::select! { () = &mut stop => break, () = freed => {} }
            continue;
        }
        if !more {
            let mut ready = tokio::select! {
                biased;
                () = &mut stop => break,
                ready = listener.readable() => ready?,
            };
            // Before it is looked: whoever comes from now on is told again.
            ready.clear_ready();
            more = true;
        }
        let changed = || async {
            tokio::select! {
                () = terms.thread.closed.notified() => {}
                ready = listener.readable() => if let Ok(mut ready) = ready { ready.clear_ready() },
            }
        };
        tokio::select! { biased; () = &mut stop => break, () = turns.give_way(&line, changed) => {} }
        match listener.get_ref().accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                more = false;
                turns.after_missing();
            }
            Ok(accepted) => {
                turns.after_taking(&line);
                accepted.serve(&terms);
                pause = Pause::default();
            }
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // Mostly the process or the system is out of file descriptors or memory. The queue keeps who waits.
                line.reached(Limit::OpenFiles);
                let (shed, pause) = (terms.thread.shed(), pause.next());
                if failing.begins() {
                    tracing::error!(
                        %error, retry_in = ?pause, shed,
                        "cannot accept connections; while that lasts, those that are idle longest are closed"
                    );
                }
                tokio::select! { () = &mut stop => break, () = recovered(&terms.thread, pause) => {} }
            }
        }
    }
    line.accepts(false);
    // Whoever finds the address closed can rely on it that answers say so as well.
    terms.thread.enter(Phase::Draining);
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
        S: Answers,
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

/// The waits after accept errors that concern the process, not a connection: 100 ms, growing to 1 s.
#[derive(Default)]
struct Pause(Option<Duration>);

impl Pause {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(1);

    fn next(&mut self) -> Duration {
        let pause = self.0.map_or(Self::FIRST, |before| (before * 2).min(Self::LONGEST));
        self.0 = Some(pause);
        pause
    }
}

/// Waits for so long, or, after the shortest pause, only until a connection has been closed.
async fn recovered(thread: &IoThread, pause: Duration) {
    let closed = thread.closed.notified();
    sleep(Pause::FIRST).await;
    tokio::select! { () = closed => {}, () = sleep(pause.saturating_sub(Pause::FIRST)) => {} }
}

/// A trouble that comes and goes: it is told again when it has been away for a while.
#[derive(Default)]
struct Spell(Option<Instant>);

impl Spell {
    const APART: Duration = Duration::from_secs(10);

    /// Notes that it is there. Gives whether it was not there lately.
    fn begins(&mut self) -> bool {
        let now = Instant::now();
        self.0.replace(now).is_none_or(|last| now.duration_since(last) > Self::APART)
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
    fn a_trouble_is_told_once() {
        let mut spell = Spell::default();
        assert_eq!((spell.begins(), spell.begins()), (true, false));
        spell.0 = Instant::now().checked_sub(Spell::APART * 2);
        assert!(spell.begins());
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
