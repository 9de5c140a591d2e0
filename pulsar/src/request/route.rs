//! The route that a request matched, and the values that it found in the path.

use std::{fmt, str::FromStr, sync::Arc};

use http::uri::PathAndQuery;

use crate::place::Place;

/// The most placeholders that a rule may have.
const MAX_PLACEHOLDERS: usize = 32;

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
    /// All routes of the same router.
    pub(crate) siblings: Arc<dyn RouteNames>,
}

/// The routes of a router by their names, as those see them who know no router.
pub(crate) trait RouteNames: fmt::Debug + Send + Sync {
    /// The path and the query of a route, encoded; or why there is none.
    fn url_for(&self, name: &str, values: &[(String, String)]) -> Result<String, String>;
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

#[cfg(test)]
mod tests {
    use super::*;

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
