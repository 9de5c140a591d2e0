//! Every mistake that the grammar knows, as a person sees it. The texts are in `errors.txt`.

use std::fmt::Write as _;

use pulsar_pattern::{ParseError, Pattern};

const MISTAKES: &str = include_str!("errors.txt");

/// The rules of `errors.txt`, each with its blocks as they stand there.
fn mistakes() -> Vec<(&'static str, String)> {
    let mut rules: Vec<(&str, String)> = Vec::new();
    for block in MISTAKES.split("\n\n").filter(|block| !block.starts_with('#')) {
        let block = block.trim_end();
        let drawn = block.lines().nth(1).unwrap_or_else(|| panic!("no rule in {block}"));
        let rule = drawn
            .strip_prefix('"')
            .and_then(|drawn| drawn.strip_suffix('"'))
            .expect("a rule stands in quotes");
        match rules.last_mut() {
            Some((last, blocks)) if *last == rule => write!(blocks, "\n\n{block}").unwrap(),
            _ => rules.push((rule, block.to_owned())),
        }
    }
    rules
}

fn report(rule: &str) -> String {
    let errors = match Pattern::parse_all(rule) {
        Ok(pattern) => return format!("{pattern} is right"),
        Err(errors) => errors,
    };
    let block = |error: &ParseError| {
        format!("{} @ {}+{}\n{}", error.message(), error.offset(), error.len(), error.render())
    };
    errors.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn each_mistake_is_explained() {
    let mistakes = mistakes();
    assert!(mistakes.len() > 120, "only {} rules were read", mistakes.len());
    for (rule, expected) in mistakes {
        let report = report(rule);
        assert!(report == expected, "{rule} is reported as\n{report}\n\nand not as\n{expected}");
    }
}

#[test]
fn control_characters_are_drawn_as_pictures() {
    for (rule, expected) in [
        (
            "/a\tb",
            "a control character cannot stand in a path @ 2+1\n\"/a␉b\"\n   ^\nhelp: for the character itself write `%09`",
        ),
        ("/a\0", "a NUL character never matches @ 2+1\n\"/a␀\"\n   ^\nhelp: a path with it is a bad request"),
        (
            "/<any(\"a\nb\"):x>",
            "a word of `any` has a control character @ 6+5\n\"/<any(\"a␊b\"):x>\"\n       ^^^^^",
        ),
    ] {
        assert_eq!(report(rule), expected);
    }
}

#[test]
fn an_empty_rule_is_explained() {
    assert_eq!(report(""), "a rule is empty @ 0+0\n\"\"\n ^\nhelp: the root is written `/`");
}

#[test]
fn more_than_32_placeholders_are_refused_once() {
    let rule = (10..50).fold(String::new(), |rule, n| rule + &format!("/<p{n}>"));
    let errors = Pattern::parse_all(&rule).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].message(), "a rule has at most 32 placeholders");
    assert_eq!(errors[0].help(), Some("take the rest as one `<path:rest>`"));
    assert_eq!(&rule[errors[0].offset()..][..errors[0].len()], "<p42>");
}

#[test]
fn white_space_of_any_script_is_refused() {
    for (rule, escaped) in [("/a\u{a0}", "%C2%A0"), ("/\u{3000}b", "%E3%80%80"), ("/a\u{2028}", "%E2%80%A8")]
    {
        let error = Pattern::parse(rule).unwrap_err();
        assert_eq!(error.message(), "white space cannot stand in a path");
        assert_eq!(error.help(), Some(&*format!("for the character itself write `{escaped}`")));
    }
}

#[test]
fn the_first_mistake_is_the_one_of_parse() {
    for (rule, _) in mistakes() {
        assert_eq!(Pattern::parse(rule).unwrap_err(), Pattern::parse_all(rule).unwrap_err()[0]);
        assert_eq!(rule.parse::<Pattern>(), Pattern::parse(rule));
    }
}

#[test]
fn a_log_line_has_place_rule_and_help() {
    let line = |rule: &str| Pattern::parse(rule).map_err(|error: ParseError| error.to_string()).unwrap_err();
    assert_eq!(
        line("/<itn:id>"),
        "unknown converter `itn` (at byte 2 of \"/<itn:id>\"); did you mean `int`?"
    );
    assert_eq!(
        line("/<re(\"[a&&b]\"):x>\n"),
        "the regular expression can never match (at byte 6 of \"/<re(\"[a&&b]\"):x>␊\"); \
         drop what no character satisfies, such as `[a&&b]`",
    );
}

#[test]
fn a_message_stays_on_its_line() {
    for rule in [
        "/<a\nb>",
        "/<a\nb:c>",
        "/<int(a\nb):c>",
        "/<any(\"a\nb\"):c>",
        "/<any(a\nb):c>",
        "/{a\nb}",
        "/:a\nb",
    ] {
        for error in Pattern::parse_all(rule).unwrap_err() {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
