//! Where the requests of a client go: to a service in this process, or over a socket.

use std::{fmt, io, net::SocketAddr, sync::Arc, thread, time::Duration};

use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};

use crate::{
    app::AnyService,
    body::{Body, BoxError, Request, Response},
    middleware::BoxService,
    request::{Connection, Tls},
    server::{Address, BoundAddress, Foreign, Server, ServerConfig, Shutdown, serve_pair},
    settings::TlsVersion,
};

#[derive(Clone)]
pub(super) enum Target {
    Service { service: BoxService, config: Arc<ServerConfig> },
    Socket(Arc<Running>),
}

impl Target {
    /// Puts a service behind a socket.
    pub(super) fn on_socket(self) -> io::Result<Self> {
        let (service, config) = match self {
            Self::Service { service, config } => (service, config),
            Self::Socket(_) => return Ok(self),
        };
        let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
        let bound = Server::bind(ServerConfig { binds, ..(*config).clone() }).map_err(io::Error::other)?;
        let Some(&BoundAddress::Tcp(address)) = bound.addresses().first() else {
            return Err(io::Error::other("the server has no TCP address"));
        };
        let shutdown = Shutdown::new();
        let (ending, ended) = watch::channel(());
        let thread = thread::Builder::new().name("pulsar-test".into()).spawn({
            let shutdown = shutdown.clone();
            move || {
                let _ending = ending;
                let _ = bound.serve(served(service), shutdown);
            }
        })?;
        Ok(Self::Socket(Arc::new(Running { address, shutdown, ended, thread: Some(thread) })))
    }

    /// Has the service believe that its requests come over TLS. Gives nothing if there is a socket, which knows better.
    pub(super) fn over_https(self) -> Option<Self> {
        let Self::Service { service, config } = self else { return None };
        let service = BoxService::of_fn(move |mut request: Request| {
            let connection = request.extensions_mut().remove().unwrap_or_else(Connection::none);
            request
                .extensions_mut()
                .insert(connection.with_tls(Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256")));
            service.answer(request)
        });
        Some(Self::Service { service, config })
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Service { .. } => None,
            Self::Socket(running) => Some(running.address),
        }
    }

    /// Sends a request. One that asks for an upgrade needs a connection that can be upgraded, and so a server: without a
    /// socket of its own a service gets one for this request, over a pair of sockets that no other program sees.
    pub(super) async fn send(&self, request: Request, is_upgrade: bool) -> Result<Response, BoxError> {
        match self {
            Self::Service { service, config } if is_upgrade => {
                exchange(serve_pair(served(service.clone()), config)?, request).await
            }
            Self::Service { service, .. } => Ok(service.answer(request).await),
            Self::Socket(running) => exchange(TcpStream::connect(running.address).await?, request).await,
        }
    }

    /// Stops a server that there is for the test alone. What is in flight has two seconds.
    pub(super) async fn stop(&self) {
        if let Self::Socket(running) = self {
            running.shutdown.quick();
            // What is sent is nothing; the sender goes with the thread.
            let _ = tokio::time::timeout(A_MOMENT, running.ended.clone().changed()).await;
        }
    }
}

/// Longer than a quick stop takes, which is two seconds at most.
const A_MOMENT: Duration = Duration::from_secs(5);

/// As programs are served: what serves connections is compiled once for both.
fn served(service: BoxService) -> AnyService {
    AnyService::Layered(Foreign(service))
}

/// One request on a connection of its own.
async fn exchange<S>(stream: S, request: Request) -> Result<Response, BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer's body, with the sender, or with what it was upgraded to.
    tokio::spawn(connection.with_upgrades());
    Ok(sender.send_request(request).await?.map(Body::new))
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { .. } => f.write_str("Service"),
            Self::Socket(running) => running.address.fmt(f),
        }
    }
}

/// A server on a socket of its own, which ends with the last client.
pub(super) struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    ended: watch::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has made the test fail already.
            let _ = thread.join();
        }
    }
}
