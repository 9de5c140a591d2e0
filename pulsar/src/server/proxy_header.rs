//! The first stage of a connection from a proxy that speaks the PROXY protocol: its header is read, and nothing beyond it.
//!
//! What follows may be TLS, which reads the socket itself. So bytes are looked at first, and taken only if they are the header's.

use std::{
    io,
    os::fd::AsRawFd,
    task::{Context, Poll, ready},
};

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;

use crate::{
    board::Limit,
    request::Peer,
    server::{
        activity::Activity,
        proxy_protocol::{LONGEST, parse},
        stream::Socket,
    },
};

/// Reads the header, of which `begun` has what came already, and gives what it says: who is connected to the proxy, and to which
/// address of it, if it says that.
///
/// # Errors
///
/// Fails if something else comes, which is counted, or the connection ends.
pub(super) fn read_header(
    socket: &Socket,
    activity: &Activity,
    begun: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Option<(Peer, Peer)>>> {
    loop {
        let before = begun.len();
        if !ready!(poll_peek(socket, begun, cx))? {
            // One that says nothing at all was opened to see whether somebody listens.
            if before > 0 {
                activity.line().reached(Limit::ProxyProtocol);
            }
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection ended before its PROXY header did",
            )));
        }
        let parsed = parse(begun);
        // As long as no end is there, everything belongs to the header; and what is none is not left to reset the connection.
        let end = match &parsed {
            Ok(Some(header)) => header.length,
            _ => begun.len(),
        };
        take(socket, end - before)?;
        match parsed {
            Ok(Some(header)) => return Poll::Ready(Ok(header.addresses)),
            Ok(None) => {}
            Err(malformed) => {
                activity.line().reached(Limit::ProxyProtocol);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, malformed)));
            }
        }
        debug_assert!(begun.len() < LONGEST, "a header as long as that is whole or refused");
    }
}

/// Waits for bytes and adds them to `begun`, while they stay in the socket. False at the end.
fn poll_peek(socket: &Socket, begun: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
    let before = begun.len();
    begun.resize(LONGEST, 0);
    let peeked = loop {
        let ready = match socket {
            Socket::Tcp(socket) => socket.poll_read_ready(cx),
            Socket::Unix(socket) => socket.poll_read_ready(cx),
            Socket::Tls(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        };
        match ready {
            Poll::Pending => break Poll::Pending,
            Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
        }
        let room = &mut begun[before..];
        let peeked = match socket {
            Socket::Tcp(socket) => socket.try_io(Interest::READABLE, || peek(socket, room)),
            Socket::Unix(socket) => socket.try_io(Interest::READABLE, || peek(socket, room)),
            Socket::Tls(_) => return Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        };
        match peeked {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            peeked => break Poll::Ready(peeked),
        }
    };
    let count = match &peeked {
        Poll::Ready(Ok(count)) => *count,
        _ => 0,
    };
    begun.truncate(before + count);
    peeked.map_ok(|count| count > 0)
}

fn peek(socket: &impl AsRawFd, room: &mut [u8]) -> io::Result<usize> {
    Ok(recv(socket.as_raw_fd(), room, MsgFlags::MSG_PEEK)?)
}

/// Takes bytes out of the socket that have been seen there.
fn take(socket: &Socket, count: usize) -> io::Result<()> {
    let mut bytes = [0; LONGEST];
    let mut left = count;
    while left > 0 {
        let taken = match socket {
            Socket::Tcp(socket) => socket.try_read(&mut bytes[..left])?,
            Socket::Unix(socket) => socket.try_read(&mut bytes[..left])?,
            Socket::Tls(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        if taken == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= taken;
    }
    Ok(())
}
