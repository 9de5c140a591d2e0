//! The URL of a route that a macro registered: what stands beside its function for `url!`.
//!
//! The prefix of its scope is looked for when the first URL is made, since only then every registration is known. It is the
//! only prefix that a route has: routers are nested by hand, and what is registered is not in them.

use std::sync::OnceLock;

use pulsar_pattern::Pattern;

use super::{reverse::Reverse, routes::in_scope};
use crate::{
    registry::{Route, Scope},
    url::{Url, UrlError, UrlValues},
};

/// A struct that a route attribute wrote beside its function, with a field for each placeholder: what
/// [`url!`](macro@crate::url) takes. It is not implemented by hand.
///
/// ```
/// use pulsar::{get, router::RouteUrl};
///
/// #[get("/users/<int:id>")]
/// async fn user(id: u64) {}
///
/// fn is_route(_: impl RouteUrl) {}
/// is_route(user_url { id: 7 });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no route, so it has no URL",
    label = "`url!` takes a function with `#[get(\"/..\")]` or the like"
)]
pub trait RouteUrl: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const ROUTE: Route;

    /// Not public API. Used by generated code. The fields are there for the compiler; their texts are the values.
    ///
    /// # Errors
    ///
    /// Fails if the rule refuses a value.
    #[doc(hidden)]
    fn try_url(self, route: &UrlRoute, values: UrlValues) -> Result<Url, UrlError> {
        route.build(Self::ROUTE, &values)
    }

    /// Not public API. Used by generated code.
    ///
    /// # Panics
    ///
    /// Panics if the rule refuses a value.
    #[doc(hidden)]
    #[track_caller]
    fn url(self, route: &UrlRoute, values: UrlValues) -> Url {
        match route.build(Self::ROUTE, &values) {
            Ok(url) => url,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A route as one `url!` uses it: how its rule reads backwards is found out once. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct UrlRoute(OnceLock<Result<Reverse, String>>);

impl UrlRoute {
    /// Not public API. Used by generated code.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn build(&self, Route { rule, place, .. }: Route, values: &UrlValues) -> Result<Url, UrlError> {
        let values: Vec<_> = values.0.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let reverse = self.0.get_or_init(|| {
            let pattern = in_scope(Pattern::parse(rule), Scope::around(place));
            pattern.map(Reverse::new).map_err(|error| error.to_string())
        });
        let path = reverse.as_ref().map_err(Clone::clone).and_then(|reverse| reverse.build(&values));
        path.map(Url::of_encoded).map_err(|error| UrlError::new(format!("{error}\n    at {place}")))
    }
}
