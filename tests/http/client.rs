//! The client that tests use, asked in process and over a socket.
//!
//! Proves: cookies are kept and sent as a browser does, by everything that the client can open; redirects are followed on
//! demand; what it sends as a form with files is what axum reads; answers, events and messages come one by one, and what
//! does not come fails the test with a message that names the request and the line.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::extract::Multipart as Received;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use pulsar::{
    Context, Json, Program, Query, Response, State, StatusCode,
    app::App,
    body::Body,
    get,
    http::{
        HeaderMap, HeaderName,
        header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    },
    post, provide,
    request::{Connection, Peer},
    route,
    sse::{Event, LastEventId, Sse},
    testing::{Client, FromTest, Multipart, Test, block_on},
    websocket::{CloseFrame, Message, WebSocketUpgrade},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pulsar::scope!("/client");

/// The application that has the routes of this file.
fn program() -> Program {
    let app = App::new("client").routes(module_path!());
    Program::new("http", "0.0.0").root(module_path!()).app(app)
}

/// The same client twice: in this process, and over a socket.
struct Both([Client; 2]);

impl FromTest for Both {
    async fn from_test(test: &Test) -> Self {
        let client = test.client();
        Self([client.new_browser(), client.on_socket().unwrap()])
    }
}

/// What a panic of a future says.
async fn failure<T>(future: impl Future<Output = T>) -> String {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(_) => panic!("it did not fail"),
        Err(panic) => *panic.downcast::<String>().expect("a message with details"),
    }
}

/// Asserts that a failure tells these, in this order, and the line that asked.
#[track_caller]
fn assert_tells(failure: &str, parts: &[&str]) {
    let mut rest = failure;
    for part in parts.iter().chain(&["\n    at tests/http/client.rs:"]) {
        let Some((_, behind)) = rest.split_once(part) else { panic!("{part:?} is missing in\n{failure}") };
        rest = behind;
    }
}

fn cookie(cookie: &str) -> [(HeaderName, String); 1] {
    [(SET_COOKIE, cookie.to_owned())]
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Sets the cookie of this text.
#[post("/set")]
async fn set(line: String) -> [(HeaderName, String); 1] {
    cookie(&line)
}

#[get("/seen")]
async fn seen(headers: HeaderMap) -> String {
    let cookies = headers.get_all(COOKIE).iter().map(|value| value.to_str().unwrap());
    cookies.collect::<Vec<_>>().join(" and ")
}

#[get("/seen/below")]
async fn seen_below(headers: HeaderMap) -> String {
    seen(headers).await
}

#[get("/scheme")]
async fn scheme(connection: Connection) -> &'static str {
    connection.scheme()
}

#[pulsar::test(program = program(), app = "client")]
async fn cookies_are_kept_as_a_browser_keeps_them(Both(clients): Both) {
    for client in clients {
        let set = async |line: &'static str| {
            client.post("/client/set").body(line).send().await.assert_status(200);
        };
        let seen = async |path: &str| client.get(path).send().await.text().to_owned();
        assert_eq!(seen("/client/seen").await, "");
        set("a=1").await;
        set("b=2; Path=/client/seen; HttpOnly").await;
        set("c=3; Path=/elsewhere").await;
        set("d=4; Path=/; Secure").await;
        set("e=5; Max-Age=100; Path=/").await;
        assert_eq!(seen("/client/seen?x").await, "b=2; a=1; e=5");
        assert_eq!(seen("/client/seen/below").await, "b=2; a=1; e=5");
        set("a=; Expires=Thu, 01-Jan-1970 00:00:00 GMT").await;
        set("e=6; Path=/").await;
        assert_eq!(seen("/client/seen").await, "b=2; e=6");
        assert_eq!((client.cookie("b").as_deref(), client.cookie("a")), (Some("2"), None));

        // Whoever writes the header means all of it.
        client.get("/client/seen").header("cookie", "x=y").send().await.assert_text("x=y");
        let other = client.new_browser();
        other.get("/client/seen").send().await.assert_text("");
        client.clone().get("/client/seen").send().await.assert_text("b=2; e=6");
        client.set_cookie("f", "7");
        client.remove_cookie("b");
        client.get("/client/seen").send().await.assert_text("e=6; f=7");
        client.clear_cookies();
        client.get("/client/seen").send().await.assert_text("");

        let none = client.without_cookies();
        none.post("/client/set").body("a=1").send().await.assert_header("set-cookie", "a=1");
        none.get("/client/seen").send().await.assert_text("");
        none.new_browser().get("/client/seen").send().await.assert_text("");
    }
}

