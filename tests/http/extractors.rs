//! Extractors of axum and axum-extra as arguments of our handlers.
//!
//! Proves: `TypedHeader` that is there, missing, optional, malformed; cookies that are set, read and removed; signed
//! cookies with a key from a provider, forged ones refused, and what happens without a key; `Multipart` with several
//! fields and a file, too large, of the wrong type, broken off, in process and on a socket; `Extension`; axum's `Query` and
//! `Json`.

use axum::{Extension, extract::multipart::MultipartError};
use axum_extra::{
    TypedHeader,
    extract::cookie::{Cookie, CookieJar, Key, SignedCookieJar},
    headers::{Authorization, UserAgent, authorization::Basic},
};
use pulsar::{
    Context, Json, Method, Router,
    extract::DefaultBodyLimit,
    get, post, provide,
    testing::{Answer, Client, block_on},
};
use serde_json::{Value, json};

use crate::support::{self, Log, problem};

pulsar::scope!("/extractors");

#[get("/agent")]
async fn agent(TypedHeader(agent): TypedHeader<UserAgent>) -> String {
    agent.to_string()
}

#[get("/user")]
async fn user(TypedHeader(user): TypedHeader<Authorization<Basic>>) -> String {
    format!("{}:{}", user.username(), user.password())
}

#[get("/optional")]
fn optional(user: Option<TypedHeader<Authorization<Basic>>>) -> String {
    user.map_or("nobody".to_owned(), |TypedHeader(user)| user.username().to_owned())
}

#[test]
fn typed_headers_are_read_or_the_client_is_told_what_is_wrong() {
    let client = support::client(module_path!(), |app| app);
    // Ada:lovelace
    let rows = [
        ("/agent", "user-agent", "curl/8", Ok("curl/8")),
        ("/agent", "accept", "*/*", Err("Header of type `user-agent` was missing")),
        ("/user", "authorization", "Basic QWRhOmxvdmVsYWNl", Ok("Ada:lovelace")),
        ("/user", "accept", "*/*", Err("Header of type `authorization` was missing")),
        ("/user", "authorization", "Basic !", Err("invalid HTTP header (authorization)")),
        ("/user", "authorization", "Bearer QWRhOmxvdmVsYWNl", Err("invalid HTTP header (authorization)")),
        ("/optional", "authorization", "Basic QWRhOmxvdmVsYWNl", Ok("Ada")),
        ("/optional", "accept", "*/*", Ok("nobody")),
        ("/optional", "authorization", "Basic !", Err("invalid HTTP header (authorization)")),
    ];
    for (path, name, value, expected) in rows {
        let answer = block_on(client.get(&format!("/extractors{path}")).header(name, value).send());
        match expected {
            Ok(text) => _ = answer.assert_status(200).assert_text(text),
            Err(detail) => assert_eq!(problem(&answer, 400), detail, "{name}: {value}\n{answer}"),
        }
    }
}

#[post("/cookies/<name>/<value>")]
async fn set(name: String, value: String, jar: CookieJar) -> CookieJar {
    jar.add(Cookie::build((name, value)).path("/").http_only(true))
}

#[get("/cookies/<name>")]
async fn read(name: &str, jar: CookieJar) -> String {
    jar.get(name).map_or("none".to_owned(), |cookie| cookie.value().to_owned())
}

#[pulsar::delete("/cookies/<name>")]
fn remove(name: String, jar: CookieJar) -> (CookieJar, &'static str) {
    (jar.remove(Cookie::build(name).path("/")), "removed")
}

