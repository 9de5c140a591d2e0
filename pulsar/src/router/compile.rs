//! From a list of routes to the frozen table, with everything that is wrong told at once.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    ptr,
    sync::Arc,
};

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pulsar_pattern::{Converter, Segment};

use super::{
    entry::{Entry, MountEntry, Mounted},
    errors::{RouteError, RouteErrors},
    matcher::Rank,
    mount::{Mount, MountTarget},
    names::Names,
    overlap::{common_text, overlap},
    routes::Router,
    service::{Compiled, RouterService, Tables},
    trie::{Trie, same_shape},
};
use crate::{
    context::Context,
    finding::Source,
    order::{sort_by, sort_by_key},
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
        let mut trie = Trie::new();
        let mut routes = Vec::with_capacity(self.routes.len());
        let mut own_methods: Vec<Method> = Vec::new();
        let names = Arc::new(Names::of(&self.routes));
        for entry in self.routes {
            let pattern = &entry.pattern;
            own_methods.extend(entry.methods.iter().filter(|method| !is_standard(method)).cloned());
            if let Err(error) = trie.insert(pattern.segments(), pattern.is_branch(), &entry.methods) {
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
        let mut mounted_at: HashMap<_, &MountEntry> = HashMap::new();
        for mount in &self.mounts {
            let (target, fallback) = match mount.target.clone() {
                Mounted::Service(service) => (MountTarget::Service(service), false),
                Mounted::Made(make) => {
                    let service = make(&context);
                    (MountTarget::Made(make, service), false)
                }
                Mounted::Fallback(endpoint) => (MountTarget::Fallback(endpoint), true),
            };
            let node = trie.mount(mount.prefix.segments(), mounts.len(), fallback);
            mounts.push(Mount::new(target, &mount.prefix.to_string()));
            match mounted_at.entry((node, fallback)) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(mount);
                }
                hash_map::Entry::Occupied(other) => {
                    errors.push(RouteError::double_mount(fallback, other.get(), mount));
                }
            }
        }
        if errors.is_empty() {
            Ok(RouterService::new(Tables {
                table: trie.freeze(),
                routes,
                mounts,
                own_methods,
                names,
                fallback: self.fallback.map(|(endpoint, _)| endpoint),
                render: self.render,
                strict_slashes: self.strict_slashes,
                context,
            }))
        } else {
            Err(RouteErrors(errors))
        }
    }
}

/// All routes that can match the same path with the same method and the same priority; those of one shape together.
fn conflicts(routes: &[Entry]) -> Vec<RouteError> {
    // Only routes of equal rank, segment by segment, can conflict; those are few, so that pairs are cheap.
    let mut groups: BTreeMap<Vec<Key>, Vec<Vec<&Entry>>> = BTreeMap::new();
    for entry in routes {
        let shapes = groups.entry(keys(entry)).or_default();
        match shapes.iter_mut().find(|shape| have_one_shape(shape[0], entry)) {
            Some(shape) => shape.push(entry),
            None => shapes.push(vec![entry]),
        }
    }
    let mut found = Vec::new();
    for shapes in groups.values() {
        for (n, one) in shapes.iter().enumerate() {
            found.extend(clashes(one, &[]));
            for other in &shapes[n + 1..] {
                found.extend(clashes(one, other));
            }
        }
    }
    // Those of one shape are told with the ones that they overlap, if there are such.
    let is_part = |part: &Clash<'_>, whole: &Clash<'_>| {
        part.entries.len() < whole.entries.len()
            && part.entries.iter().all(|one| whole.entries.iter().any(|other| ptr::eq(*one, *other)))
            && part.methods.iter().all(|method| whole.methods.contains(method))
    };
    let mut told: Vec<_> =
        found.iter().filter(|clash| !found.iter().any(|whole| is_part(clash, whole))).collect();
    sort_by(&mut told, |one, other| one.sources().cmp(other.sources()));
    let error =
        |clash: &Clash<'_>| RouteError::conflict(&clash.methods, &clash.entries, clash.example.as_deref());
    told.into_iter().map(error).collect()
}

/// Routes that match the same path with these methods, in the order of their places.
struct Clash<'a> {
    methods: Vec<Method>,
    entries: Vec<&'a Entry>,
    example: Option<String>,
}

impl Clash<'_> {
    fn sources(&self) -> impl Iterator<Item = Source> {
        self.entries.iter().map(|entry| entry.source)
    }
}

/// The conflicts among routes of one shape, or between those of two, by the methods that they have in common.
fn clashes<'a>(shape: &[&'a Entry], other: &[&'a Entry]) -> Vec<Clash<'a>> {
    let mut methods: Vec<&Method> = Vec::new();
    for method in shape.iter().flat_map(|entry| &entry.methods) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    let mut found: Vec<Clash<'a>> = Vec::new();
    for method in methods {
        let has = |entry: &&Entry| entry.methods.contains(method);
        let mut entries: Vec<_> = shape.iter().chain(other).copied().filter(has).collect();
        if entries.len() < 2 || !other.is_empty() && !other.iter().any(has) {
            continue;
        }
        sort_by_key(&mut entries, |entry| entry.source);
        let is_same = |known: &Clash<'_>| {
            known.entries.len() == entries.len()
                && known.entries.iter().zip(&entries).all(|(one, other)| ptr::eq(*one, *other))
        };
        match found.iter_mut().find(|known| is_same(known)) {
            Some(known) => known.methods.push(method.clone()),
            None => found.push(Clash { methods: vec![method.clone()], entries, example: None }),
        }
    }
    let (one, other) = (shape[0], other.first().copied().unwrap_or(shape[0]));
    if found.is_empty() || !ptr::eq(one, other) && !overlap_all(one, other) {
        return Vec::new();
    }
    let example = example(one, other);
    for clash in &mut found {
        clash.example.clone_from(&example);
    }
    found
}

fn have_one_shape(one: &Entry, other: &Entry) -> bool {
    let (one, other) = (&one.pattern, &other.pattern);
    one.is_branch() == other.is_branch()
        && one.segments().iter().zip(other.segments()).all(|(one, other)| same_shape(one, other))
}

fn overlap_all(one: &Entry, other: &Entry) -> bool {
    one.pattern.segments().iter().zip(other.pattern.segments()).all(|(one, other)| overlap(one, other))
}

/// A path that two rules of the same priority match.
fn example(one: &Entry, other: &Entry) -> Option<String> {
    let mut path = String::new();
    for (one, other) in one.pattern.segments().iter().zip(other.pattern.segments()) {
        path.push('/');
        path.extend(utf8_percent_encode(&common_text(one, other)?, UNSAFE));
    }
    if one.pattern.is_branch() || other.pattern.is_branch() {
        path.push('/');
    }
    Some(path)
}

/// What is written with a percent sign in a path, beside what is not ASCII.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
