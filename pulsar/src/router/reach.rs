//! Which routes no request can ever reach, since more specific rules take all of their paths.
//!
//! A route is lost for a method if for every path that it matches, another one with this method is more specific: one
//! alone, or several together, as `/a` and `/b` take all of `/<any(a,b):x>`. The question is answered segment by segment: the
//! texts of a segment are divided by who takes them, and for each part the rest of the rule has to be taken as well.
//!
//! The rule this file keeps: what it reports is never reached by any path. Where it cannot know (a `<path:..>` in the middle, an
//! automaton that would be too large), it reports nothing.

use std::{
    cell::{Cell, OnceCell},
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
};

use http::Method;
use pulsar_pattern::{Converter, Pattern, Segment};

use super::{
    language::{Language, State},
    matcher::{Matcher, Rank},
    overlap::texts,
    target::is_dotted,
    trie::same_shape,
};

/// A rule or the prefix of a mounted service, with the methods that it answers.
pub(super) struct Rule<'a> {
    segments: Vec<Known<'a>>,
    /// How each segment matches, and the first one of a `<path:..>`.
    labels: Vec<Label>,
    end: End,
    methods: &'a [Method],
}

/// What stands behind the segments that match one segment each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Leaf,
    Branch,
    Path {
        is_branch: bool,
    },
    /// Of a mounted service: whatever is there, or nothing.
    Anything,
}

/// A segment with what tells its texts, made when it is asked for.
struct Known<'a> {
    segment: &'a Segment,
    matcher: OnceCell<Option<Matcher>>,
    language: OnceCell<Option<Language>>,
}

impl<'a> Rule<'a> {
    /// Of a route; nothing for a `<path:..>` that does not stand at the end.
    pub(super) fn of_route(pattern: &'a Pattern, methods: &'a [Method]) -> Option<Self> {
        let is_path = |segment: &Segment| matches!(segment, Segment::Placeholder(placeholder) if placeholder.converter == Converter::Path);
        let is_branch = pattern.is_branch();
        let (segments, end) = match pattern.segments() {
            [segments @ .., last] if is_path(last) => (segments, End::Path { is_branch }),
            segments => (segments, if is_branch { End::Branch } else { End::Leaf }),
        };
        let mut labels: Vec<_> = segments.iter().map(Label::of).collect();
        labels.extend(matches!(end, End::Path { .. }).then_some(Label::Path));
        (!segments.iter().any(is_path)).then(|| Self { segments: known(segments), labels, end, methods })
    }

    /// Of a service that is mounted at this prefix.
    pub(super) fn of_mount(prefix: &'a Pattern) -> Self {
        let segments = prefix.segments();
        let labels = segments.iter().map(Label::of).collect();
        Self { segments: known(segments), labels, end: End::Anything, methods: &[] }
    }

    /// Whether it answers a method, wherever its paths match.
    fn answers(&self, method: &Method) -> bool {
        let has = |method: &Method| self.methods.contains(method);
        self.end == End::Anything || has(method) || *method == Method::HEAD && has(&Method::GET)
    }

    /// Whether it goes before `other` on every path that both match.
    fn is_before(&self, other: &Self) -> bool {
        for (own, others) in self.labels.iter().zip(&other.labels) {
            match own.cmp(others) {
                Ordering::Less => return true,
                Ordering::Greater => return false,
                Ordering::Equal => {}
            }
        }
        false
    }

    /// Whether some path may match both, by a look at the literal text alone.
    fn may_meet(&self, other: &Self) -> bool {
        let texts = self.segments.iter().map(Known::literal).zip(other.segments.iter().map(Known::literal));
        texts.filter_map(|(one, other)| one.zip(other)).all(|(one, other)| one == other)
    }

    /// What it takes as segment number `at`; nothing if it has ended before.
    fn step(&self, at: usize) -> Option<Step<'_, 'a>> {
        match (self.segments.get(at), self.end) {
            (Some(known), _) => Some(Step::Segment(known)),
            (None, End::Path { .. }) => Some(Step::Path { is_first: at == self.segments.len() }),
            (None, End::Anything) => Some(Step::Anything),
            (None, End::Leaf | End::Branch) => None,
        }
    }

