//! The first stage of a connection from a proxy that speaks the PROXY protocol: its header is read, and nothing beyond it.

use std::{
    io,
    task::{Context, Poll, ready},
};

use crate::{
    board::Limit,
    request::Peer,
    server::{
        activity::Stage,
        proxy_protocol::{LONGEST, parse},
        stream::Stream,
    },
};

/// Reads the header, and gives what it says: who is connected to the proxy, and to which address of it, if it says that. What
/// follows the header stays in the stream.
///
/// # Errors
///
/// Fails if something else comes, which is counted, or the connection ends.
pub(super) fn read_header(
    stream: &mut Stream,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Option<(Peer, Peer)>>> {
    loop {
        let header = match parse(stream.unread()) {
            Ok(header) => header,
            Err(malformed) => {
                stream.activity().line().reached(Limit::ProxyProtocol);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, malformed)));
            }
        };
        if let Some(header) = header {
            stream.consume(header.length);
            // What is left is of a request, whose time begins now.
            let next = if stream.unread().is_empty() { Stage::Idle } else { Stage::Head };
            stream.activity().enter(next);
            return Poll::Ready(Ok(header.addresses));
        }
        debug_assert!(stream.unread().len() < LONGEST, "a header as long as that is whole or refused");
        if ready!(stream.poll_fill(cx))? == 0 {
            // One that says nothing at all was opened to see whether somebody listens.
            if !stream.unread().is_empty() {
                stream.activity().line().reached(Limit::ProxyProtocol);
            }
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection ended before its PROXY header did",
            )));
        }
    }
}
