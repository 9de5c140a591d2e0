//! WebSockets as bytes, and as a handler has them.
//!
//! Proves: which requests become WebSockets, and what the others are told; that each frame is read as RFC 6455 has it, or
//! refused with the right code; that limits are limits, exactly; pings, silence, the close handshake from either end, panics, and
//! the stop of the server; what handlers are told. All of it over HTTP/1.1 on a socket; `websocket_h2` is HTTP/2.

use std::{
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt, future, poll};
use pulsar::{
    Context, Json, Method, Response, Router, Settings, State, get, provide, route,
    server::{ServerConfig, Stop},
    settings::BodyLimit,
    testing::{Client, block_on},
    websocket::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketError, WebSocketUpgrade},
};
use pulsar_tests::{until, wire};

use crate::{
    sse::serve,
    support::{self, Log},
};

pulsar::scope!("/websocket");

/// A connection as a client has it.
pub(crate) struct Socket(pub(crate) wire::Client<TcpStream>);

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

impl Socket {
    fn open(client: &Client, path: &str) -> Self {
        Self::at(client.address().expect("a client on a socket"), path)
    }

    fn at(address: std::net::SocketAddr, path: &str) -> Self {
        let mut connection = wire::Client::tcp(address);
        connection.send(handshake(path, &[]));
        let head = connection.head();
        head.assert_status(101);
        assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head:?}");
        assert_eq!(head.header("upgrade"), Some("websocket"), "{head:?}");
        assert_eq!(head.header("connection"), Some("upgrade"), "{head:?}");
        Self(connection)
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        self.0.send(frame(first, payload));
    }

    /// The next frame: its first byte and its payload. A server's frames have no mask.
    #[track_caller]
    fn receive(&mut self) -> (u8, Vec<u8>) {
        let head = self.0.take(2);
        let length = match head[1] {
            126 => self.0.take(2).iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            127 => self.0.take(8).iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            short => usize::from(short),
        };
        assert!(head[1] < 128, "a frame of a server has no mask: {head:?}");
        (head[0], self.0.take(length))
    }

    #[track_caller]
    fn expect(&mut self, first: u8, payload: &[u8]) {
        let (got, received) = self.receive();
        assert_eq!((got, String::from_utf8_lossy(&received)), (first, String::from_utf8_lossy(payload)));
    }

    /// Expects a close frame with this code, and then the end. The answer to it is not sent.
    #[track_caller]
    fn expect_close(&mut self, code: u16) -> String {
        let (first, payload) = self.receive();
        assert_eq!(first, CLOSE, "{payload:?}");
        assert_eq!(payload.get(..2), Some(&code.to_be_bytes()[..]), "{}", String::from_utf8_lossy(&payload));
        String::from_utf8(payload[2..].to_vec()).unwrap()
    }

    /// The server has hung up, and sent nothing more.
    #[track_caller]
    fn expect_end(&mut self) {
        assert_eq!(self.0.rest(), b"");
    }
}

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

fn handshake(path: &str, more: &[&str]) -> String {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
    );
    for line in more {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request + "\r\n"
}