#[test]
fn cookies_are_set_read_and_removed() {
    let client = support::client(module_path!(), |app| app).without_cookies();
    let set = block_on(client.post("/extractors/cookies/color/blue").send());
    set.assert_status(200).assert_header("set-cookie", "color=blue; HttpOnly; Path=/");
    for (cookies, name, value) in [
        (&["color=blue"][..], "color", "blue"),
        (&["a=1; color=blue; b=2"], "color", "blue"),
        (&["a=1", "color=blue"], "color", "blue"),
        (&["a=1"], "color", "none"),
        (&[], "color", "none"),
        (&["=; ;;color"], "color", "none"),
    ] {
        let request = client.get(&format!("/extractors/cookies/{name}"));
        let request = cookies.iter().fold(request, |request, cookie| request.header("cookie", *cookie));
        block_on(request.send()).assert_status(200).assert_text(value);
    }
    let removed = block_on(client.delete("/extractors/cookies/color").header("cookie", "color=blue").send());
    removed.assert_text("removed");
    let cookie = removed.header("set-cookie").unwrap();
    assert!(cookie.starts_with("color=; Path=/; Max-Age=0; Expires="), "{cookie}");
    // What the client has not sent cannot be removed.
    let nothing = block_on(client.delete("/extractors/cookies/color").send());
    assert_eq!(nothing.header("set-cookie"), None);
}

#[provide]
fn key() -> Key {
    Key::from(&[7; 64])
}

#[post("/login/<name>")]
async fn login(name: String, jar: SignedCookieJar) -> SignedCookieJar {
    jar.add(Cookie::new("user", name))
}

#[get("/me")]
fn me(jar: SignedCookieJar) -> String {
    jar.get("user").map_or("a stranger".to_owned(), |cookie| cookie.value().to_owned())
}

#[test]
fn signed_cookies_are_read_and_forged_ones_are_not() {
    let client = support::client(module_path!(), |app| app);
    let login = block_on(client.post("/extractors/login/Ada").send());
    let cookie = login.assert_status(200).header("set-cookie").expect("a cookie").to_owned();
    let value = cookie.strip_prefix("user=").unwrap();
    assert!(value.ends_with("Ada") && value.len() > 40, "{cookie}");
    let forged = value.replace("Ada", "Bob");
    let mut resigned = value.to_owned();
    resigned.replace_range(..1, if value.starts_with('A') { "B" } else { "A" });
    let other_name = format!("admin={value}");
    for (cookie, who) in [
        (cookie.as_str(), "Ada"),
        (&format!("user={forged}"), "a stranger"),
        (&format!("user={resigned}"), "a stranger"),
        ("user=Ada", "a stranger"),
        ("user=", "a stranger"),
        (&other_name, "a stranger"),
    ] {
        let answer = block_on(client.get("/extractors/me").header("cookie", cookie).send());
        answer.assert_status(200).assert_text(who);
    }
    // The key is state like any other: with another one, nothing that was signed before is valid.
    let program = pulsar::program! { app extractors { bind: "127.0.0.1:0", routes: crate::extractors } };
    let other = block_on(program.provide(Key::from(&[8; 64])).client_of("extractors")).unwrap();
    block_on(other.get("/extractors/me").header("cookie", &cookie).send()).assert_text("a stranger");
}

#[test]
fn without_a_key_signed_cookies_are_our_fault() {
    let log = Log::get();
    let router = Router::new().add(Method::GET, "/keyless", async |jar: SignedCookieJar| {
        jar.get("user").map_or(String::new(), |cookie| cookie.to_string())
    });
    let client = Client::new(router.compile(Context::default()).unwrap());
    let answer = block_on(client.get("/keyless").send());
    assert_eq!(problem(&answer, 500), "");
    let lines = log.lines("route=\"/keyless\"");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("nobody provides `Key`; write `#[provide] fn ..() -> Key`"), "{lines:?}");
}

#[post("/upload")]
async fn upload(mut form: axum::extract::Multipart) -> Result<Json<Value>, MultipartError> {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await? {
        let (name, file) = (field.name().map(str::to_owned), field.file_name().map(str::to_owned));
        let kind = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await?;
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
        fields.push(json!({ "name": name, "file": file, "type": kind, "length": bytes.len(), "text": text }));
    }
    Ok(Json(json!(fields)))
}

const FORM_DATA: &str = "multipart/form-data; boundary=XX";

