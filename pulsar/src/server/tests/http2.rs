//! HTTP/2 on the same address as HTTP/1, its limits and its end.

use h2::{
    Reason, RecvStream,
    client::{self, SendRequest},
};
use http::{HeaderMap, StatusCode};
use tokio::{runtime, task::JoinHandle as Task, time::timeout};

use super::*;

const SOON: Duration = Duration::from_millis(200);
const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Runs a client.
fn run<T>(client: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(PATIENCE, client).await.expect("it takes too long") })
}

/// A connection, and its end.
async fn connect(server: &Running) -> (SendRequest<Bytes>, Task<Result<(), h2::Error>>) {
    let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let (client, connection) = client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn request(path: &str) -> http::Request<()> {
    http::Request::get(format!("http://a{path}")).body(()).unwrap()
}

async fn body(mut body: RecvStream) -> String {
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        text.extend_from_slice(&data);
    }
    String::from_utf8(text).unwrap()
}

async fn get(client: &SendRequest<Bytes>, path: &str) -> Result<(StatusCode, HeaderMap, String), h2::Error> {
    let mut client = client.clone().ready().await?;
    let (answer, _) = client.send_request(request(path), true)?;
    let (head, stream) = answer.await?.into_parts();
    Ok((head.status, head.headers, body(stream).await))
}

/// A frame: its type, flags, stream and payload.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// The frames that come until the connection ends: type and payload.
fn frames(client: &mut Client<TcpStream>) -> Vec<(u8, Vec<u8>)> {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = client.stream.read_to_end(&mut bytes);
    let (mut frames, mut rest) = (Vec::new(), bytes.as_slice());
    while let [a, b, c, kind, _, _, _, _, _, more @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (payload, next) = more.split_at(length.min(more.len()));
        frames.push((*kind, payload.to_vec()));
        rest = next;
    }
    frames
}

#[test]
fn it_is_served_beside_http1() {
    let dir = Dir::new("http2");
    let file = dir.join("access.log");
    let server = Running::start(ServerConfig { access_log: AccessLog::File(file.clone()), ..config() });
    run(async {
        let (client, connection) = connect(&server).await;
        let (status, headers, text) = get(&client, "/a?b=c").await.unwrap();
        assert_eq!((status, text.as_str()), (StatusCode::OK, "hello"));
        assert!(headers.contains_key("date") && headers.contains_key("x-request-id"), "{headers:?}");
        let (_, _, first) = get(&client, "/connection").await.unwrap();
        assert_eq!(get(&client, "/connection").await.unwrap().2, first, "it is one connection");
        assert_eq!(get(&client, "/panic").await.unwrap().0, StatusCode::INTERNAL_SERVER_ERROR);
        let mut upload = client.clone().ready().await.unwrap();
        let post = http::Request::post("http://a/echo").body(()).unwrap();
        let (answer, mut stream) = upload.send_request(post, false).unwrap();
        stream.send_data(Bytes::from_static(b"abc"), true).unwrap();
        assert_eq!(body(answer.await.unwrap().into_body()).await, "abc");
        drop((client, upload, stream));
        connection.await.unwrap().unwrap();
    });
    let mut old = server.connect();
    assert_eq!(old.get("/").body, "hello");
    drop(old);
    let summary = server.stop();
    assert_eq!((summary.requests, summary.connections, summary.cut), (6, 2, 0));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.lines().next().unwrap().contains("\"GET /a?b=c HTTP/2.0\" 200 5 "), "{text}");
    assert!(text.contains("\"GET / HTTP/1.1\" 200 5 "), "{text}");
}

#[test]
fn its_preface_may_come_in_pieces() {
    let server = Running::start(config());
    let mut client = server.connect();
    for byte in PREFACE.chars() {
        client.send(&byte.to_string());
    }
    client.stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    client.stream.shutdown(Half::Write).unwrap();
    let frames = frames(&mut client);
    assert_eq!(frames.first().map(|(kind, _)| *kind), Some(SETTINGS), "{frames:?}");
    server.stop();
}

