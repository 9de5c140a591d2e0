//! What is wrong with the routes of an application: all of it at once, with both places.

use http::Method;
use pulsar::router::Router;
use tower::service_fn;

use crate::support::{compile, context, orders, router};

/// What is wrong with this router; nothing if nothing is.
fn message(router: Router) -> String {
    let Err(errors) = router.compile(context()) else {
        return String::new();
    };
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), errors.to_string());
    errors.to_string()
}

/// Pairs of rules that match a common path, equally specific.
const CONFLICTS: &[(&str, &str)] = &[
    ("/", "/"),
    ("/a", "/a"),
    ("/a/", "/a/"),
    ("/a%2Fb", "/a%2fb"),
    ("/<a>", "/<b>"),
    ("/<int:a>/x", "/<int:b>/x"),
    ("/<int(max=10):a>", "/<int(min=10):a>"),
    ("/<int(fixed_digits=2):a>", "/<int:a>"),
    ("/<int(signed):a>", "/<int:a>"),
    ("/<float(max=1):a>", "/<float(min=1):a>"),
    ("/<any(a,b):x>", "/<any(b,c):x>"),
    ("/<any(a,b):x>", "/<any(b,a):x>"),
    ("/<uuid:a>", "/<uuid:b>"),
    ("/<string(maxlength=3):x>", "/<string(minlength=3):x>"),
    ("/<string(length=2):x>", "/<x>"),
    (r#"/<re("[a-z]+"):x>"#, r#"/<re("[a-f0-9]+"):x>"#),
    (r#"/<re("(?x)a # one"):x>"#, r#"/<re("a|b"):x>"#),
    ("/<path:a>", "/<path:b>"),
    ("/<path:a>", "/<path:b>/"),
    ("/<path:a>/x/<path:b>", "/<path:c>/x/<path:d>"),
    ("/a<x>", "/<x>b"),
    ("/<a>-<b>", "/<a>.<b>"),
    ("/v<int:a>.<int:b>", "/v<int:a>.<int:b>"),
    ("/<string(length=1):a>-<b>", "/<string(length=3):a>-<b>"),
    ("/<any(a):x>-<any(\"b-c\"):y>", "/<any(\"a-b\"):x>-<any(c):y>"),
    ("/a%3C<x>", "/<x>%3Eb"),
    ("/<int:a>/<x>/<int:b>", "/<int:c>/<y>/<int:d>"),
];

/// Pairs of rules that match no common path, or where one is more specific.
const PEACE: &[(&str, &str)] = &[
    ("/a", "/a/"),
    ("/a", "/b"),
    ("/a", "POST /a"),
    ("/a", "HEAD /a"),
    ("/a", "OPTIONS /a"),
    ("/a", "/A"),
    ("/a/b", "/a%2Fb"),
    ("/<x>", "/<x>/"),
    ("/a", "/<x>"),
    ("/<int:a>", "/<float:a>"),
    ("/<int(max=9):a>", "/<int(min=10):a>"),
    ("/<int(fixed_digits=2):a>", "/<int(fixed_digits=3):a>"),
    ("/<int(signed,max=-1):a>", "/<int:a>"),
    ("/<float(max=1):a>", "/<float(min=1.5):a>"),
    ("/<any(a,b):x>", "/<any(c,d):x>"),
    ("/<string(maxlength=3):x>", "/<string(minlength=4):x>"),
    (r#"/<re("[a-z]+"):x>"#, r#"/<re("[0-9]+"):x>"#),
    (r#"/<re("a{1,3}"):x>"#, r#"/<re("a{4,6}"):x>"#),
    ("/<a>/x", "/<b>/y"),
    ("/x/<a>", "/y/<b>"),
    ("/<a>/<int:b>", "/<a>/<b>"),
    ("/<int:a>/<b>", "/<a>/<int:b>"),
    ("/<path:a>/x", "/<path:a>/y"),
    ("/<path:a>", "/<a>/"),
    ("/<path:a>/x", "/<path:a>/<path:b>/x"),
    ("/v<int:a>", "/w<int:a>"),
    ("/v<int(max=5):a>", "/v<int(min=6):a>"),
    ("/<int(max=5):a>-<b>", "/<int(min=6):a>-<b>"),
    ("/<a>-<b>", "/<a>-"),
    ("/<int(max=5):a>/x", "/<int(max=9):a>/<y>"),
];

#[test]
fn rules_of_equal_rank_that_share_a_path_are_a_conflict() {
    for (one, other) in CONFLICTS {
        for order in orders(&[one, other]) {
            let message = message(router(&order));
            assert!(message.starts_with("two r"), "{order:?}: {message}");
        }
    }
}

#[test]
fn other_rules_are_none() {
    for (one, other) in PEACE {
        for order in orders(&[one, other]) {
            assert_eq!(message(router(&order)), "", "{order:?}");
        }
    }
}

fn handler() -> impl Fn() -> std::future::Ready<()> + Clone + Send + Sync {
    || std::future::ready(())
}

#[test]
fn every_mistake_is_told_at_once_with_all_places() {
    let here = line!();
    let purge = Method::from_bytes(b"PURGE").unwrap();
    let router = Router::new()
        .add(Method::GET, "/users/<int:id>", handler())
        .add(Method::GET, "/<itn:id>", handler())
        .add(purge.clone(), "/<lang>", handler())
        .add(Method::GET, "/users/<int(min=1):key>", handler())
        .add(Method::POST, "users", handler())
        .nest("/<tenant>", Router::new().add(Method::GET, "/x", handler()))
        .nest("/api", Router::new().add(Method::GET, "/<id>/<id>", handler()))
        .mount("old", service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(String::new()))))
        .mount("/old", service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(String::new()))))
        .mount("/old/", service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(String::new()))))
        .add(purge, "/<lang>", handler())
        .add(Method::GET, "/users/<int:number>", handler());
    let place = |line: u32| format!("{}:{}", file!(), here + line);
    let expected = format!(
        r#"unknown converter `itn` (at byte 2 of "/<itn:id>"); did you mean `int`?
    at {p4}
a rule begins with `/` (at byte 0 of "users"); write `/users`
    at {p7}
bad prefix "/<tenant>": a prefix is literal text, it cannot have the placeholder `<tenant>`
    at {p8}
placeholder `id` is used twice, at byte 1 and at byte 6 (at byte 6 of "/<id>/<id>"); give one of them another name
    at {p9}
bad prefix "old": a rule begins with `/` (at byte 0 of "old"); write `/old`
    at {p10}
three rules match the same paths, such as "/users/1", and none is more specific; change all of them but one
    GET /users/<int:id>  at {p3}
    GET /users/<int(min=1):key>  at {p6}
    GET /users/<int:number>  at {p14}
two routes have the same rule; change one of them
    PURGE /<lang>  at {p5}
    PURGE /<lang>  at {p13}
two services are mounted at "/old"; change one of them
    * /old  at {p11}
    * /old/  at {p12}"#,
        p3 = place(3),
        p4 = place(4),
        p5 = place(5),
        p6 = place(6),
        p7 = place(7),
        p8 = place(8),
        p9 = place(9),
        p10 = place(10),
        p11 = place(11),
        p12 = place(12),
        p13 = place(13),
        p14 = place(14),
    );
    assert_eq!(message(router), expected);
}

