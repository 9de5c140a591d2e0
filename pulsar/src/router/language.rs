//! Which texts a segment of a rule matches, as automata: what tells whether some rules together leave a text to another.
//!
//! A language is exact, or holds more than it should where no automaton can say it: an expression over several placeholders, the
//! bounds of a `float`. Who concludes that nothing is left has to use exact ones for those who take.

use std::fmt::Write as _;

use pulsar_pattern::{Converter, IntOptions, Part, Segment};
use regex_automata::{dfa::Automaton, util::primitives::StateID};

use super::{
    matcher::{escape, expression},
    overlap::{Dfa, automaton, start},
};

/// Every text that this expression matches, without those that the other one does.
pub(super) struct Language {
    matched: Dfa,
    refused: Option<Dfa>,
    pub(super) is_exact: bool,
}

/// Where the automata of a language are.
pub(super) type State = (StateID, Option<StateID>);

/// No placeholder takes a text with `.` or `..` between its slashes.
const DOTTED: &str = r"(?s:(?:.*/)?\.\.?(?:/.*)?)";

/// The largest count of characters that expressions have; see [`Converter::to_regex`].
const LARGEST_COUNT: usize = 255;

impl Language {
    /// Of a segment; nothing if its automaton would be too large.
    pub(super) fn of(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Literal(text) => Self::new(&escape(text), None, true),
            Segment::Placeholder(placeholder) => {
                let (expression, is_exact) = of_converter(&placeholder.converter)?;
                Self::new(&expression, Some(DOTTED), is_exact)
            }
            Segment::Mixed(parts) => {
                let (before, inner, behind) = match &parts[..] {
                    [Part::Text(before), Part::Placeholder(one)] => (before.as_str(), one, ""),
                    [Part::Placeholder(one), Part::Text(behind)] => ("", one, behind.as_str()),
                    [Part::Text(before), Part::Placeholder(one), Part::Text(behind)] => {
                        (before.as_str(), one, behind.as_str())
                    }
                    // How a text is divided among several is for the engine of expressions to say.
                    _ => return Self::new(&expression(parts), None, false),
                };
                let (inner, is_exact) = of_converter(&inner.converter)?;
                let around = |inner: &str| format!("{}(?:{inner}){}", escape(before), escape(behind));
                Self::new(&around(&inner), Some(&around(DOTTED)), is_exact)
            }
        }
    }

    /// Of the first segment of a `<path:..>`, or of any other one.
    pub(super) fn of_path(is_first: bool) -> Option<Self> {
        Self::new(if is_first { "(?s:[^/].*)" } else { "(?s:.*)" }, Some(DOTTED), true)
    }

    fn new(matched: &str, refused: Option<&str>, is_exact: bool) -> Option<Self> {
        let refused = match refused {
            Some(refused) => Some(automaton(refused)?),
            None => None,
        };
        Some(Self { matched: automaton(matched)?, refused, is_exact })
    }

    pub(super) fn start(&self) -> Option<State> {
        let refused = match &self.refused {
            Some(refused) => Some(start(refused)?),
            None => None,
        };
        Some((start(&self.matched)?, refused))
    }

    pub(super) fn next(&self, (matched, refused): State, byte: u8) -> State {
        let next = |dfa: &Option<Dfa>, at| Some(dfa.as_ref()?.next_state(at, byte));
        (self.matched.next_state(matched, byte), refused.and_then(|at| next(&self.refused, at)))
    }

    /// Whether nothing that follows leads to a match.
    pub(super) fn is_dead(&self, state: State) -> bool {
        self.matched.is_dead_state(state.0)
    }

    /// Whether the text may end here.
    pub(super) fn ends(&self, (matched, refused): State) -> bool {
        let ends = |dfa: &Dfa, at| dfa.is_match_state(dfa.next_eoi_state(at));
        ends(&self.matched, matched)
            && !self.refused.as_ref().zip(refused).is_some_and(|(dfa, at)| ends(dfa, at))
    }

    /// Bytes of the same classes lead to the same places.
    pub(super) fn classes(&self, byte: u8) -> (u8, u8) {
        let refused = self.refused.as_ref().map_or(0, |dfa| dfa.byte_classes().get(byte));
        (self.matched.byte_classes().get(byte), refused)
    }
}

