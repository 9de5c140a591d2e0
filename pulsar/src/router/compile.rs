//! From a list of routes to the frozen table, with everything that is wrong told at once.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    fmt,
    sync::Arc,
};

use http::Method;
use pulsar_pattern::{Converter, ParseError, Pattern, Segment};

use super::{
    Entry, Mounted, Router, Source,
    matcher::{BadExpression, Rank},
    overlap::overlap,
    service::{Compiled, MountTarget, RouterService, Tables},
    table::Table,
};
use crate::{context::Context, request::RouteInfo};

/// One thing that is wrong with the routes of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError(String);

impl RouteError {
    pub(super) fn bad_rule(error: &ParseError, place: String) -> Self {
        Self(format!("{error}\n    at {place}"))
    }

    pub(super) fn bad_prefix(prefix: &str, problem: String, place: String) -> Self {
        Self(format!("bad prefix \"{prefix}\": {problem}\n    at {place}"))
    }

    fn conflict(method: &Method, one: &Entry, other: &Entry) -> Self {
        let what = if one.pattern == other.pattern {
            "two routes have the same rule"
        } else {
            "two rules match the same paths, and neither is more specific"
        };
        let (one, other) = (Described(method, one), Described(method, other));
        Self(format!("{what}; change one of them\n    {one}\n    {other}"))
    }

    fn double_mount(prefix: &Pattern, fallback: bool, one: Source, other: Source) -> Self {
        let what = if fallback { "two nested routers have a fallback" } else { "two services are mounted" };
        let (one, other) = if one <= other { (one, other) } else { (other, one) };
        Self(format!("{what} at \"{prefix}\"; change one of them\n    at {one}\n    at {other}"))
    }

    fn bad_expression(entry: &Entry, error: &BadExpression) -> Self {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteErrors(Vec<RouteError>);

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

impl Router {
    /// Freezes the routes into an application.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong: rules and prefixes that are none, and conflicts, which are pairs of routes
    /// that can match the same path with the same method where neither is more specific.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let router = Router::new()
    ///     .add(Method::GET, "/<int:id>", async || "one")
    ///     .add(Method::GET, "/<int:number>", async || "other");
    /// let errors = router.compile(Default::default()).unwrap_err();
    /// assert!(errors.to_string().starts_with("two rules match the same paths"));
    /// ```
    pub fn compile(self, context: Context) -> Result<RouterService, RouteErrors> {
        let mut errors = self.mistakes;
        errors.extend(conflicts(&self.routes));
        let mut table = Table::new();
        let mut routes = Vec::with_capacity(self.routes.len());
        for entry in self.routes {
            let pattern = &entry.pattern;
            if let Err(error) = table.insert(pattern.segments(), pattern.is_branch(), &entry.methods) {
                errors.push(RouteError::bad_expression(&entry, &error));
            }
            let info = RouteInfo {
                rule: pattern.to_string(),
                names: pattern.placeholders().map(|placeholder| placeholder.name.clone()).collect(),
                name: entry.name,
                place: entry.place,
            };
            routes.push(Compiled { endpoint: entry.endpoint, info: Arc::new(info) });
        }
        let mut mounts = Vec::with_capacity(self.mounts.len());
        let mut mounted_at = HashMap::new();
        for mount in self.mounts {
            let (target, fallback) = match mount.target {
                Mounted::Service(service) => (MountTarget::Service(service), false),
                Mounted::Fallback(endpoint) => (MountTarget::Fallback(endpoint), true),
            };
            let node = table.mount(mount.prefix.segments(), mounts.len(), fallback);
            mounts.push(target);
            match mounted_at.entry((node, fallback)) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(mount.source);
                }
                hash_map::Entry::Occupied(other) => {
                    errors.push(RouteError::double_mount(
                        &mount.prefix,
                        fallback,
                        *other.get(),
                        mount.source,
                    ));
                }
            }
        }
        if errors.is_empty() {
            Ok(RouterService::new(Tables {
                table,
                routes,
                mounts,
                fallback: self.fallback,
                render: self.render,
                strict_slashes: self.strict_slashes,
                context,
            }))
        } else {
            Err(RouteErrors(errors))
        }
    }
}

/// All pairs of routes that can match the same path with the same method and the same priority.
fn conflicts(routes: &[Entry]) -> Vec<RouteError> {
    // Only routes of equal rank, segment by segment, can conflict; those are few, so that pairs are cheap.
    let mut groups: BTreeMap<Vec<Key>, Vec<&Entry>> = BTreeMap::new();
    for entry in routes {
        groups.entry(keys(entry)).or_default().push(entry);
    }
    let mut found = Vec::new();
    for group in groups.values() {
        for (n, one) in group.iter().enumerate() {
            for other in &group[n + 1..] {
                let Some(method) = one.methods.iter().find(|method| other.methods.contains(method)) else {
                    continue;
                };
                let mut pairs = one.pattern.segments().iter().zip(other.pattern.segments());
                if pairs.all(|(one, other)| overlap(one, other)) {
                    let (one, other) = if one.source <= other.source { (one, other) } else { (other, one) };
                    found.push((one.source, other.source, RouteError::conflict(method, one, other)));
                }
            }
        }
    }
    found.sort_by_key(|&(one, other, _)| (one, other));
    found.into_iter().map(|(_, _, error)| error).collect()
}

/// What two segments must have in common to have the same priority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Literal(String),
    Dynamic(Rank),
    FinalSlash,
}

fn keys(entry: &Entry) -> Vec<Key> {
    let segments = entry.pattern.segments();
    let mut keys: Vec<_> = segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => Key::Literal(text.clone()),
            Segment::Mixed(parts) => Key::Dynamic(Rank::of_parts(parts)),
            Segment::Placeholder(placeholder) => Key::Dynamic(Rank::of_placeholder(placeholder)),
        })
        .collect();
    // `/<path:a>` matches with a final slash too, so that it conflicts with `/<path:a>/`.
    let ends_in_path =
        matches!(segments.last(), Some(Segment::Placeholder(last)) if last.converter == Converter::Path);
    if entry.pattern.is_branch() && !ends_in_path {
        keys.push(Key::FinalSlash);
    }
    keys
}
