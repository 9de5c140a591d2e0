//! The router against a naive matcher, on random rules and paths.
//!
//! The matcher below shares no code with the router: it enumerates every way in which every rule matches, ranks the ways
//! segment by segment, and takes the best. It is slow, and easy to see to be right.

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};
use pulsar::testing::{Client, block_on};

use crate::support::{context, outcome, router};

/// How many sets of rules are tried, unless `PROPTEST_CASES` says otherwise.
const SETS: u32 = 600;

/// How many paths are asked for with each set.
const PATHS: usize = 40;

#[derive(Clone, Debug)]
struct Rule {
    method: &'static str,
    segments: Vec<Segment>,
    branch: bool,
}

#[derive(Clone, Debug)]
enum Segment {
    /// Text as it stands in a rule, and what it says.
    Literal(&'static str, &'static str),
    Parts(Vec<Part>),
    Path,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Text(&'static str),
    Value(Converter),
}

#[derive(Clone, Copy, Debug)]
enum Converter {
    Any(&'static [&'static str]),
    Uuid,
    Int {
        min: i64,
        max: i64,
        digits: usize,
        signed: bool,
    },
    Float {
        max: f64,
    },
    /// The characters of which there must be one or more.
    Re(&'static str),
    Text {
        min: usize,
        max: usize,
    },
}

use Converter::{Any, Float, Int, Re, Text, Uuid};

const INT: Converter = Int { min: i64::MIN, max: i64::MAX, digits: 0, signed: false };
const TEXT: Converter = Text { min: 1, max: usize::MAX };

const CONVERTERS: &[Converter] = &[
    Any(&["a", "b"]),
    Any(&["ab", "b", "1"]),
    Uuid,
    INT,
    Int { min: i64::MIN, max: 9, digits: 0, signed: false },
    Int { min: 5, max: 50, digits: 0, signed: false },
    Int { min: i64::MIN, max: i64::MAX, digits: 2, signed: false },
    Int { min: -5, max: i64::MAX, digits: 0, signed: true },
    Float { max: f64::INFINITY },
    Float { max: 2.0 },
    Re("ab"),
    Re("b0123456789"),
    TEXT,
    Text { min: 2, max: 2 },
    Text { min: 1, max: 3 },
];

const LITERALS: &[(&str, &str)] = &[
    ("a", "a"),
    ("b", "b"),
    ("ab", "ab"),
    ("1", "1"),
    ("é", "é"),
    ("a%20b", "a b"),
    ("a%2Fb", "a/b"),
    ("a-b", "a-b"),
];

/// What stands around and between the placeholders of a segment.
const TEXTS: &[&str] = &["a", "b", "-", ".", "1", "v", "a-"];

const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// Values at and around what the converters take, and what is trouble in a path.
const VALUES: &[&str] = &[
    "a", "b", "ab", "ba", "abc", "abcd", "1", "5", "9", "10", "50", "51", "99", "123", "-1", "-5", "-6",
    "0.5", "2", "2.0", "2.01", "1.2.3", "é", "a b", "a/b", "a-b", "a.b", "-", ".", "..", "...", "../a",
    "a/..", "/a", "v1", UUID, "",
];

impl fmt::Display for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Any(items) => write!(f, "any({})", items.join(",")),
            Uuid => f.write_str("uuid"),
            Int { min, max, digits, signed } => {
                let mut options = Vec::new();
                options.extend((min != i64::MIN).then(|| format!("min={min}")));
                options.extend((max != i64::MAX).then(|| format!("max={max}")));
                options.extend((digits > 0).then(|| format!("fixed_digits={digits}")));
                options.extend(signed.then(|| "signed".to_owned()));
                if options.is_empty() { f.write_str("int") } else { write!(f, "int({})", options.join(",")) }
            }
            Float { max } if max.is_finite() => write!(f, "float(max={max})"),
            Float { .. } => f.write_str("float"),
            Re(characters) => write!(f, "re(\"[{characters}]+\")"),
            Text { min: 1, max: usize::MAX } => f.write_str("string"),
            Text { min, max } => write!(f, "string(minlength={min},maxlength={max})"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = 0;
        let mut name = || {
            names += 1;
            format!("p{names}")
        };
        write!(f, "{} ", self.method)?;
        for segment in &self.segments {
            f.write_str("/")?;
            match segment {
                Segment::Literal(written, _) => f.write_str(written)?,
                Segment::Path => write!(f, "<path:{}>", name())?,
                Segment::Parts(parts) => {
                    for part in parts {
                        match part {
                            Part::Text(text) => f.write_str(text)?,
                            Part::Value(converter) => write!(f, "<{converter}:{}>", name())?,
                        }
                    }
                }
            }
        }
        if self.branch || self.segments.is_empty() { f.write_str("/") } else { Ok(()) }
    }
}

