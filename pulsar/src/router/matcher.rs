//! Matching one segment of a path against one segment of a rule.

use std::cmp::{Ordering, Reverse};

use pulsar_pattern::{Converter, Part, Placeholder, Segment};
use regex_automata::{
    Anchored, Input,
    meta::{self, Regex},
    util::primitives::NonMaxUsize,
};

use super::target::is_dotted;
use crate::request::Spans;

/// Why an expression cannot be used. The grammar has checked it, so that this is about its size.
pub(super) type BadExpression = Box<meta::BuildError>;

/// A segment of a rule that is not literal text, ready to match.
#[derive(Debug)]
pub(super) enum Matcher {
    /// One placeholder, the whole segment.
    Value(Value),
    /// One placeholder with text before it, behind it, or both.
    Affixed { before: Box<str>, value: Value, behind: Box<str> },
    /// Several placeholders: an anchored expression with one group for each, since no converter's has a group of its own.
    Several { regex: Regex, converters: Box<[Converter]> },
}

/// What one placeholder takes.
#[derive(Debug)]
pub(super) enum Value {
    /// Anything but nothing: the default, and worth its own case.
    Text,
    Checked(Converter),
    Regex(Regex),
}

impl Matcher {
    /// One for any segment but a `<path:..>`, which takes more than one.
    pub(super) fn of_segment(segment: &Segment) -> Result<Self, BadExpression> {
        match segment {
            Segment::Literal(text) => Ok(Self::Value(Value::Checked(Converter::Any(vec![text.clone()])))),
            Segment::Placeholder(placeholder) => Self::of_placeholder(placeholder),
            Segment::Mixed(parts) => Self::of_parts(parts),
        }
    }

    pub(super) fn of_placeholder(placeholder: &Placeholder) -> Result<Self, BadExpression> {
        Value::of(&placeholder.converter).map(Self::Value)
    }

    pub(super) fn of_parts(parts: &[Part]) -> Result<Self, BadExpression> {
        match parts {
            [Part::Placeholder(one)] => Ok(Self::Value(Value::of(&one.converter)?)),
            [Part::Text(before), Part::Placeholder(one)] => Self::affixed(before, one, ""),
            [Part::Placeholder(one), Part::Text(behind)] => Self::affixed("", one, behind),
            [Part::Text(before), Part::Placeholder(one), Part::Text(behind)] => {
                Self::affixed(before, one, behind)
            }
            _ => Self::several(parts),
        }
    }

    fn affixed(before: &str, one: &Placeholder, behind: &str) -> Result<Self, BadExpression> {
        Ok(Self::Affixed { before: before.into(), value: Value::of(&one.converter)?, behind: behind.into() })
    }

    fn several(parts: &[Part]) -> Result<Self, BadExpression> {
        let converters = parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(placeholder.converter.clone()),
            Part::Text(_) => None,
        });
        Ok(Self::Several { regex: anchored(&expression(parts))?, converters: converters.collect() })
    }

    /// Whether the segment matches, wherever it stands.
    pub(super) fn accepts(&self, segment: &str) -> bool {
        self.matches(segment, 0, &mut Spans::EMPTY.clone())
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
                let Some(inner) =
                    segment.strip_prefix(&**before).and_then(|rest| rest.strip_suffix(&**behind))
                else {
                    return false;
                };
                let start = offset + before.len();
                let matched = value.accepts(inner);
                if matched {
                    spans.push(start, start + inner.len());
                }
                matched
            }
            Self::Several { regex, converters } => match_several(regex, converters, segment, offset, spans),
        }
    }
}

impl Value {
    fn of(converter: &Converter) -> Result<Self, BadExpression> {
        Ok(match converter {
            Converter::String(options) if options.min_length <= 1 && options.max_length.is_none() => {
                Self::Text
            }
            Converter::Re(_) => Self::Regex(anchored(&converter.to_regex())?),
            other => Self::Checked(other.clone()),
        })
    }

    fn accepts(&self, value: &str) -> bool {
        let accepted = match self {
            Self::Text => !value.is_empty(),
            Self::Checked(converter) => converter.accepts(value),
            Self::Regex(regex) => {
                !value.is_empty() && regex.is_match(Input::new(value).anchored(Anchored::Yes))
            }
        };
        accepted && !is_dotted(value)
    }
}

fn match_several(
    regex: &Regex,
    converters: &[Converter],
    segment: &str,
    offset: usize,
    spans: &mut Spans,
) -> bool {
    // Two slots for the whole match and two for each group; few rules need more than there is room for here.
    let mut few = [None::<NonMaxUsize>; 34];
    let mut many;
    let slots = if let Some(slots) = few.get_mut(..regex.captures_len() * 2) {
        slots
    } else {
        many = vec![None; regex.captures_len() * 2];
        &mut many[..]
    };
    if regex.search_slots(&Input::new(segment).anchored(Anchored::Yes), slots).is_none() {
        return false;
    }
    let found = spans.len();
    // The first two slots are the whole match.
    for (converter, slot) in converters.iter().zip(slots[2..].chunks_exact(2)) {
        let span = slot[0].zip(slot[1]);
        let value = span.and_then(|(start, end)| Some((start, segment.get(start.get()..end.get())?)));
        match value {
            // The expression has said it all for `re`, and the converter accepts what is not empty.
            Some((start, value)) if converter.accepts(value) && !is_dotted(value) => {
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

fn anchored(expression: &str) -> Result<Regex, BadExpression> {
    Regex::new(&format!("^(?:{expression})$")).map_err(Box::new)
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

    /// How many placeholders such a segment has.
    pub(super) fn placeholders(&self) -> usize {
        self.converters.len()
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
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            // By its number, since a backslash gives some of them a meaning: `\<` is the start of a word.
            escaped.extend(["\\x{", &format!("{:x}", u32::from(c)), "}"]);
        } else {
            escaped.push(c);
        }
    }
    escaped
}
