//! The frozen table: a trie of segments, and the search through it.
//!
//! It knows paths, methods and numbers of routes, nothing of handlers. Three rules keep it right:
//!
//! * What stands first in a node is more specific, so the first match found is the best one. Only what is equally specific
//!   is tried to the end and compared, see [`Search::dynamics`].
//! * Each node stands at one depth, so without inner `<path:..>` placeholders a search visits no node twice. With them, a
//!   node may be visited once for each segment; one that stands behind two of them remembers where it was tried from (see
//!   [`Search::path_child`]). The time is linear in the length of the path for every table.
//! * A search allocates nothing but the memory of nested `<path:..>` placeholders, and the list of a 405.

use std::{borrow::Cow, cmp::Ordering};

use http::Method;
use pulsar_pattern::{Converter, Segment};

use super::{
    matcher::{BadExpression, Matcher, Rank},
    specificity::Rule,
    target::{is_dotted, reveal},
};
use crate::request::Spans;

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Route number so and so.
    Route(usize),
    /// Mount number so and so; the rest of the path begins at this offset.
    Mount(usize, usize),
    /// Rules match, but none has the method; the methods that they have.
    NotAllowed(Vec<Method>),
    /// No rule matches, but one would with the final slash added or taken away.
    OtherSlash,
    Nothing,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    nodes: Vec<Node>,
    /// By the number of the route.
    rules: Vec<Rule>,
    /// How many `<path:..>` placeholders stand behind another one.
    nested_paths: usize,
}

/// The place between two segments of a rule.
#[derive(Debug, Default)]
struct Node {
    /// Sorted by text.
    literals: Vec<(Box<str>, usize)>,
    /// Sorted by rank.
    dynamics: Vec<Dynamic>,
    path: Option<PathChild>,
    /// The routes whose rule ends here, without and with a final slash.
    leaf: Option<Terminal>,
    branch: Option<Terminal>,
    mount: Option<Mount>,
}

#[derive(Debug)]
struct Dynamic {
    segment: Segment,
    rank: Rank,
    /// Whether the next one in the node has the same rank.
    tied: bool,
    matcher: Matcher,
    child: usize,
}