/// A frame of a client: masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = match payload.len() {
        length @ 0..=125 => vec![first, 0x80 | u8::try_from(length).unwrap()],
        length @ 126..=0xffff => [&[first, 0xfe][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
        length => [&[first, 0xff][..], &(length as u64).to_be_bytes()].concat(),
    };
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// What handlers were told, one after another.
#[derive(Default)]
struct Told {
    texts: Mutex<Vec<String>>,
}

impl Told {
    fn add(&self, what: impl ToString) {
        self.texts.lock().unwrap().push(what.to_string());
    }
}

#[provide]
fn told() -> Told {
    Told::default()
}

#[get("/told")]
async fn all_told(told: State<Told>) -> Json<Vec<String>> {
    Json(told.texts.lock().unwrap().clone())
}

/// Sends back what comes and notes what was wrong.
async fn echo_and_tell(mut socket: WebSocket, told: State<Told>) {
    while let Some(message) = socket.recv().await {
        match message {
            Ok(Message::Close(frame)) => {
                told.add(format!("close {}", frame.map_or_else(String::new, |f| f.to_string())));
            }
            Ok(message) => {
                if let Err(error) = socket.send(message).await {
                    return told.add(error);
                }
            }
            Err(error) => told.add(error),
        }
    }
    told.add("end");
}

#[get("/echo")]
async fn echo(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    upgrade.on_upgrade(|socket| echo_and_tell(socket, told))
}

/// The same within narrow limits.
#[get("/narrow")]
async fn narrow(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    let upgrade = upgrade.max_message_size(1000).max_frame_size(600).max_fragments(4);
    upgrade.on_upgrade(|socket| echo_and_tell(socket, told))
}

fn client() -> Client {
    support::client(module_path!(), |app| app).on_socket().unwrap()
}

#[track_caller]
fn expect_told(client: &Client, expected: &[&str]) {
    let mut told: Vec<String> = Vec::new();
    until("the handler was told all of it", || {
        told = block_on(client.get("/websocket/told").send()).json();
        told.len() >= expected.len()
    });
    assert_eq!(told, expected);
}

#[test]
fn only_a_good_handshake_becomes_a_websocket() {
    let client = client();
    let good = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let with = |at: usize, line: &'static str| {
        let mut lines = good.to_vec();
        lines[at] = line;
        lines
    };
    let key = "a WebSocket handshake has one header `Sec-WebSocket-Key`: 16 bytes in base64";
    let ask = "this is a WebSocket; the request has to ask for an upgrade to it";
    let wrong = "the version of the WebSocket protocol here is 13";
    let connection = "the header `Connection` of a WebSocket handshake has to name `upgrade`";
    for (method, protocol, lines, status, detail) in [
        ("GET", "1.1", good.to_vec(), 101, ""),
        ("GET", "1.1", with(0, "connection: keep-alive , UPGRADE"), 101, ""),
        ("GET", "1.1", with(0, "Connection: keep-alive\r\nConnection: upgrade"), 101, ""),
        ("GET", "1.1", with(1, "Upgrade: h2c, WebSocket"), 101, ""),
        ("GET", "1.1", vec![], 426, ask),
        ("GET", "1.1", with(1, "Upgrade: h2c"), 426, ask),
        ("GET", "1.1", with(1, "X: y"), 426, ask),
        ("GET", "1.0", good.to_vec(), 426, ask),
        ("GET", "1.1", with(0, "X: y"), 400, connection),
        ("GET", "1.1", with(0, "Connection: keep-alive"), 400, connection),
        ("GET", "1.1", with(2, "Sec-WebSocket-Version: 8"), 426, wrong),
        ("GET", "1.1", with(2, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13"), 426, wrong),
        ("GET", "1.1", with(2, "X: y"), 426, wrong),
        ("GET", "1.1", with(3, "X: y"), 400, key),
        ("GET", "1.1", with(3, "Sec-WebSocket-Key:"), 400, key),
        ("GET", "1.1", with(3, "Sec-WebSocket-Key: short"), 400, key),
        ("GET", "1.1", with(3, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!="), 400, key),
        ("GET", "1.1", with(3, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZS4u"), 400, key),
        ("GET", "1.1", [&good[..], &good[3..]].concat(), 400, key),
        ("GET", "1.1", [&good[..], &["Content-Length: 0"]].concat(), 101, ""),
        (
            "GET",
            "1.1",
            [&good[..], &["Content-Length: 1"]].concat(),
            400,
            "a WebSocket handshake has no body",
        ),
        (
            "GET",
            "1.1",
            [&good[..], &["Transfer-Encoding: chunked"]].concat(),
            400,
            "a WebSocket handshake has no body",
        ),
        ("POST", "1.1", good.to_vec(), 405, ""),
        ("HEAD", "1.1", good.to_vec(), 405, ""),
    ] {
        let mut connection = support::connect(&client);
        let lines = lines.join("\r\n") + "\r\n";
        let request = format!(
            "{method} /websocket/echo HTTP/{protocol}\r\nHost: example.com\r\n{}\r\n",
            if lines.len() > 2 { lines.as_str() } else { "" }
        );
        connection.send(&request);
        let answer = connection.answer_to(method);
        assert_eq!(answer.status, status, "{request}{answer:?}");
        if detail.is_empty() {
            continue;
        }
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
        assert!(answer.text().contains(detail), "{request}{answer:?}");
        if status == 426 {
            assert_eq!(answer.header("upgrade"), Some("websocket"), "{answer:?}");
            assert_eq!(answer.header("connection"), Some("upgrade"), "{answer:?}");
            if protocol == "1.1" {
                connection.get("/websocket/told").assert_status(200);
            } else {
                assert_eq!(connection.rest(), b"");
            }
        }
        let version = answer.header("sec-websocket-version");
        assert_eq!(version, (detail == wrong).then_some("13"), "{request}{answer:?}");
    }
}

/// A handler of every method, which leaves the choice to the extractor.
#[route("/any-method", methods = ["GET", "POST"])]
async fn any_method(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    upgrade.on_upgrade(|socket| echo_and_tell(socket, told))
}

#[test]
fn a_handshake_has_the_method_get_and_comes_over_a_socket() {
    let client = client();
    let mut connection = support::connect(&client);
    connection.send(handshake("/websocket/any-method", &[]).replacen("GET", "POST", 1));
    let answer = connection.answer();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{answer:?}");
    assert!(answer.text().contains("a WebSocket begins with a GET request"), "{answer:?}");

    let log = Log::get();
    let in_process = support::client(module_path!(), |app| app);
    let mut request = in_process.get("/websocket/any-method");
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
    ] {
        request = request.header(name, value);
    }
    support::problem(&block_on(request.send()), 500);
    assert!(!log.lines("the request came over no socket, or its extensions were lost in a layer").is_empty());
}

#[get("/origins/<any(listed,any,wrong):which>")]
async fn origins(which: &str, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = match which {
        "listed" => upgrade.origins(["https://app.example.com"]),
        "any" => upgrade.any_origin(),
        _ => upgrade.origins(["app.example.com"]),
    };
    upgrade.on_upgrade(|socket| async { drop(socket) })
}

#[test]
fn a_page_of_another_site_is_refused_unless_it_is_named() {
    let client = client();
    for (path, origin, status) in [
        ("echo", None, 101),
        ("echo", Some("https://example.com"), 101),
        ("echo", Some("https://app.example.com"), 403),
        ("echo", Some("https://evil.example"), 403),
        ("echo", Some("null"), 403),
        ("origins/listed", Some("https://app.example.com"), 101),
        ("origins/listed", Some("http://app.example.com"), 403),
        ("origins/any", Some("https://evil.example"), 101),
        ("origins/wrong", Some("https://example.com"), 500),
    ] {
        let mut connection = support::connect(&client);
        let line = origin.map(|origin| format!("Origin: {origin}"));
        let lines: Vec<_> = line.iter().map(String::as_str).collect();
        connection.send(handshake(&format!("/websocket/{path}"), &lines));
        let answer = connection.answer();
        assert_eq!(answer.status, status, "{path} {origin:?}: {answer:?}");
        if status == 403 {
            let detail = "pages of this `Origin` may not open a WebSocket here";
            assert!(answer.text().contains(detail), "{answer:?}");
        }
    }
    until("the mistake is logged", || {
        !Log::get()
            .lines("`app.example.com` is no origin that a WebSocket could allow; write the scheme")
            .is_empty()
    });
}

#[get("/protocols")]
async fn protocols(upgrade: WebSocketUpgrade) -> Response {
    let offered = upgrade.offered_protocols().collect::<Vec<_>>().join(" ");
    upgrade.protocols(["v2", "v1"]).on_upgrade(async move |mut socket| {
        let agreed = socket.protocol().unwrap_or("none").to_owned();
        let _ = socket.send(format!("{agreed} of {offered}")).await;
    })
}

#[test]
fn the_best_protocol_that_both_speak_is_agreed_on() {
    let client = client();
    for (lines, agreed, told) in [
        (&[][..], None, "none of "),
        (&["Sec-WebSocket-Protocol: v1, v2"], Some("v2"), "v2 of v1 v2"),
        (&["Sec-WebSocket-Protocol: v0", "Sec-WebSocket-Protocol: ,v1,"], Some("v1"), "v1 of v0 v1"),
        (&["Sec-WebSocket-Protocol: V2"], None, "none of V2"),
    ] {
        let mut connection = support::connect(&client);
        connection.send(handshake("/websocket/protocols", lines));
        let head = connection.head();
        assert_eq!(head.header("sec-websocket-protocol"), agreed, "{lines:?} {head:?}");
        Socket(connection).expect(TEXT, told.as_bytes());
    }
}

/// What a frame, or several, bring about.
enum Outcome {
    Echo(u8, &'static [u8]),
    Close(u16),
}

#[test]
fn frames_are_read_as_the_rfc_has_them() {
    use Outcome::{Close, Echo};
    let client = client();
    let close = |code: u16, reason: &[u8]| frame(CLOSE, &[&code.to_be_bytes()[..], reason].concat());
    let unmasked = vec![TEXT, 2, b'h', b'i'];
    for (what, bytes, outcome) in [
        ("a text", frame(TEXT, "caf\u{e9}".as_bytes()), Echo(TEXT, "caf\u{e9}".as_bytes())),
        ("an empty text", frame(TEXT, b""), Echo(TEXT, b"")),
        ("binary data", frame(BINARY, &[0, 255]), Echo(BINARY, &[0, 255])),
        ("a ping", frame(PING, b"are you there?"), Echo(PONG, b"are you there?")),
        ("a ping of 125 bytes", frame(PING, &[7; 125]), Echo(PONG, &[7; 125])),
        ("a pong that nobody asked for", [frame(PONG, b"x"), frame(TEXT, b"y")].concat(), Echo(TEXT, b"y")),
        ("two fragments", [frame(0x01, b"o"), frame(0x80, b"k")].concat(), Echo(TEXT, b"ok")),
        (
            "a character in two fragments",
            [frame(0x01, &[0xc3]), frame(0x80, &[0xa9])].concat(),
            Echo(TEXT, &[0xc3, 0xa9]),
        ),
        (
            "a pong among fragments",
            [frame(0x02, b"a"), frame(PONG, b""), frame(0x00, b"b"), frame(0x80, b"")].concat(),
            Echo(BINARY, b"ab"),
        ),
        ("no mask", unmasked, Close(1002)),
        ("reserved bit 1", frame(0xc1, b"x"), Close(1002)),
        ("reserved bit 2", frame(0xa1, b"x"), Close(1002)),
        ("reserved bit 3", frame(0x91, b"x"), Close(1002)),
        ("opcode 3", frame(0x83, b"x"), Close(1002)),
        ("opcode 7", frame(0x87, b""), Close(1002)),
        ("opcode 11", frame(0x8b, b""), Close(1002)),
        ("opcode 15", frame(0x8f, b""), Close(1002)),
        ("a ping in fragments", frame(0x09, b"x"), Close(1002)),
        ("a close in fragments", frame(0x08, b""), Close(1002)),
        ("a ping of 126 bytes", frame(PING, &[7; 126]), Close(1002)),
        ("a continuation of nothing", frame(0x80, b"x"), Close(1002)),
        ("a text among fragments", [frame(0x01, b"a"), frame(TEXT, b"b")].concat(), Close(1002)),
        ("bytes that are no text", frame(TEXT, &[0xff]), Close(1007)),
        ("half a character", frame(TEXT, &[0xc3]), Close(1007)),
        ("a surrogate", frame(TEXT, &[0xed, 0xa0, 0x80]), Close(1007)),
        ("no text in fragments", [frame(0x01, b"a"), frame(0x00, &[0xfe])].concat(), Close(1007)),
        ("code 1000", close(1000, b"bye"), Close(1000)),
        ("code 1001", close(1001, b""), Close(1001)),
        ("code 3000", close(3000, b""), Close(3000)),
        ("code 4999", close(4999, &[b'x'; 123]), Close(4999)),
        ("code 999", close(999, b""), Close(1002)),
        ("code 1004", close(1004, b""), Close(1002)),
        ("code 1005", close(1005, b""), Close(1002)),
        ("code 1006", close(1006, b""), Close(1002)),
        ("code 1015", close(1015, b""), Close(1002)),
        ("code 2999", close(2999, b""), Close(1002)),
        ("code 5000", close(5000, b""), Close(1002)),
        ("a close of one byte", frame(CLOSE, b"x"), Close(1002)),
        ("a reason that is no text", close(1000, &[0xff]), Close(1007)),
        ("a close of 126 bytes", close(1000, &[b'x'; 124]), Close(1002)),
    ] {
        // At once, and byte by byte.
        for size in [bytes.len(), 1] {
            let mut socket = Socket::open(&client, "/websocket/echo");
            for bytes in bytes.chunks(size) {
                socket.0.send(bytes);
            }
            let (first, payload) = socket.receive();
            match outcome {
                Echo(expected, text) => assert_eq!((first, &payload[..]), (expected, text), "{what}"),
                Close(code) => {
                    assert_eq!(
                        (first, payload.get(..2)),
                        (CLOSE, Some(&code.to_be_bytes()[..])),
                        "{what}: {payload:?}"
                    );
                    socket.expect_end();
                }
            }
        }
    }
}

#[test]
fn a_close_without_a_code_is_answered_without_one() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/echo");
    socket.send(CLOSE, b"");
    socket.expect(CLOSE, b"");
    socket.expect_end();
    expect_told(&client, &["close ", "end"]);
}

#[test]
fn a_limit_is_kept_to_the_byte_and_to_the_frame() {
    let (first, more, last) = (0x02, 0x00, 0x80);
    let joined = |parts: &[(u8, usize)]| -> Vec<u8> {
        parts.iter().flat_map(|&(first, length)| frame(first, &vec![7; length])).collect()
    };
    let message = "a message or a frame is longer than the limit";
    let fragments = "a message comes in more frames than the limit";
    for (bytes, echoed, reason) in [
        (joined(&[(BINARY, 600)]), 600, ""),
        (joined(&[(BINARY, 601)]), 0, message),
        (joined(&[(first, 500), (last, 500)]), 1000, ""),
        (joined(&[(first, 500), (last, 501)]), 0, message),
        (joined(&[(first, 0), (more, 0), (PONG, 0), (more, 0), (last, 1)]), 1, ""),
        (joined(&[(first, 0), (more, 0), (more, 0), (more, 0), (last, 1)]), 0, fragments),
        // Without an end, and no byte of payload: nothing but the count can see it.
        (joined(&[(first, 0), (more, 0), (more, 0), (more, 0), (more, 0)]), 0, fragments),
        // Declared, and never sent.
        (vec![BINARY, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4], 0, message),
    ] {
        let client = client();
        let mut socket = Socket::open(&client, "/websocket/narrow");
        socket.0.send(&bytes);
        if reason.is_empty() {
            socket.expect(BINARY, &vec![7; echoed]);
            continue;
        }
        assert_eq!(socket.expect_close(1009), reason);
        socket.expect_end();
        expect_told(&client, &[&format!("the client sent too much: {reason}"), "end"]);
    }
}

#[test]
fn the_default_limits_are_those_of_the_settings() {
    let client = client();
    let quarter = vec![7; 256 << 10];
    let mut socket = Socket::open(&client, "/websocket/echo");
    for first in [0x02, 0x00, 0x00, 0x80] {
        socket.send(first, &quarter);
    }
    assert_eq!(socket.receive(), (BINARY, quarter.repeat(4)));
    for frames in [
        vec![frame(BINARY, &vec![7; (256 << 10) + 1])],
        vec![
            frame(0x02, &quarter),
            frame(0, &quarter),
            frame(0, &quarter),
            frame(0, &quarter),
            frame(0, b"x"),
        ],
        (0..1025).map(|number| frame(if number == 0 { 0x02 } else { 0 }, b"")).collect(),
    ] {
        let mut socket = Socket::open(&client, "/websocket/echo");
        socket.0.send(frames.concat());
        socket.expect_close(1009);
    }

    let settings = Settings { websocket_max_message: BodyLimit::Bytes(3), ..Settings::default() };
    let router = Router::new().add(Method::GET, "/", async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            }
        })
    });
    let client = Client::new(router.compile(Context::new(settings).unwrap()).unwrap()).on_socket().unwrap();
    let mut socket = Socket::open(&client, "/");
    socket.send(TEXT, b"abc");
    socket.expect(TEXT, b"abc");
    socket.send(TEXT, b"abcd");
    socket.expect_close(1009);
}

/// No `async fn`: it runs on the thread pool, what it gives to `on_upgrade` does not.
#[get("/pool")]
fn on_the_pool(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    upgrade.on_upgrade(|socket| echo_and_tell(socket, told))
}

#[test]
fn frames_may_come_with_the_handshake_and_the_handler_may_be_on_the_pool() {
    let client = client();
    for path in ["/websocket/echo", "/websocket/pool"] {
        let mut connection = support::connect(&client);
        connection.send([handshake(path, &[]).into_bytes(), frame(TEXT, b"at once")].concat());
        connection.head().assert_status(101);
        Socket(connection).expect(TEXT, b"at once");
    }
}

#[get("/returns")]
async fn returns(upgrade: WebSocketUpgrade) -> Response {
    upgrade.close_timeout(Duration::from_millis(20)).on_upgrade(|socket| async { drop(socket) })
}

#[get("/closes")]
async fn closes(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let closed = socket.close(4001, "enough").await;
        told.add(format!("{closed:?}"));
    })
}