fn part(disposition: &str, text: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{text}\r\n")
}

fn send(client: &Client, content_type: &str, body: String) -> Answer {
    let request = client.post("/extractors/upload").header("content-type", content_type);
    block_on(request.body(body).send())
}

#[test]
fn a_form_with_files_is_read_field_by_field() {
    let in_process = support::client(module_path!(), |app| app);
    let on_socket = in_process.clone().on_socket().unwrap();
    // Longer than one read from a socket.
    let long = "0123456789".repeat(100_000);
    let body = [
        part("name=\"title\"", "a title"),
        part("name=\"empty\"", ""),
        part(
            "name=\"file\"; filename=\"caf\u{e9} 1.txt\"\r\nContent-Type: text/plain",
            "with --XX within\r\n",
        ),
        part("name=\"long\"; filename=\"long.bin\"", &long),
        "--XX--\r\n".to_owned(),
    ]
    .concat();
    for client in [in_process, on_socket] {
        send(&client, FORM_DATA, body.clone()).assert_status(200).assert_json(&json!([
            { "name": "title", "file": null, "type": null, "length": 7, "text": "a title" },
            { "name": "empty", "file": null, "type": null, "length": 0, "text": "" },
            { "name": "file", "file": "caf\u{e9} 1.txt", "type": "text/plain", "length": 18, "text": "with --XX within\r\n" },
            { "name": "long", "file": "long.bin", "type": null, "length": 1_000_000, "text": "01234567890123456789" },
        ]));
    }
}

#[test]
fn a_form_that_is_too_large_or_none_is_the_clients_fault() {
    let small = |app: pulsar::app::App| app.layer(DefaultBodyLimit::max(1024));
    let in_process = support::client(module_path!(), small);
    let on_socket = in_process.clone().on_socket().unwrap();
    let field = |length: usize| [part("name=\"a\"", &"x".repeat(length)), "--XX--\r\n".to_owned()].concat();
    for client in [&in_process, &on_socket] {
        send(client, FORM_DATA, field(900)).assert_status(200);
        send(client, FORM_DATA, field(1024)).assert_status(413);
        // What is no form at all is refused before the handler, in the form that our own refusals have.
        for content_type in ["application/json", "multipart/form-data", "multipart/mixed; boundary=XX"] {
            let answer = send(client, content_type, field(1));
            assert_eq!(
                problem(&answer, 400),
                "Invalid `boundary` for `multipart/form-data` request",
                "{answer}"
            );
        }
        for broken in ["", "--XX", "--XX\r\n", "--XX\r\nContent-Disposition: form-data\r\n", "no form"] {
            send(client, FORM_DATA, broken.to_owned()).assert_status(400);
        }
        send(client, FORM_DATA, part("name=\"a\"", "no end")).assert_status(400);
    }
    // Without a layer it is 2 MiB.
    let client = support::client(module_path!(), |app| app);
    send(&client, FORM_DATA, field(2 << 20)).assert_status(413);
    send(&client, FORM_DATA, field((2 << 20) - 1024)).assert_status(200);
}

#[derive(Clone)]
struct Motto(&'static str);

#[get("/motto")]
async fn motto(Extension(motto): Extension<Motto>) -> &'static str {
    motto.0
}

#[test]
fn an_extension_of_a_layer_reaches_the_handler() {
    let client = support::client(module_path!(), |app| app.layer(Extension(Motto("ad astra"))));
    block_on(client.get("/extractors/motto").send()).assert_text("ad astra");
    // Without the layer it is our fault, and nothing of it is told.
    let client = support::client(module_path!(), |app| app);
    assert_eq!(problem(&block_on(client.get("/extractors/motto").send()), 500), "");
}

#[derive(serde::Deserialize)]
struct Page {
    page: u8,
}

#[post("/theirs")]
async fn theirs(query: axum::extract::Query<Page>, body: axum::Json<Page>) -> axum::Json<u8> {
    axum::Json(query.page + body.page)
}