#[derive(Clone, Copy, Debug)]
struct PathChild {
    child: usize,
    /// Which nested placeholder it is, if it stands behind another one.
    nested: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Mount {
    number: usize,
    /// A fallback takes only what no rule matches, while a mounted service takes any method.
    fallback: bool,
}

#[derive(Debug, Default)]
struct Terminal {
    routes: Vec<(Method, usize)>,
}

impl Terminal {
    fn get(&self, method: &Method) -> Option<usize> {
        let of = |wanted: &Method| {
            self.routes.iter().find(|(method, _)| method == wanted).map(|&(_, number)| number)
        };
        match of(method) {
            None if *method == Method::HEAD => of(&Method::GET),
            found => found,
        }
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], rules: Vec::new(), nested_paths: 0 }
    }

    /// Adds a route; its number is the count of those before it. The first of two with the same rule and method stays;
    /// conflicts are found elsewhere.
    pub(super) fn insert(
        &mut self,
        segments: &[Segment],
        branch: bool,
        methods: &[Method],
    ) -> Result<(), BadExpression> {
        let number = self.rules.len();
        self.rules.push(Rule::new(segments, methods));
        let node = self.node(segments)?;
        let node = &mut self.nodes[node];
        let terminal = if branch { &mut node.branch } else { &mut node.leaf };
        let routes = &mut terminal.get_or_insert_default().routes;
        for method in methods {
            if !routes.iter().any(|(known, _)| known == method) {
                routes.push((method.clone(), number));
            }
        }
        Ok(())
    }

    /// Mounts something below a prefix, which is literal text; gives the node. The first of two of a kind stays.
    pub(super) fn mount(&mut self, prefix: &[Segment], number: usize, fallback: bool) -> usize {
        let mut node = 0;
        for segment in prefix {
            if let Segment::Literal(text) = segment {
                node = self.literal_child(node, text);
            }
        }
        let mount = &mut self.nodes[node].mount;
        // A service takes everything that a fallback at its place would.
        if mount.is_none_or(|old| old.fallback && !fallback) {
            *mount = Some(Mount { number, fallback });
        }
        node
    }

    /// The node that these segments lead to, made if it is not there.
    fn node(&mut self, segments: &[Segment]) -> Result<usize, BadExpression> {
        let mut at = 0;
        let mut behind_path = false;
        for segment in segments {
            at = match segment {
                Segment::Literal(text) => self.literal_child(at, text),
                Segment::Placeholder(placeholder) if placeholder.converter == Converter::Path => {
                    let nested = behind_path;
                    behind_path = true;
                    self.path_child(at, nested)
                }
                Segment::Placeholder(placeholder) => {
                    let rank = Rank::of_placeholder(placeholder);
                    self.dynamic_child(at, segment, rank, || Matcher::of_placeholder(placeholder))?
                }
                Segment::Mixed(parts) => {
                    self.dynamic_child(at, segment, Rank::of_parts(parts), || Matcher::of_parts(parts))?
                }
            };
        }
        Ok(at)
    }

    fn literal_child(&mut self, at: usize, text: &str) -> usize {
        match self.nodes[at].literals.binary_search_by(|(known, _)| (**known).cmp(text)) {
            Ok(found) => self.nodes[at].literals[found].1,
            Err(place) => {
                let child = self.push();
                self.nodes[at].literals.insert(place, (text.into(), child));
                child
            }
        }
    }

    fn dynamic_child(
        &mut self,
        at: usize,
        segment: &Segment,
        rank: Rank,
        matcher: impl FnOnce() -> Result<Matcher, BadExpression>,
    ) -> Result<usize, BadExpression> {
        // Names of placeholders do not matter: `<int:a>` and `<int:b>` are the same child.
        if let Some(known) = self.nodes[at].dynamics.iter().find(|known| same_shape(&known.segment, segment))
        {
            return Ok(known.child);
        }
        let matcher = matcher()?;
        let child = self.push();
        let dynamics = &mut self.nodes[at].dynamics;
        let place = dynamics.partition_point(|known| known.rank <= rank);
        dynamics.insert(place, Dynamic { segment: segment.clone(), rank, tied: false, matcher, child });
        for one in 1..dynamics.len() {
            dynamics[one - 1].tied = dynamics[one - 1].rank == dynamics[one].rank;
        }
        Ok(child)
    }

    fn path_child(&mut self, at: usize, nested: bool) -> usize {
        if let Some(known) = self.nodes[at].path {
            return known.child;
        }
        let child = self.push();
        let nested = nested.then(|| {
            self.nested_paths += 1;
            self.nested_paths - 1
        });
        self.nodes[at].path = Some(PathChild { child, nested });
        child
    }

    fn push(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Finds the best match for a path, which begins with a slash and is decoded as `target` does it.
    pub(super) fn find(&self, path: &str, method: &Method, spans: &mut Spans) -> Found {
        let shown = reveal(Cow::Borrowed(path));
        let mut search = Search {
            table: self,
            path,
            shown: &shown,
            method,
            spans,
            allowed: Vec::new(),
            fallback: None,
            other_slash: false,
            tried_from: Vec::new(),
        };
        match search.walk(0, 0) {
            Some(found) => found,
            None if !search.allowed.is_empty() => Found::NotAllowed(search.allowed),
            None if search.other_slash => Found::OtherSlash,
            None => search.fallback.map_or(Found::Nothing, |(number, rest)| Found::Mount(number, rest)),
        }
    }
}

/// Whether two segments match the same text.
pub(super) fn same_shape(one: &Segment, other: &Segment) -> bool {
    use pulsar_pattern::Part;
    match (one, other) {
        (Segment::Literal(one), Segment::Literal(other)) => one == other,
        (Segment::Placeholder(one), Segment::Placeholder(other)) => one.converter == other.converter,
        (Segment::Mixed(one), Segment::Mixed(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|pair| match pair {
                    (Part::Text(one), Part::Text(other)) => one == other,
                    (Part::Placeholder(one), Part::Placeholder(other)) => one.converter == other.converter,
                    _ => false,
                })
        }
        _ => false,
    }
}

struct Search<'a> {
    table: &'a Table,
    path: &'a str,
    /// The same with encoded slashes as slashes: what rules are compared with.
    shown: &'a str,
    method: &'a Method,
    spans: &'a mut Spans,
    allowed: Vec<Method>,
    /// The innermost fallback on the way, and where the rest of the path begins.
    fallback: Option<(usize, usize)>,
    other_slash: bool,
    /// For each nested `<path:..>`: the first offset that it was tried from.
    tried_from: Vec<usize>,
}

impl<'a> Search<'a> {
    /// Looks below `node`, with the path matched up to `at`, where a slash stands or the path ends.
    fn walk(&mut self, node: usize, at: usize) -> Option<Found> {
        let table: &'a Table = self.table;
        let node = &table.nodes[node];
        let start = at + 1;
        if at == self.path.len() {
            if let Some(found) = self.terminal(node.leaf.as_ref(), node.branch.as_ref()) {
                return Some(found);
            }
        } else if start == self.path.len() {
            if let Some(found) = self.terminal(node.branch.as_ref(), node.leaf.as_ref()) {
                return Some(found);
            }
        } else if let Some(found) = self.segment(node, start) {
            return Some(found);
        }
        self.mount(node, at)
    }

