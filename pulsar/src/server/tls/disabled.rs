//! TLS, in a program that is built without it.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::config::TlsConfig;
use crate::{request::Tls, server::activity::Activity};

/// There is none.
#[derive(Debug)]
pub(crate) struct Encryption(Infallible);

impl Encryption {
    /// Says what is missing.
    pub(crate) fn read(config: &TlsConfig, _http2: bool) -> Result<(Self, Vec<String>), Vec<String>> {
        let first = config.files().next().map(|path| format!(" {}", path.display())).unwrap_or_default();
        Err(vec![format!(
            "the certificate file{first} has no effect, since this program is built without `tls`. Build pulsar with its \
             feature `tls`, or leave the certificate out"
        )])
    }

    pub(crate) fn watch(self: &Arc<Self>) -> io::Result<()> {
        match self.0 {}
    }
}

/// There is none.
#[derive(Debug)]
pub(crate) struct Door(Infallible);

impl Door {
    pub(crate) fn new(encryption: &Arc<Encryption>, _threads: usize) -> Self {
        match encryption.0 {}
    }

    pub(crate) async fn enter(&self, _socket: TcpStream, _activity: &Arc<Activity>) -> Option<(Stream, Tls)> {
        match self.0 {}
    }
}

/// There is none.
#[derive(Debug)]
pub(crate) enum Stream {}

pub(crate) fn part(stream: &mut Stream) {
    match *stream {}
}

pub(crate) fn socket(stream: &Stream) -> &TcpStream {
    match *stream {}
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let problems = Encryption::read(&TlsConfig::new("shop.pem", "shop.key"), true).unwrap_err();
        assert_eq!(
            problems,
            [
                "the certificate file shop.pem has no effect, since this program is built without `tls`. Build pulsar with its \
              feature `tls`, or leave the certificate out"
            ]
        );
    }
}
