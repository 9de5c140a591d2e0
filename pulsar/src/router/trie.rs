//! The rules as they are added: a trie of segments, easy to grow and slow to search. Frozen, it is the table.

use http::Method;
use pulsar_pattern::{Converter, Part, Segment};

use super::{
    matcher::{BadExpression, Matcher, Rank},
    table::{Mount, PathChild},
};

#[derive(Debug)]
pub(super) struct Trie {
    /// The root first.
    pub(super) nodes: Vec<Node>,
    /// How many routes were added.
    pub(super) routes: u32,
    /// How many `<path:..>` placeholders stand behind another one.
    pub(super) nested_paths: usize,
}

/// The place between two segments of a rule.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Sorted by text. Slashes in it are NULs, as they are in a path that is searched for.
    pub(super) literals: Vec<(Box<str>, u32)>,
    /// Sorted by rank.
    pub(super) dynamics: Vec<Dynamic>,
    pub(super) path: Option<PathChild>,
    /// The routes whose rule ends here, without and with a final slash; none or one for each method.
    pub(super) ends: [Vec<(Method, u32)>; 2],
    pub(super) mount: Option<Mount>,
}

#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) segment: Segment,
    pub(super) rank: Rank,
    pub(super) matcher: Matcher,
    pub(super) child: u32,
}

impl Trie {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], routes: 0, nested_paths: 0 }
    }

    /// Adds a route; its number is the count of those before it. The first of two with the same rule and method stays;
    /// conflicts are found elsewhere.
    pub(super) fn insert(
        &mut self,
        segments: &[Segment],
        branch: bool,
        methods: &[Method],
    ) -> Result<(), BadExpression> {
        let number = self.routes;
        self.routes += 1;
        let node = self.node(segments)?;
        let routes = &mut self.nodes[node as usize].ends[usize::from(branch)];
        for method in methods {
            if !routes.iter().any(|(known, _)| known == method) {
                routes.push((method.clone(), number));
            }
        }
        Ok(())
    }

    /// Mounts something below a prefix, which is literal text; gives the node. The first of two of a kind stays.
    pub(super) fn mount(&mut self, prefix: &[Segment], number: usize, fallback: bool) -> u32 {
        let mut node = 0;
        for segment in prefix {
            if let Segment::Literal(text) = segment {
                node = self.literal_child(node, text);
            }
        }
        let mount = &mut self.nodes[node as usize].mount;
        // A service takes everything that a fallback at its place would.
        if mount.is_none_or(|old| old.fallback && !fallback) {
            *mount = Some(Mount { number, fallback });
        }
        node
    }

    /// The node that these segments lead to, made if it is not there.
    fn node(&mut self, segments: &[Segment]) -> Result<u32, BadExpression> {
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
                    let rank = || Rank::of_placeholder(placeholder);
                    self.dynamic_child(at, segment, rank, || Matcher::of_placeholder(placeholder))?
                }
                Segment::Mixed(parts) => {
                    let rank = || Rank::of_parts(parts);
                    self.dynamic_child(at, segment, rank, || Matcher::of_parts(parts))?
                }
            };
        }
        Ok(at)
    }

    fn literal_child(&mut self, at: u32, text: &str) -> u32 {
        let hidden;
        let text = if text.contains('/') {
            hidden = text.replace('/', "\0");
            &hidden
        } else {
            text
        };
        let literals = &self.nodes[at as usize].literals;
        match literals.binary_search_by(|(known, _)| (**known).cmp(text)) {
            Ok(found) => literals[found].1,
            Err(place) => {
                let child = self.push();
                self.nodes[at as usize].literals.insert(place, (text.into(), child));
                child
            }
        }
    }

    fn dynamic_child(
        &mut self,
        at: u32,
        segment: &Segment,
        rank: impl FnOnce() -> Rank,
        matcher: impl FnOnce() -> Result<Matcher, BadExpression>,
    ) -> Result<u32, BadExpression> {
        // Names of placeholders do not matter: `<int:a>` and `<int:b>` are the same child.
        let known = self.nodes[at as usize].dynamics.iter().find(|known| same_shape(&known.segment, segment));
        if let Some(known) = known {
            return Ok(known.child);
        }
        let (rank, matcher) = (rank(), matcher()?);
        let child = self.push();
        let dynamics = &mut self.nodes[at as usize].dynamics;
        let place = dynamics.partition_point(|known| known.rank <= rank);
        dynamics.insert(place, Dynamic { segment: segment.clone(), rank, matcher, child });
        Ok(child)
    }

    fn path_child(&mut self, at: u32, nested: bool) -> u32 {
        if let Some(known) = self.nodes[at as usize].path {
            return known.child;
        }
        let child = self.push();
        let nested = nested.then(|| {
            self.nested_paths += 1;
            self.nested_paths - 1
        });
        self.nodes[at as usize].path = Some(PathChild { child, nested });
        child
    }

    fn push(&mut self) -> u32 {
        self.nodes.push(Node::default());
        // So many segments of rules fit in no memory.
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }
}

/// Whether two segments match the same text.
pub(super) fn same_shape(one: &Segment, other: &Segment) -> bool {
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
