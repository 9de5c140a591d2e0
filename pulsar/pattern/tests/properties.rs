//! What holds for all rules: printing and parsing are inverse, building and matching are inverse, nothing panics.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use pulsar_pattern::{Converter, Part, Pattern, Segment};
use regex_automata::meta::Regex;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn printing_and_parsing_are_inverse(rule in rules(false)) {
        let pattern = Pattern::parse(&rule.source).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let printed = pattern.to_string();
        let again = Pattern::parse(&printed).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&again, &pattern);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn parsing_keeps_what_was_written(rule in rules(false)) {
        let pattern = Pattern::parse(&rule.source).unwrap();
        let names: Vec<&str> = pattern.placeholders().map(|placeholder| placeholder.name.as_str()).collect();
        prop_assert_eq!(names, rule.values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        prop_assert_eq!(text_of(&pattern), rule.text);
        for placeholder in pattern.placeholders() {
            let source = &rule.source[placeholder.span.clone()];
            prop_assert!(source.starts_with('<') && source.ends_with('>') && source.contains(&placeholder.name));
        }
    }

    #[test]
    fn building_and_matching_are_inverse(rule in rules(true)) {
        let pattern = Pattern::parse(&rule.source).unwrap();
        let values: Vec<(&str, &str)> = rule.values.iter().map(|(name, value)| (&**name, &**value)).collect();
        let path = pattern.build(&values).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(path.starts_with('/') && path.is_ascii() && !path.starts_with("//"), "{}", path);
        let expected: Vec<String> = rule.values.iter().map(|(_, value)| value.clone()).collect();
        prop_assert_eq!(naive_match(&pattern, &path), Some(expected), "{} matches {}", pattern, path);
    }

    #[test]
    fn a_prefix_only_puts_segments_in_front(prefix in rules(false), rule in rules(false)) {
        // The names of both are made the same way; those of the prefix get another letter.
        let prefix = Pattern::parse(&prefix.source.replace("name_", "prefix_")).unwrap();
        let rule = Pattern::parse(&rule.source).unwrap();
        let joined = rule.prefixed(&prefix).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (head, tail) = joined.segments().split_at(prefix.segments().len());
        prop_assert_eq!(head, prefix.segments());
        prop_assert_eq!(tail, rule.segments());
        prop_assert_eq!(joined.is_branch(), rule.is_branch());
    }

    #[test]
    fn any_text_is_a_rule_or_well_explained(text in any::<String>()) {
        check_any_text(&text)?;
    }

    #[test]
    fn any_text_of_our_signs_is_a_rule_or_well_explained(tokens in vec(select(TOKENS), 0..24)) {
        check_any_text(&tokens.concat())?;
        check_any_text(&format!("/{}", tokens.concat()))?;
        check_any_text(&format!("/<{}:x>", tokens.concat()))?;
        check_any_text(&format!("/<re(\"{}\"):x>", tokens.concat()))?;
    }

    #[test]
    fn any_value_is_accepted_or_not(value in any::<String>(), rule in rules(false)) {
        for placeholder in Pattern::parse(&rule.source).unwrap().placeholders() {
            if placeholder.converter.accepts(&value) {
                prop_assert!(!value.is_empty());
                prop_assert!(matches!(placeholder.converter, Converter::Re(_)) || whole(&placeholder.converter, &value));
            }
        }
    }
}

fn check_any_text(text: &str) -> Result<(), TestCaseError> {
    let errors = match Pattern::parse_all(text) {
        Ok(pattern) => {
            let printed = pattern.to_string();
            prop_assert_eq!(Pattern::parse(&printed), Ok(pattern), "{} is printed {}", text, printed);
            return Ok(());
        }
        Err(errors) => errors,
    };
    prop_assert!(!errors.is_empty());
    prop_assert!(errors.is_sorted_by_key(pulsar_pattern::ParseError::offset));
    prop_assert_eq!(&Pattern::parse(text).unwrap_err(), &errors[0]);
    for error in errors {
        prop_assert_eq!(error.rule(), text);
        prop_assert!(text.get(error.offset()..error.offset() + error.len()).is_some(), "{:?}", error);
        prop_assert!(!error.message().is_empty() && !error.message().contains('\n'));
        let lines = error.render().lines().count();
        prop_assert_eq!(lines, 2 + usize::from(error.help().is_some()), "{}", error.render());
    }
    Ok(())
}

