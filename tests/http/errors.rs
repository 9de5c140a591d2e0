//! Errors in the form that the client prefers.
//!
//! Proves: every error of pulsar's own, whoever makes it, is a problem document, text or a page, as `Accept` says; a page has
//! nothing of the request unescaped; HEAD has the headers of the form and no body; what is no error, and what an application
//! renders itself, stays as it is.

use std::{
    io::Read,
    sync::{Mutex, mpsc},
    thread,
};

use flate2::read::GzDecoder;
use pulsar::{
    Context, Error, Json, Method, Problem, Result, Router, Settings, StatusCode,
    body::Response,
    get,
    http::{HeaderValue, header},
    post,
    server::{Address, ServerConfig},
    testing::{Client, block_on},
    wsgi::{self, Application, Environ, IntoBody, StartResponse},
};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

use crate::support::{self, Served, connect};

pulsar::scope!("/errors");

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const JSON: &str = "application/problem+json";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

#[get("/fine")]
async fn fine() -> &'static str {
    "fine\n"
}

#[get("/conflict/<name>")]
async fn conflict(name: &str) -> Result<String> {
    Err(Error::status(409).detail(format!("<{name}> is taken")))
}

#[get("/broken")]
fn broken() -> Result<String> {
    Ok(std::fs::read_to_string("/no/such/file")?)
}

#[get("/panic")]
async fn panic() -> String {
    panic!("on purpose")
}

#[get("/number/<int:number>")]
async fn number(number: u8, pulsar::extract::Query(page): pulsar::extract::Query<Page>) -> String {
    format!("{number} {}", page.page)
}

#[derive(serde::Deserialize)]
struct Page {
    page: u32,
}

#[derive(serde::Deserialize)]
struct Order {
    quantity: u32,
}

#[post("/orders")]
async fn orders(Json(order): Json<Order>) -> String {
    order.quantity.to_string()
}

fn callable(_: &mut Environ, _: StartResponse) -> wsgi::Result<&'static str> {
    Err(Error::status(410).detail("<gone>"))
}

async fn broken_callable(_: &mut Environ, _: StartResponse) -> wsgi::Result<impl IntoBody + use<>> {
    Err::<&'static str, _>(std::io::Error::other("on purpose").into())
}

fn routes() -> Client {
    support::client(module_path!(), |app| app)
}