/// An expression for the values of a converter, and whether it says all.
fn of_converter(converter: &Converter) -> Option<(String, bool)> {
    Some(match converter {
        Converter::Int(options) => (of_int(options)?, true),
        Converter::String(options) => {
            let counts = [Some(options.min_length), options.max_length];
            let is_exact = counts.into_iter().flatten().all(|count| count <= LARGEST_COUNT);
            (converter.to_regex(), is_exact)
        }
        // Its bounds, and that a number must not be infinite, no expression says.
        Converter::Float(_) => (converter.to_regex(), false),
        Converter::Any(_) | Converter::Uuid | Converter::Re(_) | Converter::Path => {
            (converter.to_regex(), true)
        }
    })
}

/// The digits of the whole numbers between the bounds.
fn of_int(options: &IntOptions) -> Option<String> {
    let IntOptions { min, max, fixed_digits, signed } = *options;
    if fixed_digits.is_some_and(|digits| digits > LARGEST_COUNT) {
        return None;
    }
    let mut alternatives = Vec::new();
    // From 0 or `min` up to `max`; a number without a sign is never less than 0.
    if max.is_none_or(|max| max >= 0) {
        let least = min.unwrap_or(0).max(0).unsigned_abs();
        alternatives.extend(magnitudes(least, max.map(i128::unsigned_abs), fixed_digits));
    }
    // With the sign: from 0 or `-max` up to `-min`; `-0` is 0.
    if signed && min.is_none_or(|min| min <= 0) {
        let least = max.unwrap_or(0).min(0).unsigned_abs();
        let negative = magnitudes(least, min.map(i128::unsigned_abs), fixed_digits);
        alternatives.extend(negative.map(|digits| format!("-(?:{digits})")));
    }
    Some(if alternatives.is_empty() { "[a&&b]".to_owned() } else { alternatives.join("|") })
}

/// The digits of the numbers from `least` to `most`; nothing if there are none.
fn magnitudes(least: u128, most: Option<u128>, fixed_digits: Option<usize>) -> Option<String> {
    if let Some(digits) = fixed_digits {
        let least = format!("{least:0>digits$}");
        let most = most.map(|most| format!("{most:0>digits$}")).filter(|most| most.len() == digits);
        let most = most.unwrap_or_else(|| "9".repeat(digits));
        return (least.len() == digits && least <= most).then(|| between(least.as_bytes(), most.as_bytes()));
    }
    if most.is_some_and(|most| least > most) {
        return None;
    }
    let low = least.to_string();
    let mut alternatives = Vec::new();
    match most.map(|most| most.to_string()) {
        Some(high) if high.len() == low.len() => alternatives.push(between(low.as_bytes(), high.as_bytes())),
        Some(high) => {
            alternatives.push(at_least(low.as_bytes()));
            for length in low.len() + 1..high.len() {
                alternatives.push(format!("[1-9][0-9]{{{}}}", length - 1));
            }
            let power = format!("1{}", "0".repeat(high.len() - 1));
            alternatives.push(between(power.as_bytes(), high.as_bytes()));
        }
        None => alternatives.extend([at_least(low.as_bytes()), format!("[1-9][0-9]{{{},}}", low.len())]),
    }
    Some(format!("0*(?:{})", alternatives.join("|")))
}

/// All numbers of as many digits from `low` to `high`.
fn between(low: &[u8], high: &[u8]) -> String {
    if low.iter().all(|digit| *digit == b'0') && high.iter().all(|digit| *digit == b'9') {
        return format!("[0-9]{{{}}}", low.len());
    }
    match (low, high) {
        ([first, low @ ..], [last, high @ ..]) if first == last => {
            format!("{}{}", char::from(*first), between(low, high))
        }
        ([first, low @ ..], [last, high @ ..]) => {
            let (first, last) = (*first, *last);
            let mut text = format!("(?:{}{}", char::from(first), at_least(low));
            if first + 1 < last {
                let (from, to) = (char::from(first + 1), char::from(last - 1));
                write!(text, "|[{from}-{to}][0-9]{{{}}}", low.len()).expect("a text takes everything");
            }
            let zeros = vec![b'0'; high.len()];
            text.push_str(&format!("|{}{})", char::from(last), between(&zeros, high)));
            text
        }
        _ => String::new(),
    }
}