#[get("/panics")]
async fn panics(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        let message = socket.recv().await;
        panic!("a handler of this test panics at {message:?}");
    })
}

#[test]
fn a_handler_that_returns_closes_or_panics_ends_the_connection_in_order() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/returns");
    socket.expect_close(1000);
    // The client says nothing; its time is up.
    socket.expect_end();

    let mut socket = Socket::open(&client, "/websocket/closes");
    assert_eq!(socket.expect_close(4001), "enough");
    // What the client still sends is no error.
    socket.send(TEXT, b"one more thing");
    socket.send(PING, b"");
    socket.send(CLOSE, &4001_u16.to_be_bytes());
    socket.expect_end();
    expect_told(&client, &["Ok(())"]);

    let mut socket = Socket::open(&client, "/websocket/panics");
    socket.send(TEXT, b"x");
    socket.expect_close(1011);
    socket.send(CLOSE, &1011_u16.to_be_bytes());
    socket.expect_end();
    let lines = Log::get().lines("a handler of this test panics at");
    assert!(lines.iter().any(|line| line.contains("the handler of a WebSocket panicked")), "{lines:?}");
    block_on(client.get("/websocket/told").send()).assert_status(200);
}

#[test]
fn a_handler_is_told_what_was_wrong() {
    for (bytes, told) in [
        (frame(CLOSE, b"\x03\xe8bye"), &["close 1000 bye", "end"][..]),
        (
            frame(0x80, b""),
            &["the client broke the WebSocket protocol: Continue frame but nothing to continue", "end"],
        ),
        (frame(TEXT, &[0xff]), &["the client sent a text that is no UTF-8", "end"]),
        (vec![], &["the connection broke: the client closed without a close frame", "end"]),
    ] {
        let client = client();
        let mut socket = Socket::open(&client, "/websocket/echo");
        socket.0.send(&bytes);
        if bytes.is_empty() {
            socket.0.half_close();
        }
        socket.0.rest();
        expect_told(&client, told);
    }
}

