//! A URL as a text, with what may be added to it.

use std::{fmt, ops::Deref};

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Serialize, Serializer};

/// All ASCII characters that RFC 3986 does not allow in a fragment.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What can stand in no URL, whatever it means there. What is encoded already stays so.
const FOREIGN: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The URL of a route: a path, then maybe a query and a fragment; after [`Urls::absolute`](super::Urls::absolute) it begins
/// with scheme and host.
///
/// It is encoded and all ASCII, so that it can be a header. It can be used where a `&str` is wanted.
///
/// ```
/// use pulsar::{get, url};
///
/// #[get("/users/<int:id>/<slug>")]
/// async fn user(id: u64, slug: &str) -> String {
///     format!("{id} {slug}")
/// }
///
/// let link = url!(user { id: 7, slug: "a/b" }).query("page", 2).query("q", "x & y").fragment("top");
/// assert_eq!(link, "/users/7/a%2Fb?page=2&q=x+%26+y#top");
/// assert_eq!(link.path(), "/users/7/a%2Fb");
/// assert!(link.ends_with("#top"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: String,
    /// Where the fragment begins, which is the end if there is none.
    fragment: usize,
}

impl Url {
    /// The URL of an encoded text, with a query or without.
    pub(crate) fn of_encoded(text: String) -> Self {
        let fragment = text.len();
        Self { text, fragment }
    }

    /// The same URL below what stands before it. Other characters than ASCII may stand there as they were sent.
    pub(crate) fn below(mut self, before: &str) -> Self {
        let before = encoded(before);
        self.fragment += before.len();
        self.text.insert_str(0, &before);
        self
    }

    /// Adds a parameter to the query. The name and the value may be any text.
    ///
    /// ```
    /// # use pulsar::{get, url};
    /// #[get("/search")]
    /// async fn search() {}
    ///
    /// assert_eq!(url!(search).query("q", "caffè").query("page", 2), "/search?q=caff%C3%A8&page=2");
    /// ```
    #[must_use]
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.query_of([(name, value.to_string())])
    }

    /// Adds the parameters that a value serializes to: a struct, a map, or pairs. It may be the type that the handler takes as
    /// its [`Query<T>`](crate::Query).
    ///
    /// ```
    /// use pulsar::{Query, get, url};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct Filter {
    ///     q: String,
    ///     page: Option<u32>,
    ///     #[serde(default)]
    ///     tag: Vec<String>,
    /// }
    ///
    /// #[get("/search")]
    /// async fn search(filter: Query<Filter>) -> String {
    ///     format!("{} in {} tags", filter.q, filter.tag.len())
    /// }
    ///
    /// let filter = Filter { q: "rust".to_owned(), page: None, tag: vec!["a".to_owned(), "b".to_owned()] };
    /// assert_eq!(url!(search).query_of(&filter), "/search?q=rust&tag=a&tag=b");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the value is none of these, such as a struct in a struct: no query can hold it.
    #[must_use]
    #[track_caller]
    pub fn query_of(mut self, parameters: impl Serialize) -> Self {
        let pairs = match serde_html_form::to_string(parameters) {
            Ok(pairs) => pairs,
            Err(error) => panic!("a query cannot be made of this: {error}"),
        };
        if pairs.is_empty() {
            return self;
        }
        let separator = if self.text[..self.fragment].contains('?') { "&" } else { "?" };
        self.text.insert_str(self.fragment, &[separator, &pairs].concat());
        self.fragment += separator.len() + pairs.len();
        self
    }

    /// Sets the fragment: the part of the page that is meant. An empty one removes it.
    ///
    /// ```
    /// # use pulsar::{get, url};
    /// #[get("/")]
    /// async fn home() {}
    ///
    /// assert_eq!(url!(home).fragment("what is new?"), "/#what%20is%20new?");
    /// assert_eq!(url!(home).fragment("x").query("page", 2).fragment(""), "/?page=2");
    /// ```
    #[must_use]
    pub fn fragment(mut self, fragment: &str) -> Self {
        self.text.truncate(self.fragment);
        if !fragment.is_empty() {
            self.text.push('#');
            self.text.extend(utf8_percent_encode(fragment, FRAGMENT));
        }
        self
    }

    /// All of it.
    ///
    /// ```
    /// # use pulsar::{get, url};
    /// #[get("/")]
    /// async fn home() {}
    ///
    /// assert_eq!(url!(home).as_str(), "/");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the query and the fragment.
    ///
    /// ```
    /// # use pulsar::{get, url};
    /// #[get("/search")]
    /// async fn search() {}
    ///
    /// assert_eq!(url!(search).query("page", 2).path(), "/search");
    /// ```
    pub fn path(&self) -> &str {
        self.text.split(['?', '#']).next().unwrap_or_default()
    }
}

/// Encodes what can stand in no URL.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, FOREIGN).to_string()
}

impl Deref for Url {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.text
    }
}

impl From<Url> for HeaderValue {
    fn from(url: Url) -> Self {
        Self::try_from(url.text).expect("a URL is encoded: it has no other characters than visible ASCII")
    }
}

impl PartialEq<str> for Url {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Url {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_stays_last() {
        let url = Url::of_encoded("/x".to_owned()).fragment("a#b?c").query("q", "#?&=+ é").query("p", 1);
        assert_eq!(url, "/x?q=%23%3F%26%3D%2B+%C3%A9&p=1#a%23b?c");
        let url = url.below("/café").below("http://shop.example:8060");
        assert_eq!(url, "http://shop.example:8060/caf%C3%A9/x?q=%23%3F%26%3D%2B+%C3%A9&p=1#a%23b?c");
        assert_eq!(
            url.clone().query("z", true).fragment(""),
            "http://shop.example:8060/caf%C3%A9/x?q=%23%3F%26%3D%2B+%C3%A9&p=1&z=true"
        );
        assert_eq!(url.path(), "http://shop.example:8060/caf%C3%A9/x");
        assert!(HeaderValue::from(url).to_str().is_ok());
    }

    #[test]
    fn any_text_becomes_a_header() {
        for c in (0..=0x2FF).filter_map(char::from_u32) {
            let text = c.to_string();
            let url = Url::of_encoded("/".to_owned()).query(&text, &text).fragment(&text).below(&text);
            assert!(url.is_ascii(), "{c:?}");
            assert!(HeaderValue::from(url).to_str().is_ok(), "{c:?}");
        }
    }

    #[test]
    fn a_query_without_parameters_is_none() {
        let none: [(&str, &str); 0] = [];
        assert_eq!(Url::of_encoded("/x".to_owned()).query_of(none).query_of(Some([("a", 1)])), "/x?a=1");
    }

    #[test]
    #[should_panic(expected = "a query cannot be made of this")]
    fn a_struct_in_a_struct_is_no_query() {
        let nested = std::collections::BTreeMap::from([("a", std::collections::BTreeMap::from([("b", 1)]))]);
        let _ = Url::of_encoded("/x".to_owned()).query_of(nested);
    }
}
