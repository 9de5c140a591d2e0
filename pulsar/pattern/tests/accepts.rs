//! Which values a converter accepts, and that its regular expression agrees.

use pulsar_pattern::{Converter, Pattern};
use regex_automata::meta::Regex;

fn converter(text: &str) -> Converter {
    let pattern = Pattern::parse(&format!("/<{text}:x>")).unwrap_or_else(|error| panic!("{error}"));
    pattern.placeholders().next().unwrap().converter.clone()
}

/// Converter, values that it accepts, values that it refuses.
const VALUES: &[(&str, &[&str], &[&str])] = &[
    (
        "int",
        &["0", "7", "007", "18446744073709551616"],
        &["", "-1", "+1", "1.0", "1e3", " 1", "1 ", "٣", "0x1", "a"],
    ),
    ("int(min=1)", &["1", "01", "170141183460469231731687303715884105728"], &["0", "00", "-1"]),
    ("int(max=200)", &["0", "200", "0000000000000000000000000000000000000000000200"], &["201", "-1"]),
    (
        "int(min=1,max=200)",
        &["1", "200"],
        &["0", "201", "99999999999999999999999999999999999999999999999999"],
    ),
    ("int(fixed_digits=4)", &["2024", "0000"], &["24", "20245", "-202", ""]),
    ("int(fixed_digits=2,signed)", &["12", "-12"], &["1", "-1", "-", "--12", "+12"]),
    (
        "int(signed)",
        &["-1", "1", "-0", "-00", "-99999999999999999999999999999999999999999"],
        &["-", "+1", "--1", "1-"],
    ),
    ("int(min=-5,signed)", &["-5", "-05", "0", "9"], &["-6", "-99999999999999999999999999999999999999999"]),
    ("int(max=-5,signed)", &["-5", "-99999999999999999999999999999999999999999"], &["-4", "0", "5"]),
    (
        "int(max=170141183460469231731687303715884105727)",
        &["170141183460469231731687303715884105727"],
        &["170141183460469231731687303715884105728"],
    ),
    (
        "int(min=-170141183460469231731687303715884105728,signed)",
        &["-170141183460469231731687303715884105728"],
        &["-170141183460469231731687303715884105729"],
    ),
    (
        "float",
        &["2", "2.0", "0.5", "00.50", "3.14159265358979323846264338327950288"],
        &["", ".", ".5", "5.", "1.2.3", "-1", "+1", "1e3", "inf", "NaN", "1,5", "1_0", "٣.٣"],
    ),
    ("float(min=0.5,max=2)", &["0.5", "0.50", "2", "2.0"], &["0.49", "2.01", "0", "99999999999999999999"]),
    ("float(signed)", &["-1", "-0.5", "-0", "1"], &["-", "-.5", "--1", "+1"]),
    ("float(min=-1.5,signed)", &["-1.5", "-1", "2"], &["-1.51", "-2"]),
    ("string", &["a", "ab", "é", "a/b", "a\nb", " ", "."], &[""]),
    ("string(length=2)", &["ab", "éé", "日本", "a\n"], &["a", "abc", ""]),
    ("string(minlength=2,maxlength=3)", &["ab", "abc"], &["a", "abcd"]),
    ("string(minlength=2)", &["ab", "abcdefghijklmnop"], &["a", ""]),
    ("any(en,it,\"foo,bar\")", &["en", "it", "foo,bar"], &["", "EN", "e", "eni", "en,it", "foo"]),
    ("any(a.b)", &["a.b"], &["axb"]),
    (
        "uuid",
        &["67e55044-10b1-426f-9247-bb680e5fe0c8", "67E55044-10B1-426F-9247-BB680E5FE0C8"],
        &[
            "",
            "67e5504410b1426f9247bb680e5fe0c8",
            "67e55044-10b1-426f-9247-bb680e5fe0c",
            "67e55044-10b1-426f-9247-bb680e5fe0c88",
            "67e55044-10b1-426f-9247bb-680e5fe0c8",
            "g7e55044-10b1-426f-9247-bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
        ],
    ),
    (
        "path",
        &["a", "a/b", "a/", "a//b", "a/.../b", ".a", "a\nb"],
        &["", "/", "/a", ".", "..", "a/../b", "a/.", "../a"],
    ),
];

#[test]
fn values_are_accepted_or_refused() {
    for (text, accepted, refused) in VALUES {
        let converter = converter(text);
        for value in *accepted {
            assert!(converter.accepts(value), "{text} accepts {value:?}");
        }
        for value in *refused {
            assert!(!converter.accepts(value), "{text} refuses {value:?}");
        }
    }
}

#[test]
fn whatever_is_accepted_matches_the_regular_expression() {
    for (text, accepted, _) in VALUES {
        let regex = Regex::new(&format!("^(?:{})$", converter(text).to_regex())).unwrap();
        for value in *accepted {
            assert!(regex.is_match(value), "{text}: {} matches {value:?}", regex_text(text));
        }
    }
}