/// What the grammar gives a meaning to, so that random texts come near to rules.
const TOKENS: &[&str] = &[
    "/",
    "/",
    "<",
    ">",
    "(",
    ")",
    "\"",
    "\\",
    "\\\"",
    ",",
    "=",
    ":",
    "*",
    "?",
    "#",
    "{",
    "}",
    "[",
    "]",
    "^",
    "$",
    "|",
    "+",
    "-",
    ".",
    "..",
    "%",
    "%41",
    "%C3%A9",
    "%C3",
    "%2F",
    "%00",
    " ",
    "\n",
    "\0",
    "é",
    "日",
    "a",
    "b",
    "_",
    "0",
    "1",
    "99999999999999999999999999999999999999999",
    "int",
    "float",
    "string",
    "any",
    "re",
    "uuid",
    "path",
    "min",
    "max",
    "signed",
    "length",
    "minlength",
    "fixed_digits",
    "true",
    "<a>",
    "<b>",
    "<int:c>",
    "<path:d>",
    "<any(a,b):e>",
    "(?i)",
    "\\d",
    "\\b",
    "\\pL",
    "{2}",
    "{1000}",
    "(?:",
    "(?x)#",
];

/// A rule as somebody may write it, with one value for each placeholder.
#[derive(Clone, Debug)]
struct Rule {
    source: String,
    /// All literal text, decoded.
    text: String,
    /// Names and values, in the order of the rule.
    values: Vec<(String, String)>,
}

/// A piece of a segment: text with its source, or a converter with a value that it accepts.
#[derive(Clone, Debug)]
enum Piece {
    Text { source: String, decoded: String },
    Placeholder { converter: String, value: String },
}

/// Rules; with `one_path`, at most one placeholder of them is a path, so that only one division of a URL is right.
fn rules(one_path: bool) -> impl Strategy<Value = Rule> {
    (vec(segment(), 0..6), any::<bool>()).prop_map(move |(segments, slash)| {
        let mut rule = Rule { source: String::new(), text: String::new(), values: Vec::new() };
        let mut paths = 0;
        for mut pieces in segments {
            rule.source.push('/');
            for piece in &mut pieces {
                match piece {
                    Piece::Text { source, decoded } => {
                        rule.source.push_str(source);
                        rule.text.push_str(decoded);
                    }
                    Piece::Placeholder { converter, value } => {
                        if converter == "path" {
                            paths += 1;
                            if one_path && paths > 1 {
                                "string".clone_into(converter);
                                "once".clone_into(value);
                            }
                        }
                        let name = format!("name_{}", rule.values.len());
                        let colon = if converter.is_empty() { "" } else { ":" };
                        write!(rule.source, "<{converter}{colon}{name}>").unwrap();
                        rule.values.push((name, value.clone()));
                    }
                }
            }
        }
        if slash || rule.source.is_empty() {
            rule.source.push('/');
        }
        rule
    })
}

fn segment() -> impl Strategy<Value = Vec<Piece>> {
    let alone = prop_oneof![strict_converter(), free_converter()].prop_map(|piece| vec![piece]);
    // Values in a mixed segment do not contain the text between them, or another division would be right as well.
    let between = || {
        select(&["~", "!", "%20%C3%A9", "é~", "%2F", "*"][..]).prop_map(|source| Piece::Text {
            source: source.to_owned(),
            decoded: percent_decode_str(source).decode_utf8().unwrap().into_owned(),
        })
    };
    let mixed = (vec((strict_converter(), between()), 1..4), any::<bool>(), any::<bool>()).prop_map(
        |(pairs, starts_with_text, ends_with_text)| {
            let mut pieces = Vec::new();
            if starts_with_text {
                pieces.push(Piece::Text { source: "v".to_owned(), decoded: "v".to_owned() });
            }
            let last = pairs.len() - 1;
            for (at, (placeholder, text)) in pairs.into_iter().enumerate() {
                pieces.push(placeholder);
                if at < last || ends_with_text {
                    pieces.push(text);
                }
            }
            pieces
        },
    );
    prop_oneof![literal().prop_map(|piece| vec![piece]), alone, mixed]
}

