//! How connections begin and end: prefaces, too many streams, resets, farewells.

use std::time::Duration;

use pulsar::server::ServerConfig;
use pulsar_tests::frames::{ACK, END_STREAM, End, Frame, Http2, PREFACE, kind, with};

use crate::support::Served;

/// The tests below.
pub(crate) const CASES: usize = 10;

fn last_stream(frame: &Frame) -> u32 {
    u32::from_be_bytes(frame.payload[..4].try_into().unwrap())
}

#[test]
fn a_preface_may_come_byte_by_byte() {
    let served = Served::start();
    let mut client = Http2::silent(served.address);
    for byte in PREFACE {
        client.send(&[*byte]);
    }
    client.frame(kind::SETTINGS, 0, 0, b"");
    client.get(1, "/");
    assert_eq!(client.answer(1).outcome(), "200");
}

#[test]
fn what_is_nearly_a_preface_is_a_bad_request_of_http_1() {
    let served = Served::start();
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\n\r\n\r\n\r\n\r\n",
        b"PRI / HTTP/2.0\r\n\r\n",
    ] {
        let mut client = Http2::silent(served.address);
        client.send(bytes);
        let rest = client.rest();
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "), "{}", rest.escape_ascii());
    }
    served.assert_alive();
}

#[test]
fn without_http_2_its_preface_is_no_request() {
    let served = Served::with(ServerConfig { http2: false, ..ServerConfig::default() });
    let mut client = served.connect();
    let rest = client.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 "), "{}", rest.escape_ascii());
}

#[test]
fn a_preface_that_does_not_come_is_not_waited_for() {
    let time = Some(Duration::from_millis(100));
    let served = Served::with(ServerConfig { preface_timeout: time, ..ServerConfig::default() });
    let mut client = Http2::silent(served.address);
    client.send(&PREFACE[..9]);
    assert_eq!(client.rest(), b"");
    served.assert_alive();
}

#[test]
fn streams_beyond_the_limit_are_refused_and_may_come_again() {
    let served = Served::with(ServerConfig { h2_max_streams: 2, ..ServerConfig::default() });
    let mut client = served.connect();
    let settings =
        client.wait_for("settings", |frame| frame.kind == kind::SETTINGS && frame.flags & ACK == 0);
    let most = settings.payload.chunks(6).find(|setting| setting[1] == 3).expect("it says how many");
    assert_eq!(most[2..], [0, 0, 0, 2]);
    for stream in [1, 3, 5] {
        client.get(stream, "/wait");
    }
    // REFUSED_STREAM: the client may send it again.
    assert_eq!(client.answer(5).end, End::Reset(7));
    served.gate.add_permits(2);
    client.wait_for("the second answer", |frame| frame.stream == 3 && frame.flags & END_STREAM != 0);
    client.get(7, "/");
    assert_eq!(client.answer(7).outcome(), "200");
}

#[test]
fn whoever_opens_and_resets_without_end_is_disconnected() {
    let served = Served::start();
    let mut client = served.connect();
    for n in 0..20_000 {
        let stream = n * 2 + 1;
        client.get(stream, "/wait");
        client.frame(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }
    // The next one that is not reset shows it, if nothing before did.
    client.get(40_001, "/");
    let end = client.answer(40_001).end;
    assert!(matches!(end, End::GoAway(11) | End::Closed), "{end:?}");
    served.assert_alive();
}

#[test]
fn whoever_makes_the_server_reset_without_end_is_disconnected() {
    let served = Served::start();
    let mut client = served.connect();
    for n in 0..2000 {
        // What is malformed is reset by the server.
        client.headers(END_STREAM, n * 2 + 1, &with(&[("connection", "close")]));
    }
    client.get(4001, "/");
    let end = client.answer(4001).end;
    assert!(matches!(end, End::GoAway(11) | End::Closed), "{end:?}");
    served.assert_alive();
}

#[test]
fn a_client_that_says_goodbye_gets_what_it_has_asked_for() {
    let served = Served::start();
    let mut client = served.connect();
    client.get(1, "/wait");
    client.frame(kind::GOAWAY, 0, 0, &[0; 8]);
    // The pong says that it was read.
    client.frame(kind::PING, 0, 0, b"12345678");
    client.wait_for("the echo", |frame| frame.kind == kind::PING);
    served.gate.add_permits(1);
    assert_eq!(client.answer(1).outcome(), "200");
    while client.read_frame().is_some() {}
}

#[test]
fn a_server_that_drains_says_goodbye_and_answers_what_is_under_way() {
    let served = Served::start();
    let mut client = served.connect();
    client.get(1, "/wait");
    client.frame(kind::PING, 0, 0, b"12345678");
    client.wait_for("the echo", |frame| frame.kind == kind::PING);
    served.shutdown.drain();
    let goodbye = client.wait_for("the farewell", |frame| frame.kind == kind::GOAWAY);
    assert_eq!(goodbye.payload[4..8], [0; 4], "it is no error");
    // What crosses the first farewell is answered too, RFC 9113 section 6.8.
    assert!(last_stream(&goodbye) >= 1);
    served.gate.add_permits(1);
    let answer = client.answer(1);
    assert_eq!((answer.outcome().as_str(), answer.body.as_slice()), ("200", &b"GET /wait a"[..]));
    while client.read_frame().is_some() {}
}

#[test]
fn a_client_that_resets_a_stream_goes_on_with_the_others() {
    let served = Served::start();
    let mut client = served.connect();
    client.get(1, "/wait");
    client.headers(0, 3, &with(&[(":method", "POST")]));
    client.frame(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    client.frame(kind::DATA, END_STREAM, 3, b"12345");
    assert_eq!(client.answer(3).body, b"POST / a 5 bytes");
    // Frames that the reset has crossed are no offence.
    client.frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
    client.get(5, "/");
    assert_eq!(client.answer(5).outcome(), "200");
}
