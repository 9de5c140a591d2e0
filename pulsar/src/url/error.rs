//! Why there is no URL.

use std::fmt;

/// Why a URL could not be built: nothing has the name, a value is missing, or the rule refuses one.
///
/// It is a fault of the program, and becomes a 500 by `?` in a handler.
///
/// ```
/// use pulsar::{Method, Router};
///
/// let router = Router::new().add(Method::GET, "/users/<int:id>", async || "somebody").name("user");
/// let error = router.url_for("user", [("id", "me")]).unwrap_err();
/// assert!(error.to_string().starts_with(
///     "cannot build a URL for \"/users/<int:id>\": <int:id> does not accept \"me\"\n    at ",
/// ));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError(String);

impl UrlError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UrlError {}
