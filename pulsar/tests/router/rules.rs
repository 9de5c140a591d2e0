//! Which of several rules a request gets: priorities, backtracking, methods. No order of registration changes any of it.

use pulsar::{
    Body, Request,
    testing::{Client, block_on},
};
use tower::ServiceExt;

use crate::support::{Case, check, compile, outcome, router};

/// Segments from the most to the least specific, each with a value that it and the next one take.
const LADDER: &[(&str, &str)] = &[
    ("aa-1", "aa-1"),
    ("aa-<any(1,2):x>", "aa-1"),
    ("aa-<int:x>", "aa-1"),
    ("aa-<x>", "aa-1"),
    ("a<any(a-1,b):x>", "aa-1"),
    ("a<x>", "aa-1"),
    ("<any(aa-1,11111111-1111-1111-1111-111111111111):x>", "11111111-1111-1111-1111-111111111111"),
    ("<uuid:x>", "11111111-1111-1111-1111-111111111111"),
    ("<re(\"[0-9a-f-]+\"):x>", "11111111-1111-1111-1111-111111111111"),
    ("<string:x>", "x"),
    ("<path:x>", "x"),
];

#[test]
fn of_two_segments_the_more_specific_is_taken() {
    for (n, (segment, value)) in LADDER.iter().enumerate() {
        let one = format!("/{segment}");
        for (m, (less_specific, _)) in LADDER.iter().enumerate().skip(n + 1) {
            let other = format!("/{less_specific}");
            let taken_by = |order: &[&str]| {
                let found = block_on(outcome(&Client::new(compile(router(order))), &format!("/{value}")));
                found.split(' ').next().unwrap_or_default().to_owned()
            };
            assert_eq!(taken_by(&[&one, &other]), one, "/{value}");
            assert_eq!(taken_by(&[&other, &one]), one, "/{value}");
            if m == n + 1 {
                assert_eq!(taken_by(&[&other]), other, "/{value} must be one that both take");
            }
        }
    }
}

