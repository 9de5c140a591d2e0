//! Which values the converters take, at and around their bounds, and what becomes of percent-encoding.
//!
//! In these tables `*` is the rule; alone it stands for the rule and the path as its value.

use http::{Method, Uri};
use pulsar::{
    extract::Path,
    router::Router,
    testing::{Client, block_on},
};

use crate::support::{Case, check, compile, outcome, router};

const CONVERTERS: &[Case<'_>] = &[
    (
        &["/<x>"],
        &[
            ("/a", "/<x> a"),
            ("/-._~!$&'()*+,;=:@", "/<x> -._~!$&'()*+,;=:@"),
            ("/", "404"),
            ("/a/b", "404"),
            ("/...", "/<x> ..."),
            ("/.hidden", "/<x> .hidden"),
        ],
    ),
    (
        &["/<string(minlength=2,maxlength=4):x>"],
        &[
            ("/a", "404"),
            ("/ab", "*"),
            ("/abcd", "*"),
            ("/abcde", "404"),
            ("/%C3%A9", "404"),
            ("/%C3%A9%C3%A9", "* éé"),
        ],
    ),
    (
        &["/<string(length=2):x>"],
        &[("/a", "404"), ("/en", "*"), ("/eng", "404"), ("/%F0%9F%A6%80x", "* 🦀x")],
    ),
    (
        &["/<int:x>"],
        &[
            ("/0", "*"),
            ("/007", "*"),
            ("/123456789012345678901234567890123456789012345678901234567890", "*"),
            ("/-1", "404"),
            ("/+1", "404"),
            ("/1.0", "404"),
            ("/1e3", "404"),
            ("/0x1F", "404"),
            ("/1_000", "404"),
            ("/%31%32", "* 12"),
            ("/%20%31", "404"),
            ("/%EF%BC%91", "404"), // a fullwidth digit
        ],
    ),
    (
        &["/<int(min=1,max=200):x>"],
        &[
            ("/0", "404"),
            ("/1", "*"),
            ("/200", "*"),
            ("/201", "404"),
            ("/0001", "*"),
            ("/0000", "404"),
            ("/1234567890123456789012345678901234567890123", "404"),
        ],
    ),
    (
        &["/<int(min=5):x>"],
        &[("/4", "404"), ("/5", "*"), ("/1234567890123456789012345678901234567890123", "*")],
    ),
    (&["/<int(fixed_digits=4):x>"], &[("/123", "404"), ("/1234", "*"), ("/0000", "*"), ("/12345", "404")]),
    (&["/<int(fixed_digits=2,min=10):x>"], &[("/09", "404"), ("/10", "*"), ("/100", "404")]),
    (
        &["/<int(signed):x>"],
        &[("/-5", "*"), ("/5", "*"), ("/-", "404"), ("/--5", "404"), ("/+5", "404"), ("/-0", "*")],
    ),
    (&["/<int(min=-5,max=5,signed):x>"], &[("/-6", "404"), ("/-5", "*"), ("/5", "*"), ("/6", "404")]),
    (&["/<int(fixed_digits=2,signed):x>"], &[("/-12", "*"), ("/12", "*"), ("/-1", "404")]),
    (
        &["/<float:x>"],
        &[
            ("/2.0", "*"),
            ("/2", "*"),
            ("/0.5", "*"),
            ("/.5", "404"),
            ("/2.", "404"),
            ("/1.2.3", "404"),
            ("/1e3", "404"),
            ("/-1.0", "404"),
            ("/inf", "404"),
            ("/nan", "404"),
        ],
    ),
    (
        &["/<float(min=0.5,max=1.5):x>"],
        &[("/0.49", "404"), ("/0.5", "*"), ("/1.50", "*"), ("/1.51", "404"), ("/1", "*")],
    ),
    (&["/<float(min=-0.5,signed):x>"], &[("/-0.5", "*"), ("/-0.51", "404"), ("/-.5", "404"), ("/7", "*")]),
    (
        &["/<any(en,it,\"foo,bar\",\"a b\"):x>"],
        &[
            ("/en", "*"),
            ("/foo,bar", "*"),
            ("/foo", "404"),
            ("/EN", "404"),
            ("/eni", "404"),
            ("/a%20b", "* a b"),
        ],
    ),
    (
        &["/<uuid:x>"],
        &[
            ("/01234567-89ab-cdef-0123-456789abcdef", "*"),
            ("/01234567-89AB-CDEF-0123-456789ABCDEF", "*"),
            ("/0123456789abcdef0123456789abcdef", "404"),
            ("/01234567-89ab-cdef-0123-456789abcde", "404"),
            ("/01234567-89ab-cdef-0123-456789abcdeg", "404"),
            ("/{01234567-89ab-cdef-0123-456789abcdef}", "404"),
        ],
    ),
    (
        &[r#"/<re("[A-Z]{3}-[0-9]+"):x>"#],
        &[
            ("/ABC-1", "*"),
            ("/AB-1", "404"),
            ("/ABC-", "404"),
            ("/ABC-1x", "404"),
            ("/xABC-1", "404"),
            ("/ABC-1%0A", "404"),
        ],
    ),
    (&[r#"/<re("a|ab"):x>"#], &[("/a", "*"), ("/ab", "*"), ("/abb", "404")]),
    (&[r#"/<re("(?i)yes"):x>"#], &[("/YES", "*"), ("/yes", "*"), ("/ye", "404")]),
    (&[r#"/<re("(?x) a+  # some"):x>"#], &[("/aa", "*"), ("/b", "404")]),
    // An encoded slash is a slash to an expression.
    (&[r#"/<re("[^/]+"):x>"#], &[("/a", "*"), ("/a%2Fb", "404")]),
    (&[r#"/<re("a\x2Fb"):x>"#], &[("/a%2Fb", "* a/b"), ("/a/b", "404")]),
    (
        &["/<path:x>"],
        &[
            ("/a", "*"),
            ("/a/b/c.txt", "*"),
            ("/a/", "* a/"),
            ("/a//b", "* a//b"),
            ("/", "404"),
            ("//a", "404"),
            ("/a/.", "404"),
            ("/a/./b", "404"),
            ("/a/../b", "404"),
            ("/..", "404"),
            ("/a/..b/c..", "* a/..b/c.."),
        ],
    ),
    (
        &["/v<int:major>.<int:minor>/x"],
        &[
            ("/v1.20/x", "* 1 | 20"),
            ("/v1.x/x", "404"),
            ("/v1./x", "404"),
            ("/1.2/x", "404"),
            ("/v1.2.3/x", "404"),
        ],
    ),
    (
        &["/<a>-<b>"],
        &[
            ("/x-y", "* x | y"),
            ("/x-y-z", "* x-y | z"),
            ("/-y", "404"),
            ("/x-", "404"),
            ("/--", "404"),
            ("/---", "* - | -"),
        ],
    ),
    (
        &["/<name>.<any(jpg,jpeg):kind>"],
        &[("/a.b.jpg", "* a.b | jpg"), ("/a.jpeg", "* a | jpeg"), ("/a.gif", "404"), ("/.jpg", "404")],
    ),
    (&["/<int(max=9):a>x<int(min=10):b>"], &[("/9x10", "* 9 | 10"), ("/10x10", "404"), ("/9x9", "404")]),
    (&["/@<name>"], &[("/@me", "* me"), ("/@", "404"), ("/me", "404"), ("/%40me", "* me")]),
    (&["/a%3C<x>%3Eb<y>"], &[("/a%3C1%3Eb2", "* 1 | 2"), ("/a%3C1b2", "404")]),
    (&["/<x>%2F<y>"], &[("/a%2Fb", "* a | b"), ("/a/b", "404")]),
];

const ENCODING: &[Case<'_>] = &[
    (
        &["/<x>"],
        &[
            ("/a%20b", "* a b"),
            ("/a+b", "* a+b"),
            ("/caf%C3%A9", "* café"),
            ("/a%2Fb", "* a/b"),
            ("/a%2fb", "* a/b"),
            ("/%2Fetc", "* /etc"),
            ("/a%5Cb", "* a\\b"),
            ("/%252F", "* %2F"),
            ("/%3Fq", "* ?q"),
            ("/a?q=%zz", "* a"),
            ("/%2E%2E", "404"),
            ("/%2e", "404"),
            ("/..%2Fetc", "404"),
            ("/a%2F..", "404"),
            ("/a%2F.%2Fb", "404"),
            ("/%2e%2e%2e", "* ..."),
            ("/%00", "400"),
            ("/a%00b", "400"),
            ("/%zz", "400"),
            ("/%", "400"),
            ("/%4", "400"),
            ("/a%4/b", "400"),
            ("/%+1", "400"),
            ("/%E9", "400"),
            ("/%FF%FE", "400"),
            ("/%ED%A0%80", "400"),
            ("/%C0%AF", "400"), // an overlong slash
        ],
    ),
    // What cannot be decoded is a bad request whatever stands there.
    (&["/a"], &[("/b/%zz", "400"), ("HEAD /%00", "400"), ("OPTIONS /%zz", "400"), ("POST /%E9", "400")]),
    (
        &["/<path:x>"],
        &[
            ("/a%2Fb/c", "* a/b/c"),
            ("/%2Fetc/passwd", "404"),
            ("/a/%2Fb", "* a//b"),
            ("/a/..%2Fb", "404"),
            ("/%2E%2E/etc", "404"),
            ("/a/%2e%2E", "404"),
            ("/a%2F../b", "404"),
        ],
    ),
    // A value is no way out of a directory with text around it either.
    (
        &["/v<x>"],
        &[("/v..", "404"), ("/v.", "404"), ("/v../x", "404"), ("/v..%2Fetc", "404"), ("/v...", "* ...")],
    ),
    (&["/<a>-<b>"], &[("/..-x", "404"), ("/x-..", "404"), ("/x-%2e", "404"), ("/...-..x", "* ... | ..x")]),
    // Literal text is compared decoded, in the rule and in the path.
    (&["/caf%C3%A9"], &[("/caf%C3%A9", "/caf%C3%A9"), ("/caf%c3%a9", "/caf%C3%A9"), ("/cafe", "404")]),
    (&["/a"], &[("/%61", "/a"), ("/A", "404")]),
    (&["/a%2Fb"], &[("/a%2Fb", "/a%2Fb"), ("/a%2fb", "/a%2Fb"), ("/a/b", "404")]),
    (&["/a/b"], &[("/a/b", "/a/b"), ("/a%2Fb", "404")]),
    (&["/a%2F<x>"], &[("/a%2Fb", "* b"), ("/a/b", "404")]),
    (&["/100%25"], &[("/100%25", "/100%25"), ("/100%", "400")]),
];

#[test]
fn converters_take_what_they_say() {
    let rows = check(CONVERTERS, |router| router);
    assert!(rows >= 110, "{rows} rows");
}

#[test]
fn paths_are_decoded_after_they_are_split() {
    check(ENCODING, |router| router);
}

/// A value that matches its converter but does not fit the type that the handler asks for is not there.
#[test]
fn values_that_do_not_fit_their_type_are_not_found() {
    let router = Router::new()
        .add(Method::GET, "/u8/<int:n>", async |Path(n): Path<u8>| n.to_string())
        .add(Method::GET, "/i8/<int(signed):n>", async |Path(n): Path<i8>| n.to_string())
        .add(Method::GET, "/u128/<int:n>", async |Path(n): Path<u128>| n.to_string())
        .add(Method::GET, "/char/<c>", async |Path(c): Path<char>| c.to_string())
        .add(Method::GET, "/two/<int:a>/<int:b>", async |Path((a, b)): Path<(u8, u16)>| format!("{a} {b}"))
        // The search is over when a rule has matched: this one is not asked.
        .add(Method::GET, "/u8/<name>", async || "name");
    let client = Client::new(compile(router));
    for (path, expected) in [
        ("/u8/255", Ok("255")),
        ("/u8/0255", Ok("255")),
        ("/u8/256", Err(404)),
        ("/u8/300", Err(404)),
        ("/u8/x", Ok("name")),
        ("/i8/-128", Ok("-128")),
        ("/i8/-129", Err(404)),
        ("/u128/340282366920938463463374607431768211455", Ok("340282366920938463463374607431768211455")),
        ("/u128/340282366920938463463374607431768211456", Err(404)),
        ("/char/%C3%A9", Ok("é")),
        ("/char/ab", Err(404)),
        ("/two/255/65535", Ok("255 65535")),
        ("/two/255/65536", Err(404)),
        ("/two/256/1", Err(404)),
    ] {
        let answer = block_on(client.get(path).send());
        match expected {
            Ok(text) => answer.assert_status(200).assert_text(text),
            Err(status) => answer.assert_status(status),
        };
    }
}

#[test]
fn a_rule_has_at_most_32_placeholders_and_all_of_them_arrive() {
    let values: Vec<_> = (0..32).map(|n| n.to_string()).collect();
    let rule = format!("/<v{}>", values.join(">/<v"));
    let path = format!("/{}", values.join("/"));
    check(&[(&[&rule], &[(&path, &format!("{rule} {}", values.join(" | ")))])], |router| router);
    // In one segment: more groups than the matcher keeps room for.
    let rule = format!("/{}", (0..32).map(|n| format!("<int:v{n}>")).collect::<Vec<_>>().join("-"));
    let path = format!("/{}", values.join("-"));
    check(&[(&[&rule], &[(&path, &format!("{rule} {}", values.join(" | ")))])], |router| router);
}

/// `http` takes no URI that is longer, so that the offsets of values always fit; what the router would answer is tested
/// where it decodes.
#[test]
fn the_longest_path_there_can_be_is_matched_to_its_end() {
    let client = Client::new(compile(router(&["/<path:x>/<y>"])));
    let path = format!("{}/yyy", "/x".repeat(32_765));
    assert!(path.parse::<Uri>().is_ok() && format!("{path}y").parse::<Uri>().is_err());
    let found = block_on(outcome(&client, &path));
    assert!(found == format!("/<path:x>/<y> {} | yyy", &path[1..65_530]), "{} bytes", found.len());
}
