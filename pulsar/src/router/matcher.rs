//! Matching one segment of a path against one segment of a rule.

use std::cmp::{Ordering, Reverse};

use pulsar_pattern::{Converter, Part, Placeholder};
use regex_automata::{
    Anchored, Input,
    meta::{BuildError, Regex},
    util::primitives::NonMaxUsize,
};

use crate::request::Spans;

/// A segment of a rule that is not literal text, ready to match.
#[derive(Debug)]
pub(super) enum Matcher {
    /// One placeholder, the whole segment.
    Value(Value),
    /// One placeholder with text before it, behind it, or both.
    Affixed { before: Box<str>, value: Value, behind: Box<str> },
    /// Several placeholders: an anchored expression with one group for each.
    Several { regex: Regex, groups: Box<[Group]> },
}

/// What one placeholder takes.
#[derive(Debug)]
pub(super) enum Value {
    /// Anything but nothing: the default, and worth its own case.
    Text,
    Checked(Converter),
    Regex(Regex),
}

#[derive(Debug)]
pub(super) struct Group {
    index: usize,
    converter: Converter,
}

impl Matcher {
    pub(super) fn of_placeholder(placeholder: &Placeholder) -> Result<Self, BuildError> {
        Value::of(&placeholder.converter).map(Self::Value)
    }

    pub(super) fn of_parts(parts: &[Part]) -> Result<Self, BuildError> {
        match parts {
            [Part::Placeholder(one)] => Ok(Self::Value(Value::of(&one.converter)?)),
            [Part::Text(before), Part::Placeholder(one)] => Self::affixed(before, one, ""),
            [Part::Placeholder(one), Part::Text(behind)] => Self::affixed("", one, behind),
            [Part::Text(before), Part::Placeholder(one), Part::Text(behind)] => Self::affixed(before, one, behind),
            _ => Self::several(parts),
        }
    }

    fn affixed(before: &str, one: &Placeholder, behind: &str) -> Result<Self, BuildError> {
        Ok(Self::Affixed { before: before.into(), value: Value::of(&one.converter)?, behind: behind.into() })
    }

    fn several(parts: &[Part]) -> Result<Self, BuildError> {
        let mut groups = Vec::new();
        let mut index = 1;
        for part in parts {
            if let Part::Placeholder(placeholder) = part {
                groups.push(Group { index, converter: placeholder.converter.clone() });
                // The expression of `re` may have groups of its own, which are counted too.
                index += Regex::new(&placeholder.converter.to_regex())?.captures_len();
            }
        }
        Ok(Self::Several { regex: anchored(&expression(parts))?, groups: groups.into() })
    }

    /// Whether the segment, which stands at `offset` in the path, matches; the values are added to `spans`.
    pub(super) fn matches(&self, segment: &str, offset: usize, spans: &mut Spans) -> bool {
        match self {
            Self::Value(value) => {
                let matched = value.accepts(segment);
                if matched {
                    spans.push(offset, offset + segment.len());
                }
                matched
            }
            Self::Affixed { before, value, behind } => {
                let Some(inner) = segment.strip_prefix(&**before).and_then(|rest| rest.strip_suffix(&**behind)) else {
                    return false;
                };
                let start = offset + before.len();
                let matched = value.accepts(inner);
                if matched {
                    spans.push(start, start + inner.len());
                }
                matched
            }
            Self::Several { regex, groups } => match_several(regex, groups, segment, offset, spans),
        }
    }
}

impl Value {
    fn of(converter: &Converter) -> Result<Self, BuildError> {
        Ok(match converter {
            Converter::String(options) if options.min_length <= 1 && options.max_length.is_none() => Self::Text,
            Converter::Re(expression) => Self::Regex(anchored(expression)?),
            other => Self::Checked(other.clone()),
        })
    }

    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Text => !value.is_empty(),
            Self::Checked(converter) => converter.accepts(value),
            Self::Regex(regex) => !value.is_empty() && regex.is_match(Input::new(value).anchored(Anchored::Yes)),
        }
    }
}

fn match_several(regex: &Regex, groups: &[Group], segment: &str, offset: usize, spans: &mut Spans) -> bool {
    // Two slots for the whole match and two for each group; few rules need more than there is room for here.
    let mut few = [None::<NonMaxUsize>; 34];
    let mut many;
    let slots = match few.get_mut(..regex.captures_len() * 2) {
        Some(slots) => slots,
        None => {
            many = vec![None; regex.captures_len() * 2];
            &mut many[..]
        }
    };
    if regex.search_slots(&Input::new(segment).anchored(Anchored::Yes), slots).is_none() {
        return false;
    }
    let found = spans.len();
    for group in groups {
        let span = slots[group.index * 2].zip(slots[group.index * 2 + 1]);
        let value = span.and_then(|(start, end)| Some((start, segment.get(start.get()..end.get())?)));
        match value {
            Some((start, value)) if matches!(group.converter, Converter::Re(_)) || group.converter.accepts(value) => {
                let start = offset + start.get();
                spans.push(start, start + value.len());
            }
            _ => {
                spans.truncate(found);
                return false;
            }
        }
    }
    true
}

/// The expression that matches what these parts match, with a group for each placeholder.
pub(super) fn expression(parts: &[Part]) -> String {
    let mut expression = String::new();
    for part in parts {
        match part {
            Part::Text(text) => expression.push_str(&escape(text)),
            Part::Placeholder(placeholder) => {
                expression.push('(');
                expression.push_str(&placeholder.converter.to_regex());
                expression.push(')');
            }
        }
    }
    expression
}

fn anchored(expression: &str) -> Result<Regex, BuildError> {
    Regex::new(&format!("^(?:{expression})$"))
}

/// How specific a dynamic segment is; the lesser is tried first.
///
/// Text around placeholders comes before a placeholder alone, more text before less, and what is then equal is ordered by
/// the placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    text: Reverse<usize>,
    converters: Vec<u8>,
}

impl Rank {
    pub(super) fn of_placeholder(placeholder: &Placeholder) -> Self {
        Self { text: Reverse(0), converters: vec![placeholder.converter.rank()] }
    }

    pub(super) fn of_parts(parts: &[Part]) -> Self {
        let mut rank = Self { text: Reverse(0), converters: Vec::new() };
        for part in parts {
            match part {
                Part::Text(text) => rank.text.0 += text.chars().count(),
                Part::Placeholder(placeholder) => rank.converters.push(placeholder.converter.rank()),
            }
        }
        rank
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text).then_with(|| self.converters.cmp(&other.converters))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Text as an expression that matches just it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        // Every ASCII punctuation character may be escaped, whether it has a meaning or not.
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
