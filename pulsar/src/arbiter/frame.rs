//! How messages travel over a unix socket: a length, then JSON; descriptors come with the first byte.
//!
//! It knows no message. The rule it keeps: nothing that the other side sends makes this side wait or grow without a bound.

use std::{
    collections::VecDeque,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream as StdStream,
    },
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{io::Interest, net::UnixStream};

use crate::arbiter::process;

/// The longest message, in bytes. Everything that is sent is far below.
pub(super) const LONGEST: usize = 1 << 20;

/// The bytes of a message.
pub(super) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - 4;
    if length > LONGEST {
        return Err(io::Error::other(format!(
            "a message of {length} bytes is too long; the most is {LONGEST}"
        )));
    }
    // It is less than `LONGEST`, which fits.
    bytes[..4].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    Ok(bytes)
}

/// Takes messages out of bytes as they arrive.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bytes: Vec<u8>,
    start: usize,
}

impl Decoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is complete.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let waiting = &self.bytes[self.start..];
        let Some((length, rest)) = waiting.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > LONGEST {
            let text = format!("a message claims to have {length} bytes; the most is {LONGEST}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let Some(text) = rest.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(text).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("a message is none: {error}"))
        })?;
        self.start += 4 + length;
        if self.start == self.bytes.len() {
            // What an idle channel keeps is small.
            self.bytes = Vec::new();
            self.start = 0;
        }
        Ok(Some(message))
    }
}

/// One end of a channel, with what has been received and not yet been read.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
}

/// The receiving side of a channel.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    decoder: Decoder,
    fds: VecDeque<OwnedFd>,
}

impl Inbox {
    /// Takes a descriptor that came with the messages, the oldest first.
    pub(super) fn take_fd(&mut self) -> io::Result<OwnedFd> {
        self.fds
            .pop_front()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a descriptor is missing"))
    }

    fn receive_from(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let mut fds = Vec::new();
        let received = process::receive(socket, &mut buffer, &mut fds)?;
        self.decoder.push(&buffer[..received]);
        self.fds.extend(fds);
        Ok(received)
    }

    /// Waits for the next message on a socket that blocks. None at the end.
    pub(super) fn read<T: DeserializeOwned>(&mut self, stream: &StdStream) -> io::Result<Option<T>> {
        loop {
            if let Some(message) = self.decoder.next()? {
                return Ok(Some(message));
            }
            match self.receive_from(stream.as_fd()) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for the next message, and notes meanwhile whether a part of it, or of one after it, has been read.
    pub(super) async fn next_noting<T: DeserializeOwned>(
        &mut self,
        channel: &Channel,
        unread: &AtomicBool,
    ) -> io::Result<Option<T>> {
        loop {
            if let Some(message) = self.decoder.next()? {
                unread.store(true, Relaxed);
                return Ok(Some(message));
            }
            unread.store(!self.decoder.bytes.is_empty(), Relaxed);
            if !self.receive(channel).await? {
                return Ok(None);
            }
        }
    }

    /// Waits for the next message. None at the end.
    pub(super) async fn next<T: DeserializeOwned>(&mut self, channel: &Channel) -> io::Result<Option<T>> {
        loop {
            if let Some(message) = self.decoder.next()? {
                return Ok(Some(message));
            }
            if !self.receive(channel).await? {
                return Ok(None);
            }
        }
    }

    /// Takes more bytes. False at the end.
    async fn receive(&mut self, channel: &Channel) -> io::Result<bool> {
        let received =
            channel.stream.async_io(Interest::READABLE, || self.receive_from(channel.stream.as_fd())).await;
        match received {
            Ok(0) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Channel {
    /// Has the runtime watch a socket that does not block.
    pub(super) fn new(stream: StdStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream: UnixStream::from_std(stream)? })
    }

    pub(super) fn from_tokio(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// Sends bytes that [`encode`] made, with descriptors.
    pub(super) async fn send(&self, mut bytes: &[u8], fds: &[OwnedFd]) -> io::Result<()> {
        let mut fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        while !bytes.is_empty() {
            let send = || process::send(self.stream.as_fd(), bytes, &fds);
            let sent = self.stream.async_io(Interest::WRITABLE, send).await?;
            fds.clear();
            bytes = &bytes[sent..];
        }
        Ok(())
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn messages_arrive_whole_however_they_are_cut() {
        let bytes: Vec<u8> = ["one", "two", ""].iter().flat_map(|text| encode(text).unwrap()).collect();
        for size in [1, 2, 5, bytes.len()] {
            let mut decoder = Decoder::default();
            let mut read: Vec<String> = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(text) = decoder.next().unwrap() {
                    read.push(text);
                }
            }
            assert_eq!(read, ["one", "two", ""], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for (bytes, expected) in [
            (&b"\xff\xff\xff\xff"[..], "a message claims to have 4294967295 bytes; the most is 1048576"),
            (b"\x03\0\0\0abc", "a message is none: expected value at line 1 column 1"),
        ] {
            let mut decoder = Decoder::default();
            decoder.push(bytes);
            assert_eq!(decoder.next::<String>().unwrap_err().to_string(), expected);
        }
        assert!(encode(&"x".repeat(LONGEST)).unwrap_err().to_string().contains("too long"));
    }

    #[tokio::test]
    async fn descriptors_come_with_their_message() {
        let (one, two) = StdStream::pair().unwrap();
        let (one, two) = (Channel::new(one).unwrap(), Channel::new(two).unwrap());
        let null: OwnedFd = File::open("/dev/null").unwrap().into();
        one.send(&encode(&"first").unwrap(), &[]).await.unwrap();
        one.send(&encode(&"second").unwrap(), &[null]).await.unwrap();
        drop(one);
        let mut inbox = Inbox::default();
        assert_eq!(inbox.next::<String>(&two).await.unwrap().as_deref(), Some("first"));
        assert_eq!(inbox.next::<String>(&two).await.unwrap().as_deref(), Some("second"));
        inbox.take_fd().unwrap();
        assert_eq!(inbox.take_fd().unwrap_err().to_string(), "a descriptor is missing");
        assert_eq!(inbox.next::<String>(&two).await.unwrap(), None);
    }
}
