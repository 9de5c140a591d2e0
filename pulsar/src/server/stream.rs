//! The byte stream of one connection, TCP, TLS or unix, that notes what comes and goes.
//!
//! One type for all, so that the whole of HTTP is compiled once. It also closes with care: a connection that is closed while
//! the client still sends is reset, and the reset may destroy an answer that is not read yet (RFC 9112 section 9.6).
//!
//! Small answers of HTTP/1 are kept for a moment, so that all that are ready go out in one write. The moment ends with the poll of
//! the connection at the latest, and before that when something is read: hyper reads as soon as no whole request is left.

// On the path of every request, and small.
#![allow(clippy::inline_always)]

use std::{
    cell::Cell,
    io,
    mem::{self, MaybeUninit},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};

use crate::server::{
    activity::{Activity, Stage},
    clock::Phase,
    io_thread::Registration,
    tls,
};

#[derive(Debug)]
pub(super) struct Stream {
    socket: Socket,
    /// What was read to tell the protocol, and is read once more.
    unread: Vec<u8>,
    /// Whether the last read found something, so that there may be more, and hyper may have more than one request.
    found: bool,
    /// Answers that are kept back.
    kept: Vec<u8>,
    /// How many more bytes are read only to be dropped; none until the connection is closed.
    dropped: Option<usize>,
    activity: Arc<Activity>,
    /// Until it is dropped the connection counts as open, also when it has been upgraded and no task of the server holds it.
    registration: Registration,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<tls::Stream>),
}

/// As much of the first request as is read to tell its protocol.
const FIRST: usize = 4096;
/// As much as is read and dropped for the sake of an answer.
const DROPPED: usize = 64 * 1024;
/// As much as is kept back: one record of TLS.
const KEPT: usize = 16 * 1024;