    /// Tries the children of `node` on the segment that begins at `start`.
    fn segment(&mut self, node: &'a Node, start: usize) -> Option<Found> {
        let path: &'a str = self.path;
        let end = segment_end(path, start);
        let segment = &self.shown[start..end];
        if segment.is_empty() {
            return None; // `//` matches nothing
        }
        if let Ok(found) = node.literals.binary_search_by(|(text, _)| (**text).cmp(segment)) {
            let found = self.walk(node.literals[found].1, end);
            if found.is_some() {
                return found;
            }
        }
        let found = self.dynamics(&node.dynamics, segment, start);
        if found.is_some() {
            return found;
        }
        self.path_child(node.path?, start, end)
    }

    /// Tries the dynamic children on a segment.
    ///
    /// Where several of the same rank match it, what comes behind decides, and not which one was registered first.
    fn dynamics(&mut self, dynamics: &'a [Dynamic], segment: &str, start: usize) -> Option<Found> {
        let before = self.spans.len();
        let mut best: Option<(Found, Spans)> = None;
        for dynamic in dynamics {
            if dynamic.matcher.matches(segment, start, self.spans) {
                if let Some(found) = self.walk(dynamic.child, start + segment.len()) {
                    if !dynamic.tied && best.is_none() {
                        return Some(found);
                    }
                    if best.as_ref().is_none_or(|best| self.compare(&found, best).is_lt()) {
                        best = Some((found, *self.spans));
                    }
                }
                self.spans.truncate(before);
            }
            if !dynamic.tied
                && let Some((found, spans)) = best
            {
                *self.spans = spans;
                return Some(found);
            }
        }
        None
    }

    /// Which of two matches is more specific: the one just found, or an earlier one.
    fn compare(&self, found: &Found, (other, spans): &(Found, Spans)) -> Ordering {
        // Nothing is mounted behind a placeholder.
        let (Found::Route(found), Found::Route(other)) = (found, other) else {
            return Ordering::Equal;
        };
        let rules = &self.table.rules;
        rules[*found].compare(self.spans, &rules[*other], spans, self.path, self.method)
    }

    /// Tries a `<path:..>` placeholder whose value begins at `start`, the shortest value first.
    ///
    /// A value that begins later ends at a subset of the places where one that begins here may end, and what comes behind
    /// it does not depend on where it began. So if the placeholder has failed once, it fails from every later place: one
    /// offset is all that needs to be remembered.
    fn path_child(&mut self, placeholder: PathChild, start: usize, first_end: usize) -> Option<Found> {
        let shown: &'a str = self.shown;
        // An encoded slash at its begin would make it an absolute path once somebody joins it to a directory.
        if shown[start..].starts_with('/') || is_dotted(&shown[start..first_end]) {
            return None;
        }
        if let Some(nested) = placeholder.nested {
            if self.tried_from.is_empty() {
                self.tried_from = vec![usize::MAX; self.table.nested_paths];
            }
            if self.tried_from[nested] <= start {
                return None;
            }
            self.tried_from[nested] = start;
        }
        let path: &'a str = self.path;
        let before = self.spans.len();
        let mut end = first_end;
        loop {
            self.spans.push(start, end);
            let found = self.walk(placeholder.child, end);
            if found.is_some() {
                return found;
            }
            self.spans.truncate(before);
            if end == path.len() {
                return None;
            }
            let next = segment_end(path, end + 1);
            if is_dotted(&shown[end + 1..next]) {
                return None;
            }
            end = next;
        }
    }

    /// Takes the route that ends here, if it has the method; notes what to say if there is none.
    fn terminal(&mut self, here: Option<&Terminal>, other_slash: Option<&Terminal>) -> Option<Found> {
        if let Some(terminal) = here {
            if let Some(number) = terminal.get(self.method) {
                return Some(Found::Route(number));
            }
            for (method, _) in &terminal.routes {
                if !self.allowed.contains(method) {
                    self.allowed.push(method.clone());
                }
            }
        }
        self.other_slash |= other_slash.is_some_and(|terminal| terminal.get(self.method).is_some());
        None
    }

    fn mount(&mut self, node: &Node, at: usize) -> Option<Found> {
        let mount = node.mount?;
        if mount.fallback {
            self.fallback.get_or_insert((mount.number, at));
            return None;
        }
        if self.fallback.is_some() {
            return None; // what is further in comes first
        }
        self.spans.truncate(0);
        Some(Found::Mount(mount.number, at))
    }
}

fn segment_end(path: &str, start: usize) -> usize {
    memchr::memchr(b'/', &path.as_bytes()[start..]).map_or(path.len(), |length| start + length)
}
