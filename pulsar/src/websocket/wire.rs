//! The bytes below a WebSocket, as the library reads and writes them.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::websocket::fragments::Fragments;

/// A stream that would block instead of waiting, and then has the driver of the connection woken.
pub(super) struct Wire {
    /// Nothing once it was hung up.
    stream: Option<TokioIo<Upgraded>>,
    /// The task of the driver: the one that is woken, whoever reads or writes.
    pub(super) driver: Waker,
    fragments: Fragments,
    /// A message came in more frames than it may.
    too_many_fragments: bool,
    /// The other end has given a sign of life: bytes came, or it made room for some that waited.
    heard: bool,
    /// The last write found no room.
    full: bool,
    written: u64,
}

impl Wire {
    pub(super) fn new(stream: Upgraded, max_fragments: u32) -> Self {
        Self {
            stream: Some(TokioIo::new(stream)),
            driver: Waker::noop().clone(),
            fragments: Fragments::new(max_fragments),
            too_many_fragments: false,
            heard: false,
            full: false,
            written: 0,
        }
    }

    /// How many bytes went out so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn has_too_many_fragments(&self) -> bool {
        self.too_many_fragments
    }

    /// Whether there was a sign of life since this was last asked.
    pub(super) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Says that nothing more will be sent.
    pub(super) fn shut_down(&mut self) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(&mut Context::from_waker(&self.driver)),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Lets go of the connection.
    pub(super) fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Reads bytes that nobody wants. Ready when there will be no more.
    pub(super) fn discard(&mut self) -> Poll<()> {
        let mut bytes = [0; 4096];
        loop {
            match self.poll_read(&mut bytes) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
            }
        }
    }

    fn poll_read(&mut self, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Ok(0));
        };
        let mut buffer = ReadBuf::new(bytes);
        let read = Pin::new(stream).poll_read(&mut Context::from_waker(&self.driver), &mut buffer);
        let count = buffer.filled().len();
        self.heard |= count > 0;
        read.map_ok(|()| count)
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if !self.too_many_fragments {
            let count = would_block(self.poll_read(bytes))?;
            match self.fragments.look(&bytes[..count]) {
                Ok(()) => return Ok(count),
                Err(at) => {
                    self.too_many_fragments = true;
                    if at > 0 {
                        return Ok(at); // What came before is still to be heard.
                    }
                }
            }
        }
        Err(io::Error::other("too many fragments"))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let written = Pin::new(stream).poll_write(&mut Context::from_waker(&self.driver), bytes);
        match &written {
            Poll::Pending => self.full = true,
            Poll::Ready(Ok(count)) => {
                self.written += *count as u64;
                self.heard |= std::mem::take(&mut self.full);
            }
            Poll::Ready(Err(_)) => {}
        }
        would_block(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Some(stream) => would_block(Pin::new(stream).poll_flush(&mut Context::from_waker(&self.driver))),
            None => Ok(()),
        }
    }
}

fn would_block<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
