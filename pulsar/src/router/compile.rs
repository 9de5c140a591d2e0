//! From a list of routes to the frozen table, with everything that is wrong told at once.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    sync::Arc,
};

use http::Method;
use pulsar_pattern::{Converter, Segment};

use super::{
    entry::{Entry, Mounted},
    errors::{RouteError, RouteErrors},
    matcher::Rank,
    names::Names,
    overlap::overlap,
    routes::Router,
    service::{Compiled, Mount, MountTarget, RouterService, Tables},
    table::Table,
};
use crate::{
    context::Context,
    request::{RouteInfo, is_standard},
};

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
        let mut own_methods: Vec<Method> = Vec::new();
        let names = Arc::new(Names::of(&self.routes));
        for entry in self.routes {
            let pattern = &entry.pattern;
            own_methods.extend(entry.methods.iter().filter(|method| !is_standard(method)).cloned());
            if let Err(error) = table.insert(pattern.segments(), pattern.is_branch(), &entry.methods) {
                errors.push(RouteError::bad_expression(&entry, &error));
            }
            let info = RouteInfo {
                rule: pattern.to_string(),
                names: pattern.placeholders().map(|placeholder| placeholder.name.clone()).collect(),
                name: entry.name,
                place: entry.place,
                siblings: names.clone(),
            };
            routes.push(Compiled { endpoint: entry.endpoint, info: Arc::new(info) });
        }
        let mut mounts = Vec::with_capacity(self.mounts.len());
        let mut mounted_at = HashMap::new();
        for mount in self.mounts {
            let (target, fallback) = match mount.target {
                Mounted::Service(service) => (MountTarget::Service(service), false),
                Mounted::Made(make) => {
                    let service = make(&context);
                    (MountTarget::Made(make, service), false)
                }
                Mounted::Fallback(endpoint) => (MountTarget::Fallback(endpoint), true),
            };
            let node = table.mount(mount.prefix.segments(), mounts.len(), fallback);
            mounts.push(Mount::new(target, &mount.prefix.to_string()));
            match mounted_at.entry((node, fallback)) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(mount.source);
                }
                hash_map::Entry::Occupied(other) => {
                    let other = *other.get();
                    errors.push(RouteError::double_mount(&mount.prefix, fallback, other, mount.source));
                }
            }
        }
        if errors.is_empty() {
            Ok(RouterService::new(Tables {
                table,
                routes,
                mounts,
                own_methods,
                names,
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