/// Any text without NUL, each character written as it is or as an escape.
fn literal() -> impl Strategy<Value = Piece> {
    let character = (
        prop_oneof![4 => any::<char>(), 1 => select(&[':', '*', '.', '<', '%', '/', ' ', 'a'][..])],
        any::<bool>(),
    );
    vec(character, 1..8)
        .prop_map(|characters| {
            let (mut source, mut decoded) = (String::new(), String::new());
            for (c, escaped) in characters {
                let c = if c == '\0' { 'x' } else { c };
                let special = "/<>{}?#%".contains(c) || c.is_whitespace() || c.is_control();
                if escaped || special || (":*".contains(c) && source.is_empty()) {
                    c.encode_utf8(&mut [0; 4])
                        .bytes()
                        .for_each(|byte| write!(source, "%{byte:02x}").unwrap());
                } else {
                    source.push(c);
                }
                decoded.push(c);
            }
            Piece::Text { source, decoded }
        })
        .prop_filter("clients remove dots", |piece| match piece {
            Piece::Text { decoded, .. } => decoded != "." && decoded != "..",
            Piece::Placeholder { .. } => true,
        })
}

/// Placeholders whose values consist of letters, digits, dots and dashes.
fn strict_converter() -> impl Strategy<Value = Piece> {
    let int =
        any::<i64>().prop_map(|n| (format!("int(min={n},max={},signed)", i128::from(n) + 9), n.to_string()));
    let unsigned = any::<u64>().prop_map(|n| (format!("int( max = {n} )"), format!("0{n}")));
    let digits = "[0-9]{4}".prop_map(|value| ("int(fixed_digits=4)".to_owned(), value));
    let float = (-1e9..1e9f64, 0.0..1e3f64)
        .prop_map(|(x, more)| (format!("float(min={x:?},max={:?},signed=true)", x + more), x.to_string()));
    let positive =
        (0u32..9999, 0u32..99).prop_map(|(whole, part)| ("float".to_owned(), format!("{whole}.{part}")));
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9a-f]{12}"
        .prop_map(|value| ("uuid".to_owned(), value));
    let word = subsequence(vec!["a", "ab", "abc", "en-GB", "x.y", "1"], 1..6)
        .prop_flat_map(|words| (Just(format!("any({})", words.join(","))), select(words)))
        .prop_map(|(converter, word)| (converter, word.to_owned()));
    let re = "[A-Z]{3}-[0-9]{1,4}".prop_map(|value| (r#"re("([A-Z]{3})-(?P<n>\d+)")"#.to_owned(), value));
    let string = "[a-z]{2,9}"
        .prop_map(|value| (format!("string(minlength=2,maxlength={})", value.len().max(3)), value));
    let plain = "[a-z][a-z.-]{0,9}".prop_map(|value| (String::new(), value));
    prop_oneof![int, unsigned, digits, float, positive, uuid, word, re, string, plain]
        .prop_map(|(converter, value)| Piece::Placeholder { converter, value })
}

/// Placeholders with values of any characters, for a segment of their own.
fn free_converter() -> impl Strategy<Value = Piece> {
    let string = text().prop_map(|value| (format!("string(length={})", value.chars().count()), value));
    let plain = text().prop_map(|value| (String::new(), value));
    let word = vec(text(), 1..4)
        .prop_map(|words| {
            words.iter().map(|word| word.replace(|c: char| c == '/' || c.is_control(), "-")).collect()
        })
        .prop_filter("words differ and are not dots", |words: &Vec<String>| {
            words.iter().all(|word| {
                words.iter().filter(|other| *other == word).count() == 1 && word != "." && word != ".."
            })
        })
        .prop_map(|words| {
            let quoted: Vec<String> = words
                .iter()
                .map(|word| format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\"")))
                .collect();
            (format!("any({})", quoted.join(" , ")), words[0].clone())
        });
    let re = text().prop_map(|value| {
        // A backslash has to stay with what it escapes, so a quote is escaped once, for the rule. A slash is refused.
        let regex = regex_syntax::escape(&value).replace('"', "\\\"").replace('/', r"\x2F");
        (format!("re(\"{regex}\")"), value)
    });
    let path = (vec(text(), 1..4), any::<bool>()).prop_map(|(parts, slash)| {
        let parts: Vec<String> = parts.iter().map(|part| part.replace('/', "-")).collect();
        ("path".to_owned(), parts.join("/") + if slash { "/" } else { "" })
    });
    prop_oneof![string, plain, word, re, path]
        .prop_map(|(converter, value)| Piece::Placeholder { converter, value })
}

