//! One connection, from the socket to its end.
//!
//! All of it happens in one task, stage by stage, and no stage waits without a limit: which protocol it is, then HTTP/1 or
//! HTTP/2. Before them come the header of a proxy, if it is one that sends it, and TLS, if there is a certificate.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use hyper::server::conn::http1;

use crate::{
    request::{Connection, Peer, Tls, Trust, Wire},
    server::{
        access_log::Log,
        activity::{Activity, Due, Stage},
        answers::Answers,
        clock::Phase,
        exchange::Exchanges,
        http1::serve_http1,
        http2::{Http2, serve_http2},
        io_thread::{IoThread, Registration},
        limits::Limits,
        policy::Rules,
        proxy_header::read_header,
        refusal::{Refusals, refuse_slow_head},
        sniff::{Protocol, sniff},
        stream::{Socket, Stream},
        tls::Door,
    },
    settings::Peers,
};

/// What the connections of one application have in common on one thread.
pub(super) struct Terms<S> {
    pub(super) service: S,
    pub(super) thread: Arc<IoThread>,
    pub(super) limits: Arc<Limits>,
    pub(super) http1: http1::Builder,
    /// None serves HTTP/1 alone.
    pub(super) http2: Option<Http2>,
    /// What requests have to keep to.
    pub(super) rules: Arc<Rules>,
    /// Who begins a connection with a PROXY header, if anybody does.
    pub(super) proxies: Option<Arc<Peers>>,
    /// Whose forwarding headers are believed, if anybody's are.
    pub(super) trust: Option<Arc<Trust>>,
    pub(super) log: Option<Arc<Log>>,
    /// The way in, if connections over TCP are encrypted.
    pub(super) door: Option<Arc<Door>>,
}

impl Terms<()> {
    pub(super) fn with<S>(self, service: S) -> Terms<S> {
        let Self { service: (), thread, limits, http1, http2, rules, proxies, trust, log, door } = self;
        Terms { service, thread, limits, http1, http2, rules, proxies, trust, log, door }
    }
}

/// Starts the task of one connection.
pub(super) fn serve<S>(terms: &Terms<S>, socket: Socket, peer: Peer, local: Option<Peer>)
where
    S: Answers,
{
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let id = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let registration = Registration::new(&terms.thread, id, &terms.limits);
    let activity = Arc::clone(registration.activity());
    let is_proxied = terms.proxies.as_ref().is_some_and(|proxies| peer.is_in(proxies));
    let trust = terms.trust.clone();
    let connection = Connection::on(Wire { peer, local, proxy: None, tls: None, trust: trust.clone(), id });
    let (application, log, rules) = (terms.service.clone(), terms.log.clone(), Arc::clone(&terms.rules));
    let (http1, http2, door) = (terms.http1.clone(), terms.http2, terms.door.clone());
    tokio::spawn(async move {
        poll_fn(|cx| {
            registration.wake_with(cx.waker());
            Poll::Ready(())
        })
        .await;
        let connection = if is_proxied {
            match introduced(&socket, connection, trust, &activity).await {
                Some(connection) => connection,
                None => return,
            }
        } else {
            connection
        };
        let Some((socket, connection)) = secured(door, socket, connection, &activity).await else { return };
        let settled = connection.tls().and_then(Tls::protocol).map(Protocol::of_alpn);
        let refusals = Refusals::new(log.clone(), connection.clone(), Arc::clone(&activity));
        let (requests, host) = (Cell::new(0), RefCell::default());
        let exchanges = Exchanges {
            application,
            connection,
            requests,
            activity: Arc::clone(&activity),
            rules,
            host,
            failed: Cell::new(None),
            log,
        };
        let mut stream = Stream::new(socket, registration);
        let protocol = match (settled, http2) {
            (Some(protocol), _) => Ok(Ok(protocol)),
            (None, None) => Ok(Ok(Protocol::Http1)),
            (None, Some(_)) => until_http(&activity, |cx| sniff(&mut stream, cx)).await,
        };
        let ended = match (protocol, http2) {
            (Ok(Ok(Protocol::Http2)), Some(http2)) => {
                // In a box of its own, so that a connection of HTTP/1 needs no memory for it.
                Box::pin(serve_http2(http2, stream, exchanges, activity)).await
            }
            (Ok(Ok(_)), _) => serve_http1(&http1, stream, exchanges, &activity, &refusals).await,
            (Ok(Err(error)), _) => Err(Box::from(error)),
            (Err(Some(Due::Head)), _) => {
                refuse_slow_head(stream, &refusals).await;
                Ok(())
            }
            (Err(_), _) => {
                stream.part();
                Ok(())
            }
        };
        if let Err(error) = ended {
            tracing::debug!(connection = id, %error, "a connection ended in an error");
        }
    });
}

/// Reads what a proxy says of the connection. Gives nothing if it is not understood, or the connection has ended.
async fn introduced(
    socket: &Socket,
    connection: Connection,
    trust: Option<Arc<Trust>>,
    activity: &Activity,
) -> Option<Connection> {
    activity.enter(Stage::ProxyHeader);
    // In boxes of their own, as few connections need them.
    let mut begun = Vec::new();
    let header = Box::pin(until_http(activity, |cx| read_header(socket, activity, &mut begun, cx))).await;
    activity.enter(Stage::Idle);
    match header.ok()? {
        Ok(None) => Some(connection),
        Ok(Some((peer, local))) => {
            let (proxy, id) = (Some(connection.peer().clone()), connection.id());
            Some(Connection::on(Wire { peer, local: Some(local), proxy, tls: None, trust, id }))
        }
        Err(error) => {
            let (id, peer) = (connection.id(), connection.peer());
            tracing::debug!(connection = id, %peer, %error, "a proxy is not understood, its connection is closed");
            None
        }
    }
}

/// Encrypts a connection over TCP, if there is a door to pass. Gives nothing if the connection has ended on the way.
async fn secured(
    door: Option<Arc<Door>>,
    socket: Socket,
    connection: Connection,
    activity: &Arc<Activity>,
) -> Option<(Socket, Connection)> {
    let (door, socket) = match (door, socket) {
        (Some(door), Socket::Tcp(socket)) => (door, socket),
        (_, socket) => return Some((socket, connection)),
    };
    activity.enter(Stage::Handshake);
    // In a box of its own, which is gone when the handshake is over.
    let mut entering = Box::pin(door.enter(socket, activity));
    let entered = poll_fn(|cx| match entering.as_mut().poll(cx) {
        Poll::Pending if activity.phase() >= Phase::Closing || activity.is_last() => Poll::Ready(None),
        polled => polled,
    });
    let (stream, tls) = entered.await?;
    activity.enter(Stage::Idle);
    Some((Socket::Tls(Box::new(stream)), connection.with_tls(tls)))
}

/// Polls `stage` until it is done, or the connection has to end, which is an error: it may have a limit as its reason.
async fn until_http<T>(
    activity: &Activity,
    mut stage: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> Result<io::Result<T>, Option<Due>> {
    poll_fn(|cx| {
        if let Poll::Ready(done) = stage(cx) {
            return Poll::Ready(Ok(done));
        }
        if activity.phase() >= Phase::Closing || activity.is_last() {
            return Poll::Ready(Err(None));
        }
        match activity.due() {
            Some(due) => Poll::Ready(Err(Some(due))),
            None => Poll::Pending,
        }
    })
    .await
}