#[test]
fn the_regular_expression_refuses_all_but_bounds_and_dots() {
    for (text, _, refused) in VALUES {
        if text.contains("min=") || text.contains("max=") || *text == "path" {
            continue;
        }
        let regex = Regex::new(&format!("^(?:{})$", converter(text).to_regex())).unwrap();
        for value in *refused {
            assert!(!regex.is_match(value), "{text}: {} refuses {value:?}", regex_text(text));
        }
    }
}

#[test]
fn digits_without_end_are_compared_exactly() {
    let huge = "9".repeat(100_000);
    let small = format!("{}5", "0".repeat(100_000));
    for (text, value, expected) in [
        ("int", huge.clone(), true),
        ("int(min=1)", huge.clone(), true),
        ("int(max=9)", huge.clone(), false),
        ("int(min=1,max=9)", small.clone(), true),
        ("int(min=6,max=9)", small, false),
        ("int(max=-1,signed)", format!("-{huge}"), true),
        ("int(min=-1,signed)", format!("-{huge}"), false),
        // An f64 would be infinite, which is no number that a handler expects.
        ("float", huge.clone(), false),
        ("float", format!("0.{huge}"), true),
        ("float(max=1)", huge, false),
    ] {
        assert_eq!(converter(text).accepts(&value), expected, "{text} and {}...", &value[..4]);
    }
}

#[test]
fn an_expression_is_left_to_the_router() {
    let re = converter(r#"re("a+")"#);
    assert!(re.accepts("a") && re.accepts("b") && !re.accepts(""));
}

#[test]
fn regular_expressions_in_print() {
    for (text, regex) in [
        ("int", "[0-9]+"),
        ("int(min=1,max=9,signed)", "-?[0-9]+"),
        ("int(fixed_digits=4)", "[0-9]{4}"),
        ("int(fixed_digits=256)", "[0-9]+"),
        ("float", r"[0-9]+(?:\.[0-9]+)?"),
        ("float(signed)", r"-?[0-9]+(?:\.[0-9]+)?"),
        ("string", "(?s:.+)"),
        ("string(minlength=2)", "(?s:.{2,})"),
        ("string(maxlength=9)", "(?s:.{1,9})"),
        ("string(minlength=2,maxlength=100000)", "(?s:.{2,})"),
        ("string(length=100000)", "(?s:.+)"),
        ("path", "(?s:.+)"),
        ("any(a,abc,b.c)", r"(?:abc|b\.c|a)"),
        (r#"re("a|b")"#, "(?:a|b)"),
        (r#"re("(a|bc)d")"#, "(?:(?:(?:a|(?:bc))d))"),
        (r#"re("(?x)a # the end")"#, "(?:a)"),
        (r#"re("(?i)é")"#, "(?:(?i)é)"),
    ] {
        assert_eq!(converter(text).to_regex(), regex, "{text}");
    }
}

#[test]
fn groups_and_flags_of_an_expression_do_not_leak() {
    for (text, inside, outside) in [
        (r#"re("(?i)a(?P<year>b|c)")"#, "xABx", "XabX"),
        (r#"re("a|b")"#, "xbx", "xa"),
        (r#"re("(?x) a b # [")"#, "xabx", "xa bx"),
    ] {
        let regex = Regex::new(&format!("^x({})x$", converter(text).to_regex())).unwrap();
        assert!(regex.is_match(inside) && !regex.is_match(outside), "{text}");
        assert_eq!(regex.captures_len(), 2, "{text} has no groups of its own");
    }
}

/// The largest expression that the grammar lets through is one that the router's engine can compile.
#[test]
fn no_expression_is_too_large_for_the_engine() {
    for unit in
        [r"\w", r"\d", ".", "a", "[a-z]", "[^a-z]", r"\p{Han}", "(ab|c)", "(a)", "(?i)k", "(?:[a-z]*x)"]
    {
        let rule = |count: u32| format!("/<re(\"(?:{unit}){{{count}}}\"):x>");
        let (mut good, mut bad) = (1, 1 << 20);
        while bad - good > good / 10 + 1 {
            let middle = u32::midpoint(good, bad);
            if Pattern::parse(&rule(middle)).is_ok() { good = middle } else { bad = middle }
        }
        assert!(good > 50, "{unit}{{{good}}} is a modest size");
        let pattern = Pattern::parse(&rule(good)).unwrap();
        let regex = pattern.placeholders().next().unwrap().converter.to_regex();
        Regex::new(&format!("^({regex})$")).unwrap_or_else(|error| panic!("{unit}{{{good}}}: {error}"));
    }
}

fn regex_text(text: &str) -> String {
    converter(text).to_regex()
}
