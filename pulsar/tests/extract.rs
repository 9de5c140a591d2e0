//! Arguments of handlers: what they take, and what a client is told when they do not.

use std::{collections::HashMap, convert::Infallible};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, Version, request::Parts};
use pulsar::{
    Context, Error, Problem, Result, Settings, State,
    body::{Body, Request, Response},
    extract::{DefaultBodyLimit, Form, FromRequestParts, Json, Path, Query},
    request::{MatchedRoute, Peer, RequestId},
    router::Router,
    testing::{Answer, Client, block_on},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::{Layer, service_fn};

#[derive(Debug, Deserialize, Serialize)]
struct Order {
    id: u64,
    items: Vec<Item>,
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    notes: HashMap<String, u8>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Item {
    sku: String,
    quantity: u8,
    #[serde(default)]
    size: Size,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    #[default]
    Small,
    Large,
}

#[derive(Debug, Deserialize, Serialize)]
struct Search {
    q: String,
    #[serde(default)]
    page: u8,
    #[serde(default)]
    tag: Vec<String>,
    exact: Option<bool>,
}

#[derive(Deserialize)]
struct One {
    a: u8,
}

#[derive(Deserialize)]
struct Day {
    year: i32,
    month: u8,
}

fn client(router: Router) -> Client {
    Client::new(router.compile(context()).unwrap())
}

fn context() -> Context {
    Context::new(Settings::default()).unwrap()
}

/// Sends what a row of a table says: method and path, content type, body.
fn send(client: &Client, (request, content_type, body): (&str, &str, impl Into<Body>)) -> Answer {
    let (method, path) = request.split_once(' ').unwrap();
    let mut request = client.request(method.parse().unwrap(), path).body(body);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    block_on(request.send())
}

/// Asserts that the answer is just this problem document, besides its type, which says nothing.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, title: &str, rest: Value) {
    let mut document = json!({ "type": "about:blank", "title": title, "status": status });
    document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    answer
        .assert_status(status)
        .assert_header("content-type", "application/problem+json")
        .assert_json(&document);
}

/// Asserts that the answer is a 500 that tells nothing, but by which id the log tells it.
#[track_caller]
fn assert_our_fault(answer: &Answer) {
    let id = answer.header("x-request-id").unwrap_or_default().to_owned();
    assert!(!id.is_empty(), "{answer}");
    assert_problem(answer, 500, "Internal Server Error", json!({ "request_id": id }));
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn json_is_read() {
    let router = Router::new().add(Method::POST, "/order", async |order: Json<Order>| order).add(
        Method::POST,
        "/number",
        async |Json(number): Json<u8>| number.to_string(),
    );
    let client = client(router);
    for (content_type, body, expected) in [
        (JSON, r#"{"id":1,"items":[]}"#, r#"{"id":1,"items":[]}"#),
        (
            JSON,
            r#" {"items":[{"quantity":2,"sku":"é"}], "more": null, "id":18446744073709551615} "#,
            r#"{"id":18446744073709551615,"items":[{"sku":"é","quantity":2,"size":"small"}]}"#,
        ),
        ("application/json; charset=utf-8", r#"{"id":1,"items":[]}"#, r#"{"id":1,"items":[]}"#),
        ("Application/JSON", r#"{"id":1,"items":[]}"#, r#"{"id":1,"items":[]}"#),
        ("application/vnd.shop+json", r#"{"id":1,"items":[]}"#, r#"{"id":1,"items":[]}"#),
    ] {
        let answer = send(&client, ("POST /order", content_type, body));
        answer.assert_status(200).assert_header("content-type", JSON).assert_text(expected);
    }
    send(&client, ("POST /number", JSON, "255")).assert_text("255");
}

#[test]
fn json_that_is_none_or_does_not_fit_is_rejected() {
    let client = client(Router::new().add(Method::POST, "/", async |Json(_): Json<Order>| "no"));
    let post = |content_type, body: &'static str| send(&client, ("POST /", content_type, body));

    for content_type in
        ["", "text/plain", FORM, "application/jsonp", "application/json+xml", "text/json", "json"]
    {
        assert_problem(
            &post(content_type, r#"{"id":1,"items":[]}"#),
            415,
            "Unsupported Media Type",
            json!({
                "detail": "the body must be JSON, sent with `Content-Type: application/json`",
            }),
        );
    }
    for (body, detail) in [
        ("", "the body is empty, where JSON was expected"),
        ("{", "the body is not JSON: EOF while parsing an object at line 1 column 1"),
        ("{'id':1}", "the body is not JSON: key must be a string at line 1 column 2"),
        ("nul", "the body is not JSON: EOF while parsing a value at line 1 column 3"),
        (r#"{"id":1,"items":[]} x"#, "the body is not JSON: trailing characters at line 1 column 21"),
        ("{\n  \"id\": 01}", "the body is not JSON: invalid number at line 2 column 10"),
        ("\u{feff}{}", "the body is not JSON: expected value at line 1 column 1"),
    ] {
        assert_problem(&post(JSON, body), 400, "Bad Request", json!({ "detail": detail }));
    }
    for (body, pointer, detail) in [
        ("7", "#", "invalid type: integer `7`, expected struct Order"),
        ("[]", "#", "invalid length 0, expected struct Order with 3 elements"),
        (r#"{"items":[]}"#, "#", "missing field `id`"),
        (r#"{"id":-1,"items":[]}"#, "#/id", "invalid value: integer `-1`, expected u64"),
        (r#"{"id":1,"id":2,"items":[]}"#, "#", "duplicate field `id`"),
        (r#"{"id":1,"items":{}}"#, "#/items", "invalid type: map, expected a sequence"),
        (r#"{"id":1,"items":[{"quantity":1}]}"#, "#/items/0", "missing field `sku`"),
        (
            r#"{"id":1,"items":[{"sku":"a","quantity":1},{"sku":"b","quantity":300}]}"#,
            "#/items/1/quantity",
            "invalid value: integer `300`, expected u8",
        ),
        (
            r#"{"id":1,"items":[{"sku":"a","quantity":"1"}]}"#,
            "#/items/0/quantity",
            "invalid type: string \"1\", expected u8",
        ),
        (
            r#"{"id":1,"items":[{"sku":"a","quantity":1,"size":"huge"}]}"#,
            "#/items/0/size",
            "unknown variant `huge`, expected `small` or `large`",
        ),
        (
            r#"{"id":1,"items":[{"sku":"a","quantity":1,"color":"red"}]}"#,
            "#/items/0/color",
            "unknown field `color`, expected one of `sku`, `quantity`, `size`",
        ),
        // Keys are escaped as RFC 6901 wants it in a fragment.
        (
            r#"{"id":1,"items":[],"notes":{"a/b~c d%":-1}}"#,
            "#/notes/a~1b~0c%20d%25",
            "invalid value: integer `-1`, expected u8",
        ),
        (r#"{"id":1,"items":[],"notes":{"é":null}}"#, "#/notes/%C3%A9", "invalid type: null, expected u8"),
    ] {
        assert_problem(
            &post(JSON, body),
            422,
            "Unprocessable Entity",
            json!({
                "detail": "the body does not fit",
                "errors": [{ "pointer": pointer, "detail": detail }],
            }),
        );
    }
}

#[test]
fn json_that_is_nested_too_deep_or_no_text_is_rejected() {
    let client = client(Router::new().add(Method::POST, "/", async |Json(_): Json<Value>| "no"));
    let answer = send(&client, ("POST /", JSON, "[".repeat(100_000)));
    assert_problem(
        &answer,
        400,
        "Bad Request",
        json!({
            "detail": "the body is not JSON: recursion limit exceeded at line 1 column 128",
        }),
    );
    let answer = send(&client, ("POST /", JSON, &b"\"\xff\""[..]));
    assert_problem(
        &answer,
        400,
        "Bad Request",
        json!({
            "detail": "the body is not JSON: invalid unicode code point at line 1 column 2",
        }),
    );
}

#[test]
fn an_optional_body_may_be_missing_but_not_wrong() {
    let router = Router::new()
        .add(Method::POST, "/", async |number: Option<Json<u8>>| {
            format!("{:?}", number.map(|Json(number)| number))
        })
        .add(Method::POST, "/result", async |number: Result<Json<u8>, Problem>| match number {
            Ok(Json(number)) => number.to_string(),
            Err(problem) => format!("mine: {}", problem.status),
        });
    let router = [Method::GET, Method::POST].into_iter().fold(router, |router, method| {
        router.add(method, "/form", async |form: Option<Form<One>>| format!("{:?}", form.map(|form| form.a)))
    });
    let client = client(router);
    send(&client, ("POST /", "", "")).assert_text("None");
    send(&client, ("POST /", "", "7")).assert_text("None");
    send(&client, ("POST /", JSON, "7")).assert_text("Some(7)");
    send(&client, ("POST /", JSON, "")).assert_status(400);
    send(&client, ("POST /", JSON, "x")).assert_status(400);
    send(&client, ("POST /", JSON, "null")).assert_status(422);
    send(&client, ("POST /", "text/plain", "7")).assert_status(415);
    send(&client, ("GET /form", "", "")).assert_text("None");
    send(&client, ("GET /form?a=1", "", "")).assert_text("Some(1)");
    send(&client, ("GET /form?a=x", "", "")).assert_status(400);
    send(&client, ("POST /form", "", "")).assert_text("None");
    send(&client, ("POST /form", FORM, "a=1")).assert_text("Some(1)");
    send(&client, ("POST /form", FORM, "")).assert_status(422);
    send(&client, ("POST /form", JSON, "{}")).assert_status(415);
    send(&client, ("POST /result", JSON, "7")).assert_text("7");
    send(&client, ("POST /result", JSON, "700")).assert_text("mine: 422 Unprocessable Entity");
}

#[test]
fn queries_and_forms_are_read() {
    let router = Router::new()
        .add(Method::GET, "/query", async |Query(search): Query<Search>| Json(search))
        .add(Method::GET, "/form", async |Form(search): Form<Search>| Json(search))
        .add(Method::POST, "/form", async |Form(search): Form<Search>| Json(search))
        .add(Method::GET, "/any", async |Query(any): Query<HashMap<String, String>>| any.len().to_string());
    let client = client(router);
    for (pairs, expected) in [
        ("q=a", json!({ "q": "a", "page": 0, "tag": [], "exact": null })),
        ("q=", json!({ "q": "", "page": 0, "tag": [], "exact": null })),
        ("q", json!({ "q": "", "page": 0, "tag": [], "exact": null })),
        ("page=255&q=a+b%26%C3%A9", json!({ "q": "a b&é", "page": 255, "tag": [], "exact": null })),
        (
            "q=a&tag=x&other=1&tag=y&exact=true",
            json!({ "q": "a", "page": 0, "tag": ["x", "y"], "exact": true }),
        ),
    ] {
        send(&client, (&format!("GET /query?{pairs}"), "", "")).assert_status(200).assert_json(&expected);
        send(&client, (&format!("GET /form?{pairs}"), "", "")).assert_status(200).assert_json(&expected);
        send(&client, ("POST /form", FORM, pairs.to_owned())).assert_status(200).assert_json(&expected);
    }
    send(&client, ("POST /form", "application/x-www-form-urlencoded; charset=UTF-8", "q=a"))
        .assert_status(200);
    send(&client, ("GET /any", "", "")).assert_text("0");
    send(&client, ("GET /any?", "", "")).assert_text("0");
}

#[test]
fn queries_and_forms_that_do_not_fit_are_rejected() {
    let router = Router::new()
        .add(Method::GET, "/query", async |Query(_): Query<Search>| "no")
        .add(Method::GET, "/form", async |Form(_): Form<Search>| "no")
        .add(Method::POST, "/form", async |Form(_): Form<Search>| "no");
    let client = client(router);
    for (pairs, errors) in [
        ("", json!([{ "field": "q", "detail": "missing field `q`" }])),
        ("page=1", json!([{ "field": "q", "detail": "missing field `q`" }])),
        ("q=a&page=x", json!([{ "field": "page", "detail": "invalid digit found in string" }])),
        ("q=a&page=256", json!([{ "field": "page", "detail": "number too large to fit in target type" }])),
        ("q=a&page=", json!([{ "field": "page", "detail": "cannot parse integer from empty string" }])),
        (
            "q=a&exact=1",
            json!([{ "field": "exact", "detail": "invalid value: string \"1\", expected \"true\", \"on\" or \"false\"" }]),
        ),
    ] {
        for path in ["/query", "/form"] {
            assert_problem(
                &send(&client, (&format!("GET {path}?{pairs}"), "", "")),
                400,
                "Bad Request",
                json!({
                    "detail": "the query string does not fit",
                    "errors": errors,
                }),
            );
        }
        let answer = send(&client, ("POST /form", FORM, pairs.to_owned()));
        assert_problem(
            &answer,
            422,
            "Unprocessable Entity",
            json!({ "detail": "the form does not fit", "errors": errors }),
        );
    }
    for content_type in ["", JSON, "multipart/form-data; boundary=x"] {
        assert_problem(
            &send(&client, ("POST /form", content_type, "q=a")),
            415,
            "Unsupported Media Type",
            json!({
                "detail": "the body must be a form, sent with `Content-Type: application/x-www-form-urlencoded`",
            }),
        );
    }
}

#[test]
fn path_values_come_as_the_type_that_is_asked_for() {
    let router = Router::new()
        .add(Method::GET, "/one/<int:n>", async |Path(n): Path<u8>| n.to_string())
        .add(Method::GET, "/two/<a>/<b>", async |Path((a, b)): Path<(String, char)>| format!("{a} {b}"))
        .add(Method::GET, "/day/<int:month>/<int(signed):year>", async |Path(day): Path<Day>| {
            format!("{}-{}", day.year, day.month)
        })
        .add(Method::GET, "/size/<size>", async |Path(size): Path<Size>| format!("{size:?}"))
        .add(Method::GET, "/all/<a>/<path:b>", async |Path(all): Path<Vec<String>>| all.join("|"))
        .add(Method::GET, "/none", async |Path(all): Path<Vec<String>>| all.len().to_string())
        .add(Method::GET, "/unit", async |Path(()): Path<()>| "unit");
    let client = client(router);
    for (path, expected) in [
        ("/one/255", "255"),
        ("/two/a%2Fb/%C3%A9", "a/b é"),
        ("/day/12/-5", "-5-12"),
        ("/size/large", "Large"),
        ("/all/x/y%20z/w", "x|y z/w"),
        ("/none", "0"),
        ("/unit", "unit"),
    ] {
        block_on(client.get(path).send()).assert_status(200).assert_text(expected);
    }
    for (path, field, detail) in [
        ("/one/256", "n", "number too large to fit in target type: `256`"),
        ("/two/a/bc", "b", "too many characters in string: `bc`"),
        ("/day/300/1", "month", "number too large to fit in target type: `300`"),
        ("/day/1/-99999999999", "year", "number too small to fit in target type: `-99999999999`"),
        ("/size/huge", "size", "unknown variant `huge`, expected `small` or `large`"),
    ] {
        let answer = block_on(client.get(path).send());
        assert_problem(
            &answer,
            404,
            "Not Found",
            json!({ "errors": [{ "field": field, "detail": detail }] }),
        );
    }
}

/// A type that no path value can become is a mistake in the program, whatever the client sends.
#[test]
fn path_values_of_another_shape_are_our_fault() {
    let router = Router::new()
        .add(Method::GET, "/few/<a>", async |Path(_): Path<(String, String)>| "no")
        .add(Method::GET, "/many/<a>/<b>", async |Path(_): Path<String>| "no")
        .add(Method::GET, "/names/<int:day>", async |Path(_): Path<Day>| "no")
        .add(Method::GET, "/nested/<a>/<b>", async |Path(_): Path<(String, (u8, u8))>| "no")
        .add(Method::GET, "/bytes/<a>", async |Path(_): Path<HashMap<String, Vec<u8>>>| "no")
        .fallback(async |Path(_): Path<String>| "no");
    let client = client(router);
    for path in ["/few/1", "/many/1/2", "/names/1", "/nested/1/2", "/bytes/1", "/fallback"] {
        assert_our_fault(&block_on(client.get(path).send()));
    }
}

#[test]
fn bodies_are_read_whole() {
    let router = Router::new()
        .add(Method::POST, "/bytes", async |body: Bytes| body)
        .add(Method::POST, "/text", async |body: String| body)
        .add(Method::POST, "/request", async |request: Request| {
            format!("{} {}", request.method(), request.uri())
        })
        .add(Method::POST, "/both", async |method: Method, headers: HeaderMap, body: String| {
            format!("{method} {} {body}", headers.len())
        });
    let client = client(router);
    assert_eq!(send(&client, ("POST /bytes", "", &b"\xff\0"[..])).bytes().as_ref(), b"\xff\0");
    send(&client, ("POST /text", "text/plain", "é")).assert_text("é");
    send(&client, ("POST /text", "", "")).assert_status(200).assert_text("");
    send(&client, ("POST /request?a", "", "x")).assert_text("POST /request?a");
    send(&client, ("POST /both", "x/y", "text")).assert_text("POST 1 text");
    assert_problem(
        &send(&client, ("POST /text", "", &b"\xff"[..])),
        400,
        "Bad Request",
        json!({
            "detail": "Request body didn't contain valid UTF-8: invalid utf-8 sequence of 1 bytes from index 0",
        }),
    );
}

#[test]
fn a_body_over_the_limit_is_too_large() {
    let router = || {
        Router::new()
            .add(Method::POST, "/bytes", async |body: Bytes| body.len().to_string())
            .add(Method::POST, "/text", async |body: String| body.len().to_string())
            .add(Method::POST, "/json", async |Json(text): Json<String>| text.len().to_string())
            .add(Method::POST, "/form", async |Form(pairs): Form<HashMap<String, String>>| {
                pairs.len().to_string()
            })
    };
    let paths = [("POST /bytes", ""), ("POST /text", ""), ("POST /json", JSON), ("POST /form", FORM)];
    let body = |path: &str, length: usize| match path {
        "POST /json" => format!("\"{}\"", "x".repeat(length - 2)),
        _ => "x".repeat(length),
    };
    let limited = |limit: DefaultBodyLimit| Client::new(limit.layer(router().compile(context()).unwrap()));
    let default = 2 << 20;
    for (client, limit) in [
        (client(router()), Some(default)),
        (limited(DefaultBodyLimit::max(10)), Some(10)),
        (limited(DefaultBodyLimit::max(default + 1)), Some(default + 1)),
        (limited(DefaultBodyLimit::disable()), None),
    ] {
        for (path, content_type) in paths {
            send(&client, (path, content_type, body(path, limit.unwrap_or(default)))).assert_status(200);
            let answer = send(&client, (path, content_type, body(path, limit.unwrap_or(default) + 1)));
            // The first two are axum's.
            let detail = match content_type {
                "" => "Failed to buffer the request body: length limit exceeded",
                _ => "the body is longer than it may be",
            };
            match limit {
                None => drop(answer.assert_status(200)),
                Some(_) => assert_problem(
                    &answer,
                    413,
                    "Payload Too Large",
                    json!({
                        "detail": detail,
                    }),
                ),
            }
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_a_bad_request() {
    let client = client(Router::new().add(Method::POST, "/", async |_: Json<Value>| "no"));
    let chunks = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("connection reset"))];
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    assert_problem(
        &send(&client, ("POST /", JSON, body)),
        400,
        "Bad Request",
        json!({
            "detail": "the body could not be read: connection reset",
        }),
    );
}

#[test]
fn state_is_what_was_provided() {
    struct Greeting(&'static str);
    struct Missing;
    let router = Router::new()
        .add(Method::GET, "/", async |greeting: State<Greeting>| greeting.0.0)
        .add(Method::GET, "/settings", async |settings: State<Settings>| {
            (*settings == Settings::default()).to_string()
        })
        .add(Method::GET, "/missing", async |_: State<Missing>| "no");
    let client = Client::new(router.compile(context().with(Greeting("hello"))).unwrap());
    block_on(client.get("/").send()).assert_text("hello");
    block_on(client.get("/settings").send()).assert_text("true");
    assert_our_fault(&block_on(client.get("/missing").send()));
}

#[test]
fn what_is_known_of_a_request_is_there_on_a_socket_and_without() {
    let router = Router::new()
        .add(Method::GET, "/peer", async |peer: Peer| peer.to_string())
        .add(Method::GET, "/id", async |id: RequestId, again: RequestId| {
            assert_eq!(id, again);
            id.to_string()
        })
        .add(
            Method::GET,
            "/parts/<x>",
            async |method: Method, uri: Uri, version: Version, route: MatchedRoute| {
                format!("{method} {uri} {version:?} {} {:?}", route.rule(), route.name())
            },
        )
        .nest(
            "/nested",
            Router::new().add(Method::GET, "/<int:n>", async |route: MatchedRoute| route.rule().to_owned()),
        )
        .fallback(async |route: Option<MatchedRoute>| format!("{}", route.is_none()));
    let in_process = client(router);
    let on_socket = in_process.clone().on_socket().unwrap();
    for (client, on_socket) in [(&in_process, false), (&on_socket, true)] {
        block_on(async {
            let peer = client.get("/peer").send().await;
            assert_eq!(peer.text().starts_with("127.0.0.1:"), on_socket, "{peer}");
            assert_eq!(peer.text() == "-", !on_socket, "{peer}");
            let given = client.get("/id").header("x-request-id", "mine-1").send().await;
            assert_eq!(given.text() == "mine-1", on_socket, "{given}");
            let (one, other) = (client.get("/id").send().await, client.get("/id").send().await);
            assert_ne!(one.text(), other.text());
            let parts = client.get("/parts/a?b").send().await;
            parts.assert_text("GET /parts/a?b HTTP/1.1 /parts/<x> None");
            client.get("/nested/7").send().await.assert_text("/nested/<int:n>");
            client.get("/nothing").send().await.assert_text("true");
        });
    }
}

#[test]
fn the_matched_route_of_a_fallback_is_our_fault() {
    let client = client(Router::new().fallback(async |_: MatchedRoute| "no"));
    assert_our_fault(&block_on(client.get("/").send()));
}

/// An extractor from elsewhere, which rejects in its own way.
struct Foreign;

impl<S: Sync> FromRequestParts<S> for Foreign {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        use pulsar::IntoResponse;
        Err(match parts.uri.query().unwrap_or_default() {
            "text" => {
                (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic")], "who are you?").into_response()
            }
            "bare" => StatusCode::FORBIDDEN.into_response(),
            "broken" => (StatusCode::BAD_GATEWAY, "password hunter2").into_response(),
            "json" => (StatusCode::BAD_REQUEST, Json(json!({ "mine": true }))).into_response(),
            "redirect" => (StatusCode::SEE_OTHER, [("location", "/login")]).into_response(),
            _ => return Ok(Self),
        })
    }
}

#[test]
fn rejections_from_elsewhere_get_the_form_of_ours() {
    let router = Router::new().add(Method::GET, "/last", async |_: Foreign| "yes").add(
        Method::GET,
        "/first",
        async |_: Foreign, _: Method| "yes",
    );
    let client = client(router);
    for path in ["/last", "/first"] {
        let get = |query: &str| block_on(client.get(&format!("{path}?{query}")).send());
        get("").assert_text("yes");
        assert_problem(&get("text"), 401, "Unauthorized", json!({ "detail": "who are you?" }));
        get("text").assert_header("www-authenticate", "Basic");
        assert_problem(&get("bare"), 403, "Forbidden", json!({}));
        get("json").assert_status(400).assert_header("content-type", JSON).assert_text(r#"{"mine":true}"#);
        get("redirect").assert_status(303).assert_header("location", "/login");
        // What a server error says is for the log.
        let broken = get("broken");
        let id = broken.header("x-request-id").unwrap();
        assert_problem(&broken, 502, "Bad Gateway", json!({ "request_id": id }));
    }
}

#[test]
fn rejections_are_rendered_in_the_applications_way() {
    let router = Router::new()
        .add(Method::POST, "/json", async |_: Json<u8>| "no")
        .add(Method::GET, "/query", async |_: Query<Search>| "no")
        .add(Method::GET, "/foreign", async |_: Foreign| "no")
        .errors(|problem: Problem| {
            (problem.status, format!("{}: {} errors", problem.title, problem.errors.len()))
        });
    let client = client(router);
    send(&client, ("POST /json", JSON, "300"))
        .assert_status(422)
        .assert_text("Unprocessable Entity: 1 errors");
    send(&client, ("GET /query", "", "")).assert_status(400).assert_text("Bad Request: 1 errors");
    let foreign = send(&client, ("GET /foreign?text", "", ""));
    foreign
        .assert_status(401)
        .assert_text("Unauthorized: 0 errors")
        .assert_header("www-authenticate", "Basic");
}

#[test]
fn errors_of_handlers_are_answers() {
    let router = Router::new()
        .add(Method::GET, "/io", async || -> Result<String> {
            Ok(std::fs::read_to_string("/no/such/file/hunter2")?)
        })
        .add(Method::GET, "/parse", async || -> Result<String> { Ok("hunter2".parse::<u8>()?.to_string()) })
        .add(Method::GET, "/new", async || -> Result<()> { Err(Error::new("password hunter2")) })
        .add(Method::GET, "/wrong", async || -> Result<()> { Err(Error::status(200)) })
        .add(Method::GET, "/gone", async || -> Result<()> { Err(Error::status(410)) })
        .add(Method::GET, "/taken", async || -> Result<()> {
            Err(Error::status(409).detail("this name is taken").with_source("password hunter2"))
        })
        .add(Method::GET, "/busy", async || -> Result<()> {
            Err(Error::status(503).detail("come back later").with_source("password hunter2"))
        })
        .add(Method::GET, "/unserializable", async || Json(HashMap::from([((1, 2), 3)])));
    let client = client(router);
    let get = |path: &str| {
        let answer = block_on(client.get(path).send());
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        answer
    };
    for path in ["/io", "/parse", "/new", "/wrong", "/unserializable"] {
        assert_our_fault(&get(path));
    }
    assert_problem(&get("/gone"), 410, "Gone", json!({}));
    assert_problem(&get("/taken"), 409, "Conflict", json!({ "detail": "this name is taken" }));
    let busy = get("/busy");
    let id = busy.header("x-request-id").unwrap();
    assert_problem(
        &busy,
        503,
        "Service Unavailable",
        json!({ "detail": "come back later", "request_id": id }),
    );
}

#[test]
fn a_panic_is_an_answer_and_the_worker_lives() {
    let panics = service_fn(async |request: Request| -> Result<Response, Infallible> {
        panic!("password hunter2 at {}", request.uri());
    });
    let router = Router::new()
        .add(Method::GET, "/good", async || "good")
        .add(Method::GET, "/now", async || -> &'static str { panic!("password hunter2") })
        .add(Method::GET, "/later", async || -> &'static str {
            tokio::task::yield_now().await;
            panic!("password hunter2")
        })
        .add(Method::GET, "/extractor/<int:n>", async |Path(_): Path<Panics>| "no")
        .mount("/mounted", panics)
        .fallback(async || -> &'static str { panic!("password hunter2") });
    let in_process = client(router);
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [&in_process, &on_socket] {
        for path in ["/now", "/later", "/extractor/1", "/mounted/x", "/nothing"] {
            assert_our_fault(&block_on(client.get(path).send()));
            block_on(client.get("/good").send()).assert_text("good");
        }
    }
}

struct Panics;

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("password hunter2")
    }
}

#[test]
fn answers_are_written() {
    let router = Router::new()
        .add(Method::GET, "/json", async || Json(json!({ "a": [1, null] })))
        .add(Method::GET, "/form", async || Form([("a", "b c"), ("d", "é&")]))
        .add(Method::GET, "/created", async || (StatusCode::CREATED, [("location", "/1")], "made"));
    let client = client(router);
    let get = |path: &str| block_on(client.get(path).send());
    get("/json").assert_status(200).assert_header("content-type", JSON).assert_text(r#"{"a":[1,null]}"#);
    get("/form").assert_status(200).assert_header("content-type", FORM).assert_text("a=b+c&d=%C3%A9%26");
    get("/created").assert_status(201).assert_header("location", "/1").assert_text("made");
}
