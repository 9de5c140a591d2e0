//! What can be wrong with the routes of an application. Every message names all the places that take part.

use std::fmt;

use http::Method;
use pulsar_pattern::ParseError;

use super::entry::{Entry, MountEntry};
use crate::finding::{Finding, Kind, Source, Spot, counted};

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
pub struct RouteError(Finding);

impl RouteError {
    pub(super) fn bad_rule(error: &ParseError, source: Source) -> Self {
        Self(Finding::new(Kind::BadRule, error.to_string()).at(Spot::new(source)))
    }

    pub(super) fn bad_prefix(prefix: &str, problem: &str, source: Source) -> Self {
        let message = format!("bad prefix \"{prefix}\": {problem}");
        Self(Finding::new(Kind::BadRule, message).at(Spot::new(source)))
    }

    pub(super) fn nothing_to_name(name: &str, source: Source) -> Self {
        let message = format!("no route was added before the name `{name}`");
        let finding = Finding::new(Kind::BadRule, message).help("write `.name(..)` after `.add(..)`");
        Self(finding.at(Spot::new(source)))
    }

    /// Routes that match `example` with these methods, each as specifically as the others.
    pub(super) fn conflict(methods: &[Method], entries: &[&Entry], example: Option<&str>) -> Self {
        let count = counted(entries.len());
        let is_one_rule = entries.iter().all(|entry| entry.pattern == entries[0].pattern);
        let message = match example {
            _ if is_one_rule => format!("{count} routes have the same rule"),
            Some(path) => {
                format!("{count} rules match the same paths, such as \"{path}\", and none is more specific")
            }
            None => format!("{count} rules match the same paths, and none is more specific"),
        };
        let message = if entries.len() == 2 { message.replace("none is", "neither is") } else { message };
        let help = if entries.len() == 2 { "change one of them" } else { "change all of them but one" };
        let spots = entries.iter().map(|entry| entry.spot(methods));
        Self(Finding::new(Kind::Conflict, message).help(help).at_all(spots))
    }

    pub(super) fn double_mount(fallback: bool, one: &MountEntry, other: &MountEntry) -> Self {
        let what = if fallback { "two nested routers have a fallback" } else { "two services are mounted" };
        let (one, other) = if one.source <= other.source { (one, other) } else { (other, one) };
        let message = format!("{what} at \"{}\"", one.prefix);
        let finding = Finding::new(Kind::TwoMounts, message).help("change one of them");
        Self(finding.at(one.spot()).at(other.spot()))
    }

    pub(super) fn bad_expression(entry: &Entry, error: &regex_automata::meta::BuildError) -> Self {
        let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        let message = format!("the rule \"{}\" has an expression that cannot be used: {why}", entry.pattern);
        Self(Finding::new(Kind::BadRule, message).at(Spot::new(entry.source)))
    }

    pub(crate) fn into_finding(self) -> Finding {
        self.0
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for RouteError {}

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

    pub(crate) fn into_findings(self) -> impl Iterator<Item = Finding> {
        self.0.into_iter().map(RouteError::into_finding)
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
