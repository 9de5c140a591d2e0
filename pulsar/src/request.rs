//! What pulsar knows of a request besides the request: the wire it came by, its id, which route it matched.
//!
//! All of it stands in one extension, [`Connection`], which the server makes and the router completes: a second extension
//! would cost a second allocation. Handlers read it through the extractors here. A request that came from no server, as
//! in a test, has what can be known. Nothing here reads a socket or trusts a forwarding header.

use std::{
    convert::Infallible,
    fmt,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    path::Path,
    str::FromStr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts, uri::PathAndQuery,
};

use crate::{place::Place, problem::Problem};

/// The header that carries a [`RequestId`], in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most placeholders that a rule may have.
const MAX_PLACEHOLDERS: usize = 32;

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
}

#[derive(Debug)]
struct Wire {
    peer: Peer,
    local: Option<Peer>,
    id: u64,
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
        Self {
            wire: Arc::new(Wire { peer, local, id }),
            request_id: RequestId::made(id, 0),
            matched: None,
            mounted: None,
        }
    }

    /// The connection of a request that came over no socket.
    pub(crate) fn none() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self::new(Peer::Unknown, None, u64::MAX - NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The same connection for its request number `number`, which keeps the id that the client gave it.
    pub(crate) fn for_request(&self, number: u64, headers: &HeaderMap) -> Self {
        let request_id = match headers.get(&X_REQUEST_ID) {
            Some(value) => RequestId::given(value),
            None => None,
        };
        let request_id = request_id.unwrap_or_else(|| RequestId::made(self.wire.id, number));
        Self { wire: Arc::clone(&self.wire), request_id, matched: None, mounted: None }
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

    /// The id of the request.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }
}

impl<S: Sync> FromRequestParts<S> for Connection {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).clone())
    }
}

fn connection(parts: &mut Parts) -> &mut Connection {
    parts.extensions.get_or_insert_with(Connection::none)
}

/// One end of a connection; an argument `peer: Peer` gives a handler the other end.
///
/// It is the other end of the socket: behind a proxy, that is the proxy.
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

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).peer().clone())
    }
}

/// The id of a request, which ties together what several programs log about it; an argument `id: RequestId` gives it to
/// a handler.
///
/// A client or a proxy may choose it with the header `X-Request-Id`, of 1 to 128 visible ASCII characters; otherwise it
/// is made here, unique over the processes of a machine. Making one costs nothing until it is written out.
///
/// ```
/// use pulsar::{get, request::RequestId};
///
/// #[get("/work")]
/// async fn work(id: RequestId) -> String {
///     format!("ask for {id} when you call us\n")
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(Id);

#[derive(Clone, PartialEq, Eq)]
enum Id {
    Given(HeaderValue),
    Made { connection: u64, number: u64 },
}

impl RequestId {
    /// The longest id that a client may choose, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The id that a client chose, if it is one that may stand in a log.
    pub(crate) fn given(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = (1..=Self::MAX_LEN).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(Id::Given(value.clone())))
    }

    fn made(connection: u64, number: u64) -> Self {
        Self(Id::Made { connection, number })
    }

    /// Whether the client chose it.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.0, Id::Given(_))
    }

    /// The id as the value of a header.
    pub(crate) fn to_header(&self) -> HeaderValue {
        match &self.0 {
            Id::Given(value) => value.clone(),
            // Hexadecimal digits and dashes are always a header value.
            Id::Made { .. } => {
                HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("-"))
            }
        }
    }
}

impl RequestId {
    /// Notes in the answer to an error under which id it was logged.
    pub(crate) fn mark(&self, problem: &mut Problem) {
        problem.request_id = Some(self.to_string());
        problem.headers_mut().insert(X_REQUEST_ID, self.to_header());
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Given(value) => f.write_str(value.to_str().unwrap_or("-")),
            Id::Made { connection, number } => write!(f, "{:016x}-{connection:x}-{number:x}", process_tag()),
        }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).request_id().clone())
    }
}

