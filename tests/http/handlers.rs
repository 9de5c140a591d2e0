//! Annotated functions: where they run, what their errors and panics become, which requests reach them.
//!
//! Proves: `fn` runs on the pool, `async fn` and `inline` on the event loop, and a pool that blocks holds nobody else up; a
//! panic of any of them is a 500 and that of a body cuts the answer; error enums; a source chain is logged with the
//! route and not sent; several attributes on a function; HEAD and OPTIONS as they come and overridden; methods of one's
//! own; several applications with errors and fallbacks of their own; scopes.
//!
//! A full pool is refused in `fixtures.rs`, where the settings are to be had.

use std::{
    convert::Infallible,
    io,
    sync::{Condvar, Mutex, mpsc},
    thread,
};

use futures_util::{StreamExt, stream};
use pulsar::{
    Error, HeaderMap, HttpError, IntoResponse, Json, Method, Problem, Response, Result, StatusCode, Uri, get,
    head,
    http::{HeaderValue, header},
    options, post, put,
    request::MatchedRoute,
    route,
    testing::block_on,
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::support::{self, Log, connect, problem};

pulsar::scope!("/handlers");

fn here() -> String {
    format!("{:?} {:?}", thread::current().name(), thread::current().id())
}

#[get("/thread/async")]
async fn thread_of_async() -> String {
    here()
}

#[get("/thread/inline", inline)]
fn thread_of_inline() -> String {
    here()
}

#[get("/thread/pool")]
fn thread_of_pool() -> String {
    here()
}

#[post("/thread/pool/<int:n>")]
fn thread_of_pool_with_arguments(n: u32, uri: Uri, body: String) -> String {
    format!("{} {n} {uri} {body}", here())
}

/// An answer that borrows from the path until it is made.
struct Shouted<'a>(&'a str);

impl IntoResponse for Shouted<'_> {
    fn into_response(self) -> Response {
        self.0.to_uppercase().into_response()
    }
}

#[get("/borrowed/async/<text>")]
async fn borrowed_by_async(text: &str) -> Shouted<'_> {
    Shouted(text)
}

#[get("/borrowed/pool/<text>")]
#[allow(clippy::elidable_lifetime_names)] // a lifetime that has a name is served too
fn borrowed_by_pool<'a>(headers: HeaderMap, text: &'a str) -> Result<Shouted<'a>> {
    if headers.contains_key("x-refused") { Err(Error::new("refused")) } else { Ok(Shouted(text)) }
}

#[get("/borrowed/inline/<text>", inline)]
fn borrowed_by_inline(text: &str) -> impl IntoResponse {
    Shouted(text)
}

#[post("/borrowed/inline/<text>", inline)]
fn borrowed_by_inline_with_a_body(text: &str, body: String) -> Result<Shouted<'_>> {
    if body == "loud" { Ok(Shouted(text)) } else { Err(Error::status(409)) }
}

#[put("/arguments/<a>/<int(signed=true):b>/<c>/<d>")]
#[allow(clippy::too_many_arguments)] // more than a person writes, to see each kind among the others
async fn many_arguments(
    a: String,
    method: Method,
    b: i8,
    uri: Uri,
    c: &str,
    route: Option<MatchedRoute>,
    d: char,
    body: Result<Json<Vec<u8>>, Problem>,
) -> impl IntoResponse {
    let sum = body.map(|numbers| numbers.iter().map(|number| u32::from(*number)).sum::<u32>());
    format!("{a} {method} {b} {uri} {c} {} {d} {:?}", route.is_some(), sum.ok())
}

#[test]
fn what_is_given_may_borrow_from_the_path() {
    let client = support::client(module_path!(), |app| app);
    for how in ["async", "pool", "inline"] {
        let answer = block_on(client.get(&format!("/handlers/borrowed/{how}/n%C3%A9e")).send());
        assert_eq!(answer.text(), "NÉE", "{how}");
    }
    let post =
        |body: &[u8]| block_on(client.post("/handlers/borrowed/inline/n%C3%A9e").body(body.to_vec()).send());
    assert_eq!(post(b"loud").text(), "NÉE");
    assert_eq!(post(b"low").status(), 409);
    assert_eq!(post(b"\xff").status(), 400, "the extractor refuses the body");
}

