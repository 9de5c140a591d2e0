//! URLs by name, asked of a router itself.

use serde::Serialize;

use super::{errors::RouteError, names::Names, routes::Router, service::RouterService};
use crate::{
    finding::Source,
    request::RouteNames,
    url::{Url, UrlError, pairs},
};

impl Router {
    /// Names the route that was added last, for [`url_for`](Self::url_for). Routes that macros register have a name already:
    /// that of their function, or the one of the attribute.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let router = Router::new().add(Method::GET, "/users/<int:id>", async || "somebody").name("user");
    /// assert_eq!(router.routes().next().unwrap().name.as_deref(), Some("user"));
    /// ```
    #[track_caller]
    pub fn name(mut self, name: &str) -> Self {
        match self.routes.last_mut() {
            Some(entry) => entry.name = Some(name.to_owned()),
            // A rule that is none has been reported, and would have been the one.
            None if !self.mistakes.is_empty() => {}
            None => self.mistakes.push(RouteError::nothing_to_name(name, Source::caller())),
        }
        self
    }

    /// The URL of a route by its name, with values for its placeholders; see [`RouterService::url_for`].
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let users = Router::new().add(Method::GET, "/<int:id>", async || "somebody").name("user");
    /// let router = Router::new().nest("/users", users);
    /// assert_eq!(router.url_for("user", [("id", 7)])?, "/users/7");
    /// # Ok::<(), pulsar::url::UrlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if no route has the name, if several have and the values do not decide, if a placeholder has no value, or if its
    /// rule refuses the value.
    pub fn url_for(&self, name: &str, values: impl Serialize) -> Result<Url, UrlError> {
        ask(&Names::of(&self.routes), name, values)
    }
}

impl RouterService {
    /// The URL of a route by its name, with values for its placeholders. Values for which it has none become parameters of the
    /// query.
    ///
    /// `values` is anything that serializes to pairs: an array of pairs, a tuple of pairs if they are of several types, a map, a
    /// struct. The name is that of the attribute, else that of the function; with its module, as `users::show`, or with all of
    /// its path, it is found as well. Where several routes have the name, the one counts whose placeholders all have values
    /// and that leaves the fewest values over.
    ///
    /// Where the function is known, [`url!`](macro@crate::url) says all of this when the program is compiled. In a handler,
    /// [`Urls::url_for`](crate::url::Urls::url_for) asks the router that called it.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// use serde::Serialize;
    ///
    /// let service = Router::new()
    ///     .add(Method::GET, "/users", async || "everybody").name("users")
    ///     .add(Method::GET, "/users/<int:id>/<slug>", async || "somebody").name("users.one")
    ///     .compile(Default::default())?;
    ///
    /// assert_eq!(service.url_for("users", ())?, "/users");
    /// assert_eq!(service.url_for("users", [("page", 2)])?, "/users?page=2");
    /// assert_eq!(service.url_for("users.one", (("id", 7), ("slug", "a b"), ("tab", "notes")))?, "/users/7/a%20b?tab=notes");
    ///
    /// #[derive(Serialize)]
    /// struct User {
    ///     id: u64,
    ///     slug: &'static str,
    /// }
    /// assert_eq!(service.url_for("users.one", User { id: 7, slug: "ada" })?, "/users/7/ada");
    ///
    /// let error = service.url_for("user", ()).unwrap_err();
    /// assert!(error.to_string().starts_with("there is no URL of `user`: no route has this name; did you mean `users`?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if no route has the name, if several have and the values do not decide, if a placeholder has no value, or if its
    /// rule refuses the value.
    pub fn url_for(&self, name: &str, values: impl Serialize) -> Result<Url, UrlError> {
        ask(&self.0.names, name, values)
    }
}

fn ask(names: &Names, name: &str, values: impl Serialize) -> Result<Url, UrlError> {
    let url = names.url_for(name, &pairs(values)?).map_err(UrlError::new)?;
    Ok(Url::of_encoded(url))
}