#[test]
fn requests_run_side_by_side_up_to_the_limit() {
    let server = Running::start(ServerConfig { h2_max_streams: 3, ..config() });
    run(async {
        let (client, _connection) = connect(&server).await;
        assert_eq!(get(&client, "/").await.unwrap().2, "hello");
        assert_eq!(client.current_max_send_streams(), 3);
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { get(&client, "/wait").await.unwrap().2 })
            })
            .collect();
        while server.waiting.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        server.gate.add_permits(3);
        while server.waiting.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        server.gate.add_permits(1);
        for answer in waiting {
            assert_eq!(answer.await.unwrap(), "waited");
        }
    });
    server.stop();
}

#[test]
fn an_idle_connection_is_told_and_closed() {
    let server = Running::start(ServerConfig { keep_alive: SOON, ..config() });
    run(async {
        let (client, connection) = connect(&server).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { get(&client, "/wait").await.unwrap().2 }
        });
        while server.waiting.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let mut idle = server.connect();
        assert_eq!(idle.rest(), "", "closed after longer than the limit");
        server.gate.add_permits(1);
        assert_eq!(waiting.await.unwrap(), "waited", "a request in flight may take its time");
        connection.await.unwrap().unwrap();
        assert!(get(&client, "/").await.is_err());
    });
    // One that hears nothing of it is closed all the same.
    let mut deaf = server.connect();
    deaf.send(PREFACE);
    deaf.stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    let frames = frames(&mut deaf);
    assert!(frames.iter().any(|(kind, _)| *kind == GOAWAY), "{frames:?}");
    assert_eq!(server.reached(Limit::KeepAlive), 3);
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn the_last_request_of_a_connection_is_followed_by_goaway() {
    let server = Running::start(ServerConfig { max_connection_requests: Some(2), ..config() });
    run(async {
        let (client, connection) = connect(&server).await;
        assert_eq!(get(&client, "/").await.unwrap().2, "hello");
        let (_, headers, text) = get(&client, "/").await.unwrap();
        assert_eq!((text.as_str(), headers.get("connection")), ("hello", None));
        connection.await.unwrap().unwrap();
    });
    assert_eq!(server.reached(Limit::MaxConnectionRequests), 1);
    server.stop();
}

#[test]
fn an_old_connection_finishes_what_it_has() {
    let server = Running::start(ServerConfig { max_connection_age: Some(SOON), ..config() });
    run(async {
        let (client, connection) = connect(&server).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { get(&client, "/wait").await.unwrap().2 }
        });
        while server.reached(Limit::MaxConnectionAge) < 1 {
            tokio::task::yield_now().await;
        }
        server.gate.add_permits(1);
        assert_eq!(waiting.await.unwrap(), "waited");
        connection.await.unwrap().unwrap();
    });
    server.stop();
}

#[test]
fn a_drain_finishes_every_stream() {
    let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
    run(async {
        let (client, connection) = connect(&server).await;
        let (idle, idle_connection) = connect(&server).await;
        assert_eq!(get(&idle, "/").await.unwrap().2, "hello");
        let mut ready = client.clone().ready().await.unwrap();
        let (streaming, _) = ready.send_request(request("/stream"), true).unwrap();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { get(&client, "/wait").await.unwrap() }
        });
        while server.waiting.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        server.shutdown.drain();
        idle_connection.await.unwrap().unwrap();
        server.gate.add_permits(3);
        let (status, headers, text) = waiting.await.unwrap();
        assert_eq!((status, text.as_str(), headers.get("connection")), (StatusCode::OK, "waited", None));
        assert_eq!(body(streaming.await.unwrap().into_body()).await, "chunkchunk");
        connection.await.unwrap().unwrap();
    });
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
}

#[test]
fn a_drain_does_not_wait_for_a_client_that_never_hears_of_it() {
    let server = Running::start(ServerConfig { drain_grace: Duration::from_millis(50), ..config() });
    let mut deaf = server.connect();
    deaf.send(PREFACE);
    deaf.stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    let begun = Instant::now();
    assert_eq!(server.connect().get("/").status, 200, "so that it has been accepted before");
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
    assert!(begun.elapsed() < PATIENCE / 2);
}