/// How one segment of a path was matched; the lesser is more specific.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Literal,
    /// Characters of text (more first), then the converters.
    Dynamic(Reverse<usize>, Vec<u8>),
    Path,
    Continued,
}

#[derive(Clone, Debug, Default)]
struct Way {
    labels: Vec<Label>,
    values: Vec<String>,
}

impl Converter {
    fn rank(self) -> u8 {
        match self {
            Any(_) => 0,
            Uuid => 1,
            Int { .. } => 2,
            Float { .. } => 3,
            Re(_) => 4,
            Text { .. } => 5,
        }
    }

    /// Whether the value has the right form, whatever number it is.
    fn has_form(self, value: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        match self {
            Any(items) => items.contains(&value),
            Uuid => {
                let groups: Vec<_> = value.split('-').map(str::len).collect();
                groups == [8, 4, 4, 4, 12] && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
            }
            Int { digits: count, signed, .. } => {
                let number = value.strip_prefix('-').filter(|_| signed).unwrap_or(value);
                digits(number) && (count == 0 || number.len() == count)
            }
            Float { .. } => match value.split_once('.') {
                Some((whole, fraction)) => digits(whole) && digits(fraction),
                None => digits(value),
            },
            Re(characters) => !value.is_empty() && value.chars().all(|c| characters.contains(c)),
            Text { min, max } => (min..=max).contains(&value.chars().count()),
        }
    }

    fn accepts(self, value: &str) -> bool {
        self.has_form(value)
            && !is_dotted(value)
            && match self {
                Int { min, max, .. } => value.parse().is_ok_and(|number: i64| (min..=max).contains(&number)),
                Float { max } => value.parse().is_ok_and(|number: f64| number <= max),
                _ => true,
            }
    }
}

fn is_dotted(value: &str) -> bool {
    value.split('/').any(|part| part == "." || part == "..")
}

/// The values of the placeholders of one segment, where each takes as much as it can, the first before the second.
fn divide(parts: &[Part], text: &str) -> Option<Vec<String>> {
    match parts {
        [] => text.is_empty().then(Vec::new),
        [Part::Text(first), rest @ ..] => divide(rest, text.strip_prefix(first)?),
        [Part::Value(converter), rest @ ..] => {
            // Numbers are compared with their bounds only when it is known where they end.
            let ends: Vec<_> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
            ends.into_iter().rev().filter(|&end| converter.has_form(&text[..end])).find_map(|end| {
                let mut values = divide(rest, &text[end..])?;
                values.insert(0, text[..end].to_owned());
                Some(values)
            })
        }
    }
}

fn match_segment(segment: &Segment, text: &str) -> Option<(Label, Vec<String>)> {
    match segment {
        Segment::Literal(_, says) => (*says == text).then(|| (Label::Literal, Vec::new())),
        Segment::Parts(parts) => {
            let converters: Vec<_> = parts
                .iter()
                .filter_map(|part| match part {
                    Part::Value(converter) => Some(*converter),
                    Part::Text(_) => None,
                })
                .collect();
            let texts = parts.iter().map(|part| match part {
                Part::Text(text) => text.chars().count(),
                Part::Value(_) => 0,
            });
            let values = divide(parts, text)?;
            let accepted = converters.iter().zip(&values).all(|(converter, value)| converter.accepts(value));
            let ranks = converters.iter().map(|converter| converter.rank()).collect();
            accepted.then(|| (Label::Dynamic(Reverse(texts.sum()), ranks), values))
        }
        Segment::Path => None,
    }
}

/// All ways in which these segments of a rule match these of a path.
fn ways(rule: &[Segment], path: &[String]) -> Vec<Way> {
    let then = |label: Vec<Label>, values: Vec<String>, rest: Vec<Way>| {
        rest.into_iter().map(move |way| Way {
            labels: label.iter().cloned().chain(way.labels).collect(),
            values: values.iter().cloned().chain(way.values).collect(),
        })
    };
    match (rule, path) {
        ([], []) => vec![Way::default()],
        ([], _) | (_, []) => Vec::new(),
        ([Segment::Path, rule @ ..], path) => (1..=path.len())
            .filter_map(|count| {
                let value = path[..count].join("/");
                let good = !path[0].is_empty() && !value.starts_with('/') && !is_dotted(&value);
                let mut labels = vec![Label::Continued; count];
                labels[0] = Label::Path;
                good.then(|| then(labels, vec![value], ways(rule, &path[count..])))
            })
            .flatten()
            .collect(),
        ([segment, rule @ ..], [text, path @ ..]) => match match_segment(segment, text) {
            Some((label, values)) => then(vec![label], values, ways(rule, path)).collect(),
            None => Vec::new(),
        },
    }
}