#[pulsar::test(program = program(), app = "client")]
async fn secure_cookies_go_over_https_alone(client: Client) {
    client.get("/client/scheme").send().await.assert_text("http");
    let client = client.over_https();
    client.get("/client/scheme").send().await.assert_text("https");
    client.post("/client/set").body("a=1; Secure").send().await.assert_status(200);
    client.get("/client/seen").send().await.assert_text("a=1");
}

#[pulsar::test(program = program(), app = "client")]
async fn a_cookie_that_cannot_be_is_the_mistake_of_the_test(client: Client) {
    for (name, value) in [("", "1"), ("a=b", "1"), ("a;b", "1"), ("a", "1; Path=/"), ("a", "1\n2")] {
        let failure = failure(async { client.set_cookie(name, value) }).await;
        assert!(failure.contains("of a cookie"), "{failure}");
    }
}

/// Redirects with this status to there.
#[route("/go/<int:status>", methods = ["GET", "POST", "PUT"])]
async fn go(status: u16, to: Query<Named>, body: String) -> (StatusCode, [(HeaderName, String); 2]) {
    let (name, cookie) = (to.0.name, format!("from={status}-{}; Path=/", body.len()));
    (StatusCode::from_u16(status).unwrap(), [(LOCATION, name), (SET_COOKIE, cookie)])
}

#[route("/end", methods = ["GET", "POST", "PUT", "HEAD"])]
async fn end(method: pulsar::Method, headers: HeaderMap, body: String) -> String {
    let cookies = seen(headers.clone()).await;
    format!("{method} {body:?} {} {cookies}", headers.contains_key(CONTENT_TYPE))
}