#[get("/unsendable")]
async fn unsendable(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        for message in [
            Message::Ping(vec![0; 126].into()),
            Message::Pong(vec![0; 126].into()),
            Message::Close(Some(CloseFrame::new(1005, ""))),
            Message::Close(Some(CloseFrame::new(1000, "x".repeat(124)))),
        ] {
            told.add(socket.send(message).await.unwrap_err());
        }
        // A ping of its own: only its answer is given.
        socket.send(Message::Ping("mine".into())).await.unwrap();
        told.add(format!("{:?}", socket.recv().await.unwrap().unwrap()));
        socket.send(Message::Close(None)).await.unwrap();
        told.add(socket.send("too late").await.unwrap_err());
        told.add(format!("{:?}", socket.recv().await.unwrap().unwrap()));
        told.add(format!("{}", socket.recv().await.is_none()));
    })
}

#[test]
fn what_the_protocol_cannot_carry_is_not_sent() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/unsendable");
    socket.expect(PING, b"mine");
    socket.send(PONG, b"another");
    socket.send(PONG, b"mine");
    socket.expect(CLOSE, b"");
    socket.send(CLOSE, b"");
    socket.expect_end();
    let control = "the message was not sent: a ping or a pong carries 125 bytes at most";
    expect_told(
        &client,
        &[
            control,
            control,
            "the message was not sent: no end may send this close code",
            "the message was not sent: the reason of a close is longer than 123 bytes",
            r#"Pong(b"mine")"#,
            "the WebSocket is closed",
            "Close(None)",
            "true",
        ],
    );
}