#[test]
fn a_client_that_resets_what_it_asks_for_is_sent_away() {
    let server = Running::start(config());
    run(async {
        let (client, connection) = connect(&server).await;
        let mut client = client.ready().await.unwrap();
        // All of them are on their way before the server reads the first.
        for _ in 0..50 {
            let (_, mut stream) = client.send_request(request("/"), false).unwrap();
            stream.send_reset(Reason::CANCEL);
        }
        let error = connection.await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM), "{error}");
    });
    until(|| server.reached(Limit::Http2) == 1);
    assert_eq!(server.connect().get("/").body, "hello");
    server.stop();
}

#[test]
fn a_client_that_does_not_answer_is_gone() {
    let server =
        Running::start(ServerConfig { h2_ping_interval: Some(SOON), h2_ping_timeout: SOON, ..config() });
    let mut deaf = server.connect();
    deaf.send(PREFACE);
    deaf.stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    let kinds: Vec<_> = frames(&mut deaf).into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&6) && kinds.contains(&GOAWAY), "{kinds:?}");
    server.stop();
}

/// A client that asks for a path, and takes no more of the answer than its head and `window` bytes.
fn shut(server: &Running, path: &str, window: u8) -> Client<TcpStream> {
    let mut client = server.connect();
    client.send(PREFACE);
    // SETTINGS_INITIAL_WINDOW_SIZE is 4.
    let mut bytes = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, window]);
    // GET (2), http (6), authority a (1), path (4), each by its index in the static table of HPACK.
    let mut headers = vec![0x82, 0x86, 0x41, 1, b'a', 0x44, u8::try_from(path.len()).unwrap()];
    headers.extend_from_slice(path.as_bytes());
    // END_HEADERS and END_STREAM.
    bytes.extend(frame(1, 0x5, 1, &headers));
    client.stream.write_all(&bytes).unwrap();
    client
}

#[test]
fn a_stream_whose_client_takes_nothing_is_reset() {
    const RST_STREAM: u8 = 3;
    let server = Running::start(ServerConfig {
        write_timeout: Some(SOON),
        keep_alive: Duration::from_secs(1),
        ..config()
    });
    let mut client = shut(&server, "/big", 0);
    let kinds: Vec<_> = frames(&mut client).into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&RST_STREAM) && kinds.contains(&GOAWAY), "{kinds:?}");
    assert_eq!(server.reached(Limit::WriteTimeout), 1);
    // Neither an application that takes its time, nor a client that does.
    run(async {
        let (client, _connection) = connect(&server).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { get(&client, "/wait").await.unwrap().2 }
        });
        let mut ready = client.clone().ready().await.unwrap();
        let (answer, _) = ready.send_request(request("/big"), true).unwrap();
        let mut stream = answer.await.unwrap().into_body();
        let mut taken = 0;
        while let Some(data) = stream.data().await {
            let data = data.unwrap();
            taken += data.len();
            stream.flow_control().release_capacity(data.len()).unwrap();
            if taken % (4 << 20) < data.len() {
                tokio::time::sleep(SOON / 4).await;
            }
        }
        assert_eq!(taken, 64 << 20);
        server.gate.add_permits(1);
        assert_eq!(waiting.await.unwrap(), "waited");
    });
    assert_eq!(server.reached(Limit::WriteTimeout), 1);
    server.stop();
}

#[test]
fn a_short_answer_that_nobody_takes_is_not_kept_for_ever() {
    let server = Running::start(ServerConfig { keep_alive: SOON, ..config() });
    // With the first byte all of it has been handed over, so that no task is left.
    let mut client = shut(&server, "/", 1);
    let frames = frames(&mut client);
    assert!(frames.iter().any(|(kind, _)| *kind == GOAWAY), "{frames:?}");
    server.stop();
}