    /// Whether it matches where `other` ends, behind `at` segments that both have matched.
    fn ends_like(&self, other: &Self, at: usize) -> bool {
        let is_past = self.segments.len() < at;
        match (self.end, other.end) {
            (End::Anything, _) => self.segments.len() <= at,
            (End::Leaf | End::Branch, own) => self.segments.len() == at && self.end == own,
            // `<path:x>` keeps a final slash, so that only a branch asks for one.
            (End::Path { is_branch }, End::Leaf) => is_past && !is_branch,
            (End::Path { .. }, End::Branch) => is_past,
            (End::Path { is_branch: own }, End::Path { is_branch: others }) => {
                self.segments.len() <= at && (!own || others)
            }
            (End::Path { .. }, End::Anything) => false,
        }
    }
}

fn known(segments: &[Segment]) -> Vec<Known<'_>> {
    let known = |segment| Known { segment, matcher: OnceCell::new(), language: OnceCell::new() };
    segments.iter().map(known).collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Literal,
    Dynamic(Rank),
    Path,
}

impl Label {
    fn of(segment: &Segment) -> Self {
        match segment {
            Segment::Literal(_) => Self::Literal,
            Segment::Placeholder(placeholder) => Self::Dynamic(Rank::of_placeholder(placeholder)),
            Segment::Mixed(parts) => Self::Dynamic(Rank::of_parts(parts)),
        }
    }
}

/// What a rule takes as one segment.
#[derive(Clone, Copy)]
enum Step<'r, 'a> {
    Segment(&'r Known<'a>),
    Path { is_first: bool },
    Anything,
}

impl<'a> Known<'a> {
    /// The text that it is, if it is one.
    fn literal(&self) -> Option<&'a str> {
        match self.segment {
            Segment::Literal(text) => Some(text),
            _ => None,
        }
    }
}

impl Known<'_> {
    fn accepts(&self, text: &str) -> bool {
        match self.segment {
            Segment::Literal(literal) => literal == text,
            segment => {
                let matcher = self.matcher.get_or_init(|| Matcher::of_segment(segment).ok());
                matcher.as_ref().is_some_and(|matcher| matcher.accepts(text))
            }
        }
    }

    fn language(&self) -> Option<&Language> {
        self.language.get_or_init(|| Language::of(self.segment)).as_ref()
    }

    /// Some texts that it matches.
    fn samples(&self) -> Vec<String> {
        let mut samples: Vec<_> = ["a", "zz", "0", "17", "~", "é", "-x.y", "\n", "/a", "a/", "1.5", "A-1"]
            .map(str::to_owned)
            .into();
        if let Segment::Placeholder(placeholder) = self.segment {
            samples.extend(texts(&placeholder.converter));
        }
        samples.retain(|text| self.accepts(text));
        samples
    }
}