/// Holds the socket and never looks at it.
#[get("/deaf")]
async fn deaf(upgrade: WebSocketUpgrade) -> Response {
    upgrade.ping(Duration::from_millis(20), Duration::from_secs(3600)).on_upgrade(async |socket| {
        future::pending::<()>().await;
        drop(socket);
    })
}

#[get("/silence")]
async fn silence(upgrade: WebSocketUpgrade, told: State<Told>) -> Response {
    let upgrade = upgrade.ping(Duration::from_millis(20), Duration::from_millis(20));
    upgrade.on_upgrade(|socket| echo_and_tell(socket, told))
}

#[test]
fn a_connection_is_looked_after_whatever_its_handler_does() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/deaf");
    for _ in 0..3 {
        socket.expect(PING, b"");
        socket.send(PONG, b"");
    }
    // Its own ping may cross ours.
    socket.send(PING, b"hello");
    while socket.receive() != (PONG, b"hello".to_vec()) {}
    socket.send(CLOSE, &1000_u16.to_be_bytes());
    while socket.receive() != (CLOSE, 1000_u16.to_be_bytes().to_vec()) {}
    socket.expect_end();
}

#[test]
fn a_client_that_is_silent_is_pinged_and_then_given_up() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/silence");
    socket.expect(PING, b"");
    assert_eq!(socket.expect_close(1011), "no answer to a ping");
    drop(socket);
    expect_told(&client, &["the client sent nothing and did not answer a ping", "end"]);
}

