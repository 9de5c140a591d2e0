//! What a request knows about the wire it came by: [`Connection`], [`Peer`] and [`RequestId`].
//!
//! The server puts exactly one [`Connection`] into the extensions of each request; whoever needs more than one
//! fact per request extends that struct rather than insert a second extension, because every extension costs
//! an allocation. Nothing here reads a socket or trusts a forwarding header.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

/// The header that carries a [`RequestId`], in both directions.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The connection a request came by, and the id of the request.
///
/// Cloning is cheap: the facts of the connection are shared by all its requests.
///
/// ```
/// use pulsar::connection::{Connection, Peer};
///
/// let connection = Connection::new(Peer::Tcp("192.0.2.7:51000".parse().unwrap()), None, 1);
/// assert_eq!(connection.peer().to_string(), "192.0.2.7:51000");
/// ```
#[derive(Clone, Debug)]
pub struct Connection {
    wire: Arc<Wire>,
    request_id: Option<RequestId>,
}

#[derive(Debug)]
struct Wire {
    peer: Peer,
    local: Option<Peer>,
    id: u64,
}

impl Connection {
    /// The connection number `id` from `peer` to the address `local` of ours, which may be unknown.
    pub fn new(peer: Peer, local: Option<Peer>, id: u64) -> Self {
        Self { wire: Arc::new(Wire { peer, local, id }), request_id: None }
    }

    /// The same connection for a request that has this id.
    #[must_use]
    pub fn with_request_id(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// Who is at the other end of the socket: the client, or the proxy before us.
    pub fn peer(&self) -> &Peer {
        &self.wire.peer
    }

    /// The address of ours that was connected to, if the system could tell.
    pub fn local(&self) -> Option<&Peer> {
        self.wire.local.as_ref()
    }

    /// The number of the connection, unique in this process.
    pub fn id(&self) -> u64 {
        self.wire.id
    }

    /// The id of the request, if the client sent a usable one or the server needed one.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An address and port.
    Tcp(SocketAddr),
    /// A unix socket; clients are nearly always unnamed.
    Unix(Option<Arc<Path>>),
}

impl Peer {
    /// The address and port, unless this is a unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
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
        }
    }
}

/// The id that ties together what several programs log about one request.
///
/// A client's (or proxy's) `X-Request-Id` is kept if it is 1 to 128 visible ASCII characters; anything else is
/// as good as none, because ids end in log lines.
///
/// ```
/// use http::HeaderMap;
/// use pulsar::connection::RequestId;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-request-id", "7f3a-12".parse().unwrap());
/// assert_eq!(RequestId::from_headers(&headers).unwrap().as_str(), "7f3a-12");
/// assert_ne!(RequestId::generate(), RequestId::generate());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the headers carry, if it is a usable one.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(&X_REQUEST_ID)?;
        let sane = (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(value.clone()))
    }

    /// A new id: a number drawn at random for this process, then a counter. No two workers share one.
    ///
    /// # Panics
    ///
    /// Never: hexadecimal digits are a legal header value.
    pub fn generate() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        // The keys of `RandomState` come from the system's random source; hashing the pid as well keeps two
        // processes apart even where that source gave both the same start.
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let id = HeaderValue::try_from(format!("{process:016x}-{count:x}"));
        Self(id.expect("hexadecimal digits and a dash are visible ASCII"))
    }

    /// The id of a request: the server's or client's if there is one, else a new one, which is then kept in the
    /// [`Connection`] of these extensions so that the next question gets the same answer.
    pub fn of(extensions: &mut Extensions, headers: &HeaderMap) -> Self {
        let connection = extensions.get_mut::<Connection>();
        if let Some(id) = connection.as_ref().and_then(|connection| connection.request_id.clone()) {
            return id;
        }
        let id = Self::from_headers(headers).unwrap_or_else(Self::generate);
        if let Some(connection) = connection {
            connection.request_id = Some(id.clone());
        }
        id
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Both constructors admit visible ASCII only.
        self.0.to_str().unwrap_or_default()
    }

    /// The id as the value of a header.
    pub fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_kept() {
        let longest = "x".repeat(128);
        let too_long = "x".repeat(129);
        let rows: &[(&[u8], bool)] = &[
            (b"a", true),
            (b"0af7-651916cd43dd/8448:eb\"21", true),
            (longest.as_bytes(), true),
            (too_long.as_bytes(), false),
            (b"", false),
            (b"two words", false),
            (b"tab\there", false),
            (b"caf\xc3\xa9", false),
        ];
        for (value, kept) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
            let id = RequestId::from_headers(&headers);
            assert_eq!(id.is_some(), *kept, "{}", String::from_utf8_lossy(value));
            if let Some(id) = id {
                assert_eq!(id.as_str().as_bytes(), *value);
            }
        }
    }

    #[test]
    fn a_generated_id_stays_with_its_request() {
        let mut extensions = Extensions::new();
        extensions.insert(Connection::new(Peer::Unix(None), None, 7));
        let first = RequestId::of(&mut extensions, &HeaderMap::new());
        assert_eq!(RequestId::of(&mut extensions, &HeaderMap::new()), first);
        assert_eq!(extensions.get::<Connection>().unwrap().request_id(), Some(&first));
    }
}
