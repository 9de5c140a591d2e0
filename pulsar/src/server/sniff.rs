//! Which protocol a client speaks, told by its first bytes.
//!
//! HTTP/2 with prior knowledge begins with a preface that is no request of HTTP/1 (RFC 9113 section 3.4). Where TLS has
//! settled the protocol nothing is left to tell.

use std::{
    io,
    task::{Context, Poll, ready},
};

use crate::server::{activity::Stage, stream::Stream};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// What ALPN calls so; it chooses among what is offered.
    pub(super) fn of_alpn(name: &[u8]) -> Self {
        if name == b"h2" { Self::Http2 } else { Self::Http1 }
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// So many bytes of the preface begin no method that anybody uses.
const TELLING: usize = 4;

/// Reads until the protocol is known. What was read stays in the stream, for whoever reads it next.
pub(super) fn sniff(stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<Protocol>> {
    loop {
        if let Some(protocol) = protocol(stream.unread()) {
            return Poll::Ready(Ok(protocol));
        }
        if stream.unread().len() >= TELLING {
            stream.activity().turns_out_to_be(Stage::Preface);
        }
        if ready!(stream.poll_fill(cx))? == 0 {
            // HTTP/1 knows how to end without a request, or within one.
            return Poll::Ready(Ok(Protocol::Http1));
        }
    }
}

/// The protocol of a connection that begins with these bytes, if they are enough to tell.
fn protocol(bytes: &[u8]) -> Option<Protocol> {
    if bytes.starts_with(PREFACE) {
        Some(Protocol::Http2)
    } else if PREFACE.starts_with(bytes) {
        None
    } else {
        Some(Protocol::Http1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preface_is_told_from_requests() {
        for (bytes, expected) in [
            ("", None),
            ("P", None),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Protocol::Http2)),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04", Some(Protocol::Http2)),
            ("PRI * HTTP/1.1\r\n", Some(Protocol::Http1)),
            ("POST / HTTP/1.1\r\n", Some(Protocol::Http1)),
            ("PR?", Some(Protocol::Http1)),
            ("GET", Some(Protocol::Http1)),
            ("\r\n", Some(Protocol::Http1)),
            ("\x16\x03\x01", Some(Protocol::Http1)),
        ] {
            assert_eq!(protocol(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }
}