/// Sends until it would have to wait, tells how much that was, and goes on.
#[get("/flood")]
async fn flood(upgrade: WebSocketUpgrade, sent: State<Sent>) -> Response {
    upgrade.write_buffer(100_000).on_upgrade(async move |mut socket| {
        let piece = Message::from(vec![7; PIECE]);
        loop {
            let mut sending = Box::pin(socket.send(piece.clone()));
            match poll!(&mut sending) {
                std::task::Poll::Ready(result) => result.unwrap(),
                std::task::Poll::Pending => {
                    sent.before_waiting.store(sent.all.load(Ordering::SeqCst), Ordering::SeqCst);
                    sending.await.unwrap();
                    sent.all.fetch_add(1, Ordering::SeqCst);
                    break;
                }
            }
            sent.all.fetch_add(1, Ordering::SeqCst);
        }
        SinkExt::flush(&mut socket).await.unwrap();
    })
}

const PIECE: usize = 10_000;

/// How many messages were sent before the first that had to wait, and how many so far.
#[derive(Default)]
struct Sent {
    before_waiting: AtomicUsize,
    all: AtomicUsize,
}

#[provide]
fn sent() -> Sent {
    Sent::default()
}

#[get("/sent")]
async fn how_many(sent: State<Sent>) -> Json<usize> {
    Json(sent.before_waiting.load(Ordering::SeqCst))
}

