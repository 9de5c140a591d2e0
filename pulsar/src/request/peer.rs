//! One end of a connection.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use crate::settings::Peers;

/// One end of a connection; an argument `peer: Peer` gives a handler the other end.
///
/// It is the other end of the socket: behind a proxy, that is the proxy, unless it speaks the PROXY protocol. Who the client
/// is says [`ClientAddress`](crate::request::ClientAddress).
///
/// ```
/// use pulsar::{get, request::Peer};
///
/// #[get("/whoami")]
/// async fn whoami(peer: Peer) -> String {
///     format!("{peer}\n")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// An address and port.
    Tcp(SocketAddr),
    /// A unix socket; clients are nearly always unnamed.
    Unix(Option<Arc<Path>>),
    /// The request came over no socket.
    Unknown,
}

impl Peer {
    /// The address and port, if it has them.
    ///
    /// ```
    /// use pulsar::request::Peer;
    /// assert_eq!(Peer::Unknown.address(), None);
    /// ```
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) | Self::Unknown => None,
        }
    }

    /// Whether it is in a set of peers.
    pub(crate) fn is_in(&self, peers: &Peers) -> bool {
        match self {
            Self::Tcp(address) => peers.contains(address.ip()),
            Self::Unix(_) => peers.contains_unix(),
            Self::Unknown => false,
        }
    }

    /// The address alone; an IPv4 address in the form of IPv6 is the IPv4 address.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.address().map(|address| address.ip().to_canonical())
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix:"),
            Self::Unknown => f.write_str("-"),
        }
    }
}
