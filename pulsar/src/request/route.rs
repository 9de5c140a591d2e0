//! The route that a request matched.

use std::{fmt, sync::Arc};

use super::params::Params;
use crate::place::Place;

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