#[test]
fn arguments_come_in_any_order_and_in_any_number() {
    let client = support::client(module_path!(), |app| app);
    let put = |path: &str, body: &str| {
        let request = client.put(&format!("/handlers/arguments{path}"));
        block_on(request.header("content-type", "application/json").body(body.to_owned()).send())
    };
    let answer = put("/x/-7/y/z", "[1, 2, 3]");
    assert_eq!(answer.text(), "x PUT -7 /handlers/arguments/x/-7/y/z y true z Some(6)");
    assert!(
        put("/x/-7/y/z", "[").text().ends_with(" None"),
        "the extractor says why, and the handler goes on"
    );
    assert_eq!(put("/x/-7/y/zz", "[").status(), 404, "a path value is looked at before the body");
    assert_eq!(put("/x/-700/y/z", "[").status(), 404);
}

#[test]
fn a_fn_runs_on_the_pool_and_an_async_fn_on_the_event_loop() {
    let client = support::client(module_path!(), |app| app);
    let get = |path: &str| block_on(client.get(&format!("/handlers/thread/{path}")).send()).text().to_owned();
    // In process, the event loop is this thread.
    assert_eq!(get("async"), here());
    assert_eq!(get("inline"), here());
    let pool = get("pool");
    assert!(pool.starts_with("Some(\"pulsar-pool\") "), "{pool}");
    let answer = block_on(client.post("/handlers/thread/pool/7?q").body("the body").send());
    let text = answer.assert_status(200).text();
    assert!(text.starts_with("Some(\"pulsar-pool\") "), "{answer}");
    assert!(text.ends_with(" 7 /handlers/thread/pool/7?q the body"), "{answer}");
}

static HELD: (Mutex<Held>, Condvar) = (Mutex::new(Held { inside: 0, released: false }), Condvar::new());

struct Held {
    inside: usize,
    released: bool,
}

#[get("/hold")]
fn hold() -> &'static str {
    let (held, changed) = &HELD;
    let mut guard = held.lock().unwrap();
    guard.inside += 1;
    changed.notify_all();
    drop(changed.wait_while(guard, |held| !held.released).unwrap());
    "held"
}

#[test]
fn handlers_that_block_hold_nobody_else_up() {
    let client = support::client(module_path!(), |app| app).on_socket().unwrap();
    let (answers, answered) = mpsc::channel();
    let holders: Vec<_> = (0..2)
        .map(|_| {
            let (client, answers) = (client.clone(), answers.clone());
            thread::spawn(move || answers.send(connect(&client).get("/handlers/hold")).unwrap())
        })
        .collect();
    let (held, changed) = &HELD;
    let guard = held.lock().unwrap();
    let (guard, waited) =
        changed.wait_timeout_while(guard, pulsar_tests::PATIENCE, |held| held.inside < 2).unwrap();
    assert!(!waited.timed_out(), "both are inside");
    drop(guard);
    // The one thread of the server is free.
    let mut connection = connect(&client);
    for path in ["/handlers/thread/async", "/handlers/thread/inline", "/handlers/thread/pool"] {
        connection.get(path).assert_status(200);
    }
    assert!(answered.try_recv().is_err(), "nobody has been released");
    held.lock().unwrap().released = true;
    changed.notify_all();
    for _ in 0..2 {
        answered.recv().unwrap().assert(200, "held");
    }
    for holder in holders {
        holder.join().unwrap();
    }
}

#[get("/panic/async")]
async fn panic_in_async() -> &'static str {
    tokio::task::yield_now().await;
    panic!("hunter2 in async")
}

#[get("/panic/inline", inline)]
fn panic_in_inline() -> &'static str {
    panic!("hunter2 in inline")
}

#[get("/panic/pool")]
fn panic_in_pool() -> &'static str {
    panic!("hunter2 in pool")
}

#[get("/panic/body")]
async fn panic_in_body() -> axum::body::Body {
    let parts = stream::iter(["begun", "hunter2"]).then(async |part| {
        // What is there already is sent while this one is waited for.
        tokio::task::yield_now().await;
        assert_ne!(part, "hunter2", "in the body, on purpose");
        Ok::<_, Infallible>(part)
    });
    axum::body::Body::from_stream(parts)
}