thread_local! {
    /// The memory for what is kept back, while no connection of this thread has it: they take turns.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Stream {
    pub(super) fn new(socket: Socket, registration: Registration) -> Self {
        let activity = Arc::clone(registration.activity());
        Self {
            socket,
            unread: Vec::new(),
            found: false,
            kept: Vec::new(),
            dropped: None,
            activity,
            registration,
        }
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// What has been read ahead.
    pub(super) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Reads ahead. Gives the number of bytes that came; 0 is the end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // On the stack, so that a connection on which nothing comes has no buffer.
        let mut bytes = [MaybeUninit::uninit(); FIRST];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(self.poll_socket(cx, &mut buffer))?;
        self.unread.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Takes what was read ahead from its beginning: it has been understood.
    pub(super) fn consume(&mut self, count: usize) {
        self.unread.drain(..count);
        if self.unread.is_empty() {
            self.unread = Vec::new();
        }
    }

    // Each request needs two reads, the second of which waits, and a write: a call of its own for each is what to ask the socket costs.
    #[inline(always)]
    fn poll_socket(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let read = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Tls(socket) => Pin::new(socket).poll_read(cx, buffer),
        };
        self.found = read.is_ready();
        if self.found && buffer.remaining() < room {
            self.activity.received();
        }
        read
    }

    /// Ends the connection where nothing is under way. A client of TLS is told that this end is meant.
    pub(super) fn part(mut self) {
        if let Socket::Tls(socket) = &mut self.socket {
            tls::part(socket);
        }
    }

    /// Notes what became of a write.
    #[inline(always)]
    fn noted(&self, written: Poll<io::Result<usize>>, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        match &written {
            // An encrypted connection notes what leaves it, not what goes in.
            Poll::Ready(Ok(_)) if matches!(self.socket, Socket::Tls(_)) => {}
            Poll::Ready(Ok(count)) => self.activity.took(*count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.blocked(cx),
        }
        written
    }

    /// Notes that a write has to wait.
    #[cold]
    fn blocked(&self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        self.activity.blocks();
        if self.activity.is_at(Stage::Tunnel) { self.kept_waiting(cx) } else { Poll::Pending }
    }

    /// What an application writes to a client that takes nothing: no task of the server looks after it.
    fn kept_waiting(&self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        if self.activity.phase() == Phase::Cut {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server ends")));
        }
        if self.activity.due().is_some() {
            self.activity.cut();
            let error = io::Error::new(io::ErrorKind::TimedOut, "the client does not take what it is sent");
            return Poll::Ready(Err(error));
        }
        self.registration.wake_with(cx.waker());
        Poll::Pending
    }

    /// Writes to the socket, past what is kept back.
    #[inline(always)]
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Socket::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
            Socket::Tls(socket) => Pin::new(socket).poll_write(cx, bytes),
        };
        self.noted(written, cx)
    }

    /// Has the socket send all that it was given.
    fn poll_flush_socket(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.socket {
            // Sockets keep nothing back.
            Socket::Tcp(_) | Socket::Unix(_) => Poll::Ready(Ok(())),
            Socket::Tls(socket) => Pin::new(socket).poll_flush(cx),
        };
        match flushed {
            Poll::Ready(Ok(())) => self.activity.flushed(),
            Poll::Pending if self.activity.is_at(Stage::Tunnel) => {
                return self.kept_waiting(cx).map_ok(|_: usize| ());
            }
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
        flushed
    }

    /// Keeps an answer back for a moment, if it is one, and small, and more requests may be here.
    #[inline]
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let may_be_more = self.found || !self.kept.is_empty();
        may_be_more && self.keeps_with_more(bytes)
    }

    fn keeps_with_more(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= KEPT - self.kept.len();
        if !(fits && self.activity.is_between_answers()) {
            return false;
        }
        if self.kept.capacity() == 0 {
            self.kept = SPARE.take();
        }
        self.kept.extend_from_slice(bytes);
        self.activity.keeps(true);
        true
    }

    /// Sends what is kept back.
    #[inline]
    fn poll_let_go(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.kept.is_empty() { Poll::Ready(Ok(())) } else { self.poll_send_kept(cx) }
    }

    #[inline(never)]
    fn poll_send_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut kept = mem::take(&mut self.kept);
        let mut sent = 0;
        while sent < kept.len() {
            match self.poll_send(cx, &kept[sent..]) {
                Poll::Ready(Ok(count @ 1..)) => sent += count,
                Poll::Pending => {
                    kept.drain(..sent);
                    self.kept = kept;
                    return Poll::Pending;
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        kept.clear();
        SPARE.set(kept);
        self.activity.keeps(false);
        self.poll_flush_socket(cx)
    }

    /// Ends the direction to the client.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.kept.is_empty() && this.unread.is_empty() {
            return this.poll_socket(cx, buffer);
        }
        if this.activity.is_between_answers() {
            ready!(this.poll_let_go(cx))?;
        }
        if this.unread.is_empty() {
            let before = buffer.filled().len();
            let read = this.poll_socket(cx, buffer);
            if read.is_ready() && buffer.filled().len() == before {
                // Nothing more will come: hyper may give up the request that it waits for, and what was answered before with it.
                ready!(this.poll_let_go(cx))?;
            }
            return read;
        }
        let count = this.unread.len().min(buffer.remaining());
        buffer.put_slice(&this.unread[..count]);
        this.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.keeps(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_let_go(cx))?;
        self.poll_send(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_let_go(cx))?;
        let written = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Socket::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Socket::Tls(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        };
        self.noted(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.kept.is_empty() {
            if let Socket::Tls(_) = self.socket {
                return self.poll_flush_socket(cx);
            }
            self.activity.flushed();
            return Poll::Ready(Ok(()));
        }
        // hyper looks for more once it has nothing left, while the last request is answered.
        if self.found && self.activity.may_keep() {
            return Poll::Ready(Ok(()));
        }
        self.poll_let_go(cx)
    }

    /// Ends the direction to the client; then, if it may still be sending, drops what comes until it has closed as well, or a
    /// moment has passed.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_let_go(cx))?;
        if this.dropped.is_none() {
            ready!(this.poll_end(cx))?;
            if !this.found && !this.activity.has_leftover() {
                return Poll::Ready(Ok(()));
            }
            this.activity.lingers();
            this.dropped = Some(DROPPED);
        }
        if this.activity.has_lingered() {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = [MaybeUninit::uninit(); FIRST];
        while let Some(left @ 1..) = this.dropped {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match this.poll_socket(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    this.dropped = Some(left.saturating_sub(buffer.filled().len()));
                }
                Poll::Pending if this.activity.has_leftover() => return Poll::Pending,
                // The client has closed, or is gone, or has nothing more to say.
                _ => return Poll::Ready(Ok(())),
            }
        }
        // It sends too much. Its own buffers fill now, and it has the rest of the time to read its answer.
        Poll::Pending
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let socket = match &self.socket {
            Socket::Tcp(socket) => Some(socket),
            Socket::Tls(socket) => Some(tls::socket(socket)),
            Socket::Unix(_) => None,
        };
        if let Some(socket) = socket
            && self.activity.is_cut()
        {
            // The system would go on trying to deliver what the client does not take. It is no loss if that fails.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}