/// The segments of a path, which ends in an empty one if it has a final slash.
fn split(path: &str) -> Vec<String> {
    path[1..]
        .split('/')
        .map(|segment| {
            percent_encoding::percent_decode_str(segment).decode_utf8().expect("text").into_owned()
        })
        .collect()
}

impl Rule {
    fn ways(&self, path: &[String]) -> Vec<Way> {
        match path.split_last() {
            Some((last, path)) if self.branch || self.segments.is_empty() => {
                if last.is_empty() {
                    ways(&self.segments, path)
                } else {
                    Vec::new()
                }
            }
            _ => ways(&self.segments, path),
        }
    }

    fn serves(&self, method: &str) -> bool {
        self.method == method || method == "HEAD" && self.method == "GET"
    }
}

/// What the router should answer, in the notation of the tables.
fn expected(rules: &[Rule], method: &str, path: &str) -> Result<String, String> {
    let segments = split(path);
    let matching: Vec<_> =
        rules.iter().flat_map(|rule| rule.ways(&segments).into_iter().map(move |way| (rule, way))).collect();
    let rank = |(rule, way): &(&Rule, Way)| (way.labels.clone(), rule.method != method);
    let mut able: Vec<_> = matching.iter().filter(|(rule, _)| rule.serves(method)).collect();
    able.sort_by_key(|way| rank(way));
    if let Some(best @ (rule, way)) = able.first() {
        let tied = able.iter().find(|other| rank(other) == rank(best) && !std::ptr::eq(other.0, *rule));
        if let Some((other, _)) = tied {
            return Err(format!("{rule} and {other} both match {path}, and that was no conflict"));
        }
        let separator = if way.values.is_empty() { "" } else { " " };
        return Ok(format!("{rule}{separator}{}", way.values.join(" | ")));
    }
    if !matching.is_empty() {
        let mut allow: BTreeSet<_> = matching.iter().map(|(rule, _)| rule.method).collect();
        allow.insert("OPTIONS");
        if allow.contains("GET") {
            allow.insert("HEAD");
        }
        let status = if method == "OPTIONS" { 204 } else { 405 };
        return Ok(format!("{status} {}", allow.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let other = match path.strip_suffix('/') {
        Some(path) => path.to_owned(),
        None => format!("{path}/"),
    };
    let redirected = !path.ends_with("//")
        && other.starts_with('/')
        && rules.iter().any(|rule| rule.serves(method) && !rule.ways(&split(&other)).is_empty());
    // A method that no rule has, and that nobody else knows either.
    let is_known = method != "PURGE" || rules.iter().any(|rule| rule.method == method);
    Ok(if redirected { format!("308 {other}") } else { if is_known { "404" } else { "501" }.to_owned() })
}

/// A request: a path made for one of the rules, and what is done to it.
#[derive(Clone, Debug)]
struct Recipe {
    /// Another one than the rule's.
    method: Option<&'static str>,
    rule: Index,
    values: Vec<&'static str>,
    mutation: Option<(Index, &'static str)>,
    other_slash: bool,
    encode: bool,
}

impl Recipe {
    fn path(&self, rules: &[Rule]) -> String {
        let rule = self.rule.get(rules);
        let mut values = self.values.iter().cycle();
        let mut value = || *values.next().expect("there is one");
        let mut segments: Vec<String> = Vec::new();
        for segment in &rule.segments {
            match segment {
                Segment::Literal(_, says) => segments.push(encode(says)),
                Segment::Path => {
                    // Of one segment to three, some of which are those that other rules have.
                    let first = value();
                    segments.push(encode(first));
                    segments.extend((0..first.len() % 3).map(|_| encode(value())));
                }
                Segment::Parts(parts) => segments.push(
                    parts
                        .iter()
                        .map(|part| match part {
                            Part::Text(text) => encode(text),
                            Part::Value(Any(items)) => encode(items[value().len() % items.len()]),
                            Part::Value(Uuid) => UUID.to_owned(),
                            // Most often one that fits, so that paths get beyond their first segment.
                            Part::Value(converter) => {
                                let good = (0..12).map(|_| value()).find(|value| converter.accepts(value));
                                encode(good.unwrap_or_else(&mut value))
                            }
                        })
                        .collect(),
                ),
            }
        }
        if let Some((place, text)) = &self.mutation {
            let at = place.index(segments.len() + 1);
            match text.len() % 3 {
                0 if at < segments.len() => drop(segments.remove(at)),
                1 if at < segments.len() => segments[at] = encode(text),
                _ => segments.insert(at, encode(text)),
            }
        }
        let mut path = format!("/{}", segments.join("/"));
        if rule.branch && !rule.segments.is_empty() {
            path.push('/');
        }
        if self.other_slash {
            path = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        }
        if path.is_empty() {
            path.push('/');
        }
        if self.encode { path.replace('a', "%61").replace('.', "%2E").replace('-', "%2d") } else { path }
    }
}

/// A value as it stands in a path.
fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%2E", ".")
}

fn segments() -> impl Strategy<Value = Segment> {
    let literal = || select(LITERALS).prop_map(|(written, says)| Segment::Literal(written, says));
    let value = || select(CONVERTERS).prop_map(Part::Value);
    let alone = value().prop_map(|value| Segment::Parts(vec![value]));
    let text = || select(TEXTS);
    let mixed = (option::of(text()), value(), vec((text(), value()), 0..3), option::of(text())).prop_map(
        |(before, first, more, behind)| {
            let mut parts: Vec<_> = before.map(Part::Text).into_iter().chain([first]).collect();
            for (text, value) in more {
                parts.extend([Part::Text(text), value]);
            }
            parts.extend(behind.map(Part::Text));
            Segment::Parts(parts)
        },
    );
    prop_oneof![3 => literal(), 3 => alone, 2 => mixed, 2 => Just(Segment::Path)]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let methods = select(&["GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "PURGE"][..]);
    let rule = (methods, vec(segments(), 0..5), any::<bool>()).prop_map(|(method, segments, branch)| Rule {
        method,
        segments,
        branch,
    });
    vec(rule, 1..7)
}

fn recipes() -> impl Strategy<Value = Recipe> {
    (
        option::weighted(0.4, select(&["GET", "HEAD", "POST", "OPTIONS", "PURGE"][..])),
        any::<Index>(),
        vec(select(VALUES), 12),
        option::weighted(0.3, (any::<Index>(), select(VALUES))),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(method, rule, values, mutation, other_slash, encode)| Recipe {
            method,
            rule,
            values,
            mutation,
            other_slash,
            encode,
        })
}

/// As many of the rules as have no conflict with one another, in order.
fn without_conflicts(rules: Vec<Rule>) -> (Vec<Rule>, Client) {
    let mut kept: Vec<Rule> = Vec::new();
    let mut client = None;
    for rule in rules {
        kept.push(rule);
        let texts: Vec<_> = kept.iter().map(ToString::to_string).collect();
        match router(&texts.iter().map(String::as_str).collect::<Vec<_>>()).compile(context()) {
            Ok(service) => client = Some(Client::new(service)),
            Err(errors) => {
                assert!(errors.iter().all(|error| error.to_string().starts_with("two r")), "{errors}");
                kept.pop();
            }
        }
    }
    (kept, client.expect("one rule alone has no conflict"))
}

#[test]
fn the_router_agrees_with_a_naive_matcher() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(SETS);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    let seen_in = std::cell::RefCell::new(&mut seen);
    proptest::test_runner::TestRunner::new(config)
        .run(&(rules(), vec(recipes(), PATHS)), |(rules, recipes)| {
            let (rules, client) = without_conflicts(rules);
            for recipe in recipes {
                let path = recipe.path(&rules);
                let method = recipe.method.unwrap_or(recipe.rule.get(&rules).method);
                let expected = expected(&rules, method, &path).map_err(TestCaseError::fail)?;
                let found = block_on(outcome(&client, &format!("{method} {path}")));
                let rules = || rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                prop_assert_eq!(&found, &expected, "{} {}\n{}", method, path, rules());
                let kind = if found[..1].parse::<u8>().is_ok() { &found[..3] } else { "200" };
                *seen_in.borrow_mut().entry(kind.to_owned()).or_default() += 1;
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // The paths must be of all kinds for this to say something.
    let total: usize = seen.values().sum();
    for (kind, least) in [("200", 35), ("404", 10), ("405", 5), ("204", 2), ("308", 2)] {
        let percent = seen.get(kind).copied().unwrap_or_default() * 100 / total;
        assert!(percent >= least, "{kind} is {percent}% of {seen:?}");
    }
}
