//! Routers within routers, services below a prefix, fallbacks, and how errors are rendered.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use http::{Method, StatusCode, Uri};
use pulsar::{
    IntoResponse, Problem,
    body::{Body, Request, Response},
    router::Router,
    testing::{Client, block_on},
};
use tower::service_fn;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{add, compile, outcome, router};

/// A service that tells what it sees, as `NAME METHOD URI`.
fn echo(
    name: &'static str,
) -> impl tower::Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync
{
    service_fn(move |request: Request| async move {
        let seen = format!("{name} {} {}", request.method(), request.uri());
        Ok(([("x-matched", seen)], Body::empty()).into_response())
    })
}

fn fallback(
    name: &'static str,
) -> impl Fn(Uri) -> std::future::Ready<[(&'static str, String); 1]> + Clone + Send + Sync {
    move |uri: Uri| std::future::ready([("x-matched", format!("{name} {uri}"))])
}

fn assert_outcomes(routers: impl IntoIterator<Item = Router>, requests: &[(&str, &str)]) {
    for router in routers {
        let table = format!("{router:?}");
        let client = Client::new(compile(router));
        for (request, expected) in requests {
            assert_eq!(block_on(outcome(&client, request)), *expected, "{request} of {table}");
        }
    }
}

#[test]
fn a_mounted_service_sees_the_path_without_the_prefix() {
    let router = || Router::new().mount("/old/app", echo("app"));
    let with_slash = || Router::new().mount("/old/app/", echo("app"));
    assert_outcomes(
        [router(), with_slash(), Router::new().nest("/old", Router::new().mount("/app", echo("app")))],
        &[
            ("/old/app", "app GET /"),
            ("/old/app/", "app GET /"),
            ("/old/app/a/b", "app GET /a/b"),
            ("/old/app/a/", "app GET /a/"),
            ("/old/app//a", "app GET //a"),
            ("/old/app?q=/x", "app GET /?q=/x"),
            ("/old/app/a?q=1&r=%20", "app GET /a?q=1&r=%20"),
            ("/old/app/a%2Fb/%C3%A9", "app GET /a%2Fb/%C3%A9"),
            ("/old/app/../x", "app GET /../x"),
            ("/%6Fld/app/a", "app GET /a"),
            ("POST /old/app/a", "app POST /a"),
            ("HEAD /old/app/a", "app HEAD /a"),
            ("OPTIONS /old/app/a", "app OPTIONS /a"),
            ("PURGE /old/app/a", "app PURGE /a"),
            ("http://example.org/old/app/a?b", "app GET http://example.org/a?b"),
            ("/old/apple", "404"),
            ("/old", "404"),
            ("/old%2Fapp", "404"),
            ("//old/app", "404"),
            ("/old/app/%zz", "400"),
        ],
    );
}

#[test]
fn a_prefix_may_be_encoded_or_empty() {
    assert_outcomes(
        [Router::new().mount("/caf%C3%A9/a%2Fb", echo("app"))],
        &[
            ("/caf%C3%A9/a%2Fb/x", "app GET /x"),
            ("/caf%c3%a9/%61%2fb", "app GET /"),
            ("/caf%C3%A9/a/b", "404"),
        ],
    );
    assert_outcomes(
        [Router::new().mount("/", echo("app"))],
        &[
            ("/", "app GET /"),
            ("/a?b", "app GET /a?b"),
            ("//a", "app GET //a"),
            ("POST /", "app POST /"),
            ("OPTIONS *", "204"),
        ],
    );
}

#[test]
fn rules_below_the_prefix_come_before_a_mounted_service() {
    let mount = |router: Router| router.mount("/a", echo("app"));
    let rules = ["/a/b", "POST /a/c", "/a/<int:x>/d", "/<path:x>", "/<x>/y"];
    assert_outcomes(
        [mount(router(&rules)), rules.iter().fold(mount(Router::new()), |router, rule| add(router, rule))],
        &[
            ("/a/b", "/a/b"),
            ("HEAD /a/b", "/a/b"),
            ("POST /a/b", "app POST /b"),
            ("/a/c", "app GET /c"),
            ("POST /a/c", "POST /a/c"),
            ("OPTIONS /a/b", "app OPTIONS /b"),
            ("/a/7/d", "/a/<int:x>/d 7"),
            ("/a/7/e", "app GET /7/e"),
            ("/a/b/", "app GET /b/"),
            // It is as specific as its prefix, and thus more than these.
            ("/a/y", "app GET /y"),
            ("/b/y", "/<x>/y b"),
            ("/b/z", "/<path:x> b/z"),
        ],
    );
}

#[test]
fn the_innermost_mount_is_taken() {
    let inner_first = Router::new().mount("/a/b", echo("inner")).mount("/a", echo("outer"));
    let outer_first = Router::new().mount("/a", echo("outer")).mount("/a/b", echo("inner"));
    assert_outcomes(
        [inner_first, outer_first],
        &[
            ("/a/b/c", "inner GET /c"),
            ("/a/b", "inner GET /"),
            ("/a/c", "outer GET /c"),
            ("/a", "outer GET /"),
            ("/c", "404"),
        ],
    );
}

#[test]
fn a_mounted_router_redirects_to_where_it_is() {
    let inner = || compile(router(&["/users/", "/<int:id>"]));
    let middle = || compile(add(Router::new(), "/x/").mount("/b%2Fc", inner()));
    assert_outcomes(
        [Router::new().mount("/a", middle()).mount("/", inner())],
        &[
            ("/a/x", "308 /a/x/"),
            ("/a/b%2fc/users?q=1", "308 /a/b%2fc/users/?q=1"),
            ("/a/b%2Fc/7/", "308 /a/b%2Fc/7"),
            ("/a/b%2Fc/7", "/<int:id> 7"),
            ("/users", "308 /users/"),
            ("/a/b%2Fc//evil.com", "404"),
            ("/a//evil.com/x", "404"),
        ],
    );
}

#[test]
fn a_failure_is_logged_once_however_deep_its_router_is() {
    let failing = Router::new().add(Method::GET, "/<int:n>", async || {
        Err::<(), _>(pulsar::Error::new("the database is gone").detail("sorry"))
    });
    let router = Router::new().mount("/a", compile(Router::new().mount("/b", compile(failing))));
    let client = Client::new(compile(router));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let answer = tracing::subscriber::with_default(subscriber, || block_on(client.get("/a/b/7").send()));
    let id = answer.header("x-request-id").expect("an id").to_owned();
    answer.assert_status(500).assert_json(&serde_json::json!({
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "sorry",
        "request_id": id,
    }));
    let log = log.text();
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in ["ERROR", "the database is gone", "status=500", "route=\"/<int:n>\"", &id] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_nested_router_has_its_rules_below_the_prefix() {
    let inner = || router(&["/", "/<int:id>", "POST /<path:x>", "/sub/"]);
    for prefix in ["/api", "/api/"] {
        assert_outcomes(
            [Router::new().nest(prefix, inner()), add(Router::new(), "/x").nest(prefix, inner())],
            &[
                ("/api/", "/"),
                ("/api", "308 /api/"),
                ("/api/7", "/<int:id> 7"),
                ("/api/x", "405 OPTIONS, POST"),
                ("PUT /api/7", "405 GET, HEAD, OPTIONS, POST"),
                ("POST /api/7/8", "POST /<path:x> 7/8"),
                ("/7", "404"),
                ("/api/sub", "405 OPTIONS, POST"),
            ],
        );
    }
    assert_outcomes(
        [Router::new().nest("/a", Router::new().nest("/b", Router::new().nest("/", router(&["/c/<x>"]))))],
        &[("/a/b/c/1", "/c/<x> 1"), ("/a/b/c", "404")],
    );
}

#[test]
fn fallbacks_take_what_no_rule_matches_the_innermost_first() {
    let api = || router(&["POST /x", "/dir/"]).fallback(fallback("api"));
    let deep = || api().nest("/deep", router(&["/y"]).fallback(fallback("deep")));
    let outer = |nested: Router| add(Router::new(), "/home").nest("/api", nested).fallback(fallback("outer"));
    assert_outcomes(
        [
            outer(deep()),
            Router::new().fallback(fallback("outer")).nest("/api", deep()).nest("/", router(&["/home"])),
        ],
        &[
            ("/api/nothing", "api /api/nothing"),
            ("/api", "api /api"),
            ("/api/", "api /api/"),
            ("PUT /api/nothing?q", "api /api/nothing?q"),
            ("OPTIONS /api/nothing", "api /api/nothing"),
            ("/api/deep/z", "deep /api/deep/z"),
            ("/api/deep/y", "/y"),
            ("/apix", "outer /apix"),
            ("/nothing", "outer /nothing"),
            ("//", "outer //"),
            // What rules say of a method or a final slash comes before a fallback.
            ("/api/x", "405 OPTIONS, POST"),
            ("OPTIONS /api/x", "204 OPTIONS, POST"),
            ("POST /api/deep/y", "405 GET, HEAD, OPTIONS"),
            ("/api/dir", "308 /api/dir/"),
            ("/home/", "308 /home"),
            ("POST /home", "405 GET, HEAD, OPTIONS"),
            // What is no path is a bad request even so.
            ("/api/%zz", "400"),
            ("OPTIONS *", "204"),
        ],
    );
    assert_outcomes(
        [outer(api()).strict_slashes(false)],
        &[
            ("/api/dir", "/dir/"),
            ("/home/", "/home"),
            ("POST /api/dir", "405 GET, HEAD, OPTIONS"),
            ("/api/other", "api /api/other"),
            ("/other", "outer /other"),
        ],
    );
}

#[test]
fn a_fallback_and_a_mounted_service_share_a_place() {
    let nested = || router(&["POST /x"]).fallback(fallback("api"));
    // At the same prefix the service takes everything; one further out comes after the fallback.
    assert_outcomes(
        [
            Router::new().nest("/api", nested()).mount("/api", echo("app")),
            Router::new().mount("/api", echo("app")).nest("/api", nested()),
        ],
        &[("/api/x", "app GET /x"), ("POST /api/x", "POST /x"), ("/api/y", "app GET /y")],
    );
    assert_outcomes(
        [
            Router::new().nest("/api", nested()).mount("/", echo("app")),
            Router::new().mount("/", echo("app")).nest("/api", nested()),
        ],
        &[
            ("/api/y", "api /api/y"),
            ("/api/x", "405 OPTIONS, POST"),
            ("/y", "app GET /y"),
            ("POST /api/x", "POST /x"),
        ],
    );
}

#[test]
fn errors_are_rendered_in_the_applications_way() {
    let router = add(Router::new(), "/a")
        .add(Method::GET, "/failed", async || Err::<(), _>(pulsar::Error::status(409).detail("taken")))
        .errors(|problem: Problem| {
            (problem.status, format!("{} {:?}", problem.title, problem.detail.as_deref().unwrap_or_default()))
        });
    let client = Client::new(compile(router));
    for (request, status, text, allow) in [
        ("/b", 404, "Not Found \"\"", None),
        ("POST /a", 405, "Method Not Allowed \"\"", Some("GET, HEAD, OPTIONS")),
        ("/failed", 409, "Conflict \"taken\"", None),
        ("/%zz", 400, "Bad Request \"the path has a `%` that two hexadecimal digits do not follow\"", None),
        ("HEAD /b", 404, "", None),
    ] {
        let (method, path) = crate::support::method_and_path(request);
        let answer = block_on(client.request(method, path).send());
        answer.assert_status(status).assert_text(text);
        assert_eq!(answer.header("allow"), allow, "{answer}");
        assert_ne!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    }
    // A header that the renderer sets itself stays.
    let router = add(Router::new(), "/a").errors(|problem: Problem| (problem.status, [("allow", "MINE")]));
    let answer = block_on(Client::new(compile(router)).post("/a").send());
    assert_eq!(answer.headers().get_all("allow").iter().collect::<Vec<_>>(), ["MINE"]);
}

#[test]
fn errors_are_problem_documents_by_default() {
    let client = Client::new(compile(router(&["/a"])));
    for (request, document) in [
        ("/b", serde_json::json!({ "type": "about:blank", "title": "Not Found", "status": 404 })),
        (
            "POST /a",
            serde_json::json!({ "type": "about:blank", "title": "Method Not Allowed", "status": 405 }),
        ),
        (
            "/%00",
            serde_json::json!({
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "the path decodes to a NUL or to bytes that are not UTF-8",
            }),
        ),
    ] {
        let (method, path) = crate::support::method_and_path(request);
        let answer = block_on(client.request(method, path).send());
        answer.assert_header("content-type", "application/problem+json").assert_json(&document);
    }
}

#[test]
fn an_answer_to_head_has_the_headers_of_get_and_no_body() {
    let router = Router::new().add(Method::GET, "/", async || "hello");
    let answer = block_on(Client::new(compile(router)).head("/").send());
    answer.assert_status(StatusCode::OK).assert_text("").assert_header("content-length", "5");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
}
