//! What a variable of an environ can be: nearly always text.

use std::{
    any::Any,
    borrow::Cow,
    fmt::{self, Debug},
    sync::Arc,
};

/// The value of a variable of an [`Environ`](super::Environ).
///
/// ```
/// use pulsar::wsgi::Value;
/// assert_eq!(Value::from("GET").as_str(), Some("GET"));
/// assert_eq!(Value::from(true).as_str(), None);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text: each character stands for one byte (a "native string" of PEP 3333).
    Text(Cow<'a, str>),
    /// Whether something is so, as `wsgi.multithread`.
    Bool(bool),
    /// A version, as `wsgi.version`.
    Version(u8, u8),
    /// Anything else, by its type: see [`Environ::object`](super::Environ::object).
    Object(Arc<dyn Any + Send + Sync>),
    /// Something that is not looked at but used, such as `wsgi.input`: see [`Environ::input`](super::Environ::input).
    Handle,
}

impl Value<'_> {
    /// An object of any type.
    ///
    /// ```
    /// use pulsar::wsgi::Value;
    /// assert!(Value::object(7_u8).downcast::<u8>().is_some());
    /// ```
    pub fn object<T: Send + Sync + 'static>(object: T) -> Value<'static> {
        Value::Object(Arc::new(object))
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one of this type.
    pub fn downcast<T: Send + Sync + 'static>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.downcast_ref(),
            _ => None,
        }
    }

    /// The same value without a copy.
    pub(super) fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            other => other.clone(),
        }
    }
}

impl Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Version(major, minor) => write!(f, "({major}, {minor})"),
            Self::Object(_) => f.write_str("<object>"),
            Self::Handle => f.write_str("<handle>"),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
