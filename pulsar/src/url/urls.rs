//! The extractor that knows where an application is mounted, and by which name its clients know it.

use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;

use super::{error::UrlError, text::Url, value::pairs};
use crate::{
    problem::Problem,
    request::{Connection, MountedAt, Origin, RouteNames},
};

/// Makes URLs right for the request: an argument `urls: Urls` gives it to a handler.
///
/// [`url!`](macro@crate::url) knows the rule and the scope of a route. It does not know that the application is mounted in
/// another one, below a path that it does not see: [`of`](Self::of) puts that before the URL. Where nothing is mounted, it
/// changes nothing.
///
/// ```
/// use pulsar::{Method, Router, get, testing::{Client, block_on}, url, url::Urls};
///
/// #[get("/users/<int:id>")]
/// async fn user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// let app = Router::new().add(Method::GET, "/", async |urls: Urls| {
///     format!("{} {}", urls.of(url!(user { id: 7 })), urls.absolute(url!(user { id: 7 })))
/// });
/// let mounted = Router::new().mount("/app", app.compile(Default::default()).unwrap());
///
/// block_on(async {
///     let client = Client::new(mounted.compile(Default::default()).unwrap());
///     let answer = client.get("/app/").header("host", "shop.example").send().await;
///     answer.assert_text("/app/users/7 http://shop.example/app/users/7");
/// });
/// ```
///
/// # Rejection
///
/// 400 if the request names a host that is none.
#[derive(Clone, Debug)]
pub struct Urls {
    mounted: String,
    origin: Origin,
    names: Option<Arc<dyn RouteNames>>,
}

impl Urls {
    /// The URL, below the path that this application is mounted at.
    ///
    /// Once: what was given to it before is not recognized.
    pub fn of(&self, url: Url) -> Url {
        url.below(&self.mounted)
    }

    /// The same with scheme, host and port, as the client has them: for mails and feeds.
    ///
    /// A client may write any host into its request, see [`Origin`].
    pub fn absolute(&self, url: Url) -> Url {
        url.below(&self.mounted).below(&self.origin.to_string())
    }

    /// The URL of a route by its name, as [`RouterService::url_for`](crate::router::RouterService::url_for) gives it, below
    /// the path that this application is mounted at.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}, url::{Redirect, Urls}};
    ///
    /// let router = Router::new()
    ///     .add(Method::GET, "/users/<int:id>", async || "somebody")
    ///     .name("user")
    ///     .add(Method::GET, "/me", async |urls: Urls| {
    ///         Ok::<_, pulsar::Error>(Redirect::to(urls.url_for("user", [("id", 7)])?))
    ///     });
    ///
    /// block_on(async {
    ///     let client = Client::new(router.compile(Default::default()).unwrap());
    ///     client.get("/me").send().await.assert_status(303).assert_header("location", "/users/7");
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if no route of this router has the name, or the values do not fit; also outside of a router.
    pub fn url_for(&self, name: &str, values: impl Serialize) -> Result<Url, UrlError> {
        let Some(names) = &self.names else {
            return Err(UrlError::new(format!("there is no URL of `{name}`: no router has this request")));
        };
        let url = names.url_for(name, &pairs(values)?).map_err(UrlError::new)?;
        Ok(self.of(Url::of_encoded(url)))
    }
}

/// The routes of the router whose fallback has a request: no route has matched that could tell.
#[derive(Clone)]
pub(crate) struct InFallback(pub(crate) Arc<dyn RouteNames>);

impl<S: Sync> FromRequestParts<S> for Urls {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let origin = Origin::from_request_parts(parts, state).await?;
        let mounted = MountedAt::of(&parts.extensions).map_or("", MountedAt::as_str).to_owned();
        let matched = parts.extensions.get::<Connection>().and_then(|connection| connection.matched.as_ref());
        let names = match (matched, parts.extensions.get::<InFallback>()) {
            (Some(matched), _) => Some(Arc::clone(&matched.route.siblings)),
            (None, Some(InFallback(names))) => Some(Arc::clone(names)),
            (None, None) => None,
        };
        Ok(Self { mounted, origin, names })
    }
}