const PRIORITIES: &[Case<'_>] = &[
    (&["/a", "/<any(a,b):x>"], &[("/a", "/a"), ("/b", "/<any(a,b):x> b")]),
    (&["/<any(1,2):x>", "/<int:x>"], &[("/1", "/<any(1,2):x> 1"), ("/3", "/<int:x> 3")]),
    (&["/<int:x>", "/<float:x>"], &[("/1", "/<int:x> 1"), ("/1.5", "/<float:x> 1.5")]),
    (
        &["/<float:x>", r#"/<re("[0-9.]+"):x>"#],
        &[("/1.5", "/<float:x> 1.5"), ("/1.2.3", r#"/<re("[0-9.]+"):x> 1.2.3"#)],
    ),
    (&[r#"/<re("[a-z]+"):x>"#, "/<x>"], &[("/a", r#"/<re("[a-z]+"):x> a"#), ("/A", "/<x> A")]),
    (&["/<x>", "/<path:x>"], &[("/a", "/<x> a"), ("/a/b", "/<path:x> a/b"), ("/a/", "/<path:x> a/")]),
    (
        &["/v<int:x>", "/<any(v1,v2):x>", "/v<x>", "/<x>"],
        &[("/v1", "/v<int:x> 1"), ("/va", "/v<x> a"), ("/x", "/<x> x"), ("/v2", "/v<int:x> 2")],
    ),
    // More text around placeholders comes first; characters are counted, not bytes.
    (&["/ab<x>", "/<x>cde"], &[("/ab-cde", "/<x>cde ab-"), ("/abcd", "/ab<x> cd"), ("/cde", "404")]),
    (&["/éé<x>", "/<x>abc"], &[("/%C3%A9%C3%A9abc", "/<x>abc éé")]),
    (&["/<a>-<b>", "/<a>-"], &[("/x-y", "/<a>-<b> x | y"), ("/x-", "/<a>- x"), ("/x--", "/<a>- x-")]),
    // Segment by segment: the first difference decides, whatever comes behind it.
    (
        &["/a/<x>/<y>", "/<x>/b/c"],
        &[("/a/b/c", "/a/<x>/<y> b | c"), ("/z/b/c", "/<x>/b/c z"), ("/z/b/d", "404")],
    ),
    (&["/<int:x>/<path:y>", "/<x>/a"], &[("/1/a", "/<int:x>/<path:y> 1 | a"), ("/b/a", "/<x>/a b")]),
    // Equally specific segments: what comes behind them decides.
    (
        &["/<int(max=9):a>/<c>", "/<int(max=5):b>/y"],
        &[
            ("/3/y", "/<int(max=5):b>/y 3"),
            ("/3/x", "/<int(max=9):a>/<c> 3 | x"),
            ("/7/y", "/<int(max=9):a>/<c> 7 | y"),
        ],
    ),
    (
        &["/<any(a,b):x>/<int:n>", "/<any(b,c):x>/<n>", "/<any(a,b,c):x>/1"],
        &[
            ("/b/1", "/<any(a,b,c):x>/1 b"),
            ("/b/2", "/<any(a,b):x>/<int:n> b | 2"),
            ("/b/z", "/<any(b,c):x>/<n> b | z"),
            ("/a/z", "404"),
        ],
    ),
    (
        &["/<string(length=2):l>/<path:x>/<y>", "/<l>/<path:x>/end"],
        &[
            ("/en/a/end", "/<l>/<path:x>/end en | a"),
            ("/en/a/b", "/<string(length=2):l>/<path:x>/<y> en | a | b"),
        ],
    ),
    // The value that ends earlier is more specific there, in both rules.
    (
        &["/<int(max=9):i>/<path:a>/<b>/<c>/<d>", "/<int(max=5):j>/<path:a>/x/<d>"],
        &[("/3/p/q/x/z", "/<int(max=9):i>/<path:a>/<b>/<c>/<d> 3 | p | q | x | z")],
    ),
    (
        &["/<path:a>/<b>/<c>/<d>", "/<path:a>/x/<d>"],
        &[("/p/q/x/z", "/<path:a>/<b>/<c>/<d> p | q | x | z"), ("/p/x/z", "/<path:a>/x/<d> p | z")],
    ),
    (
        &["/a<x>/<y>", "/<x>b/z"],
        &[("/acb/z", "/<x>b/z ac"), ("/acb/y", "/a<x>/<y> cb | y"), ("/ac/z", "/a<x>/<y> c | z")],
    ),
];

const BACKTRACKING: &[Case<'_>] = &[
    (&["/a/b", "/<x>/c"], &[("/a/c", "/<x>/c a"), ("/a/b", "/a/b"), ("/a/d", "404")]),
    (
        &["/a/b/c/d", "/a/b/<x>/e", "/a/<x>/<y>/f", "/<w>/<x>/<y>/g"],
        &[
            ("/a/b/c/d", "/a/b/c/d"),
            ("/a/b/c/e", "/a/b/<x>/e c"),
            ("/a/b/c/f", "/a/<x>/<y>/f b | c"),
            ("/a/b/c/g", "/<w>/<x>/<y>/g a | b | c"),
            ("/a/b/c/h", "404"),
        ],
    ),
    (
        &["/<int:x>/a", "/<float:x>/b", "/<x>/c"],
        &[("/1/a", "/<int:x>/a 1"), ("/1/b", "/<float:x>/b 1"), ("/1/c", "/<x>/c 1")],
    ),
    (&["/<a>-<b>/x", "/<a>/y"], &[("/p-q/x", "/<a>-<b>/x p | q"), ("/p-q/y", "/<a>/y p-q")]),
    (
        &["/<path:x>/edit", "/<path:x>"],
        &[("/a/edit", "/<path:x>/edit a"), ("/a/b", "/<path:x> a/b"), ("/edit", "/<path:x> edit")],
    ),
    (
        &["/<path:page>/edit"],
        &[
            ("/a/edit", "* a"),
            ("/a/b/c/edit", "* a/b/c"),
            ("/edit/edit", "* edit"),
            ("/edit/edit/edit", "* edit/edit"),
            ("/edit", "404"),
            ("/a/edit/x", "404"),
            ("/a/../edit", "404"),
            ("/a//edit", "* a/"),
            ("//edit", "404"),
        ],
    ),
    (
        &["/<path:a>/x/<path:b>/y"],
        &[
            ("/1/x/2/y", "* 1 | 2"),
            ("/1/x/x/2/y", "* 1 | x/2"),
            ("/x/x/x/y", "* x | x"),
            ("/x/y", "404"),
            ("/1/x/y", "404"),
        ],
    ),
    (
        &["/<path:a>/<path:b>"],
        &[("/1/2/3", "* 1 | 2/3"), ("/1", "404"), ("/1/", "404"), ("/1/2/", "* 1 | 2/")],
    ),
    (&["/<path:x>/"], &[("/a/", "* a"), ("/a/b/", "* a/b"), ("/a//", "* a/")]),
    (
        &["/<path:a>/<int:n>/<b>"],
        &[("/x/1/2", "* x | 1 | 2"), ("/x/1/2/3", "* x/1 | 2 | 3"), ("/1/2/x", "* 1 | 2 | x")],
    ),
    (
        &["/<path:a>/v<int:n>.<int:m>"],
        &[("/x/v1.2", "* x | 1 | 2"), ("/x/v1.2/v3.4", "* x/v1.2 | 3 | 4"), ("/v1.2", "404")],
    ),
];

const METHODS: &[Case<'_>] = &[
    (
        &["/a"],
        &[
            ("/a", "/a"),
            ("HEAD /a", "/a"),
            ("OPTIONS /a", "204 GET, HEAD, OPTIONS"),
            ("POST /a", "405 GET, HEAD, OPTIONS"),
            ("PURGE /a", "405 GET, HEAD, OPTIONS"),
            ("get /a", "405 GET, HEAD, OPTIONS"),
            ("POST /b", "404"),
            ("OPTIONS /b", "404"),
            ("HEAD /b", "404"),
            ("OPTIONS *", "204"),
            ("GET *", "400"),
            ("GET http://example.org/a", "/a"),
            ("GET http://example.org", "404"),
            ("CONNECT example.org:443", "400"),
        ],
    ),
    (
        &["POST /a"],
        &[("HEAD /a", "405 OPTIONS, POST"), ("/a", "405 OPTIONS, POST"), ("OPTIONS /a", "204 OPTIONS, POST")],
    ),
    (&["/a", "HEAD /a"], &[("HEAD /a", "HEAD /a"), ("/a", "/a"), ("POST /a", "405 GET, HEAD, OPTIONS")]),
    (&["/a", "OPTIONS /a"], &[("OPTIONS /a", "OPTIONS /a"), ("POST /a", "405 GET, HEAD, OPTIONS")]),
    (&["HEAD /a"], &[("/a", "405 HEAD, OPTIONS"), ("HEAD /a", "HEAD /a")]),
    (
        &["PURGE /a", "MKCOL /a"],
        &[
            ("PURGE /a", "PURGE /a"),
            ("/a", "405 MKCOL, OPTIONS, PURGE"),
            ("purge /a", "405 MKCOL, OPTIONS, PURGE"),
        ],
    ),
    // The union over all rules that match, each method once, in alphabetical order.
    (
        &["PUT /a/b", "/a/<x>", "DELETE /<path:x>", "POST /<x>/b", "PUT /<x>/<y>"],
        &[
            ("PATCH /a/b", "405 DELETE, GET, HEAD, OPTIONS, POST, PUT"),
            ("PATCH /a/c", "405 DELETE, GET, HEAD, OPTIONS, PUT"),
            ("PATCH /c/b", "405 DELETE, OPTIONS, POST, PUT"),
            ("PATCH /c", "405 DELETE, OPTIONS"),
            ("OPTIONS /a/b", "204 DELETE, GET, HEAD, OPTIONS, POST, PUT"),
            ("PUT /a/b", "PUT /a/b"),
            ("/a/b", "/a/<x> b"),
            ("POST /a/b", "POST /<x>/b a"),
            ("DELETE /a/b", "DELETE /<path:x> a/b"),
            ("PUT /a/c", "PUT /<x>/<y> a | c"),
        ],
    ),
    // A rule without the method does not stand in the way of one that is less specific.
    (
        &["POST /a", "/<x>"],
        &[
            ("/a", "/<x> a"),
            ("POST /a", "POST /a"),
            ("POST /b", "405 GET, HEAD, OPTIONS"),
            ("HEAD /a", "/<x> a"),
        ],
    ),
    (&["/a", "HEAD /<x>"], &[("HEAD /a", "/a"), ("HEAD /b", "HEAD /<x> b")]),
    (
        &["/<int:x>", "OPTIONS /<path:x>"],
        &[("OPTIONS /1", "OPTIONS /<path:x> 1"), ("POST /1", "405 GET, HEAD, OPTIONS")],
    ),
    // Equally specific: the one that was made for HEAD.
    (
        &["/<int(max=5):x>", "HEAD /<int(max=9):x>"],
        &[("HEAD /3", "HEAD /<int(max=9):x> 3"), ("/3", "/<int(max=5):x> 3")],
    ),
    // A bound that is not met is no match, so its methods are not allowed.
    (
        &["/<int(max=5):x>", "POST /<x>"],
        &[("PUT /3", "405 GET, HEAD, OPTIONS, POST"), ("PUT /7", "405 OPTIONS, POST")],
    ),
    (
        &["POST /<path:a>/x/<path:b>/y", "PUT /<path:a>/y"],
        &[("/1/x/2/x/3/y", "405 OPTIONS, POST, PUT"), ("/1/y", "405 OPTIONS, PUT")],
    ),
    (&[], &[("/", "404"), ("/a", "404"), ("OPTIONS *", "204"), ("/%zz", "400")]),
];

#[test]
fn the_more_specific_rule_is_taken() {
    check(PRIORITIES, |router| router);
}

#[test]
fn what_does_not_match_is_followed_by_the_next_candidate() {
    check(BACKTRACKING, |router| router);
}

#[test]
fn methods_are_those_of_all_rules_that_match() {
    let rows = check(METHODS, |router| router);
    assert!(rows >= 50, "{rows} rows");
}

#[test]
fn a_websocket_over_http_2_is_matched_as_a_get() {
    let inner = router(&["/ws"]);
    let offered = router(&["CONNECT /tunnel", "/rooms/<int:id>"]).mount("/mounted", compile(inner));
    let service = compile(offered);
    for (method, protocol, path, expected) in [
        ("CONNECT", Some("websocket"), "/rooms/7", "/rooms/<int:id> 7"),
        ("CONNECT", Some("WebSocket"), "/rooms/7", "/rooms/<int:id> 7"),
        ("CONNECT", Some("websocket"), "/mounted/ws", "/ws"),
        ("CONNECT", Some("websocket"), "/tunnel", "405"),
        ("CONNECT", Some("connect-udp"), "/rooms/7", "405"),
        ("CONNECT", Some("connect-udp"), "/tunnel", "CONNECT /tunnel"),
        ("CONNECT", None, "/rooms/7", "405"),
        ("CONNECT", None, "/tunnel", "CONNECT /tunnel"),
        ("POST", Some("websocket"), "/rooms/7", "405"),
    ] {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(hyper::ext::Protocol::from_static(protocol));
        }
        let answer = block_on(service.clone().oneshot(request)).unwrap();
        let matched = answer.headers().get("x-matched").map(|value| value.to_str().unwrap());
        assert_eq!(matched.unwrap_or(answer.status().as_str()), expected, "{method} {protocol:?} {path}");
    }
}