#[test]
fn the_form_is_the_one_that_the_client_prefers() {
    let client = routes().on_socket().unwrap();
    let mut connection = connect(&client);
    for (accept, expected) in [
        (None, JSON),
        (Some("*/*"), JSON),
        (Some(JSON), JSON),
        (Some("application/json"), JSON),
        (Some("application/json, text/plain, */*"), JSON),
        (Some(BROWSER), HTML),
        (Some("text/html"), HTML),
        (Some("text/plain"), TEXT),
        (Some("text/*"), TEXT),
        (Some("text/html;q=0.4, text/plain;q=0.5"), TEXT),
        (Some("text/html;q=0.4, application/json;q=0.5"), JSON),
        (Some("application/json;q=0, text/html;q=0, */*;q=0.1"), TEXT),
        (Some("image/png"), JSON),
        (Some("*/*;q=0"), JSON),
        (Some("text/html;q=x"), JSON),
        (Some(""), JSON),
    ] {
        let header = accept.map(|accept| format!("Accept: {accept}"));
        let headers: Vec<_> = header.iter().map(String::as_str).collect();
        let answer = connection.request("GET", "/errors/nothing", &headers, "");
        assert_eq!(answer.header("content-type"), Some(expected), "{accept:?} {answer:?}");
        assert_eq!(answer.header("vary"), Some("accept"), "{answer:?}");
        assert_eq!(answer.status, 404);
        let text = match expected {
            JSON => r#"{"type":"about:blank","title":"Not Found","status":404}"#,
            TEXT => "404 Not Found\n",
            _ => {
                "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
                 <title>404 Not Found</title>\n<h1>404 Not Found</h1>\n"
            }
        };
        assert_eq!(answer.text(), text, "{accept:?}");
        let hardened = answer.header("content-security-policy") == Some("default-src 'none'");
        assert_eq!(hardened, expected == HTML, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options").is_some(), expected != JSON, "{answer:?}");
    }
}

#[test]
fn several_accept_headers_are_one_list() {
    let client = routes().on_socket().unwrap();
    let headers = ["Accept: text/plain;q=0.2", "Accept: text/html;q=0.3"];
    let answer = connect(&client).request("GET", "/errors/nothing", &headers, "");
    assert_eq!(answer.header("content-type"), Some(HTML), "{answer:?}");
}

#[test]
fn every_error_is_negotiated_whoever_makes_it() {
    let client = routes().on_socket().unwrap();
    let json = &["Content-Type: application/json"][..];
    for (method, path, headers, body, status, part) in [
        ("GET", "/errors/nothing", &[][..], "", 404, "404 Not Found"),
        ("GET", "/errors/%zz", &[], "", 400, "400 Bad Request"),
        ("DELETE", "/errors/fine", &[], "", 405, "405 Method Not Allowed"),
        ("GET", "/errors/conflict/ada", &[], "", 409, "&lt;ada&gt; is taken"),
        ("GET", "/errors/conflict/%3Cb%3E", &[], "", 409, "&lt;&lt;b&gt;&gt; is taken"),
        ("GET", "/errors/number/7?page=x", &[], "", 400, "<li><code>page</code>: "),
        ("POST", "/errors/orders", &[], "{}", 415, "415 Unsupported Media Type"),
        ("POST", "/errors/orders", json, "{", 400, "400 Bad Request"),
        ("POST", "/errors/orders", json, r#"{"quantity":"<i>"}"#, 422, "<li><code>#/quantity</code>: "),
        ("GET", "/errors/broken", &[], "", 500, "500 Internal Server Error"),
        ("GET", "/errors/panic", &[], "", 500, "500 Internal Server Error"),
    ] {
        for (accept, kind) in [(BROWSER, HTML), ("text/plain", TEXT), ("*/*", JSON)] {
            let accept = format!("Accept: {accept}");
            let headers = [headers, &[&*accept]].concat();
            let answer = connect(&client).request(method, path, &headers, body);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (status, Some(kind)),
                "{path} {answer:?}"
            );
            if kind == HTML {
                assert!(answer.text().contains(part), "{path} {answer:?}");
                assert!(!answer.text().contains("<i>") && !answer.text().contains("<b>"), "{answer:?}");
            }
            let id = answer.header("x-request-id");
            assert_eq!(id.is_some(), status >= 500, "{answer:?}");
            assert!(id.is_none_or(|id| answer.text().contains(id)), "{answer:?}");
            assert_eq!(answer.header("allow").is_some(), status == 405, "{answer:?}");
        }
    }
}

#[test]
fn what_is_no_error_is_left_alone() {
    let client = routes();
    let answer = block_on(client.get("/errors/fine").header("accept", BROWSER).send());
    answer.assert_status(200).assert_text("fine\n");
    assert_eq!(answer.header("vary"), None);
}

#[test]
fn head_has_the_headers_of_the_form_and_no_body() {
    let client = routes().on_socket().unwrap();
    for (accept, kind) in [(BROWSER, HTML), ("text/plain", TEXT), ("*/*", JSON)] {
        let headers = [&*format!("Accept: {accept}")];
        let mut connection = connect(&client);
        let got = connection.request("GET", "/errors/nothing", &headers, "");
        let head = connection.request("HEAD", "/errors/nothing", &headers, "");
        assert_eq!((head.status, head.header("content-type")), (404, Some(kind)), "{head:?}");
        assert_eq!(head.header("content-length"), got.header("content-length"), "{head:?} {got:?}");
        connection.get("/errors/fine").assert(200, "fine\n");
    }
}

#[test]
fn the_errors_function_of_an_application_wins() {
    let client = support::client(module_path!(), |app| {
        app.errors(|problem: Problem| (problem.status, format!("sorry: {}\n", problem.title)))
    })
    .on_socket()
    .unwrap();
    for path in ["/errors/nothing", "/errors/conflict/x", "/errors/broken"] {
        let answer = connect(&client).request("GET", path, &[&*format!("Accept: {BROWSER}")], "");
        assert!(answer.text().starts_with("sorry: "), "{answer:?}");
        assert_eq!(answer.header("content-type"), Some(TEXT), "{answer:?}");
    }
}

#[test]
fn layers_see_the_form_that_goes_out() {
    let cached =
        SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let client = support::client(module_path!(), |app| app.layer(CompressionLayer::new()).layer(cached));
    let headers = [&*format!("Accept: {BROWSER}"), "Accept-Encoding: gzip"];
    let answer = connect(&client.on_socket().unwrap()).request("GET", "/errors/nothing", &headers, "");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(HTML), "{answer:?}");
    assert_eq!(answer.header("content-encoding"), Some("gzip"), "{answer:?}");
    let mut text = String::new();
    GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
    assert!(text.contains("<h1>404 Not Found</h1>"), "{text}");
}