/// What tells the ids of one process from those of another. The keys of `RandomState` come from the system's random source;
/// the pid keeps two processes apart even where that source gave both the same start.
fn process_tag() -> u64 {
    static TAG: OnceLock<u64> = OnceLock::new();
    *TAG.get_or_init(|| RandomState::new().hash_one(std::process::id()))
}

/// The route that a request matched: an argument `route: MatchedRoute` gives it to a handler.
///
/// ```
/// use pulsar::{get, request::MatchedRoute};
///
/// #[get("/users/<int:id>", name = "user")]
/// async fn user(id: u32, route: MatchedRoute) -> String {
///     assert_eq!(route.rule(), "/users/<int:id>");
///     assert_eq!(route.name(), Some("user"));
///     id.to_string()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MatchedRoute(pub(crate) Arc<RouteInfo>);

impl MatchedRoute {
    /// The rule, with the prefixes of its scope and of the routers that it is nested in.
    pub fn rule(&self) -> &str {
        &self.0.rule
    }

    /// The name that the route was given, or that of its function.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
}

impl<S: Sync> FromRequestParts<S> for MatchedRoute {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let route = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await;
        route.unwrap_or(None).ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(
                "`MatchedRoute` was asked for where no route matched; use `Option<MatchedRoute>`",
            )
        })
    }
}

/// In a fallback or a mounted service no route has matched.
impl<S: Sync> OptionalFromRequestParts<S> for MatchedRoute {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        let matched = parts.extensions.get::<Connection>().and_then(|connection| connection.matched.as_ref());
        Ok(matched.map(|matched| Self(Arc::clone(&matched.route))))
    }
}

/// What was cut off the path on its way to a mounted application.
#[derive(Debug)]
pub(crate) struct MountedAt {
    /// As it was sent: not decoded.
    prefix: String,
    /// The path was nothing but the prefix, and has become `/`.
    added_slash: bool,
}

impl MountedAt {
    pub(crate) fn new(prefix: String, added_slash: bool) -> Self {
        Self { prefix, added_slash }
    }

    /// That of a request, if its application is mounted anywhere.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Connection>()?.mounted.as_deref()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.prefix
    }

    /// Whether the `/` that the path is now was not sent.
    pub(crate) fn has_added_slash(&self) -> bool {
        self.added_slash
    }
}

/// What is known of a route while it serves.
#[derive(Debug)]
pub(crate) struct RouteInfo {
    pub(crate) rule: String,
    pub(crate) name: Option<String>,
    pub(crate) place: Option<Place>,
    /// The names of the placeholders, in order.
    pub(crate) names: Vec<String>,
}

/// A route and the path values that it matched.
#[derive(Clone, Debug)]
pub(crate) struct Matched {
    pub(crate) route: Arc<RouteInfo>,
    pub(crate) params: Params,
}

/// The path values of a matched rule, in the order of its placeholders.
///
/// Not public API: handlers get path values as arguments. The text is the path itself, shared with the request, or a
/// decoded copy if it had percent-encoded bytes.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Params {
    text: Text,
    spans: Spans,
}

#[derive(Clone, Debug)]
enum Text {
    Path(PathAndQuery),
    Decoded(Box<str>),
}

/// Where the values stand in the text. Offsets fit in 16 bits since no path is longer (the router refuses it).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans {
    len: u8,
    at: [(u16, u16); MAX_PLACEHOLDERS],
}

impl Spans {
    pub(crate) const EMPTY: Self = Self { len: 0, at: [(0, 0); MAX_PLACEHOLDERS] };

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Where value `index` stands.
    pub(crate) fn get(&self, index: usize) -> std::ops::Range<usize> {
        let (start, end) = self.at.get(index).copied().unwrap_or_default();
        usize::from(start)..usize::from(end)
    }

