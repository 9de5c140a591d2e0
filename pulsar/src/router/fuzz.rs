//! What has to hold for every rule, and for every path that a table of rules is asked for.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use http::{Method, uri::PathAndQuery};
use percent_encoding::percent_decode_str;
use pulsar_pattern::{Converter, ParseError, Pattern, Segment};

use super::{
    find::Sent,
    matcher::{Matcher, Rank},
    table::{Found, Table},
    target::{decode, is_dotted},
    trie::Trie,
};
use crate::{
    __fuzz::{head_and_body, lines},
    request::Spans,
};

/// The text of a rule: it is a rule that is printed as itself, or every mistake in it is told at its place.
pub fn route_pattern_parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Pattern::parse_all(text) {
        Ok(pattern) => {
            let printed = pattern.to_string();
            assert_eq!(Pattern::parse(&printed).as_ref(), Ok(&pattern), "{text} is printed {printed}");
            assert_eq!(Pattern::parse(text).map(|pattern| pattern.to_string()), Ok(printed));
            for placeholder in pattern.placeholders() {
                let source = &text[placeholder.span.clone()];
                assert!(
                    source.starts_with('<') && source.ends_with('>') && source.contains(&placeholder.name)
                );
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty() && errors.is_sorted_by_key(ParseError::offset));
            assert_eq!(Pattern::parse(text).as_ref(), Err(&errors[0]));
            for error in &errors {
                assert_eq!(error.rule(), text);
                assert!(text.get(error.offset()..error.offset() + error.len()).is_some(), "{error:?}");
                assert!(!error.message().is_empty() && !error.message().contains('\n'), "{error:?}");
                assert_eq!(
                    error.render().lines().count(),
                    2 + usize::from(error.help().is_some()),
                    "{error:?}"
                );
            }
        }
    }
}

/// Rules, one a line, with a method before them or not; behind an empty line the path of a GET. The table finds what trying one rule
/// after the other finds, and of several the most specific.
pub fn router_insert_match(data: &[u8]) {
    let (head, path) = head_and_body(data);
    let (Ok(head), Ok(path)) = (std::str::from_utf8(head), std::str::from_utf8(path)) else { return };
    if let Some((table, rules)) = rules(head) {
        check(&table, &rules, path);
    }
}

/// The rules of these lines, and their table; nothing if an expression is too large.
pub(super) fn rules(head: &str) -> Option<(Table, Vec<(Method, Pattern)>)> {
    let mut trie = Trie::new();
    let mut rules = Vec::new();
    for line in lines(head.as_bytes()).take(MOST_RULES) {
        let line = std::str::from_utf8(line).expect("the text was");
        let (method, rule) = match line.split_once(" /") {
            Some(("POST", _)) => (Method::POST, &line[5..]),
            _ => (Method::GET, line),
        };
        let Ok(pattern) = Pattern::parse(rule) else { continue };
        // The table gives it a number also if its expression is too large; then there is nothing to compare.
        trie.insert(pattern.segments(), pattern.is_branch(), std::slice::from_ref(&method)).ok()?;
        rules.push((method, pattern));
    }
    Some((trie.freeze(), rules))
}

/// The table finds for a path what the rules say.
pub(super) fn check(table: &Table, rules: &[(Method, Pattern)], path: &str) {
    // What is no path of a URI reaches no router.
    if !PathAndQuery::try_from(path).is_ok_and(|whole| whole.as_str() == path && whole.query().is_none()) {
        return;
    }
    let segments = segments(path);
    let decoded = decode(path);
    assert_eq!(decoded.is_ok(), segments.is_some() && u16::try_from(path.len()).is_ok(), "{path:?}");
    let (Ok(decoded), Some(segments)) = (decoded, segments) else { return };
    if segments.len() > MOST_SEGMENTS {
        return;
    }

    let mut spans = Spans::EMPTY;
    let found = table.find(&decoded, &Method::GET, &mut spans);
    let mut sent_spans = Spans::EMPTY;
    let sent = match table.find_sent(path, &Method::GET, &mut sent_spans) {
        Sent::Route(route) => Found::Route(route),
        Sent::Other(found, text) => {
            assert_eq!(text, decoded);
            found
        }
        Sent::Bad(bad) => panic!("{path} is decoded: {bad:?}"),
    };
    assert_eq!(sent, found, "as it was sent, {path}");
    if let Found::Route(_) = found {
        assert_eq!(sent_spans.as_slice(), spans.as_slice(), "{path}");
    }
    let matches =
        |pattern: &Pattern, segments: &[String]| best(pattern.segments(), pattern.is_branch(), segments);
    let all: Vec<_> = rules.iter().map(|(_, pattern)| matches(pattern, &segments)).collect();
    let allowed =
        |method: &Method| rules.iter().zip(&all).any(|((of, _), found)| of == method && found.is_some());
    match found {
        Found::Route(number) => {
            assert_eq!(rules[number].0, Method::GET);
            let own =
                all[number].as_ref().unwrap_or_else(|| panic!("{} does not match {path}", rules[number].1));
            let shown = decoded.replace('\0', "/");
            let values: Vec<_> = (0..spans.len()).map(|at| shown[spans.get(at)].to_owned()).collect();
            assert_eq!(values, own.values, "the values of {}", rules[number].1);
            for ((method, pattern), other) in rules.iter().zip(&all) {
                let Some(other) = other.as_ref().filter(|_| *method == Method::GET) else { continue };
                assert!(own.labels <= other.labels, "{pattern} is more specific than {}", rules[number].1);
            }
        }
        Found::NotAllowed(methods) => {
            assert_eq!(methods, [Method::POST]);
            assert!(!allowed(&Method::GET) && allowed(&Method::POST));
        }
        Found::OtherSlash => {
            assert!(!allowed(&Method::GET) && !allowed(&Method::POST));
            let mut other = segments.clone();
            if other.pop_if(|last| last.is_empty()).is_none() {
                other.push(String::new());
            }
            assert!(
                rules.iter().any(|(method, rule)| *method == Method::GET && matches(rule, &other).is_some())
            );
        }
        Found::Nothing => assert!(!allowed(&Method::GET) && !allowed(&Method::POST), "{path}"),
        Found::Mount(..) => panic!("nothing is mounted"),
    }
}

