//! Rules that are right: what they are parsed into and how they are printed.

use pulsar_pattern::{Converter, FloatOptions, IntOptions, Part, Pattern, Segment, StringOptions};

/// Rules and their canonical print; `=` if they are canonical themselves.
const RULES: &[(&str, &str)] = &[
    // Literal text.
    ("/", "="),
    ("/a", "="),
    ("/a/", "="),
    ("/a/b/c", "="),
    ("/a-b_c.d~e", "="),
    ("/!$&'()*+,;=:@", "="),
    ("/.well-known/...", "="),
    ("/café/日本/ß", "="),
    ("/caf%C3%A9", "/café"),
    ("/caf%c3%a9", "/café"),
    ("/%41%42", "/AB"),
    ("/a%20b", "="),
    ("/a%2fb", "/a%2Fb"),
    ("/100%25", "="),
    ("/%3Fq%23f", "="),
    ("/%3Cid%3E", "="),
    ("/%7Bid%7D", "="),
    ("/%3Aid", "="),
    ("/a:id", "="),
    ("/a%3Aid", "/a:id"),
    ("/:", "/%3A"),
    ("/:1", "/%3A1"),
    ("/%2A", "="),
    ("/*.js", "/%2A.js"),
    ("/a*", "="),
    ("/%0A%C2%A0", "="),
    ("/\"[a]|^`\\", "/%22%5Ba%5D%7C%5E%60%5C"),
    // Placeholders.
    ("/<id>", "="),
    ("/<id>/", "="),
    ("/<string:id>", "/<id>"),
    ("/<string():id>", "/<id>"),
    ("/<string(minlength=1):id>", "/<id>"),
    ("/<string(minlength=2):id>", "="),
    ("/<string(maxlength=9):id>", "="),
    ("/<string(maxlength=9,minlength=2):id>", "/<string(minlength=2,maxlength=9):id>"),
    ("/<string(length=2):lang>", "="),
    ("/<string(minlength=2,maxlength=2):lang>", "/<string(length=2):lang>"),
    ("/<string(maxlength=1):c>", "/<string(length=1):c>"),
    ("/<int:id>", "="),
    ("/<int():id>", "/<int:id>"),
    ("/<int( min = 1 , max=200 ):id>", "/<int(min=1,max=200):id>"),
    ("/<int(min=7,max=7):id>", "="),
    ("/<int(fixed_digits=4):year>", "="),
    ("/<int(fixed_digits=2,min=99):year>", "/<int(min=99,fixed_digits=2):year>"),
    ("/<int(signed):n>", "="),
    ("/<int(signed=true):n>", "/<int(signed):n>"),
    ("/<int(signed=false):n>", "/<int:n>"),
    ("/<int(signed,min=-5,max=-1):n>", "/<int(min=-5,max=-1,signed):n>"),
    ("/<int(min=-170141183460469231731687303715884105728,signed):n>", "="),
    ("/<int(max=170141183460469231731687303715884105727):n>", "="),
    ("/<int(max=007):n>", "/<int(max=7):n>"),
    ("/<float:x>", "="),
    ("/<float(min=1.50,max=2):x>", "/<float(min=1.5,max=2):x>"),
    ("/<float(min=1e300):x>", "="),
    ("/<float(min=0.000000001):x>", "/<float(min=1e-9):x>"),
    ("/<float(min=-0.5,signed):x>", "="),
    ("/<uuid:key>", "="),
    ("/<path:rest>", "="),
    ("/<path:rest>/", "="),
    ("/<path:page>/edit", "="),
    ("/<path:a>/in/<path:b>", "="),
    ("/<any(en):lang>", "="),
    ("/<any(en,it,\"foo,bar\"):lang>", "="),
    ("/<any( \"en\" , it ):lang>", "/<any(en,it):lang>"),
    ("/<any(\"a b\",\"c\\\"d\",\"e\\\\f\",\"<>\",\"()\"):x>", "="),
    ("/<any(1.5,a-b,x_y,日本,~me,a+b,@):x>", "="),
    ("/<re(\"[A-Z]{3}-[0-9]+\"):sku>", "="),
    (r#"/<re("\d+"):x>"#, "="),
    (r#"/<re( "a\"b" ):x>"#, r#"/<re("a\"b"):x>"#),
    (r#"/<re("\\\"\\"):x>"#, "="),
    (r#"/<re("<[^/]>,:()"):x>"#, "="),
    (r#"/<re("a\x2Fb"):x>"#, "="),
    (r#"/<re("(?i)(a|b)+c?"):x>"#, "="),
    // Segments of several parts.
    ("/v<int:major>.<int:minor>/x", "="),
    ("/<name>.<ext>", "="),
    ("/<a>%20<b>", "="),
    ("/<a>:<b>", "="),
    ("/%3A<a>*", "="),
    // Names.
    ("/<a>/<_a>/<A>/<a1>/<café>/<union>/<int>", "="),
];

#[test]
fn rules_are_parsed_and_printed_in_one_spelling() {
    for (rule, expected) in RULES {
        let pattern = Pattern::parse(rule).unwrap_or_else(|error| panic!("{error}"));
        let expected = if *expected == "=" { rule } else { expected };
        assert_eq!(pattern.to_string(), *expected, "print of {rule}");
        assert_eq!(Pattern::parse(expected).as_ref(), Ok(&pattern), "reading back {expected}");
        assert_eq!(pattern.is_branch(), rule.ends_with('/'), "{rule}");
    }
}

#[test]
fn the_print_is_its_own_print() {
    for (rule, _) in RULES {
        let printed = Pattern::parse(rule).unwrap().to_string();
        assert_eq!(Pattern::parse(&printed).unwrap().to_string(), printed);
    }
}

#[test]
fn text_is_kept_decoded() {
    let pattern = Pattern::parse("/a%2Fb/v%20<int:major>.<x>/caf%C3%A9/<rest>/").unwrap();
    let [Segment::Literal(first), Segment::Mixed(parts), Segment::Literal(third), Segment::Placeholder(last)] =
        pattern.segments()
    else {
        panic!("{pattern:?}");
    };
    assert_eq!((first.as_str(), third.as_str(), last.name.as_str()), ("a/b", "café", "rest"));
    let [Part::Text(v), Part::Placeholder(major), Part::Text(dot), Part::Placeholder(x)] = parts.as_slice()
    else {
        panic!("{parts:?}");
    };
    assert_eq!((v.as_str(), dot.as_str()), ("v ", "."));
    assert_eq!((major.converter.name(), x.converter.name()), ("int", "string"));
}

#[test]
fn options_are_kept_as_numbers() {
    let converter =
        |rule: &str| Pattern::parse(rule).unwrap().placeholders().next().unwrap().converter.clone();
    assert_eq!(converter("/<x>"), Converter::String(StringOptions { min_length: 1, max_length: None }));
    assert_eq!(
        converter("/<string(length=3):x>"),
        Converter::String(StringOptions { min_length: 3, max_length: Some(3) })
    );
    assert_eq!(
        converter("/<int(min=-1,max=9,fixed_digits=2,signed):x>"),
        Converter::Int(IntOptions { min: Some(-1), max: Some(9), fixed_digits: Some(2), signed: true })
    );
    assert_eq!(
        converter("/<float(max=2.5):x>"),
        Converter::Float(FloatOptions { min: None, max: Some(2.5), signed: false })
    );
    assert_eq!(converter(r#"/<any("a\"b","c\\d"):x>"#), Converter::Any(vec!["a\"b".into(), "c\\d".into()]));
    assert_eq!(converter(r#"/<re("\d\"\\"):x>"#), Converter::Re(r#"\d"\\"#.into()));
    assert_eq!(converter("/<uuid:x>"), Converter::Uuid);
    assert_eq!(converter("/<path:x>"), Converter::Path);
}

#[test]
fn spans_cover_the_placeholder_and_do_not_count_for_equality() {
    let (short, long) = ("/é<int:id>", "/%C3%A9<int():id>");
    let of = |rule: &str| Pattern::parse(rule).unwrap().placeholders().next().unwrap().clone();
    assert_eq!(&short[of(short).span], "<int:id>");
    assert_eq!(&long[of(long).span], "<int():id>");
    assert_eq!(of(short), of(long));
    assert_eq!(Pattern::parse(short), Pattern::parse(long));
}

#[test]
fn ranks_follow_the_order_of_specificity() {
    let rules = ["any(a)", "uuid", "int", "float", r#"re("a")"#, "string", "path"];
    for (rank, converter) in rules.into_iter().enumerate() {
        let pattern = Pattern::parse(&format!("/<{converter}:x>")).unwrap();
        let placeholder = pattern.placeholders().next().unwrap();
        assert_eq!(usize::from(placeholder.converter.rank()), rank);
        assert!(converter.starts_with(placeholder.converter.name()));
        assert_eq!(placeholder.converter.to_string(), converter);
    }
}

#[test]
fn thirty_two_placeholders_are_allowed() {
    let rule = (0..32).fold(String::new(), |rule, n| rule + &format!("/<p{n}>"));
    assert_eq!(Pattern::parse(&rule).unwrap().placeholders().count(), pulsar_pattern::MAX_PLACEHOLDERS);
}

#[test]
fn prefixes_are_joined() {
    for (prefix, rule, joined) in [
        ("/api", "/x", "/api/x"),
        ("/api", "/", "/api/"),
        ("/api/", "/x", "/api/x"),
        ("/api/", "/", "/api/"),
        ("/", "/x/", "/x/"),
        ("/", "/", "/"),
        ("/<int:a>", "/v<b>/", "/<int:a>/v<b>/"),
        ("/<path:a>", "/edit", "/<path:a>/edit"),
        ("/a%2Fb", "/%3Ac", "/a%2Fb/%3Ac"),
    ] {
        let (prefix, rule) = (Pattern::parse(prefix).unwrap(), Pattern::parse(rule).unwrap());
        assert_eq!(rule.prefixed(&prefix).unwrap().to_string(), joined);
    }
}

#[test]
fn a_prefix_leaves_spans_alone() {
    let (prefix, rule) = (Pattern::parse("/a/<b>").unwrap(), Pattern::parse("/<int():c>").unwrap());
    let spans: Vec<_> = rule.prefixed(&prefix).unwrap().placeholders().map(|p| p.span.clone()).collect();
    assert_eq!(spans, [3..6, 1..10]);
}

#[test]
fn a_prefix_is_checked_again() {
    let rule = Pattern::parse("/x/<id>").unwrap();
    let error = rule.prefixed(&rule).unwrap_err();
    assert_eq!(error.message(), "placeholder `id` is used twice, at byte 3 and at byte 10");
    assert_eq!(error.rule(), "/x/<id>/x/<id>");

    let many = |letter: char| {
        let rule = (0..17).fold(String::new(), |rule, n| rule + &format!("/<{letter}{n}>"));
        Pattern::parse(&rule).unwrap()
    };
    let error = many('a').prefixed(&many('b')).unwrap_err();
    assert_eq!(error.message(), "a rule has at most 32 placeholders");
}