#[test]
fn a_panic_is_a_500_and_the_worker_lives() {
    let log = Log::get();
    let in_process = support::client(module_path!(), |app| app);
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [in_process, on_socket] {
        for kind in ["async", "inline", "pool"] {
            let answer = block_on(client.get(&format!("/handlers/panic/{kind}")).send());
            assert_eq!(problem(&answer, 500), "", "{answer}");
            assert!(!answer.to_string().contains("hunter2"), "{answer}");
            let id = answer.header("x-request-id").expect("an id");
            let lines = log.lines(&format!("request_id={id}"));
            assert_eq!(lines.len(), 1, "{lines:?}");
            for part in [
                format!("the handler panicked: hunter2 in {kind}"),
                format!("route=\"/handlers/panic/{kind}\""),
                format!("handler=\"panic_in_{kind}\""),
            ] {
                assert!(lines[0].contains(&part), "{part:?} is missing in {lines:?}");
            }
            block_on(client.get("/handlers/thread/pool").send()).assert_status(200);
        }
    }
}

#[test]
fn a_panic_in_a_body_cuts_the_answer_short_for_all_to_see() {
    let client = support::client(module_path!(), |app| app).on_socket().unwrap();
    let mut connection = connect(&client);
    connection.send("GET /handlers/panic/body HTTP/1.1\r\nHost: a\r\n\r\n");
    connection.head().assert_status(200);
    assert_eq!(connection.chunk(), b"begun");
    assert_eq!(connection.rest(), b"", "no last chunk, which would say that this is all");
    connect(&client).get("/handlers/thread/pool").assert_status(200);
}