/// Any text that can be a segment.
fn text() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            any::<char>(),
            select(&['"', '\\', '/', '%', '<', '>', '(', ')', ',', '.', ' ', 'a'][..])
        ],
        1..8,
    )
    .prop_map(|characters| characters.into_iter().filter(|c| *c != '\0').collect::<String>())
    .prop_filter("a segment that stays", |text| !matches!(text.as_str(), "" | "." | ".."))
}

fn text_of(pattern: &Pattern) -> String {
    let mut text = String::new();
    for segment in pattern.segments() {
        match segment {
            Segment::Literal(literal) => text.push_str(literal),
            Segment::Placeholder(_) => {}
            Segment::Mixed(parts) => text.extend(parts.iter().filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Placeholder(_) => None,
            })),
        }
    }
    text
}

/// Matches as the definition says, without a thought for speed: the decoded values in the order of the rule.
fn naive_match(pattern: &Pattern, path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('/')?;
    if pattern.segments().is_empty() {
        return rest.is_empty().then(Vec::new);
    }
    if pattern.is_branch() {
        rest = rest.strip_suffix('/')?;
    }
    match_segments(pattern.segments(), &rest.split('/').collect::<Vec<_>>())
}

fn match_segments(segments: &[Segment], path: &[&str]) -> Option<Vec<String>> {
    let Some((segment, segments)) = segments.split_first() else {
        return path.is_empty().then(Vec::new);
    };
    let most = match segment {
        Segment::Placeholder(placeholder) if placeholder.converter == Converter::Path => path.len(),
        _ => path.len().min(1),
    };
    (1..=most).rev().find_map(|taken| {
        let mut values = match_segment(segment, &path[..taken].join("/"))?;
        values.extend(match_segments(segments, &path[taken..])?);
        Some(values)
    })
}

fn match_segment(segment: &Segment, encoded: &str) -> Option<Vec<String>> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?.into_owned();
    match segment {
        Segment::Literal(text) => (*text == decoded).then(Vec::new),
        Segment::Placeholder(placeholder) => {
            let matches = placeholder.converter.accepts(&decoded) && whole(&placeholder.converter, &decoded);
            matches.then(|| vec![decoded])
        }
        Segment::Mixed(parts) => {
            let mut regex = String::from("^");
            let mut converters = Vec::new();
            for part in parts {
                match part {
                    Part::Text(text) => regex.push_str(&regex_syntax::escape(text)),
                    Part::Placeholder(placeholder) => {
                        write!(regex, "({})", placeholder.converter.to_regex()).unwrap();
                        converters.push(&placeholder.converter);
                    }
                }
            }
            let regex = Regex::new(&format!("{regex}$")).expect("to_regex is a regular expression");
            let mut captures = regex.create_captures();
            regex.captures(&decoded, &mut captures);
            let values = captures.iter().skip(1).map(|span| Some(decoded[span?.range()].to_owned()));
            let values: Vec<String> = values.collect::<Option<_>>()?;
            let accepted = converters.iter().zip(&values).all(|(converter, value)| converter.accepts(value));
            (captures.is_match() && accepted).then_some(values)
        }
    }
}

/// Whether the regular expression of `converter` matches all of `value`.
fn whole(converter: &Converter, value: &str) -> bool {
    Regex::new(&format!("^(?:{})$", converter.to_regex()))
        .expect("to_regex is a regular expression")
        .is_match(value)
}
