//! What pulsar knows of a request besides the request: who sent it, its id, which route it matched.
//!
//! All of it stands in one extension, [`Exchange`], which the server makes and the router completes: a second extension
//! would cost a second allocation. Handlers read it through the extractors here. A request that came from no server, as
//! in a test, has what can be known.

use std::{
    convert::Infallible,
    fmt,
    net::SocketAddr,
    str::FromStr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderValue, StatusCode, request::Parts, uri::PathAndQuery};

use crate::{place::Place, problem::Problem};

/// The most placeholders that a rule may have.
const MAX_PLACEHOLDERS: usize = 32;

/// The other end of a connection.
///
/// An argument `peer: Peer` gives it to a handler. In a request that came over no socket it is [`Peer::Unknown`]. It is
/// the other end of the socket: behind a proxy, that is the proxy.
///
/// ```
/// use pulsar::{get, request::Peer};
///
/// #[get("/whoami")]
/// async fn whoami(peer: Peer) -> String {
///     format!("{peer}\n")
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The other end of a unix socket, which has no address.
    Unix,
    /// The request came over no socket.
    Unknown,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix:"),
            Self::Unknown => f.write_str("-"),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Exchange>().map_or(Self::Unknown, |exchange| exchange.peer))
    }
}

/// The id of a request, by which its log lines can be found: an argument `id: RequestId` gives it to a handler.
///
/// A client or a proxy may choose it with the header `X-Request-Id`, of 1 to 128 visible ASCII characters; otherwise it
/// is made here, unique over the processes of a machine.
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

// A number costs nothing to make; it is written out only where it is read.
#[derive(Clone, PartialEq, Eq)]
enum Id {
    Given(HeaderValue),
    Made(u64),
}

impl RequestId {
    /// The longest id that a client may choose, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The id that the client chose, if it is one that may stand in a log.
    pub(crate) fn given(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = (1..=Self::MAX_LEN).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(Id::Given(value.clone())))
    }

    /// An id from a number that is unique in this process.
    pub(crate) fn made(number: u64) -> Self {
        Self(Id::Made(number))
    }

    /// An id from the process's own counter, for requests that came from no server.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self::made(NEXT.fetch_add(1, Ordering::Relaxed) | 1 << 63)
    }

    /// The value of the header `X-Request-Id` in the answer.
    pub(crate) fn to_header(&self) -> HeaderValue {
        match &self.0 {
            Id::Given(value) => value.clone(),
            // Hexadecimal digits and a dash are always a header value.
            Id::Made(_) => HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("-")),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Given(value) => f.write_str(value.to_str().unwrap_or("-")),
            Id::Made(number) => write!(f, "{:016x}-{number:x}", process_tag()),
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
        Ok(parts.extensions.get_or_insert_with(Exchange::unknown).id.clone())
    }
}

/// What tells the ids of one process from those of another: random, chosen once.
fn process_tag() -> u64 {
    use std::hash::{BuildHasher, RandomState};
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
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
                .with_source("`MatchedRoute` was asked for where no route matched; use `Option<MatchedRoute>`")
        })
    }
}

/// In a fallback or a mounted service no route has matched.
impl<S: Sync> OptionalFromRequestParts<S> for MatchedRoute {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        let matched = parts.extensions.get::<Exchange>().and_then(|exchange| exchange.matched.as_ref());
        Ok(matched.map(|matched| Self(Arc::clone(&matched.route))))
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

/// The one extension of a request.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) peer: Peer,
    pub(crate) id: RequestId,
    pub(crate) matched: Option<Matched>,
}

/// A route and the path values that it matched.
#[derive(Clone)]
pub(crate) struct Matched {
    pub(crate) route: Arc<RouteInfo>,
    pub(crate) params: Params,
}

impl Exchange {
    pub(crate) fn new(peer: Peer, id: RequestId) -> Self {
        Self { peer, id, matched: None }
    }

    pub(crate) fn unknown() -> Self {
        Self::new(Peer::Unknown, RequestId::next())
    }
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
        let (start, end) = self.spans.at.get(index).copied().unwrap_or_default();
        text.get(usize::from(start)..usize::from(end)).unwrap_or_default()
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
    let matched = parts.extensions.get::<Exchange>()?.matched.as_ref()?;
    Some((&matched.route.names, &matched.params))
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
        let (one, two) = (RequestId::next(), RequestId::next());
        assert_ne!(one.to_string(), two.to_string());
        assert_eq!(RequestId::given(&one.to_header()).unwrap().to_string(), one.to_string());
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
