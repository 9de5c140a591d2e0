//! Whether two segments of equal rank can match the same text: what makes two rules a conflict.

use std::collections::HashSet;

use pulsar_pattern::{Converter, Part, Segment};
use regex_automata::{
    Anchored,
    dfa::{Automaton, StartKind, dense},
    util::{primitives::StateID, start},
};

use super::matcher::expression;

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

/// Walks both automata side by side, over every byte, in search of a text that leads both to a match.
fn expressions_overlap(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (automaton(one), automaton(other)) else {
        return false;
    };
    let (Some(start_one), Some(start_other)) = (start(&one), start(&other)) else {
        return false;
    };
    let mut seen = HashSet::from([(start_one, start_other)]);
    let mut open = vec![(start_one, start_other)];
    while let Some((a, b)) = open.pop() {
        if one.is_match_state(one.next_eoi_state(a)) && other.is_match_state(other.next_eoi_state(b)) {
            return true;
        }
        for byte in 0..=u8::MAX {
            let next = (one.next_state(a, byte), other.next_state(b, byte));
            if !one.is_dead_state(next.0) && !other.is_dead_state(next.1) && seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

type Dfa = dense::DFA<Vec<u32>>;

fn automaton(expression: &str) -> Option<Dfa> {
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

fn start(automaton: &Dfa) -> Option<StateID> {
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
