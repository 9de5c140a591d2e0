//! Values on their way into a URL, as text.

use std::fmt::Display;

use serde::Serialize;

use super::error::UrlError;

/// A value that [`url!`](macro@crate::url) can write into the path: everything that implements [`Display`].
///
/// The text has to be one that the argument's type reads back with `FromStr`.
///
/// ```
/// use std::{fmt, num::ParseIntError, str::FromStr};
/// use pulsar::{get, url};
///
/// struct UserId(u64);
///
/// impl FromStr for UserId {
///     type Err = ParseIntError;
///
///     fn from_str(text: &str) -> Result<Self, ParseIntError> {
///         text.parse().map(Self)
///     }
/// }
///
/// impl fmt::Display for UserId {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         self.0.fmt(f)
///     }
/// }
///
/// #[get("/users/<int:id>")]
/// async fn user(id: UserId) -> String {
///     format!("user {id}")
/// }
///
/// assert_eq!(url!(user { id: UserId(7) }), "/users/7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written into a URL",
    label = "`url!` needs the text of this value",
    note = "implement `std::fmt::Display` for `{Self}`, such that its `FromStr` reads the text back"
)]
pub trait UrlValue {
    /// The text that stands for the value.
    fn url_text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> UrlValue for T {
    fn url_text(&self) -> String {
        self.to_string()
    }
}

/// The values of one `url!`. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct UrlValues(pub(crate) Vec<(&'static str, String)>);

impl UrlValues {
    /// Not public API. Used by generated code.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Not public API. Used by generated code.
    pub fn push(&mut self, name: &'static str, text: String) {
        self.0.push((name, text));
    }
}

/// The names and values that something serializes to.
pub(crate) fn pairs(values: impl Serialize) -> Result<Vec<(String, String)>, UrlError> {
    let wrong = |error: &dyn Display| UrlError::new(format!("a URL cannot be made of these values: {error}"));
    let encoded = serde_html_form::to_string(values).map_err(|error| wrong(&error))?;
    // Read back at once, so that one library says what a value looks like.
    serde_html_form::from_str(&encoded).map_err(|error| wrong(&error))
}