/// More rules, and longer paths, would only take the slow way longer.
const MOST_RULES: usize = 16;
const MOST_SEGMENTS: usize = 12;

/// The decoded segments of a path, the last one empty if it ends in a slash; nothing for what is no path.
fn segments(path: &str) -> Option<Vec<String>> {
    let whole = |segment: &str| {
        segment.split('%').skip(1).all(|behind| {
            behind
                .get(..2)
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits != "00")
        })
    };
    let decoded = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        whole(segment).then_some(text)
    };
    path.strip_prefix('/')?.split('/').map(decoded).collect()
}

/// How a rule matches a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    labels: Vec<Label>,
    values: Vec<String>,
}

/// How one segment was matched; the lesser is more specific.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Literal,
    Dynamic(Rank),
    Path,
    Continued,
}

/// The most specific of all ways in which a rule matches.
fn best(rule: &[Segment], branch: bool, path: &[String]) -> Option<Match> {
    let Some((first, rest)) = rule.split_first() else {
        let ends = if branch { path.len() == 1 && path[0].is_empty() } else { path.is_empty() };
        return ends.then(|| Match { labels: Vec::new(), values: Vec::new() });
    };
    let (segment, behind) = path.split_first()?;
    if segment.is_empty() {
        return None;
    }
    let followed_by = |label: Label, values: Vec<String>, behind: &[String], more: usize| {
        let follows = best(rest, branch, behind)?;
        let labels = std::iter::once(label).chain(std::iter::repeat_n(Label::Continued, more));
        Some(Match {
            labels: labels.chain(follows.labels).collect(),
            values: values.into_iter().chain(follows.values).collect(),
        })
    };
    match first {
        Segment::Literal(text) => {
            (text == segment).then(|| followed_by(Label::Literal, Vec::new(), behind, 0)).flatten()
        }
        Segment::Placeholder(placeholder) if placeholder.converter == Converter::Path => {
            let ways = (1..=path.len()).filter_map(|count| {
                let value = path[..count].join("/");
                let accepted = placeholder.converter.accepts(&value);
                accepted.then(|| followed_by(Label::Path, vec![value], &path[count..], count - 1)).flatten()
            });
            ways.min()
        }
        Segment::Placeholder(placeholder) if !matches!(placeholder.converter, Converter::Re(_)) => {
            let accepted = placeholder.converter.accepts(segment) && !is_dotted(segment);
            let label = Label::Dynamic(Rank::of_placeholder(placeholder));
            accepted.then(|| followed_by(label, vec![segment.clone()], behind, 0)).flatten()
        }
        // Where expressions match, there is no slower way to say it.
        Segment::Placeholder(placeholder) => {
            let matcher = Matcher::of_placeholder(placeholder).ok()?;
            let label = Label::Dynamic(Rank::of_placeholder(placeholder));
            followed_by(label, values(&matcher, segment)?, behind, 0)
        }
        Segment::Mixed(parts) => {
            let matcher = Matcher::of_parts(parts).ok()?;
            followed_by(Label::Dynamic(Rank::of_parts(parts)), values(&matcher, segment)?, behind, 0)
        }
    }
}

fn values(matcher: &Matcher, segment: &str) -> Option<Vec<String>> {
    let mut spans = Spans::EMPTY;
    let matched = matcher.matches(segment, 0, &mut spans);
    matched.then(|| (0..spans.len()).map(|at| segment[spans.get(at)].to_owned()).collect())
}
