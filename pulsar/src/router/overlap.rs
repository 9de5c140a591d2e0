//! Whether two segments of equal rank can match the same text: what makes two rules a conflict.

use std::collections::HashSet;

use pulsar_pattern::{Converter, Part, Segment};
use regex_automata::{
    Anchored,
    dfa::{Automaton, StartKind, dense},
    util::{primitives::StateID, start},
};

use super::matcher::{Matcher, expression};

/// How much memory one automaton may take. Expressions that need more are told apart by their text only.
const SIZE_LIMIT: usize = 1 << 20;

/// Whether some segment of a path matches both.
pub(super) fn overlap(one: &Segment, other: &Segment) -> bool {
    match (one, other) {
        (Segment::Literal(one), Segment::Literal(other)) => one == other,
        (Segment::Placeholder(one), Segment::Placeholder(other)) => {
            values_overlap(&one.converter, &other.converter)
        }
        (Segment::Mixed(one), Segment::Mixed(other)) => parts_overlap(one, other),
        // They differ in rank, so that it is clear which comes first.
        _ => false,
    }
}

fn values_overlap(one: &Converter, other: &Converter) -> bool {
    match (one, other) {
        (Converter::Any(one), Converter::Any(other)) => one.iter().any(|item| other.contains(item)),
        (Converter::Int(one), Converter::Int(other)) => {
            let digits = match (one.fixed_digits, other.fixed_digits) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            // A number without a sign is at least 0.
            let low = |min: Option<i128>, signed: bool| min.unwrap_or(if signed { i128::MIN } else { 0 });
            let least = low(one.min, one.signed).max(low(other.min, other.signed));
            let most = one.max.unwrap_or(i128::MAX).min(other.max.unwrap_or(i128::MAX));
            digits && least <= most
        }
        (Converter::Float(one), Converter::Float(other)) => {
            let low =
                |min: Option<f64>, signed: bool| min.unwrap_or(if signed { f64::NEG_INFINITY } else { 0.0 });
            let least = low(one.min, one.signed).max(low(other.min, other.signed));
            let most = one.max.unwrap_or(f64::INFINITY).min(other.max.unwrap_or(f64::INFINITY));
            least <= most
        }
        (Converter::String(one), Converter::String(other)) => {
            let least = one.min_length.max(other.min_length);
            let most = one.max_length.unwrap_or(usize::MAX).min(other.max_length.unwrap_or(usize::MAX));
            least <= most
        }
        (Converter::Re(_), Converter::Re(_)) => {
            one == other || expressions_overlap(&one.to_regex(), &other.to_regex())
        }
        (Converter::Uuid, Converter::Uuid) | (Converter::Path, Converter::Path) => true,
        _ => false,
    }
}

fn parts_overlap(one: &[Part], other: &[Part]) -> bool {
    let same_text = one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Part::Text(one), Part::Text(other)) => one == other,
            (Part::Placeholder(_), Part::Placeholder(_)) => true,
            _ => false,
        });
    let values = || {
        one.iter().zip(other).all(|pair| match pair {
            (Part::Placeholder(one), Part::Placeholder(other)) => {
                values_overlap(&one.converter, &other.converter)
            }
            _ => true,
        })
    };
    if same_text && (values() || splits_one_way(one, other)) {
        return values();
    }
    expressions_overlap(&expression(one), &expression(other))
}

/// Whether both divide any text into the same values: then a text matches both just if each pair of values overlaps.
///
/// They do if the text behind a value cannot be in it, or the text before it, for all but one.
fn splits_one_way(one: &[Part], other: &[Part]) -> bool {
    let cannot_hold = |at: usize, delimiter: Option<char>| {
        delimiter.is_some_and(|delimiter| {
            [one, other].iter().all(|parts| match &parts[at] {
                Part::Placeholder(placeholder) => !can_hold(&placeholder.converter, delimiter),
                Part::Text(_) => false,
            })
        })
    };
    let text = |at: Option<usize>| match at.and_then(|at| one.get(at)) {
        Some(Part::Text(text)) => text.as_str(),
        _ => "",
    };
    let places: Vec<_> = (0..one.len()).filter(|&at| matches!(one[at], Part::Placeholder(_))).collect();
    let from_left =
        places.iter().take_while(|&&at| cannot_hold(at, text(Some(at + 1)).chars().next())).count();
    let from_right = places
        .iter()
        .rev()
        .take_while(|&&at| cannot_hold(at, text(at.checked_sub(1)).chars().next_back()))
        .count();
    from_left + from_right + 1 >= places.len()
}