#[test]
fn whoever_sends_waits_for_a_slow_client_and_nothing_is_lost() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/flood");
    let mut waited = 0;
    until("the handler has to wait", || {
        waited = block_on(client.get("/websocket/sent").send()).json();
        waited > 0
    });
    // Beside the write buffer there are those of the system, which are larger, but not by orders of magnitude.
    assert!((10..10_000).contains(&waited), "{waited} messages of {PIECE} bytes");
    for _ in 0..=waited {
        assert_eq!(socket.receive(), (BINARY, vec![7; PIECE]));
    }
    socket.expect_close(1000);
}

/// Two halves, each in a task of its own.
#[get("/halves")]
async fn halves(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |socket| {
        let (mut sender, mut receiver) = socket.split();
        let (words, mut heard) = tokio::sync::mpsc::channel::<Utf8Bytes>(1);
        let sending = tokio::spawn(async move {
            while let Some(word) = heard.recv().await {
                sender.send(word.to_uppercase().into()).await?;
            }
            sender.close().await
        });
        let receiving = tokio::spawn(async move {
            while let Some(Ok(Message::Text(text))) = receiver.next().await {
                if text == "last" || words.send(text).await.is_err() {
                    return;
                }
            }
        });
        receiving.await.unwrap();
        let sent: Result<(), WebSocketError> = sending.await.unwrap();
        sent.unwrap();
    })
}