#[get("/loop")]
async fn circle() -> (StatusCode, [(HeaderName, &'static str); 1]) {
    (StatusCode::FOUND, [(LOCATION, "loop")])
}

#[pulsar::test(program = program(), app = "client")]
async fn redirects_are_followed_on_demand(Both(clients): Both) {
    for client in clients {
        let plain = client.get("/client/go/302?name=/client/end").send().await;
        plain.assert_status(302).assert_header("location", "/client/end");
        assert_eq!(plain.path(), "/client/go/302?name=/client/end");
        for (method, status, to, expected) in [
            ("GET", 302, "/client/end", "GET \"\" true from=302-4"),
            ("POST", 301, "/client/end", "GET \"\" false from=301-4"),
            ("POST", 302, "../end", "GET \"\" false from=302-4"),
            ("PUT", 302, "/client/end", "PUT \"body\" true from=302-4"),
            ("POST", 303, "/client/end", "GET \"\" false from=303-4"),
            ("PUT", 303, "/client/end", "GET \"\" false from=303-4"),
            ("POST", 307, "/client/end", "POST \"body\" true from=307-4"),
            ("POST", 308, "/client/end", "POST \"body\" true from=308-4"),
        ] {
            let request = client.request(method.parse().unwrap(), &format!("/client/go/{status}?name={to}"));
            let request = request.header("content-type", "text/plain").body("body").follow_redirects();
            let answer = request.send().await;
            // A GET keeps its body over 302, since its method stays.
            let expected =
                if method == "GET" { expected.replace("\"\"", "\"body\"") } else { expected.to_owned() };
            assert_eq!((answer.path(), answer.text()), ("/client/end", &*expected), "{method} {status}");
        }
        let away = client.get("/client/go/302?name=https://other.example/").follow_redirects().send().await;
        away.assert_status(302).assert_header("location", "https://other.example/");
        let host = client.address().map_or("our.example".to_owned(), |address| address.to_string());
        let ours = format!("/client/go/302?name=http://{host}/client/end");
        let ours = client.get(&ours).header("host", &*host).follow_redirects().send().await;
        assert_eq!(ours.assert_status(200).path(), "/client/end");
        let mut pieces = client.get("/client/go/307?name=/client/end").follow_redirects().stream().await;
        pieces.assert_status(200);
        assert!(pieces.next().await.is_some());
        let failure = failure(client.get("/client/loop").follow_redirects().send()).await;
        assert_tells(&failure, &["GET /client/loop: 20 redirects led nowhere"]);
    }
}

/// What the form has, as axum reads it.
#[post("/upload")]
async fn upload(mut form: Received) -> Json<Value> {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let (name, file) = (field.name().map(str::to_owned), field.file_name().map(str::to_owned));
        let kind = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.unwrap();
        fields.push(json!([name, file, kind, bytes.to_vec()]));
    }
    Json(fields.into())
}

#[pulsar::test(program = program(), app = "client")]
async fn a_form_with_files_is_what_axum_reads(Both(clients): Both) {
    let image = b"\x89PNG\r\n\x1a\n--pulsar-boundary-0000000000000000\r\n\0\xff";
    for client in clients {
        let form = Multipart::new()
            .text("title", "caf\u{e9}")
            .text("tag", "red")
            .text("tag", "")
            .file("photo", "a.png", "image/png", &image[..])
            .file("empty", "b \u{e9}.txt", "text/plain; charset=utf-8", "");
        let expected = json!([
            ["title", null, null, "caf\u{e9}".as_bytes()],
            ["tag", null, null, b"red"],
            ["tag", null, null, []],
            ["photo", "a.png", "image/png", &image[..]],
            ["empty", "b \u{e9}.txt", "text/plain; charset=utf-8", []],
        ]);
        client.post("/client/upload").multipart(form).send().await.assert_status(200).assert_json(&expected);
        let form = Multipart::new();
        client.post("/client/upload").multipart(form).send().await.assert_status(200).assert_json(&json!([]));
        // axum does not undo what browsers write for a quotation mark; what matters is that the name ends where it ends.
        let form = Multipart::new().file("a\"; b=\"c", "d\r\ne", "text/plain", "x");
        let answer = client.post("/client/upload").multipart(form).send().await;
        answer.assert_json(&json!([["a%22; b=%22c", "d%0D%0Ae", "text/plain", b"x"]]));
    }
}

/// What lets the streams of this file go on.
struct Gate(Semaphore);

#[provide]
fn gate() -> Gate {
    Gate(Semaphore::new(0))
}

/// Numbers, each when the gate lets it through.
fn gated(
    gate: State<Gate>,
    numbers: impl Iterator<Item = u32> + Send + 'static,
) -> impl Stream<Item = u32> + Send {
    stream::unfold((gate, numbers), async |(gate, mut numbers)| {
        let number = numbers.next()?;
        gate.0.0.acquire().await.unwrap().forget();
        Some((number, (gate, numbers)))
    })
}

#[get("/pieces")]
async fn pieces(gate: State<Gate>) -> ([(HeaderName, &'static str); 1], Body) {
    let numbers = gated(gate, 1..=3).map(|number| Ok::<_, std::io::Error>(format!("{number};")));
    ([(SET_COOKIE, "pieces=1")], Body::from_stream(numbers))
}

#[get("/breaks")]
async fn breaks() -> Body {
    Body::from_stream(stream::iter([Ok("one"), Err("no more")]))
}

#[pulsar::test(program = program(), app = "client")]
async fn pieces_come_before_the_end(Both(clients): Both, gate: State<Gate>) {
    for client in clients {
        let mut answer = client.get("/client/pieces").stream().await;
        answer.assert_status(200).assert_header("set-cookie", "pieces=1");
        assert_eq!(client.cookie("pieces").as_deref(), Some("1"));
        for number in 1..=3 {
            gate.0.0.add_permits(1);
            assert_eq!(answer.next().await.unwrap(), format!("{number};"));
        }
        assert_eq!(answer.next().await, None);
        gate.0.0.add_permits(3);
        client.get("/client/pieces").stream().await.finish().await.assert_text("1;2;3;");

        let hasty = client.time_limit(Duration::from_millis(20));
        let mut answer = hasty.get("/client/pieces").stream().await;
        let failure_of_time = failure(answer.next()).await;
        assert_tells(
            &failure_of_time,
            &[
                "GET /client/pieces: no more of the body came within 20ms; `Client::time_limit` sets how long is waited",
            ],
        );
        assert!(
            failure(async {
                answer.assert_status(404);
            })
            .await
            .contains("expected status 404 Not Found, got 200 OK")
        );
        let failure = failure(hasty.get("/client/breaks").send()).await;
        assert_tells(&failure, &["GET /client/breaks: the body of the answer broke off: "]);
    }
}

/// Counts to three, from where the client was.
#[get("/events")]
async fn events(
    gate: State<Gate>,
    last: Option<LastEventId>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Event>> {
    assert_eq!(headers["accept"], "text/event-stream");
    let last = last.map_or(0, |last| last.parse().unwrap());
    Sse::new(gated(gate, last + 1..=3).map(|number| {
        let event = Event::new().id(number).event("count").data(format!("{number}\nof 3"));
        if number == 1 { event.retry(Duration::from_secs(2)).comment("the first") } else { event }
    }))
}

#[pulsar::test(program = program(), app = "client")]
async fn events_come_one_by_one_and_are_resumed(Both(clients): Both, gate: State<Gate>) {
    for client in clients {
        let mut events = client.get("/client/events").events().await;
        assert_eq!((events.last_event_id(), events.retry()), ("", None));
        gate.0.0.add_permits(1);
        let event = events.next().await.unwrap();
        assert_eq!((&*event.event, &*event.data, &*event.id), ("count", "1\nof 3", "1"));
        assert_eq!(
            (event.retry, events.retry()),
            (Some(Duration::from_secs(2)), Some(Duration::from_secs(2)))
        );

        let mut events = events.reconnect().await;
        assert_eq!(events.last_event_id(), "1");
        gate.0.0.add_permits(2);
        for number in ["2", "3"] {
            let event = events.next().await.unwrap();
            assert_eq!(
                (&*event.id, event.data.as_str(), event.retry),
                (number, &*format!("{number}\nof 3"), None)
            );
        }
        assert_eq!(events.next().await, None);
        assert_eq!(events.last_event_id(), "3");
        gate.0.0.add_permits(1);
        let mut events = client.get("/client/events").last_event_id("2").events().await;
        assert_eq!(events.next().await.unwrap().id, "3");

        let hasty = client.time_limit(Duration::from_millis(20));
        let mut events = hasty.get("/client/events").events().await;
        assert_tells(
            &failure(events.next()).await,
            &["GET /client/events: no more of the body came within 20ms"],
        );
        for (path, status) in [("/client/nowhere", "404 Not Found"), ("/client/seen", "200 OK")] {
            let failure = failure(hasty.get(path).events()).await;
            assert_tells(
                &failure,
                &["expected status 200 and the content type text/event-stream, got\nGET ", path, status],
            );
        }
    }
}

/// Does what it is told.
#[get("/ws")]
async fn ws(upgrade: WebSocketUpgrade, headers: HeaderMap, peer: Peer) -> Response {
    let (cookies, peer) = (seen(headers).await, peer.to_string());
    let upgrade = upgrade.protocols(["two", "one"]);
    upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            let sent = match message {
                Message::Text(text) => match &*text {
                    "cookies" => socket.send(&*cookies).await,
                    "peer" => socket.send(&*peer).await,
                    "bytes" => socket.send(vec![1, 2]).await,
                    "ping" => socket.send(Message::Ping("are you there?".into())).await,
                    "panic" => panic!("as it was told"),
                    "close" => return drop(socket.close(4000, "as you say").await),
                    "silence" => Ok(()),
                    _ => socket.send(text).await,
                },
                Message::Pong(bytes) => socket.send(Message::from(bytes)).await,
                other => socket.send(other).await,
            };
            if sent.is_err() {
                return;
            }
        }
    })
}

#[pulsar::test(program = program(), app = "client")]
async fn a_websocket_is_as_in_a_browser(Both(clients): Both) {
    for client in clients {
        client.set_cookie("a", "1");
        let mut socket = client.get("/client/ws").websocket().await;
        assert_eq!(socket.protocol(), None);
        socket.send_text("hello").await;
        assert_eq!(socket.receive_text().await, "hello");
        socket.send_json(&json!({"n": 1})).await;
        assert_eq!(socket.receive_json::<Value>().await["n"], 1);
        socket.send(vec![7; 100_000]).await;
        assert_eq!(socket.receive_bytes().await, vec![7; 100_000]);
        socket.send_text("cookies").await;
        assert_eq!(socket.receive_text().await, "a=1");
        socket.send_text("peer").await;
        let peer = socket.receive_text().await;
        assert!(peer.starts_with("127.0.0.1:") || peer == "unix:", "{peer}");
        socket.send(Message::Ping("ping".into())).await;
        assert_eq!(socket.receive().await, Message::Pong("ping".into()));
        socket.send_text("ping").await;
        assert_eq!(socket.receive_bytes().await, "are you there?", "what the answer to its ping carried");
        socket.close().await;

        let mut socket = client.get("/client/ws").protocols(&["one", "three"]).websocket().await;
        assert_eq!(socket.protocol(), Some("one"));
        socket.send_text("close").await;
        assert_eq!(socket.receive_close().await, Some(CloseFrame::new(4000, "as you say")));
        let over = failure(socket.receive()).await;
        assert_tells(&over, &["GET /client/ws: the WebSocket is closed, a message does not come any more"]);

        let mut socket = client.get("/client/ws").websocket().await;
        socket.send_text("panic").await;
        assert_eq!(socket.receive_close().await.unwrap().code, CloseFrame::INTERNAL_ERROR);
        socket.close().await;
        let socket = client.get("/client/ws").websocket().await;
        socket.close_with(CloseFrame::new(CloseFrame::GOING_AWAY, "home")).await;
    }
}

#[pulsar::test(program = program(), app = "client")]
async fn what_is_wrong_with_a_websocket_is_told(Both(clients): Both) {
    for client in clients {
        let refused = client.get("/client/ws").header("origin", "https://evil.example").try_websocket().await;
        refused.unwrap_err().assert_status(403);
        let unknown = client.get("/client/ws").header("sec-websocket-version", 8).try_websocket().await;
        unknown.unwrap_err().assert_status(426).assert_header("sec-websocket-version", "13");
        assert_tells(
            &failure(client.get("/client/seen").websocket()).await,
            &["this is no WebSocket:\nGET /client/seen -> 200 OK\n"],
        );
        assert_tells(
            &failure(client.post("/client/ws").websocket()).await,
            &["POST /client/ws: a WebSocket begins with a GET request"],
        );
        let client = client.time_limit(Duration::from_millis(20));
        let mut socket = client.get("/client/ws").websocket().await;
        socket.send_text("silence").await;
        for (failure, what) in [
            (failure(socket.receive()).await, "a message"),
            (failure(socket.receive_text()).await, "a text"),
            (failure(socket.receive_json::<Value>()).await, "a text of JSON"),
            (failure(socket.receive_close()).await, "a close frame"),
        ] {
            assert_tells(&failure, &["GET /client/ws: ", what, " did not come within 20ms"]);
        }
        let client = client.time_limit(Duration::from_secs(60));
        let mut socket = client.get("/client/ws").websocket().await;
        socket.send_text("bytes").await;
        assert_tells(
            &failure(socket.receive_text()).await,
            &["expected a text, got Binary(b\"\\x01\\x02\")"],
        );
        socket.send_text("[1").await;
        assert_tells(&failure(socket.receive_bytes()).await, &["expected binary data, got Text(\"[1\")"]);
        socket.send_text("[1").await;
        assert_tells(
            &failure(socket.receive_json::<Value>()).await,
            &["the message \"[1\" is not the JSON that was expected: EOF while parsing a list"],
        );
    }
}

#[pulsar::test(program = program(), app = "client", provide = Gate(Semaphore::new(5)), socket)]
async fn a_test_is_given_what_its_arguments_and_options_say(
    client: Client,
    other: Client,
    gate: State<Gate>,
    context: Context,
    program: Program,
) {
    assert_eq!(gate.0.0.available_permits(), 5);
    assert!(Arc::ptr_eq(&gate.0, &context.get::<Gate>().unwrap()));
    assert_eq!(client.address(), other.address());
    assert!(client.address().is_some());
    client.post("/client/set").body("a=1").send().await.assert_status(200);
    client.get("/client/seen").send().await.assert_text("a=1");
    other.get("/client/seen").send().await.assert_text("");
    assert_eq!(program.name(), "http");
}

#[pulsar::test(program = program(), app = "client", settings = { max_body = 4, threads = 2 }, socket)]
async fn settings_are_those_that_the_test_says(client: Client, context: Context) {
    assert_eq!(context.settings().threads, 2);
    client.post("/client/set").body("a=1").send().await.assert_status(200);
    client.post("/client/set").body("a=123").send().await.assert_status(413);
}

#[pulsar::test(program = program(), app = "client", settings = { max_boddy = 4 })]
#[should_panic(expected = "max_boddy")]
async fn a_setting_that_is_misspelt_keeps_the_program_from_starting(_client: Client) {}

#[pulsar::test(program = program(), app = "client")]
fn a_test_may_block(Both(clients): Both) {
    for client in clients {
        block_on(client.get("/client/scheme").send()).assert_text("http");
        // What one call opens the next one uses.
        let mut socket = block_on(client.get("/client/ws").websocket());
        block_on(socket.send_text("hello"));
        assert_eq!(block_on(socket.receive_text()), "hello");
        block_on(socket.close());
    }
}