fn can_hold(converter: &Converter, c: char) -> bool {
    match converter {
        Converter::Any(items) => items.iter().any(|item| item.contains(c)),
        Converter::Uuid => c == '-' || c.is_ascii_hexdigit(),
        Converter::Int(options) => c.is_ascii_digit() || options.signed && c == '-',
        Converter::Float(options) => c.is_ascii_digit() || c == '.' || options.signed && c == '-',
        Converter::Re(_) | Converter::String(_) | Converter::Path => true,
    }
}

fn expressions_overlap(one: &str, other: &str) -> bool {
    common_match(one, other).is_some()
}

/// A text that two segments of equal rank both match, if one is found.
pub(super) fn common_text(one: &Segment, other: &Segment) -> Option<String> {
    let mut candidates = Vec::new();
    match (one, other) {
        (Segment::Literal(text), _) | (_, Segment::Literal(text)) => candidates.push(text.clone()),
        (Segment::Placeholder(one), Segment::Placeholder(other)) => {
            candidates.extend(texts(&one.converter));
            candidates.extend(texts(&other.converter));
            if let (Converter::Re(_), Converter::Re(_)) = (&one.converter, &other.converter) {
                candidates.extend(common_match(&one.converter.to_regex(), &other.converter.to_regex()));
            }
        }
        (Segment::Mixed(one), Segment::Mixed(other)) => {
            candidates.extend(common_match(&expression(one), &expression(other)));
        }
        _ => {}
    }
    let (one, other) = (Matcher::of_segment(one).ok()?, Matcher::of_segment(other).ok()?);
    candidates.into_iter().find(|text| one.accepts(text) && other.accepts(text))
}

/// Some texts that a converter stands for: at its bounds, where others begin or end as well, and usual ones.
pub(super) fn texts(converter: &Converter) -> Vec<String> {
    match converter {
        Converter::Any(items) => items.clone(),
        Converter::Uuid => vec!["01234567-89ab-cdef-0123-456789abcdef".to_owned()],
        Converter::Int(options) => {
            let numbers = [Some(1), Some(0), options.min, options.max, Some(-1)];
            let digits = options.fixed_digits.unwrap_or(0);
            let padded = |number: i128| {
                let sign = if number < 0 { "-" } else { "" };
                format!("{sign}{:0>digits$}", number.unsigned_abs())
            };
            numbers.into_iter().flatten().map(padded).collect()
        }
        Converter::Float(options) => {
            let numbers = [Some(0.5), Some(1.0), options.min, options.max, Some(-0.5)];
            numbers.into_iter().flatten().map(|number| format!("{number}")).collect()
        }
        Converter::String(options) => {
            let most = options.max_length.unwrap_or(usize::MAX);
            let lengths = [3, options.min_length.max(1), most].into_iter().filter(|length| *length <= 255);
            lengths.map(|length| "a".repeat(length)).collect()
        }
        Converter::Re(_) => Vec::new(),
        Converter::Path => vec!["a".to_owned()],
    }
}