#[test]
fn a_socket_may_be_used_in_halves_by_other_tasks() {
    let client = client();
    let mut socket = Socket::open(&client, "/websocket/halves");
    for (word, echo) in [("one", "ONE"), ("two", "TWO")] {
        socket.send(TEXT, word.as_bytes());
        socket.expect(TEXT, echo.as_bytes());
    }
    for number in 0..100 {
        socket.send(TEXT, format!("w{number}").as_bytes());
    }
    for number in 0..100 {
        socket.expect(TEXT, format!("W{number}").as_bytes());
    }
    socket.send(TEXT, b"last");
    socket.expect_close(1000);
    socket.send(CLOSE, &1000_u16.to_be_bytes());
    socket.expect_end();
}

#[test]
fn a_server_that_drains_says_that_it_goes_away() {
    let ended = Arc::new(AtomicUsize::new(0));
    let (talking, noted) = (Arc::clone(&ended), Arc::clone(&ended));
    let router = Router::new()
        .add(Method::GET, "/talks", async move |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async move |mut socket| {
                while let Some(Ok(message)) = socket.recv().await {
                    if !matches!(message, Message::Close(_)) {
                        let _ = socket.send(message).await;
                    }
                }
                // What a handler does in the end is waited for.
                tokio::time::sleep(Duration::from_millis(50)).await;
                talking.fetch_add(1, Ordering::SeqCst);
            })
        })
        .add(Method::GET, "/deaf", async move |upgrade: WebSocketUpgrade| {
            upgrade.close_timeout(Duration::from_millis(50)).on_upgrade(async move |socket| {
                noted.fetch_add(1, Ordering::SeqCst);
                future::pending::<()>().await;
                drop(socket);
            })
        });
    let config = ServerConfig { graceful_timeout: Duration::from_secs(3600), ..ServerConfig::default() };
    let (address, shutdown, server) = serve(router, config);
    let mut polite = Socket::at(address, "/talks");
    let mut chatty = Socket::at(address, "/talks");
    let mut deaf = Socket::at(address, "/deaf");
    polite.send(TEXT, b"hello");
    polite.expect(TEXT, b"hello");
    until("the other handler runs", || ended.load(Ordering::SeqCst) == 1);
    shutdown.drain();
    for socket in [&mut polite, &mut chatty] {
        assert_eq!(socket.expect_close(1001), "the server stops");
    }
    chatty.send(TEXT, b"wait, I was not done");
    for socket in [&mut polite, &mut chatty] {
        socket.send(CLOSE, &1001_u16.to_be_bytes());
        socket.expect_end();
    }
    // Neither client nor handler does anything; the time for the handshake ends it.
    assert_eq!(deaf.expect_close(1001), "the server stops");
    deaf.expect_end();
    let summary = server.join().unwrap();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
    assert_eq!(ended.load(Ordering::SeqCst), 3);
}