#[test]
fn two_fallbacks_at_a_prefix_are_an_error() {
    let here = line!();
    let router = Router::new()
        .nest("/api", Router::new().fallback(handler()))
        .nest("/api/", Router::new().fallback(handler()))
        .mount("/api", service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(String::new()))));
    assert_eq!(
        message(router),
        format!(
            "two nested routers have a fallback at \"/api\"; change one of them\n    * /api  at {0}:{1}\n    * /api/  at {0}:{2}",
            file!(),
            here + 2,
            here + 3
        )
    );
}

#[test]
fn all_of_a_kind_are_one_conflict() {
    for (rules, conflicts) in [
        (&["/<a>", "/<b>", "/<c>"][..], 1),
        // Those that overlap with others are told with each of these.
        (&["/<int:a>", "/<int:b>", "/<int(max=3):c>", "/<int(min=7):d>"], 2),
        (&["/<int(max=3):a>", "/<int(min=7):b>"], 0),
    ] {
        let errors = router(rules).compile(context()).err();
        assert_eq!(
            errors.as_ref().map_or(0, |errors| errors.iter().count()),
            conflicts,
            "{rules:?}: {errors:?}"
        );
    }
}

#[test]
fn a_nested_router_conflicts_with_the_outer_one() {
    let outer = router(&["/api/<x>"]).nest("/api", router(&["/<y>"]));
    assert!(message(outer).contains("GET /api/<x>  at "));
    compile(router(&["/api/<x>"]).nest("/api", router(&["POST /<y>"])));
}