/// Walks both automata side by side, over every byte, in search of a text that leads both to a match; gives the shortest.
fn common_match(one: &str, other: &str) -> Option<String> {
    let (one, other) = (automaton(one)?, automaton(other)?);
    let first = (start(&one)?, start(&other)?);
    let mut seen = HashSet::from([first]);
    // Each with the number of the one that it was reached from, and the byte between them.
    let mut walked = vec![(first, 0, 0_u8)];
    let mut at = 0;
    while let Some(&((a, b), ..)) = walked.get(at) {
        if one.is_match_state(one.next_eoi_state(a)) && other.is_match_state(other.next_eoi_state(b)) {
            let mut text = Vec::new();
            while at != 0 {
                text.push(walked[at].2);
                at = walked[at].1;
            }
            text.reverse();
            return Some(String::from_utf8_lossy(&text).into_owned());
        }
        for byte in (b'a'..=b'z').chain(0..=u8::MAX) {
            let next = (one.next_state(a, byte), other.next_state(b, byte));
            if !one.is_dead_state(next.0) && !other.is_dead_state(next.1) && seen.insert(next) {
                walked.push((next, at, byte));
            }
        }
        at += 1;
    }
    None
}

pub(super) type Dfa = dense::DFA<Vec<u32>>;

pub(super) fn automaton(expression: &str) -> Option<Dfa> {
    dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .dfa_size_limit(Some(SIZE_LIMIT))
                .determinize_size_limit(Some(SIZE_LIMIT)),
        )
        .build(&format!("^(?:{expression})$"))
        .ok()
}

pub(super) fn start(automaton: &Dfa) -> Option<StateID> {
    automaton.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()
}

#[cfg(test)]
mod tests {
    use pulsar_pattern::Pattern;

    use super::*;

    #[test]
    fn segments_overlap_if_a_text_matches_both() {
        for (one, other, expected) in [
            ("<int:a>", "<int:b>", true),
            ("<int(max=9):a>", "<int(min=10):a>", false),
            ("<int(max=10):a>", "<int(min=10):a>", true),
            ("<int(fixed_digits=4):a>", "<int(fixed_digits=2):a>", false),
            ("<int(fixed_digits=4):a>", "<int:a>", true),
            ("<int(signed, max=-1):a>", "<int:a>", false),
            ("<float(max=1):a>", "<float(min=2):a>", false),
            ("<any(a,b):x>", "<any(b,c):x>", true),
            ("<any(a,b):x>", "<any(c,d):x>", false),
            ("<string(length=2):x>", "<string(minlength=3):x>", false),
            ("<string(maxlength=3):x>", "<x>", true),
            ("<uuid:a>", "<uuid:b>", true),
            (r#"<re("[a-z]+"):a>"#, r#"<re("[0-9]+"):a>"#, false),
            (r#"<re("[a-z]+"):a>"#, r#"<re("[a-z0-9]+"):a>"#, true),
            (r#"<re("a{3,5}"):a>"#, r#"<re("a{6,}"):a>"#, false),
            ("v<int:a>", "w<int:a>", false),
            ("v<int(max=5):a>", "v<int(min=6):a>", false),
            ("a<x>", "<x>b", true),
            ("<int:a>-<int:b>", "<int:a>.<int:b>", false),
            ("<a>-<b>", "<a>.<b>", true),
            ("<int(max=5):a>-<b>", "<int(min=6):a>-<b>", false),
            ("<a>-<int(max=5):b>", "<a>-<int(min=6):b>", false),
            ("<a>-<int(max=5):b>-<int:c>", "<a>-<int(min=6):b>-<int:c>", false),
            ("<any(a):x>-<any(b):y>", "<any(a):x>-<any(c):y>", false),
            // "x-y-z" is x and y-z to the one, x-y and z to the other.
            ("<string(length=1):a>-<b>", "<string(length=3):a>-<b>", true),
            (r#"<any(a):x>-<any("b-c"):y>"#, r#"<any("a-b"):x>-<any(c):y>"#, true),
            ("<int(signed):a>-<int:b>", "<int(signed, max=-1):a>-<int:b>", true),
            (r#"<re("(?x)a+ # comment"):a>"#, r#"<re("(?x)a # another"):a>"#, true),
        ] {
            let segment = |text: &str| Pattern::parse(&format!("/{text}")).unwrap().segments()[0].clone();
            assert_eq!(overlap(&segment(one), &segment(other)), expected, "{one} and {other}");
            assert_eq!(overlap(&segment(other), &segment(one)), expected, "{other} and {one}");
        }
    }
}