    /// Forgets what came after the first `len` values.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(u8::try_from(len).unwrap_or(u8::MAX));
    }

    /// Adds a value. The grammar allows no more placeholders than there is room for.
    pub(crate) fn push(&mut self, start: usize, end: usize) {
        let narrow = |at| u16::try_from(at).unwrap_or(u16::MAX);
        if let Some(slot) = self.at.get_mut(usize::from(self.len)) {
            *slot = (narrow(start), narrow(end));
            self.len += 1;
        }
    }
}

impl Params {
    /// The path values of a rule without placeholders.
    pub(crate) fn none() -> Self {
        Self { text: Text::Decoded(Box::default()), spans: Spans::EMPTY }
    }

    pub(crate) fn of_path(path: PathAndQuery, spans: Spans) -> Self {
        Self { text: Text::Path(path), spans }
    }

    pub(crate) fn of_decoded(text: Box<str>, spans: Spans) -> Self {
        Self { text: Text::Decoded(text), spans }
    }

    /// The value of placeholder `index`.
    #[must_use]
    pub fn str(&self, index: usize) -> &str {
        let text = match &self.text {
            Text::Path(path) => path.path(),
            Text::Decoded(text) => text,
        };
        text.get(self.spans.get(index)).unwrap_or_default()
    }

    /// The value of placeholder `index` as the type of its argument; `None` if it does not fit.
    pub fn parse<T: FromStr>(&self, index: usize) -> Option<T> {
        self.str(index).parse().ok()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.spans.len()).map(|index| self.str(index))
    }
}

/// Gives an extractor of path values what it needs: names and values, in order.
pub(crate) fn path_values(parts: &Parts) -> Option<(&[String], &Params)> {
    let matched = parts.extensions.get::<Connection>()?.matched.as_ref()?;
    Some((&matched.route.names, &matched.params))
}

/// Whether a method is one that everybody knows: RFC 9110 section 9, RFC 5789, the method QUERY.
pub(crate) fn is_standard(method: &Method) -> bool {
    const STANDARD: [Method; 10] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::CONNECT,
        Method::TRACE,
        Method::QUERY,
    ];
    STANDARD.contains(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_that_may_stand_in_a_log_is_taken_from_the_client() {
        for (value, good) in [
            ("abc-123", true),
            (&"x".repeat(128), true),
            (&"x".repeat(129), false),
            ("", false),
            ("two words", false),
            ("tab\there", false),
            ("h\u{e9}", false),
        ] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            assert_eq!(RequestId::given(&value).is_some(), good, "{value:?}");
        }
    }

    #[test]
    fn made_ids_differ_and_are_good_header_values() {
        let connection = Connection::new(Peer::Unknown, None, 7);
        let ids = [
            connection.for_request(0, &HeaderMap::new()),
            connection.for_request(1, &HeaderMap::new()),
            Connection::new(Peer::Unknown, None, 8).for_request(1, &HeaderMap::new()),
            Connection::none(),
            Connection::none(),
        ]
        .map(|connection| connection.request_id().to_string());
        for (n, id) in ids.iter().enumerate() {
            assert!(!ids[n + 1..].contains(id), "{ids:?}");
            let value = HeaderValue::try_from(id).unwrap();
            assert_eq!(RequestId::given(&value).unwrap().to_string(), *id);
        }
    }

    #[test]
    fn params_point_into_their_text() {
        let path: PathAndQuery = "/users/7/files/a.txt?x".parse().unwrap();
        let mut spans = Spans::EMPTY;
        spans.push(7, 8);
        spans.push(15, 20);
        let params = Params::of_path(path, spans);
        assert_eq!(params.iter().collect::<Vec<_>>(), ["7", "a.txt"]);
        assert_eq!(params.parse::<u8>(0), Some(7));
        assert_eq!(params.parse::<u8>(1), None);
        assert_eq!(params.str(5), "", "out of range is empty, not a panic");
        spans.truncate(1);
        assert_eq!(spans.len(), 1);
    }
}
