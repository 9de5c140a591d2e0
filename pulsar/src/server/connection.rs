//! One connection, from the socket to its end.
//!
//! All of it happens in one task, stage by stage, and no stage waits without a limit: which protocol it is, then HTTP/1 or
//! HTTP/2. What has to come before HTTP (the address of a client behind a proxy, TLS) belongs between the socket and
//! [`sniff`], as another stage that [`until_http`] watches over.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use hyper::{server::conn::http1, service::service_fn};
use tower_service::Service;

use crate::{
    body::{Request, Response},
    request::{Connection, Peer, Trust, Wire},
    server::{
        access_log::Log,
        activity::{Activity, Due},
        clock::Phase,
        exchange::Exchanges,
        http1::serve_http1,
        http2::{Http2, serve_http2},
        io_thread::{IoThread, Registration},
        limits::Limits,
        policy::Rules,
        refusal::{Refusals, refuse_slow_head},
        sniff::{Protocol, sniff},
        stream::{Socket, Stream},
    },
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
    /// Whose forwarding headers are believed.
    pub(super) trust: Option<Arc<Trust>>,
    pub(super) log: Option<Arc<Log>>,
}

impl Terms<()> {
    pub(super) fn with<S>(self, service: S) -> Terms<S> {
        let Self { service: (), thread, limits, http1, http2, rules, trust, log } = self;
        Terms { service, thread, limits, http1, http2, rules, trust, log }
    }
}

/// Starts the task of one connection.
pub(super) fn serve<S>(terms: &Terms<S>, socket: Socket, peer: Peer, local: Option<Peer>)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let id = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let registration = Registration::new(&terms.thread, id, &terms.limits);
    let activity = Arc::clone(registration.activity());
    let connection = Connection::on(Wire { peer, local, proxy: None, trust: terms.trust.clone(), id });
    let refusals = Refusals::new(terms.log.clone(), connection.clone(), Arc::clone(&activity));
    let exchanges = Exchanges {
        service: terms.service.clone(),
        connection,
        requests: AtomicU64::new(0),
        activity: Arc::clone(&activity),
        rules: Arc::clone(&terms.rules),
        log: terms.log.clone(),
    };
    let (http1, http2) = (terms.http1.clone(), terms.http2);
    let mut stream = Stream::new(socket, registration);
    tokio::spawn(async move {
        poll_fn(|cx| {
            stream.registration().wake_with(cx.waker());
            Poll::Ready(())
        })
        .await;
        let protocol = match http2 {
            None => Ok(Ok(Protocol::Http1)),
            Some(_) => until_http(&activity, |cx| sniff(&mut stream, cx)).await,
        };
        let service = service_fn(move |request| exchanges.answer(request));
        let ended = match (protocol, http2) {
            (Ok(Ok(Protocol::Http2)), Some(http2)) => {
                // In a box of its own, so that a connection of HTTP/1 needs no memory for it.
                Box::pin(serve_http2(http2, stream, service, activity)).await
            }
            (Ok(Ok(_)), _) => serve_http1(&http1, stream, service, &activity, &refusals).await,
            (Ok(Err(error)), _) => Err(Box::from(error)),
            (Err(Some(Due::Head)), _) => {
                refuse_slow_head(stream, &refusals).await;
                Ok(())
            }
            (Err(_), _) => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(connection = id, %error, "a connection ended in an error");
        }
    });
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
