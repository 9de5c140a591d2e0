//! From an accepted connection to an encrypted one.

use std::{borrow::Cow, fmt, io, sync::Arc, time::Duration};

use rustls::ProtocolVersion;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    encryption::{Encryption, Keys},
    wire::Wire,
};
use crate::{
    board::Limit,
    request::Tls,
    server::{activity::Activity, tls::config::TlsVersion},
};

/// An encrypted connection.
pub(crate) type Stream = TlsStream<Wire>;

/// The socket below an encrypted connection.
pub(crate) fn socket(stream: &Stream) -> &TcpStream {
    &stream.get_ref().0.socket
}

/// Says that nothing more will come, to a client that is not sent anything else.
pub(crate) fn part(stream: &mut Stream) {
    let (wire, session) = stream.get_mut();
    session.send_close_notify();
    let mut bytes = Vec::new();
    // What does not fit now is nothing to wait for. Memory can always be written to.
    while session.wants_write() && session.write_tls(&mut bytes).is_ok() {}
    let _ = wire.socket.try_write(&bytes);
}

/// The way into an application that speaks HTTPS, on one I/O thread.
#[derive(Debug)]
pub(crate) struct Door {
    encryption: Arc<Encryption>,
    /// One for each handshake that is under way; none without a limit.
    permits: Option<Semaphore>,
}

impl Door {
    /// The way in on one of so many threads.
    pub(crate) fn new(encryption: &Arc<Encryption>, threads: usize) -> Self {
        let most = encryption.config.max_handshakes;
        let share = most.map(|most| most.div_ceil(threads.max(1)).clamp(1, Semaphore::MAX_PERMITS));
        Self { encryption: Arc::clone(encryption), permits: share.map(Semaphore::new) }
    }

    /// Does the handshake. If it fails the connection is over, and whoever looks for the reason finds it in the log.
    pub(crate) async fn enter(&self, socket: TcpStream, activity: &Arc<Activity>) -> Option<(Stream, Tls)> {
        let shaking = self.shake(socket, activity);
        let shaken = match self.encryption.config.handshake_timeout {
            Some(time) => timeout(time, shaking).await.unwrap_or(Err(Failure::TooSlow(time))),
            None => shaking.await,
        };
        match shaken {
            Ok(entered) => Some(entered),
            Err(failure) => {
                if let Failure::TooSlow(_) = failure {
                    activity.line().reached(Limit::TlsHandshakeTimeout);
                }
                tracing::debug!("a TLS handshake failed: {failure}");
                None
            }
        }
    }

    async fn shake(&self, mut socket: TcpStream, activity: &Arc<Activity>) -> Result<(Stream, Tls), Failure> {
        // Looked at, not taken. A browser opens connections that it may never use; they shall hold no permit.
        let mut first = [0];
        if socket.peek(&mut first).await? == 0 {
            return Err(Failure::Gone);
        }
        // No record of TLS begins with a letter, and every request of HTTP does.
        if first[0].is_ascii_uppercase() {
            explain(&mut socket).await?;
            return Err(Failure::Plain);
        }
        let _permit = match &self.permits {
            Some(permits) => Some(permit(permits, activity).await),
            None => None,
        };
        let Keys { server, names } = self.encryption.current();
        let stream =
            TlsAcceptor::from(server).accept(Wire { socket, activity: Arc::clone(activity) }).await?;
        let tls = facts(&stream).with_names(names);
        Ok((stream, tls))
    }
}

/// Waits until there is room for one more handshake, if there is none.
async fn permit<'a>(permits: &'a Semaphore, activity: &Activity) -> Option<SemaphorePermit<'a>> {
    if let Ok(permit) = permits.try_acquire() {
        return Some(permit);
    }
    activity.line().reached(Limit::MaxTlsHandshakes);
    // Fails only if it is closed, which nobody does.
    permits.acquire().await.ok()
}

/// What the handshake agreed on.
fn facts(stream: &Stream) -> Tls {
    let (_, session) = stream.get_ref();
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    };
    let suite =
        session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    // rustls tells those of TLS 1.3 apart by a prefix that the registry does not have.
    let suite = match suite.strip_prefix("TLS13_") {
        Some(rest) => Cow::Owned(format!("TLS_{rest}")),
        None => Cow::Borrowed(suite),
    };
    let mut tls = Tls::new(version, suite);
    if let Some(protocol) = session.alpn_protocol() {
        tls = tls.with_protocol(protocol);
    }
    if let Some(name) = session.server_name() {
        tls = tls.with_server_name(name);
    }
    match session.peer_certificates() {
        Some(certificates) => tls.with_client_certificates(certificates.iter().map(|one| Box::from(&**one))),
        None => tls,
    }
}

/// Answers whoever speaks plain HTTP where HTTPS is spoken.
async fn explain(socket: &mut TcpStream) -> io::Result<()> {
    let text =
        "this port speaks HTTPS, and the request came as plain HTTP: ask with https:// instead of http://\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{text}",
        text.len()
    );
    socket.write_all(answer.as_bytes()).await?;
    socket.shutdown().await?;
    // What is left unread would make the system send a reset, which can overtake the answer.
    let mut rest = [0; 1024];
    let drained = async {
        for _ in 0..MOST_READS {
            if !matches!(socket.read(&mut rest).await, Ok(1..)) {
                return;
            }
        }
    };
    let _ = timeout(LINGER, drained).await;
    Ok(())
}

/// How much of a plain request is read, in buffers, and how long it is waited for.
const MOST_READS: usize = 64;
const LINGER: Duration = Duration::from_secs(1);

/// Why there was no handshake: the client's doing, all of it.
#[derive(Debug)]
enum Failure {
    Gone,
    Plain,
    TooSlow(Duration),
    Broken(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the client closed the connection before it sent anything"),
            Self::Plain => f.write_str("the client spoke plain HTTP; it was told so"),
            Self::TooSlow(time) => {
                write!(f, "it took longer than `tls_handshake_timeout`, {} s", time.as_secs_f64())
            }
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