#[derive(Debug, thiserror::Error, HttpError)]
enum OrderError {
    #[error("there is no order {0}")]
    #[status(404)]
    Unknown(u32),
    #[error("locked by {by}, whose password is hunter2")]
    #[status(CONFLICT)]
    #[detail("somebody else is at it")]
    Locked { by: &'static str },
    #[error("the store has failed")]
    Store(#[from] StoreError),
    #[error("the supplier does not answer")]
    #[status(503)]
    #[detail("try again later")]
    Supplier(#[source] io::Error),
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read page {page}")]
struct StoreError {
    page: u32,
    source: io::Error,
}

fn store() -> Result<(), StoreError> {
    Err(StoreError { page: 3, source: io::Error::other("hunter2 is on fire") })
}

#[get("/orders/<int:id>")]
async fn order(id: u32) -> Result<Json<u32>, OrderError> {
    match id {
        1 => Err(OrderError::Locked { by: "Bob" }),
        2 => Err(store().unwrap_err().into()),
        3 => Err(OrderError::Supplier(io::Error::other("hunter2 is away"))),
        7 => Ok(Json(id)),
        _ => Err(OrderError::Unknown(id)),
    }
}

#[get("/question-mark/<any(async,detail):kind>")]
async fn question_mark(kind: &str) -> Result<()> {
    if kind == "detail" {
        store().map_err(|error| Error::status(502).detail("come back").with_source(error))?;
    }
    Ok(store()?)
}

#[get("/question-mark/pool")]
fn question_mark_on_the_pool() -> Result<()> {
    Ok(store()?)
}

#[test]
fn errors_are_answers_and_only_what_the_client_may_know_is_sent() {
    let log = Log::get();
    let client = support::client(module_path!(), |app| app);
    block_on(client.get("/handlers/orders/7").send()).assert_status(200).assert_text("7");
    let chain = "cannot read page 3: hunter2 is on fire";
    let store = &format!("the store has failed: {chain}")[..];
    for (path, status, detail, logged, handler) in [
        ("/orders/9", 404, "there is no order 9", "", ""),
        ("/orders/1", 409, "somebody else is at it", "", ""),
        ("/orders/2", 500, "", store, "order"),
        ("/orders/3", 503, "try again later", "the supplier does not answer: hunter2 is away", "order"),
        ("/question-mark/async", 500, "", chain, "question_mark"),
        ("/question-mark/detail", 502, "come back", chain, "question_mark"),
        ("/question-mark/pool", 500, "", chain, "question_mark_on_the_pool"),
    ] {
        let answer = block_on(client.get(&format!("/handlers{path}")).send());
        assert_eq!(problem(&answer, status), detail, "{answer}");
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        let id = answer.header("x-request-id");
        assert_eq!(id.is_some(), !logged.is_empty(), "{answer}");
        let Some(id) = id else { continue };
        let lines = log.lines(&format!("request_id={id}"));
        assert_eq!(lines.len(), 1, "{path}: {lines:?}");
        for part in [
            "ERROR",
            logged,
            &format!("status={status}"),
            &format!("handler=\"{handler}\""),
            "route=\"/handlers/",
            "place=\"tests/http/handlers.rs:",
        ] {
            assert!(lines[0].contains(part), "{path}: {part:?} is missing in {lines:?}");
        }
    }
}

/// One function, three routes.
#[get("/items/<int:number>", name = "item.show")]
#[put("/items/<int:number>", name = "item.put")]
#[route("/archive/<int:number>", methods = ["GET", "PURGE"])]
async fn item(number: u32, method: Method, route: MatchedRoute) -> String {
    format!("{method} {} {:?} {number}", route.rule(), route.name())
}

#[get("/report")]
async fn report() -> ([(&'static str, &'static str); 1], String) {
    ([("x-made-by", "get")], "x".repeat(1000))
}

#[head("/cheap")]
async fn head_of_cheap() -> [(&'static str, &'static str); 2] {
    [("x-made-by", "head"), ("content-length", "12345")]
}

#[get("/cheap")]
async fn cheap() -> ([(&'static str, &'static str); 1], &'static str) {
    ([("x-made-by", "get")], "expensive")
}

#[options("/cheap")]
fn options_of_cheap() -> ([(&'static str, &'static str); 1], &'static str) {
    ([("allow", "GET, HEAD, OPTIONS, BREW")], "ask for BREW")
}

#[route("/cache/<path:key>", method = "PURGE")]
fn purge(key: &str) -> String {
    format!("purged {key}")
}

#[test]
fn methods_reach_the_functions_that_say_so() {
    let in_process = support::client(module_path!(), |app| app);
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [in_process, on_socket] {
        let send = |request: &str| {
            let (method, path) = request.split_once(' ').unwrap();
            block_on(client.request(method.parse().unwrap(), &format!("/handlers{path}")).send())
        };
        for (request, text) in [
            ("GET /items/7", "GET /handlers/items/<int:number> Some(\"item.show\") 7"),
            ("PUT /items/7", "PUT /handlers/items/<int:number> Some(\"item.put\") 7"),
            ("GET /archive/7", "GET /handlers/archive/<int:number> Some(\"item\") 7"),
            ("PURGE /archive/7", "PURGE /handlers/archive/<int:number> Some(\"item\") 7"),
            ("PURGE /cache/a/b", "purged a/b"),
            ("GET /cheap", "expensive"),
            ("OPTIONS /cheap", "ask for BREW"),
        ] {
            send(request).assert_status(200).assert_text(text);
        }
        for (request, status, allow) in [
            ("OPTIONS /items/7", 204, "GET, HEAD, OPTIONS, PUT"),
            ("DELETE /items/7", 405, "GET, HEAD, OPTIONS, PUT"),
            ("PUT /archive/7", 405, "GET, HEAD, OPTIONS, PURGE"),
            ("GET /cache/a", 405, "OPTIONS, PURGE"),
            ("purge /cache/a", 405, "OPTIONS, PURGE"),
            ("OPTIONS /report", 204, "GET, HEAD, OPTIONS"),
            ("OPTIONS /cheap", 200, "GET, HEAD, OPTIONS, BREW"),
        ] {
            send(request).assert_status(status).assert_header("allow", allow);
        }
        for (path, by, length) in [("/report", "get", "1000"), ("/cheap", "head", "12345")] {
            let head = send(&format!("HEAD {path}"));
            head.assert_status(200).assert_text("").assert_header("x-made-by", by);
            head.assert_header("content-length", length);
        }
    }
}

mod api {
    use pulsar::get;

    #[get("/unscoped-here")]
    async fn inherits() -> &'static str {
        "the scope of the file"
    }

    pub(super) mod v1 {
        use pulsar::get;

        #[get("/")]
        async fn index() -> &'static str {
            "v1"
        }

        // Below the routes: its place does not matter.
        pulsar::scope!("/handlers-v1");

        pub(super) mod admin {
            use pulsar::{get, post};

            #[get("/users/<name>")]
            fn user(name: &str) -> String {
                format!("v1 user {name}")
            }

            #[post("/fail")]
            async fn fail() -> pulsar::Result<()> {
                Err(pulsar::Error::status(418).detail("short and stout"))
            }
        }
    }
}

#[test]
fn the_nearest_scope_is_the_prefix() {
    let client = support::client(module_path!(), |app| app);
    for (path, text) in [
        ("/handlers/unscoped-here", "the scope of the file"),
        ("/handlers-v1/", "v1"),
        ("/handlers-v1/users/Ada", "v1 user Ada"),
    ] {
        block_on(client.get(path).send()).assert_status(200).assert_text(text);
    }
    for path in ["/unscoped-here", "/", "/users/Ada", "/handlers/users/Ada", "/handlers/handlers-v1/"] {
        problem(&block_on(client.get(path).send()), 404);
    }
}

fn program() -> pulsar::Program {
    pulsar::program! {
        name: "handlers",
        bind: "127.0.0.1:0",
        errors: |problem: Problem| (problem.status, format!("main: {}", problem.title)),
        app pages {
            bind: "127.0.0.1:0",
            routes: crate::handlers,
            fallback: not_found,
        },
        app api {
            bind: "127.0.0.1:0",
            routes: crate::handlers::api::v1,
            layers: [SetResponseHeaderLayer::<_>::overriding(header::SERVER, HeaderValue::from_static("api"))],
            errors: render,
        },
    }
}

async fn not_found(uri: Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("nothing at {}", uri.path()))
}

fn render(problem: Problem) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let detail = problem.detail.clone().unwrap_or_default();
    (problem.status, [("content-type", "text/x-api")], format!("api: {} {detail}", problem.status.as_u16()))
}