#[test]
fn extractors_of_axum_that_ours_replace_work_and_refuse_in_our_form() {
    let client = support::client(module_path!(), |app| app);
    for (query, content_type, body, status, part) in [
        ("page=1", "application/json", "{\"page\":2}", 200, "3"),
        (
            "page=x",
            "application/json",
            "{\"page\":2}",
            400,
            "Failed to deserialize query string: page: invalid digit",
        ),
        (
            "page=1",
            "text/plain",
            "{\"page\":2}",
            415,
            "Expected request with `Content-Type: application/json`",
        ),
        ("page=1", "application/json", "{", 400, "Failed to parse the request body as JSON"),
        (
            "page=1",
            "application/json",
            "{\"page\":300}",
            422,
            "page: invalid value: integer `300`, expected u8",
        ),
    ] {
        let request = client.post(&format!("/extractors/theirs?{query}"));
        let answer = block_on(request.header("content-type", content_type).body(body).send());
        let text = if status == 200 { answer.text().to_owned() } else { problem(&answer, status) };
        assert!(text.contains(part), "{part:?} expected in {answer}");
    }
}

mod mine {
    use pulsar::{
        Context, Request,
        extract::FromRequest,
        request::{Connection, MatchedRoute},
    };

    /// It has the name of one of ours.
    pub(super) struct Json(pub(super) String);

    impl FromRequest<Context> for Json {
        type Rejection = std::convert::Infallible;

        async fn from_request(request: Request, context: &Context) -> Result<Self, Self::Rejection> {
            let is_known = request.extensions().get::<Connection>().is_some();
            let route = Option::<MatchedRoute>::from_request(request, context).await.unwrap();
            Ok(Self(format!("{is_known} {}", route.map_or("-".to_owned(), |route| route.rule().to_owned()))))
        }
    }
}

#[post("/mine")]
async fn mine(known: mine::Json) -> String {
    known.0
}

#[post("/length")]
async fn length(text: Json<String>) -> String {
    text.len().to_string()
}

#[post("/length/theirs")]
async fn length_by_theirs(text: axum::Json<String>) -> String {
    text.0.len().to_string()
}

#[post("/length/of-text")]
async fn length_of_text(text: String) -> String {
    (text.len() - 2).to_string()
}

fn roomy() -> pulsar::Program {
    let app = pulsar::app::App::new("roomy").routes(module_path!());
    pulsar::Program::new("http", "0.0.0").root(module_path!()).app(app)
}

#[pulsar::test(program = roomy(), app = "roomy", settings = { max_body = 4_194_304 }, socket)]
fn a_body_may_be_as_long_as_the_server_says_whoever_reads_it(client: Client) {
    let rows = [(3, 200), (1 << 20, 200), ((2 << 20) + 1, 200), ((4 << 20) - 2, 200), ((4 << 20) - 1, 413)];
    for path in ["/length", "/length/theirs", "/length/of-text"] {
        for (length, status) in rows {
            let body = format!("\"{}\"", "x".repeat(length));
            for is_chunked in [false, true] {
                let head = if is_chunked {
                    "Transfer-Encoding: chunked".to_owned()
                } else {
                    format!("Content-Length: {}", body.len())
                };
                let mut socket = support::connect(&client);
                socket.send(format!(
                    "POST /extractors{path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
                ));
                if is_chunked {
                    socket.send(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
                } else if status == 200 {
                    socket.send(&body);
                }
                let answer = socket.answer();
                assert_eq!(answer.status, status, "{path} {length} {head}: {answer:?}");
                if status == 200 {
                    assert_eq!(answer.body, length.to_string().into_bytes(), "{path} {length} {head}");
                }
            }
        }
    }
}

#[pulsar::test(program = roomy(), app = "roomy", socket)]
async fn an_extractor_that_is_named_like_one_of_ours_is_told_all_that_is_known(client: Client) {
    client.post("/extractors/mine").send().await.assert_text("true /extractors/mine");
}