/// All numbers of as many digits from `low` on.
fn at_least(low: &[u8]) -> String {
    between(low, &vec![b'9'; low.len()])
}

#[cfg(test)]
mod tests {
    use pulsar_pattern::Pattern;

    use super::*;
    use crate::router::matcher::Matcher;

    fn has(language: &Language, text: &str) -> bool {
        let start = language.start().unwrap();
        language.ends(text.bytes().fold(start, |state, byte| language.next(state, byte)))
    }

    #[test]
    fn a_language_has_what_its_segment_matches() {
        let numbers = (-1100..=1100).flat_map(|number: i32| {
            let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
            ["", "0", "00"].map(|zeros| format!("{sign}{zeros}{digits}"))
        });
        let others = [
            "-0",
            "-00",
            "",
            ".",
            "..",
            "a",
            "ab",
            "abc",
            "a/b",
            "/a",
            "./x",
            "x/..",
            "a.",
            "a..",
            "..a",
            "v1",
            "v",
            "v.",
            "v..",
            "va/..",
            "v./x",
            "1.5",
            "01234567-89ab-cdef-0123-456789abcdef",
            "é",
            "\n",
            "170141183460469231731687303715884105727",
            "170141183460469231731687303715884105728",
            "999999999999999999999999999999999999999999999",
            "-999999999999999999999999999999999999999999999",
        ];
        let texts: Vec<String> = numbers.chain(others.map(str::to_owned)).collect();
        for (segment, is_exact) in [
            ("literal", true),
            ("<x>", true),
            ("<any(a,abc):x>", true),
            ("<uuid:x>", true),
            ("<int:x>", true),
            ("<int(min=7):x>", true),
            ("<int(max=7):x>", true),
            ("<int(min=1,max=3):x>", true),
            ("<int(min=98,max=1012):x>", true),
            ("<int(min=19,max=21):x>", true),
            ("<int(fixed_digits=2):x>", true),
            ("<int(fixed_digits=2,min=3,max=40):x>", true),
            ("<int(fixed_digits=2,max=999):x>", true),
            ("<int(signed):x>", true),
            ("<int(signed,min=-12,max=-3):x>", true),
            ("<int(signed,min=-12,max=105):x>", true),
            ("<int(signed,min=0):x>", true),
            ("<int(signed,max=0):x>", true),
            ("<int(signed,max=-1000):x>", true),
            ("<int(signed,fixed_digits=3,min=-5,max=5):x>", true),
            ("<int(min=170141183460469231731687303715884105727):x>", true),
            ("<float:x>", false),
            ("<float(min=1,max=2):x>", false),
            ("<string(length=2):x>", true),
            ("<string(minlength=2,maxlength=3):x>", true),
            ("<string(maxlength=300):x>", false),
            (r#"<re("[a-c]+"):x>"#, true),
            (r#"<re("."):x>"#, true),
            ("v<x>", true),
            ("<x>.", true),
            ("v<int(max=9):x>", true),
            ("<x>-<y>", false),
        ] {
            let segment = Pattern::parse(&format!("/{segment}")).unwrap().segments()[0].clone();
            let language = Language::of(&segment).unwrap();
            assert_eq!(language.is_exact, is_exact, "{segment}");
            let matcher = Matcher::of_segment(&segment).unwrap();
            for text in &texts {
                let (matched, has) = (matcher.accepts(text), has(&language, text));
                assert!(has == matched || has && !is_exact, "{segment} and {text:?}: {matched}, not {has}");
            }
        }
    }

    #[test]
    fn numbers_that_no_bounds_allow_are_none() {
        let options = IntOptions { min: Some(100), fixed_digits: Some(2), ..IntOptions::default() };
        let nothing = Language::new(&of_int(&options).unwrap(), None, true).unwrap();
        assert!(!has(&nothing, "99") && !has(&nothing, "100") && !has(&nothing, ""));
    }
}
