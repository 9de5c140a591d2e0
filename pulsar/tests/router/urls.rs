//! There and back: the URL that is built of a rule and values is matched by that rule, with these values, or is not built.

use proptest::{collection::vec, prelude::*, sample::select};
use pulsar::testing::{Client, block_on};

use crate::support::{add, compile, outcome};

/// How many rules are tried, unless `PROPTEST_CASES` says otherwise.
const RULES: u32 = 600;

const LITERALS: &[&str] = &["a", "é", "a%20b", "a%2Fb", "%3Aid", "x-y", "100%25"];

const CONVERTERS: &[&str] = &[
    "any(a,\"b c\",\"x.y\"):",
    "uuid:",
    "int:",
    "int(min=5,max=50):",
    "int(fixed_digits=3):",
    "int(signed,fixed_digits=2):",
    "float:",
    "float(signed,max=2.5):",
    "re(\"[a-c\\x2F]+\"):",
    "re(\".+[0-9]\"):",
    "string(minlength=2):",
    "string(length=3):",
    "",
    "",
    "path:",
];

const BETWEEN: &[&str] = &["-", ".", "a", "~~", "%2F"];

/// Values that converters take, and what is trouble in a URL.
const VALUES: &[&str] = &[
    "a",
    "b c",
    "x.y",
    "abc",
    "ab/c",
    "7",
    "07",
    "007",
    "42",
    "51",
    "-7",
    "-07",
    "0.5",
    "2.50",
    "-1",
    "1e5",
    "NaN",
    ".",
    "..",
    "...",
    "../a",
    "a/..",
    "/a",
    "a/",
    "a//b",
    "a-b",
    "a.b",
    "~~~",
    "",
    " ",
    "é",
    "日本",
    "%2F",
    "%00",
    "?q#f",
    "\\",
    "a\u{0}b",
    "\u{202e}x",
    "+&=;",
    "67e55044-10b1-426f-9247-bb680e5fe0c8",
    "67E55044-10B1-426F-9247-BB680E5FE0C8",
];

/// A rule, and a name and a value for each of its placeholders.
fn rules() -> impl Strategy<Value = (String, Vec<(String, String)>)> {
    let value = prop_oneof![5 => select(VALUES).prop_map(str::to_owned), 1 => any::<String>()];
    let placeholder = (select(CONVERTERS), value);
    let segment = prop_oneof![
        1 => select(LITERALS).prop_map(|text| (text.to_owned(), Vec::new())),
        3 => vec((placeholder, select(BETWEEN)), 1..4).prop_map(|parts| {
            // A path stands alone.
            let alone = parts.len() == 1 || parts.iter().any(|((converter, _), _)| *converter == "path:");
            let mut segment = String::new();
            let mut values = Vec::new();
            for (n, ((converter, value), between)) in parts.into_iter().enumerate() {
                if alone && n > 0 {
                    break;
                }
                if n > 0 {
                    segment.push_str(between);
                }
                segment.push_str(&format!("<{converter}NAME>"));
                values.push(value);
            }
            (segment, values)
        }),
    ];
    (vec(segment, 0..4), any::<bool>()).prop_map(|(segments, slash)| {
        let mut rule = String::new();
        let mut values = Vec::new();
        for (mut segment, of_segment) in segments {
            for value in of_segment {
                let name = format!("p{}", values.len());
                segment = segment.replacen("NAME", &name, 1);
                values.push((name, value));
            }
            rule.push('/');
            rule.push_str(&segment);
        }
        if slash || rule.is_empty() {
            rule.push('/');
        }
        (rule, values)
    })
}

/// The value as the handler gets it, which is the same but for leading zeros.
fn padded(rule: &str, name: &str, value: &str) -> String {
    let pattern: pulsar_pattern::Pattern = rule.parse().expect("a rule of the generator");
    let placeholder = pattern.placeholders().find(|placeholder| placeholder.name == name);
    placeholder.expect("the generator names it").converter.padded(value).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(RULES))]

    #[test]
    fn what_is_built_is_matched_with_the_same_values((rule, values) in rules()) {
        let service = compile(add(pulsar::Router::new(), &rule).name("it"));
        let Ok(url) = service.url_for("it", &values) else { return Ok(()) };
        prop_assert!(url.is_ascii() && !url.starts_with("//"), "{}", url);
        prop_assert!(url.parse::<http::Uri>().is_ok(), "{}", url);
        let found = block_on(outcome(&Client::new(service), &url));
        let values: Vec<_> = values.iter().map(|(name, value)| padded(&rule, name, value)).collect();
        let expected = if values.is_empty() { rule.clone() } else { format!("{rule} {}", values.join(" | ")) };
        prop_assert_eq!(found, expected, "{}", url);
    }

    #[test]
    fn any_text_that_a_converter_takes_alone_has_a_url(value in any::<String>()) {
        let service = compile(add(pulsar::Router::new(), "/x/<value>/y").name("it"));
        let takes = !value.is_empty() && !value.contains('\0') && value.split('/').all(|part| part != "." && part != "..");
        prop_assert_eq!(service.url_for("it", [("value", &value)]).is_ok(), takes, "{:?}", value);
    }
}

#[test]
fn most_values_that_fit_are_built() {
    // The property above would hold of a builder that refuses everything.
    for (rule, values, url) in [
        ("/<any(a,\"b c\"):a>", &["b c"][..], "/b%20c"),
        ("/<int(fixed_digits=3):a>/", &["7"], "/007/"),
        ("/<int(signed,fixed_digits=2):a>", &["-7"], "/-07"),
        ("/<float(signed,max=2.5):a>", &["-1"], "/-1"),
        ("/<re(\"[a-c\\x2F]+\"):a>", &["ab/c"], "/ab%2Fc"),
        ("/<a>-<b>", &["a.b", "~"], "/a.b-~"),
        ("/<int:a>.<int:b>/x", &["1", "2"], "/1.2/x"),
        ("/<path:a>", &["a//b/"], "/a//b/"),
        ("/<path:a>/é", &["日本/é"], "/%E6%97%A5%E6%9C%AC/%C3%A9/%C3%A9"),
        ("/<path:a>/", &["b/c"], "/b/c/"),
        ("/<a>", &["%2F"], "/%252F"),
    ] {
        let names = ["a", "b"];
        let pairs: Vec<_> = names.iter().zip(values).collect();
        let service = compile(add(pulsar::Router::new(), rule).name("it"));
        assert_eq!(service.url_for("it", &pairs).unwrap(), url, "{rule}");
    }
}
