//! What is known of the connection that a request came by, and of the request besides.
//!
//! All of it stands in one extension, [`Connection`], which the server makes and the router completes: a second extension
//! would cost a second allocation. A forwarding header is read when somebody asks, and only on connections from a proxy that is trusted.

use std::{
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Extensions, HeaderMap, HeaderValue, request::Parts};

use crate::{
    request::{
        forwarded::{Headers, Told},
        id::RequestId,
        params::Params,
        peer::Peer,
        route::{Matched, MountedAt},
        tls::Tls,
    },
    settings::{ForwardedHeaders, Peers},
};

/// The connection that a request came by; an argument `connection: Connection` gives it to a handler.
///
/// Cloning is cheap: the facts of a connection are shared by all its requests.
///
/// ```
/// use pulsar::request::{Connection, Peer};
///
/// let connection = Connection::new(Peer::Tcp("192.0.2.7:51000".parse().unwrap()), None, 1);
/// assert_eq!(connection.peer().to_string(), "192.0.2.7:51000");
/// ```
#[derive(Clone, Debug)]
pub struct Connection {
    wire: Arc<Wire>,
    request_id: RequestId,
    // Boxed, since most requests have none and each request moves this struct.
    pub(crate) matched: Option<Box<Matched>>,
    /// What was cut off the path, if the application is mounted in another one.
    pub(crate) mounted: Option<Arc<MountedAt>>,
    /// What a trusted proxy says of this request.
    forwarding: Option<Arc<Forwarding>>,
}

/// What all requests of a connection have in common.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) peer: Peer,
    pub(crate) local: Option<Peer>,
    /// The other end of the socket, if that speaks for `peer`.
    pub(crate) proxy: Option<Peer>,
    // Boxed, since most connections have none.
    pub(crate) tls: Option<Box<Tls>>,
    /// Whom to believe, if that is anybody.
    pub(crate) trust: Option<Arc<Trust>>,
    pub(crate) id: u64,
}

/// Whose forwarding headers are believed, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    pub(crate) proxies: Peers,
    pub(crate) headers: ForwardedHeaders,
}

/// The forwarding headers of one request, and what they come to once somebody has asked.
#[derive(Debug)]
struct Forwarding {
    headers: Headers,
    told: OnceLock<Told>,
}

impl Connection {
    /// The connection number `id` from `peer` to the address `local` of ours, which may be unknown.
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// let connection = Connection::new(Peer::Unknown, None, 7);
    /// assert_eq!((connection.id(), connection.local()), (7, None));
    /// assert!(!connection.request_id().to_string().is_empty());
    /// ```
    pub fn new(peer: Peer, local: Option<Peer>, id: u64) -> Self {
        Self::on(Wire { peer, local, proxy: None, tls: None, trust: None, id })
    }

    /// The connection of these facts. Whoever is not trusted is not believed, whatever the facts say.
    pub(crate) fn on(mut wire: Wire) -> Self {
        wire.trust = wire.trust.filter(|trust| wire.peer.is_in(&trust.proxies));
        let request_id = RequestId::made(wire.id, 0);
        Self { wire: Arc::new(wire), request_id, matched: None, mounted: None, forwarding: None }
    }