#[test]
fn slow_clients_do_not_keep_an_honest_one_waiting() {
    const SLOW: usize = 100;
    let time = Duration::from_millis(500);
    let server = Running::start(ServerConfig { keep_alive: time, write_timeout: Some(time), ..config() });
    let slow: Vec<_> = (0..SLOW).map(|_| shut(&server, "/big", 0)).collect();
    run(async {
        let (client, _connection) = connect(&server).await;
        while server.reached(Limit::WriteTimeout) < SLOW as u64 {
            assert_eq!(get(&client, "/").await.unwrap().2, "hello");
        }
    });
    drop(slow);
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn floods_are_cut_off() {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const WINDOW_UPDATE: u8 = 8;
    const CONTINUATION: u8 = 9;
    const ENHANCE_YOUR_CALM: u8 = 0xb;
    // POST (3), http (6), authority a (1), path /wait (4).
    let post = b"\x83\x86\x41\x01a\x44\x05/wait";
    let many = |frame: &dyn Fn(u32) -> Vec<u8>, count: u32| (0..count).flat_map(frame).collect::<Vec<_>>();
    let floods = [
        (
            "continuations",
            [frame(HEADERS, 0, 1, post), many(&|_| frame(CONTINUATION, 0, 1, b"\x40\x01a\x01b"), 1000)]
                .concat(),
        ),
        (
            "empty pieces of a body",
            [frame(HEADERS, 4, 1, post), many(&|_| frame(DATA, 0, 1, b""), 20_000)].concat(),
        ),
        (
            "streams that break the rules",
            many(
                &|n| {
                    [
                        frame(HEADERS, 4, 2 * n + 1, post),
                        frame(WINDOW_UPDATE, 0, 2 * n + 1, &[0x7f, 0xff, 0xff, 0xff]),
                    ]
                    .concat()
                },
                1000,
            ),
        ),
    ];
    let server = Running::start(config());
    for (n, (what, flood)) in floods.iter().enumerate() {
        let mut client = server.connect();
        client.send(PREFACE);
        client.stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
        // It is cut off in the middle of it.
        let _ = client.stream.write_all(flood);
        let frames = frames(&mut client);
        let last = frames.iter().rfind(|(kind, _)| *kind == GOAWAY);
        assert_eq!(last.map(|(_, payload)| payload[7]), Some(ENHANCE_YOUR_CALM), "{what}: {frames:?}");
        until(|| server.reached(Limit::Http2) == n as u64 + 1);
    }
    assert_eq!(server.connect().get("/").body, "hello");
    server.stop();
}

#[test]
fn pings_without_end_keep_nobody_waiting() {
    const PING: u8 = 6;
    let server = Running::start(config());
    let mut client = server.connect();
    client.send(PREFACE);
    let flood = frame(PING, 0, 0, &[0; 8]).repeat(10_000);
    let mut stream = client.stream.try_clone().unwrap();
    let sender = thread::spawn(move || {
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
        // Until the end of the test.
        while stream.write_all(&flood).is_ok() {}
    });
    for _ in 0..50 {
        assert_eq!(server.connect().get("/").body, "hello");
    }
    client.stream.shutdown(Half::Both).unwrap();
    sender.join().unwrap();
    server.stop();
}

#[test]
fn a_tunnel_is_not_idle() {
    let server = Running::start(ServerConfig { keep_alive: SOON, ..config() });
    run(async {
        let (client, _connection) = connect(&server).await;
        assert_eq!(get(&client, "/").await.unwrap().2, "hello");
        while !client.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        let mut ready = client.clone().ready().await.unwrap();
        let mut request = http::Request::connect("http://a/tunnel").body(()).unwrap();
        request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        let (answer, mut sender) = ready.send_request(request, false).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let mut idle = server.connect();
        assert_eq!(
            tokio::task::spawn_blocking(move || idle.rest()).await.unwrap(),
            "",
            "closed after longer"
        );
        sender.send_data(Bytes::from_static(b"still there"), true).unwrap();
        assert_eq!(body(answer.into_body()).await, "still there");
    });
    server.stop();
}
