//! Rows 72 to 82: who goes first, who closes, and what else may come over a connection.

use std::{
    convert::Infallible,
    future::pending,
    io::{ErrorKind, Read, Write},
    net::{Shutdown as Half, TcpStream},
    sync::mpsc,
};

use pulsar::{Body, Request, Response, server::ServerConfig};
use pulsar_tests::PATIENCE;
use tower::service_fn;

use crate::{
    row::{ALL, Row, run},
    support::{End, On, Served, Servers, rest},
};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::headers(75, "Expect: 200-maybe\r\n").refused(&[417]),
        Row::headers(76, "Connection: close\r\nConnection: keep-alive\r\n")
            .seen_and_closed(&[])
            .routes_close(&[200]),
        Row::headers(76, "Connection: keep-alive, close\r\n").seen_and_closed(&[]).routes_close(&[200]),
        Row::headers(
            77,
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        )
        .seen(&[])
        .routes(&[200]),
        Row::new(80, "the greeting of TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n")
            .refused(&[400]),
        Row::new(81, "garbage behind a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGARB@GE\r\n\r\n").in_turn(
            &ALL,
            &[200, 400],
            End::Closed,
        ),
    ]
}

/// The rows that are no bytes in a table but a conversation: each has a test below.
pub(crate) const CONVERSATIONS: [u8; 6] = [72, 73, 74, 78, 79, 82];

#[test]
fn headers_of_the_connection() {
    run(rows());
}

/// What the client waits for.
const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

fn connect(served: &Served) -> TcpStream {
    let stream = TcpStream::connect(served.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn row_72_a_client_is_told_to_go_on_when_the_body_is_read() {
    let servers = Servers::start();
    for on in ALL {
        let mut stream = connect(servers.get(on));
        let path = if on == On::Routes { "/text" } else { "/" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = vec![0; GO_ON.len()];
        stream.read_exact(&mut go_on).unwrap();
        assert_eq!(go_on, GO_ON, "{on:?}");
        stream.write_all(b"12345").unwrap();
        let answer = String::from_utf8(rest(&mut stream)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("12345"), "{on:?}: {answer}");
    }
}

#[test]
fn row_73_a_client_whose_body_nobody_reads_is_not_told_to_send_it() {
    let served = Served::service(
        service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("unread"))) }),
        ServerConfig::default(),
    );
    for body in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        let mut stream = connect(&served);
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{body}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // It closes: whether the body comes is not known.
        let answer = String::from_utf8(rest(&mut stream)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("unread"), "{body}: {answer}");
    }
}

#[test]
fn row_74_nobody_is_told_to_go_on_without_a_body_or_in_an_old_version() {
    let servers = Servers::start();
    for on in ALL {
        for (bytes, end) in [
            (
                "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n12345",
                End::Closed,
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", End::Open),
            ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", End::Open),
        ] {
            let outcome = servers.get(on).ask(bytes.as_bytes(), false);
            assert_eq!((outcome.statuses(), outcome.end), (vec![200], end), "{on:?} {bytes}");
        }
    }
}

#[test]
fn row_78_a_websocket_is_opened_in_one_way_only() {
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
    const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let servers = Servers::start();
    for (line, lines, expected) in [
        ("GET /ws", format!("Upgrade: websocket\r\n{KEY}{VERSION}"), &[400, 426][..]),
        ("GET /ws", format!("Connection: Upgrade\r\n{KEY}{VERSION}"), &[400, 426]),
        ("GET /ws", format!("{UPGRADE}{KEY}Sec-WebSocket-Version: 12\r\n"), &[400, 426]),
        ("GET /ws", format!("{UPGRADE}{KEY}"), &[400, 426]),
        ("GET /ws", format!("{UPGRADE}{VERSION}"), &[400]),
        ("POST /ws", format!("{UPGRADE}{KEY}{VERSION}"), &[400, 405]),
        ("GET /ws", format!("{UPGRADE}{KEY}{VERSION}"), &[101]),
    ] {
        let bytes = format!("{line} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let mut client = servers.get(On::Routes).connect();
        client.send(&bytes);
        let answer = client.answer();
        assert!(expected.contains(&answer.status), "{bytes}: {answer:?}");
        if lines.contains("Version: 12") {
            assert_eq!(
                answer.header("sec-websocket-version"),
                Some("13"),
                "RFC 6455 section 4.2.2: {answer:?}"
            );
        }
        if answer.status != 101 {
            // What was no upgrade is a request like any other.
            client.get("/second").assert(200, "second");
        }
    }
}

#[test]
fn row_79_the_preface_of_http_2_is_understood_or_nothing() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let application = || service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let without = Served::service(application(), ServerConfig { http2: false, ..ServerConfig::default() });
    let mut stream = connect(&without);
    stream.write_all(PREFACE).unwrap();
    assert_eq!(rest(&mut stream), b"", "HTTP/1 has no answer to it");
    let with = Served::service(application(), ServerConfig::default());
    let mut stream = connect(&with);
    stream.write_all(PREFACE).unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!((head[3], head[4]), (4, 0), "a SETTINGS frame");
    assert_eq!((without.counts(), with.counts()), ((0, 0), (0, 0)));
}

#[test]
fn row_82_who_closes_its_half_is_taken_for_gone() {
    struct Dropped(mpsc::Sender<()>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    let (begin, begun) = mpsc::channel();
    let (tell, dropped) = mpsc::channel();
    let served = Served::service(
        service_fn(move |_: Request| {
            let (begin, guard) = (begin.clone(), Dropped(tell.clone()));
            async move {
                let _guard = guard;
                begin.send(()).unwrap();
                pending::<Result<Response, Infallible>>().await
            }
        }),
        ServerConfig::default(),
    );
    let mut stream = connect(&served);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    begun.recv_timeout(PATIENCE).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    stream.shutdown(Half::Write).unwrap();
    assert_eq!(rest(&mut stream), b"");
    dropped.recv_timeout(PATIENCE).expect("nobody works on for a client that has gone");
}