#[test]
fn applications_have_routes_errors_and_fallbacks_of_their_own() {
    let of = |name: &str| block_on(program().client_of(name)).unwrap();
    let (main, pages, api) = (block_on(program().client()).unwrap(), of("pages"), of("api"));
    for (client, request, status, text) in [
        // The most exact module decides whose route it is.
        (&api, "GET /handlers-v1/users/Ada", 200, "v1 user Ada"),
        (&pages, "GET /handlers-v1/users/Ada", 404, "nothing at /handlers-v1/users/Ada"),
        (&main, "GET /handlers-v1/users/Ada", 404, "main: Not Found"),
        (&pages, "GET /handlers/unscoped-here", 200, "the scope of the file"),
        (&api, "GET /handlers/unscoped-here", 404, "api: 404 "),
        // The main application has the routes that nobody else has.
        (&main, "GET /state/tenant/7", 403, "main: Forbidden"),
        (&pages, "GET /state/tenant/7", 404, "nothing at /state/tenant/7"),
        (&api, "POST /handlers-v1/fail", 418, "api: 418 short and stout"),
        (&api, "PUT /handlers-v1/fail", 405, "api: 405 "),
        (&api, "GET /handlers-v1/%zz", 400, "api: 400 the path"),
        (&pages, "GET /handlers/%zz", 400, "{\"type\":\"about:blank\""),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        let answer = block_on(client.request(method.parse().unwrap(), path).send());
        assert!(answer.assert_status(status).text().starts_with(text), "{text:?} expected in {answer}");
    }
    let nothing = block_on(api.get("/nothing").send());
    nothing.assert_header("content-type", "text/x-api").assert_header("server", "api");
    assert_eq!(block_on(pages.get("/nothing").send()).header("server"), None);
    block_on(api.put("/handlers-v1/fail").send()).assert_header("allow", "OPTIONS, POST");
    let nobody = block_on(program().client_of("nobody")).unwrap_err();
    assert_eq!(nobody.to_string(), "there is no application `nobody`");
}