#[test]
fn refusals_of_the_server_and_of_services_are_negotiated() {
    let service = tower::service_fn(|request: pulsar::Request| async move {
        assert_ne!(request.uri().path(), "/panic", "on purpose");
        let made =
            pulsar::IntoResponse::into_response(Problem::new(StatusCode::IM_A_TEAPOT).with_detail("<tea>"));
        Ok::<Response, _>(made)
    });
    let served = Served::start(ServerConfig { max_body: Some(10), ..config() }, service);
    for (accept, kind) in [(BROWSER, HTML), ("text/plain", TEXT), ("*/*", JSON)] {
        let accept = [&*format!("Accept: {accept}")];
        for (method, path, body, status) in
            [("GET", "/", "", 418), ("POST", "/", "more than ten bytes", 413), ("GET", "/panic", "", 500)]
        {
            let answer = served.connect().request(method, path, &accept, body);
            assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)), "{answer:?}");
            assert_eq!(answer.header("vary"), Some("accept"), "{answer:?}");
            assert_eq!(answer.header("connection"), (status == 413).then_some("close"), "{answer:?}");
        }
    }
}

#[test]
fn errors_of_callables_are_negotiated_alone_and_mounted() {
    let alone = Served::start(config(), Application::new(callable).service(Context::default()));
    let broken = Served::start(config(), Application::new(broken_callable).service(Context::default()));
    let router = Router::new()
        .mount("/gone", Application::new(callable).service(Context::default()))
        .mount("/broken", Application::new(broken_callable).service(Context::default()));
    let mounted = Served::start(config(), router.compile(Context::default()).unwrap());
    for (accept, kind) in [(BROWSER, HTML), ("text/plain", TEXT), ("*/*", JSON)] {
        let accept = [&*format!("Accept: {accept}")];
        for (served, path, status) in
            [(&alone, "/", 410), (&broken, "/", 500), (&mounted, "/gone/x", 410), (&mounted, "/broken", 500)]
        {
            let answer = served.connect().request("GET", path, &accept, "");
            assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)), "{answer:?}");
            assert_eq!(answer.headers.iter().filter(|(name, _)| name == "vary").count(), 1, "{answer:?}");
            assert_eq!(answer.header("x-request-id").is_some(), status == 500, "{answer:?}");
            assert!(!answer.text().contains("on purpose"), "{answer:?}");
        }
    }
}

#[test]
fn a_full_pool_is_told_in_the_form_that_the_client_prefers() {
    let settings = Settings { thread_workers: "1".parse().unwrap(), thread_queue: 1, ..Settings::default() };
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let blocked = move |_: &mut Environ, start: StartResponse| -> wsgi::Result<&'static str> {
        released.lock().unwrap().recv().unwrap();
        start("200 OK", &[])?;
        Ok("done")
    };
    let application = Application::new(blocked).service(Context::new(settings).unwrap());
    let served = Served::start(config(), application);
    let (answers, answered) = mpsc::channel();
    for _ in 0..5 {
        let (mut connection, answers) = (served.connect(), answers.clone());
        thread::spawn(move || {
            answers.send(connection.request("GET", "/", &[&*format!("Accept: {BROWSER}")], "")).unwrap();
        });
    }
    // One is called and one waits; nobody else is answered before they are let go.
    for _ in 0..3 {
        let answer = answered.recv().unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (503, Some(HTML)), "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    }
    for _ in 0..2 {
        release.send(()).unwrap();
        answered.recv().unwrap().assert(200, "done");
    }
}

fn config() -> ServerConfig {
    ServerConfig { binds: vec![Address::Tcp("127.0.0.1".into(), 0)], ..ServerConfig::default() }
}

/// Without a server nobody but the router negotiates.
#[test]
fn a_router_negotiates_without_a_server() {
    let router = Router::new().add(Method::GET, "/", async || "hello").compile(Context::default()).unwrap();
    let answer = block_on(Client::new(router).post("/").header("accept", "text/plain").send());
    answer.assert_status(405).assert_text("405 Method Not Allowed\n").assert_header("content-type", TEXT);
}
