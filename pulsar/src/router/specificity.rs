//! Which of two rules that match a path is more specific: what is asked where segments of the same rank both match.
//!
//! Most searches never ask, since the order in which the table tries things answers. The rule it keeps: segment by segment,
//! as the path was matched, and never by the order of registration.

use std::cmp::Ordering;

use http::Method;

use super::matcher::Rank;
use crate::request::Spans;

/// What is compared when two routes match.
#[derive(Debug)]
pub(super) struct Rule {
    steps: Box<[Step]>,
    methods: Box<[Method]>,
}

impl Rule {
    pub(super) fn new(steps: &[Step], methods: Vec<Method>) -> Self {
        Self { steps: steps.into(), methods: methods.into() }
    }

    /// Which of two rules that match `path` is more specific, where their values stand at these places.
    pub(super) fn compare(
        &self,
        spans: &Spans,
        other: &Self,
        others: &Spans,
        path: &str,
        method: &Method,
    ) -> Ordering {
        // If they are equal, it is since HEAD follows GET in one of them; the other was made for HEAD.
        let follows = |rule: &Self| !rule.methods.contains(method);
        let labels = self.labels(path, spans).cmp(other.labels(path, others));
        labels.then_with(|| follows(self).cmp(&follows(other)))
    }

    /// How each segment of `path` was matched.
    fn labels<'a>(&'a self, path: &'a str, spans: &'a Spans) -> impl Iterator<Item = Label<'a>> {
        let mut placeholder = 0;
        self.steps.iter().flat_map(move |step| {
            let slashes = match step {
                Step::Path => path[spans.get(placeholder)].matches('/').count(),
                Step::Literal | Step::Dynamic(_) => 0,
            };
            placeholder += step.placeholders();
            let first = match step {
                Step::Literal => Label::Literal,
                Step::Dynamic(rank) => Label::Dynamic(rank),
                Step::Path => Label::Path,
            };
            std::iter::once(first).chain(std::iter::repeat_with(|| Label::Continued).take(slashes))
        })
    }
}

/// What a rule has as one segment.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Literal,
    Dynamic(Rank),
    Path,
}

impl Step {
    fn placeholders(&self) -> usize {
        match self {
            Self::Literal => 0,
            Self::Dynamic(rank) => rank.placeholders(),
            Self::Path => 1,
        }
    }
}

/// How one segment of a path was matched; the lesser is more specific.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label<'a> {
    Literal,
    Dynamic(&'a Rank),
    Path,
    /// Another segment of the same `<path:..>`.
    Continued,
}