    /// The same connection, encrypted.
    ///
    /// ```
    /// use pulsar::{request::{Connection, Peer, Tls}, settings::TlsVersion};
    ///
    /// let connection = Connection::new(Peer::Unknown, None, 7);
    /// assert_eq!((connection.scheme(), connection.is_secure()), ("http", false));
    /// let connection = connection.with_tls(Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256"));
    /// assert_eq!((connection.scheme(), connection.is_secure()), ("https", true));
    /// ```
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        let Wire { peer, local, proxy, trust, id, .. } = &*self.wire;
        let (peer, local, proxy, trust) = (peer.clone(), local.clone(), proxy.clone(), trust.clone());
        self.wire = Arc::new(Wire { peer, local, proxy, tls: Some(Box::new(tls)), trust, id: *id });
        self
    }

    /// The connection of a request that came over no socket.
    pub(crate) fn none() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self::new(Peer::Unknown, None, u64::MAX - NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The id of its request number `number`: the one that the client gave it, or else a new one.
    pub(crate) fn id_of_request(&self, number: u64, given: Option<&HeaderValue>) -> RequestId {
        given.and_then(RequestId::given).unwrap_or_else(|| RequestId::made(self.wire.id, number))
    }

    /// The same connection for its request with this id.
    pub(crate) fn for_request(&self, request_id: RequestId, headers: &HeaderMap) -> Self {
        let forwarding = match &self.wire.trust {
            None => None,
            Some(_) => {
                Headers::of(headers).map(|headers| Arc::new(Forwarding { headers, told: OnceLock::new() }))
            }
        };
        Self { wire: Arc::clone(&self.wire), request_id, matched: None, mounted: None, forwarding }
    }

    /// Who is at the other end of the socket: the client, or the proxy before us. If that proxy speaks the PROXY protocol, it is whoever
    /// is connected to it.
    pub fn peer(&self) -> &Peer {
        &self.wire.peer
    }

    /// The address of ours that was connected to, if the system could tell; that of the proxy if it speaks the PROXY protocol.
    pub fn local(&self) -> Option<&Peer> {
        self.wire.local.as_ref()
    }

    /// The proxy at the other end of the socket, if it named the [`peer`](Self::peer) in a PROXY header.
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// assert_eq!(Connection::new(Peer::Unknown, None, 7).proxy(), None);
    /// ```
    pub fn proxy(&self) -> Option<&Peer> {
        self.wire.proxy.as_ref()
    }

    /// The address of the client: that of the [`peer`](Self::peer) or, if that is in `trusted_proxies`, the one that
    /// it says. `None` where there is no address, as on a unix socket.
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// let connection = Connection::new(Peer::Tcp("192.0.2.7:51000".parse().unwrap()), None, 1);
    /// assert_eq!(connection.client(), Some("192.0.2.7".parse().unwrap()));
    /// ```
    pub fn client(&self) -> Option<IpAddr> {
        match self.told().and_then(|told| told.client) {
            Some((address, _)) => Some(address),
            None => self.wire.peer.ip(),
        }
    }

    /// The port of the [`client`](Self::client), if it is known; most proxies do not tell.
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// let connection = Connection::new(Peer::Tcp("192.0.2.7:51000".parse().unwrap()), None, 1);
    /// assert_eq!(connection.client_port(), Some(51000));
    /// ```
    pub fn client_port(&self) -> Option<u16> {
        match self.told().and_then(|told| told.client) {
            Some((_, port)) => port,
            None => self.wire.peer.address().map(|address| address.port()),
        }
    }

    /// The scheme that the client uses: `http`, or `https` if the connection is encrypted. A trusted proxy says which one it was asked by.
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// assert_eq!(Connection::new(Peer::Unknown, None, 7).scheme(), "http");
    /// ```
    pub fn scheme(&self) -> &'static str {
        let own = if self.is_secure() { "https" } else { "http" };
        self.told().and_then(|told| told.scheme).unwrap_or(own)
    }

    /// Whether the connection is encrypted, to us and not only to a proxy before us.
    pub fn is_secure(&self) -> bool {
        self.wire.tls.is_some()
    }

    /// What the TLS handshake agreed on, if the connection is encrypted.
    pub fn tls(&self) -> Option<&Tls> {
        self.wire.tls.as_deref()
    }

    /// Whether the other end of the socket is a proxy that is believed.
    pub(crate) fn is_trusted(&self) -> bool {
        self.wire.trust.is_some()
    }

    /// The host that the client asked for, with its port if that is not the scheme's own, if a trusted proxy tells it. The host of any
    /// request is in its [`Origin`](crate::request::Origin).
    ///
    /// ```
    /// use pulsar::request::{Connection, Peer};
    /// assert_eq!(Connection::new(Peer::Unknown, None, 7).forwarded_host(), None);
    /// ```
    pub fn forwarded_host(&self) -> Option<&str> {
        self.told().and_then(|told| told.host.as_deref())
    }

    /// The port that the client asked for, if a trusted proxy tells it without a host.
    pub(crate) fn forwarded_port(&self) -> Option<u16> {
        self.told().and_then(|told| told.port)
    }

    /// What the trusted proxies tell, worked out when it is first asked for.
    fn told(&self) -> Option<&Told> {
        let forwarding = self.forwarding.as_deref()?;
        let trust = self.wire.trust.as_deref()?;
        Some(forwarding.told.get_or_init(|| forwarding.headers.evaluate(trust.headers, &trust.proxies)))
    }

    /// The number of the connection, unique in this process.
    pub fn id(&self) -> u64 {
        self.wire.id
    }

    /// The id of the request.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }
}

impl MountedAt {
    /// That of a request, if its application is mounted anywhere.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Connection>()?.mounted.as_deref()
    }
}

/// Gives an extractor of path values what it needs: names and values, in order.
pub(crate) fn path_values(parts: &Parts) -> Option<(&[String], &Params)> {
    let matched = parts.extensions.get::<Connection>()?.matched.as_ref()?;
    Some((&matched.route.names, &matched.params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_differ_and_are_good_header_values() {
        let connection = Connection::new(Peer::Unknown, None, 7);
        let ids = [
            connection.id_of_request(0, None),
            connection.id_of_request(1, None),
            Connection::new(Peer::Unknown, None, 8).id_of_request(1, None),
            Connection::none().request_id().clone(),
            Connection::none().request_id().clone(),
        ]
        .map(|id| id.to_string());
        for (n, id) in ids.iter().enumerate() {
            assert!(!ids[n + 1..].contains(id), "{ids:?}");
            let value = HeaderValue::try_from(id).unwrap();
            assert_eq!(RequestId::given(&value).unwrap().to_string(), *id);
        }
    }
}
