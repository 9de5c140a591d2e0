//! What can be wrong with the routes of an application. Every message names all the places that take part.

use std::fmt;

use http::Method;
use pulsar_pattern::{ParseError, Pattern};

use super::entry::{Entry, Source};

/// One thing that is wrong with the routes of an application.
///
/// ```
/// use pulsar::{Method, Router};
/// let router = Router::new().add(Method::GET, "/<itn:id>", async || "");
/// let errors = router.compile(Default::default()).unwrap_err();
/// let first = errors.iter().next().unwrap().to_string();
/// assert!(first.starts_with("unknown converter `itn`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError(String);

impl RouteError {
    pub(super) fn bad_rule(error: &ParseError, place: String) -> Self {
        Self(format!("{error}\n    at {place}"))
    }

    pub(super) fn bad_prefix(prefix: &str, problem: String, place: String) -> Self {
        Self(format!("bad prefix \"{prefix}\": {problem}\n    at {place}"))
    }

    pub(super) fn nothing_to_name(name: &str, place: Source) -> Self {
        Self(format!(
            "no route was added before the name `{name}`; write `.name(..)` after `.add(..)`\n    at {place}"
        ))
    }

    pub(super) fn conflict(method: &Method, one: &Entry, other: &Entry) -> Self {
        let what = if one.pattern == other.pattern {
            "two routes have the same rule"
        } else {
            "two rules match the same paths, and neither is more specific"
        };
        let (one, other) = (Described(method, one), Described(method, other));
        Self(format!("{what}; change one of them\n    {one}\n    {other}"))
    }

    pub(super) fn double_mount(prefix: &Pattern, fallback: bool, one: Source, other: Source) -> Self {
        let what = if fallback { "two nested routers have a fallback" } else { "two services are mounted" };
        let (one, other) = if one <= other { (one, other) } else { (other, one) };
        Self(format!("{what} at \"{prefix}\"; change one of them\n    at {one}\n    at {other}"))
    }

    pub(super) fn bad_expression(entry: &Entry, error: &regex_automata::meta::BuildError) -> Self {
        let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        Self(format!(
            "the rule \"{}\" has an expression that cannot be used: {why}\n    at {}",
            entry.pattern, entry.source
        ))
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RouteError {}

struct Described<'a>(&'a Method, &'a Entry);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(method, entry) = self;
        write!(f, "{method} {}", entry.pattern)?;
        if let Some(function) = &entry.function {
            write!(f, "  {function}")?;
        }
        write!(f, "  at {}", entry.source)
    }
}

/// Everything that is wrong with the routes of an application, with the places of all who take part.
///
/// ```
/// use pulsar::{Method, Router};
/// let router = Router::new()
///     .add(Method::GET, "users", async || "")
///     .add(Method::GET, "/<int:id>", async || "")
///     .add(Method::GET, "/<int:number>", async || "");
/// let errors = router.compile(Default::default()).unwrap_err();
/// assert_eq!(errors.iter().count(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteErrors(pub(super) Vec<RouteError>);

impl RouteErrors {
    /// The errors one by one.
    pub fn iter(&self) -> impl Iterator<Item = &RouteError> {
        self.0.iter()
    }
}

impl fmt::Display for RouteErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for RouteErrors {}