impl Step<'_, '_> {
    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Segment(known) => known.accepts(text),
            Self::Path { is_first } => !(is_dotted(text) || is_first && text.starts_with('/')),
            Self::Anything => true,
        }
    }

    /// Whether it certainly takes every text of a segment, without a closer look.
    fn takes_all_of(self, segment: &Segment) -> bool {
        let Self::Segment(known) = self else { return matches!(self, Self::Anything) };
        match (known.segment, segment) {
            (one, other) if same_shape(one, other) => true,
            // What is finite once, any number of digits makes infinite: automata cannot say it, bounds can.
            (Segment::Placeholder(one), Segment::Placeholder(other)) => {
                match (&one.converter, &other.converter) {
                    (Converter::Float(one), Converter::Float(other)) => {
                        let least = |min: Option<f64>, signed| {
                            min.unwrap_or(if signed { f64::NEG_INFINITY } else { 0.0 })
                        };
                        let most = |max: Option<f64>| max.unwrap_or(f64::INFINITY);
                        (one.signed || !other.signed)
                            && least(one.min, one.signed) <= least(other.min, other.signed)
                            && most(one.max) >= most(other.max)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether it takes so few texts that of infinitely many there are always others.
    fn is_finite(self) -> bool {
        match self {
            Self::Segment(known) => match known.segment {
                Segment::Literal(_) => true,
                Segment::Placeholder(placeholder) => matches!(placeholder.converter, Converter::Any(_)),
                Segment::Mixed(_) => false,
            },
            Self::Path { .. } | Self::Anything => false,
        }
    }
}

/// Whether there are infinitely many texts, so that a few less do not matter.
fn is_infinite(segment: &Segment) -> bool {
    let Segment::Placeholder(placeholder) = segment else { return false };
    match &placeholder.converter {
        Converter::Int(options) => options.fixed_digits.is_none(),
        Converter::Float(_) => true,
        Converter::String(options) => options.max_length.is_none(),
        Converter::Any(_) | Converter::Uuid | Converter::Re(_) | Converter::Path => false,
    }
}

/// Which rules have which literal text as which segment, so that a rule of thousands is compared with few.
struct Places<'a> {
    /// By the number of the segment.
    at: Vec<Place<'a>>,
    all: usize,
}

#[derive(Default)]
struct Place<'a> {
    with_text: HashMap<&'a str, Vec<usize>>,
    /// Rules that have no literal text there, or have ended.
    open: Vec<usize>,
}

impl<'a> Places<'a> {
    fn of(rules: &[Rule<'a>]) -> Self {
        let longest = rules.iter().map(|rule| rule.segments.len()).max().unwrap_or_default();
        let place = |at: usize| {
            let mut place = Place::default();
            for (number, rule) in rules.iter().enumerate() {
                match rule.segments.get(at).and_then(Known::literal) {
                    Some(text) => place.with_text.entry(text).or_default().push(number),
                    None => place.open.push(number),
                }
            }
            place
        };
        Self { at: (0..longest).map(place).collect(), all: rules.len() }
    }

    /// The rules that may match a path of this one: those at its segment that fewest have, in their order.
    fn near(&self, rule: &Rule<'a>) -> Vec<usize> {
        let texts = rule.segments.iter().zip(&self.at).filter_map(|(known, place)| {
            let same = place.with_text.get(known.literal()?).map_or(&[][..], Vec::as_slice);
            Some((same, place.open.as_slice()))
        });
        let fewest = texts.min_by_key(|(same, open)| same.len() + open.len());
        let Some((same, open)) = fewest else { return (0..self.all).collect() };
        let mut near = [same, open].concat();
        near.sort_unstable();
        near
    }
}

/// Looks for rules that others leave nothing to.
pub(super) struct Reach<'a> {
    rules: Vec<Rule<'a>>,
    places: Places<'a>,
    /// How many steps of automata may still be made: a start must not wait for them.
    budget: Cell<usize>,
}

/// Enough for thousands of rules that overlap; a fraction of a second.
const MOST_STEPS: usize = 2_000_000;

/// How many states two or more automata may have together.
const MOST_STATES: usize = 5_000;

impl<'a> Reach<'a> {
    pub(super) fn new(rules: Vec<Rule<'a>>) -> Self {
        Self { places: Places::of(&rules), rules, budget: Cell::new(MOST_STEPS) }
    }

    /// Those who take every path of rule number `number` with this method before it does, and none too many; nothing if some
    /// path is left to it.
    pub(super) fn takers(&self, number: usize, method: &Method) -> Option<Vec<usize>> {
        let rule = &self.rules[number];
        let mut takers = self.places.near(rule);
        takers.retain(|other| {
            let is_other = *other != number;
            let other = &self.rules[*other];
            is_other && other.is_before(rule) && other.may_meet(rule) && other.answers(method)
        });
        if takers.is_empty() || !self.is_taken(rule, 0, &takers) {
            return None;
        }
        // The first of those who could be left out is not the one to name.
        for at in (0..takers.len()).rev() {
            let mut fewer = takers.clone();
            fewer.remove(at);
            if self.is_taken(rule, 0, &fewer) {
                takers = fewer;
            }
        }
        Some(takers)
    }

    /// Whether `takers`, which match the first `at` segments, take all that follows.
    fn is_taken(&self, rule: &Rule<'_>, at: usize, takers: &[usize]) -> bool {
        let Some(known) = rule.segments.get(at) else {
            return takers.iter().any(|taker| self.rules[*taker].ends_like(rule, at));
        };
        let mut steps: Vec<_> =
            takers.iter().filter_map(|taker| Some((*taker, self.rules[*taker].step(at)?))).collect();
        let follows = |takers: &[usize]| self.is_taken(rule, at + 1, takers);
        let taken_with = |text: &str| {
            let takers = steps.iter().filter(|(_, step)| step.accepts(text)).map(|(taker, _)| *taker);
            follows(&takers.collect::<Vec<_>>())
        };
        match known.segment {
            Segment::Literal(text) => return taken_with(text),
            Segment::Placeholder(placeholder) => {
                if let Converter::Any(items) = &placeholder.converter {
                    return items.iter().filter(|item| known.accepts(item)).all(|item| taken_with(item));
                }
            }
            Segment::Mixed(_) => {}
        }
        // One text that is left is enough.
        if known.samples().iter().any(|text| !taken_with(text)) {
            return false;
        }
        if is_infinite(known.segment) {
            steps.retain(|(_, step)| !step.is_finite());
        }
        let (all, some): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|(_, step)| step.takes_all_of(known.segment));
        let all: Vec<_> = all.into_iter().map(|(taker, _)| taker).collect();
        if follows(&all) {
            return true;
        }
        let most: Vec<_> = all.iter().copied().chain(some.iter().map(|(taker, _)| *taker)).collect();
        follows(&most) && self.divide(known, &all, &some, &follows).unwrap_or(false)
    }

    /// Divides the texts of a segment by who takes them, and asks for each part whether what follows is taken; nothing if that
    /// cannot be found out.
    fn divide(
        &self,
        known: &Known<'_>,
        all: &[usize],
        some: &[(usize, Step<'_, '_>)],
        follows: &dyn Fn(&[usize]) -> bool,
    ) -> Option<bool> {
        let paths = [Language::of_path(false)?, Language::of_path(true)?];
        let mut languages = vec![known.language()?];
        let mut takers = Vec::new();
        for &(taker, step) in some {
            let language = match step {
                Step::Segment(known) => known.language(),
                Step::Path { is_first } => Some(&paths[usize::from(is_first)]),
                Step::Anything => None,
            };
            // One that holds too much says nothing of what is taken.
            if let Some(language) = language.filter(|language| language.is_exact) {
                languages.push(language);
                takers.push(taker);
            }
        }
        let mut bytes: HashMap<Vec<(u8, u8)>, u8> = HashMap::new();
        for byte in 0..=u8::MAX {
            let classes = languages.iter().map(|language| language.classes(byte)).collect();
            bytes.entry(classes).or_insert(byte);
        }
        let start: Vec<State> = languages.iter().map(|language| language.start()).collect::<Option<_>>()?;
        let mut seen = HashSet::from([start.clone()]);
        let mut open = vec![start];
        let mut parts = BTreeSet::new();
        while let Some(states) = open.pop() {
            let ends = |at: usize| languages[at].ends(states[at]);
            if ends(0) {
                let part: Vec<usize> = (1..languages.len()).filter(|at| ends(*at)).collect();
                if parts.insert(part.clone()) {
                    let part = part.into_iter().map(|at| takers[at - 1]);
                    if !follows(&all.iter().copied().chain(part).collect::<Vec<_>>()) {
                        return Some(false);
                    }
                }
            }
            let steps = bytes.len() * languages.len();
            self.budget.set(self.budget.get().checked_sub(steps)?);
            for &byte in bytes.values() {
                let walk = languages.iter().zip(&states);
                let next: Vec<_> = walk.map(|(language, state)| language.next(*state, byte)).collect();
                if !languages[0].is_dead(next[0]) && seen.insert(next.clone()) {
                    open.push(next);
                }
            }
            if seen.len() > MOST_STATES {
                return None;
            }
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests;
