//! Requests that are malformed, RFC 9113 section 8, or that the policy refuses.

use pulsar_tests::frames::{END_STREAM, Field, GET, Http2, kind, with};

use crate::support::{Case, MAX_BODY, Served, play};

pub(crate) const CASES: usize = LISTS.len() + TRAILERS.len() + LIMITS.len();

/// Lists of headers: what they are, the list, what may come of it.
const LISTS: &[(&str, &[Field<'_>], &[&str])] = &[
    ("no method", &[GET[1], GET[2], GET[3]], MALFORMED),
    ("no scheme", &[GET[0], GET[2], GET[3]], MALFORMED),
    ("no path", &[GET[0], GET[1], GET[2]], MALFORMED),
    ("nobody it is for", &[GET[0], GET[1], GET[3]], REFUSED),
    ("the host in place of the authority", &[GET[0], GET[1], GET[3], ("host", "a")], &["200"]),
    ("two methods", &[GET[0], GET[0], GET[1], GET[2], GET[3]], MALFORMED),
    ("two paths", &[GET[0], GET[1], GET[2], GET[3], GET[3]], MALFORMED),
    ("a pseudo-header behind the others", &[GET[0], GET[1], GET[2], ("x", "y"), GET[3]], MALFORMED),
    ("a pseudo-header that nobody knows", &[GET[0], GET[1], GET[2], GET[3], (":foo", "x")], MALFORMED),
    ("a pseudo-header of answers", &[GET[0], GET[1], GET[2], GET[3], (":status", "200")], MALFORMED),
    ("an upper case name", &[GET[0], GET[1], GET[2], GET[3], ("X", "y")], MALFORMED),
    ("an empty name", &[GET[0], GET[1], GET[2], GET[3], ("", "y")], MALFORMED),
    ("a blank in a name", &[GET[0], GET[1], GET[2], GET[3], ("x y", "z")], MALFORMED),
    ("a name with a colon", &[GET[0], GET[1], GET[2], GET[3], ("x:y", "z")], MALFORMED),
    ("connection", &[GET[0], GET[1], GET[2], GET[3], ("connection", "close")], MALFORMED),
    ("keep-alive", &[GET[0], GET[1], GET[2], GET[3], ("keep-alive", "1")], MALFORMED),
    ("proxy-connection", &[GET[0], GET[1], GET[2], GET[3], ("proxy-connection", "close")], MALFORMED),
    ("transfer-encoding", &[GET[0], GET[1], GET[2], GET[3], ("transfer-encoding", "chunked")], MALFORMED),
    ("upgrade", &[GET[0], GET[1], GET[2], GET[3], ("upgrade", "h2c")], MALFORMED),
    ("te other than trailers", &[GET[0], GET[1], GET[2], GET[3], ("te", "gzip")], MALFORMED),
    ("te", &[GET[0], GET[1], GET[2], GET[3], ("te", "trailers")], &["200"]),
    ("an empty method", &[(":method", ""), GET[1], GET[2], GET[3]], REFUSED),
    ("a method that is no token", &[(":method", "G E T"), GET[1], GET[2], GET[3]], REFUSED),
    (
        "a method of 33 letters",
        &[(":method", "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"), GET[1], GET[2], GET[3]],
        &["501"],
    ),
    ("an empty path", &[GET[0], GET[1], GET[2], (":path", "")], REFUSED),
    ("the server as a whole", &[GET[0], GET[1], GET[2], (":path", "*")], REFUSED),
    (
        "the server as a whole, with OPTIONS",
        &[(":method", "OPTIONS"), GET[1], GET[2], (":path", "*")],
        &["200"],
    ),
    ("a path without a slash", &[GET[0], GET[1], GET[2], (":path", "foo")], REFUSED),
    ("a path with a zero byte", &[GET[0], GET[1], GET[2], (":path", "/%00")], &["400"]),
    ("a path with half an escape", &[GET[0], GET[1], GET[2], (":path", "/%4")], &["400"]),
    ("a path with a blank", &[GET[0], GET[1], GET[2], (":path", "/a b")], REFUSED),
    ("ftp", &[GET[0], (":scheme", "ftp"), GET[2], GET[3]], REFUSED),
    ("https where it is not", &[GET[0], (":scheme", "https"), GET[2], GET[3]], REFUSED),
    ("a user", &[GET[0], GET[1], (":authority", "u:p@a"), GET[3]], REFUSED),
    ("an empty authority", &[GET[0], GET[1], (":authority", ""), GET[3]], REFUSED),
    ("a malformed authority", &[GET[0], GET[1], (":authority", "a b"), GET[3]], REFUSED),
    ("another host", &[GET[0], GET[1], GET[2], GET[3], ("host", "b")], REFUSED),
    ("the same host", &[GET[0], GET[1], GET[2], GET[3], ("host", "a")], &["200"]),
    ("two hosts", &[GET[0], GET[1], GET[2], GET[3], ("host", "a"), ("host", "a")], REFUSED),
    ("a blank before a value", &[GET[0], GET[1], GET[2], GET[3], ("x", " a")], REFUSED),
    ("a blank behind a value", &[GET[0], GET[1], GET[2], GET[3], ("x", "a ")], REFUSED),
    ("CR LF in a value", &[GET[0], GET[1], GET[2], GET[3], ("x", "a\r\nb: c")], MALFORMED),
    ("LF in a value", &[GET[0], GET[1], GET[2], GET[3], ("x", "a\nb")], MALFORMED),
    ("NUL in a value", &[GET[0], GET[1], GET[2], GET[3], ("x", "a\0")], MALFORMED),
    (
        "two lengths",
        &[GET[0], GET[1], GET[2], GET[3], ("content-length", "0"), ("content-length", "1")],
        REFUSED,
    ),
    ("a list of lengths", &[GET[0], GET[1], GET[2], GET[3], ("content-length", "0, 0")], REFUSED),
    ("a length that is no number", &[GET[0], GET[1], GET[2], GET[3], ("content-length", "+0")], REFUSED),
    ("a tunnel", &[(":method", "CONNECT"), (":authority", "a:443")], &["405", "501"]),
    ("a tunnel with a path", &[(":method", "CONNECT"), GET[1], GET[2], GET[3]], REFUSED),
    ("a protocol without CONNECT", &[GET[0], GET[1], GET[2], GET[3], (":protocol", "websocket")], MALFORMED),
    ("a WebSocket", &[(":method", "CONNECT"), (":protocol", "websocket"), GET[1], GET[2], GET[3]], &["200"]),
    (
        "another protocol",
        &[(":method", "CONNECT"), (":protocol", "connect-udp"), GET[1], GET[2], GET[3]],
        &["400", "405", "501"],
    ),
];

/// What is no request at all.
const MALFORMED: &[&str] = &["reset 1", "goaway 1", "400"];
/// What is refused, by whoever finds it first.
const REFUSED: &[&str] = &["400", "reset 1", "goaway 1"];

fn post(client: &mut Http2) {
    client.headers(0, 1, &with(&[(":method", "POST")]));
    client.frame(kind::DATA, 0, 1, b"12345");
}

const TRAILERS: &[Case] = &[
    (
        "trailers",
        |client| {
            post(client);
            client.headers(END_STREAM, 1, &[("x-checksum", "1")]);
        },
        &["200"],
    ),
    (
        "trailers that are none",
        |client| {
            post(client);
            client.headers(END_STREAM, 1, &[]);
        },
        MALFORMED,
    ),
    (
        "a pseudo-header in trailers",
        |client| {
            post(client);
            client.headers(END_STREAM, 1, &[(":path", "/")]);
        },
        MALFORMED,
    ),
    (
        "trailers in the middle",
        |client| {
            post(client);
            client.headers(0, 1, &[("x", "1")]);
        },
        MALFORMED,
    ),
    (
        "data behind trailers",
        |client| {
            client.headers(0, 1, &with(&[(":method", "POST"), (":path", "/wait")]));
            client.headers(END_STREAM, 1, &[("x", "1")]);
            client.frame(kind::DATA, END_STREAM, 1, b"6");
        },
        &["reset 5", "goaway 5", "goaway 1"],
    ),
];

/// A list of so many bytes, as many as fit into a frame.
fn long(client: &mut Http2, bytes: usize) {
    let value = "x".repeat(bytes / 4);
    let fields: Vec<Field<'_>> = [("a", &*value), ("b", &*value), ("c", &*value), ("d", &*value)].to_vec();
    let block = pulsar_tests::frames::block(&with(&fields));
    let (first, rest) = block.split_at(block.len().min(16_384));
    let end = |last: bool| if last { pulsar_tests::frames::END_HEADERS } else { 0 };
    client.frame(kind::HEADERS, END_STREAM | end(rest.is_empty()), 1, first);
    let mut rest = rest;
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(rest.len().min(16_384));
        rest = left;
        client.frame(kind::CONTINUATION, end(rest.is_empty()), 1, piece);
    }
}

const LIMITS: &[Case] = &[
    ("headers of 30 KiB", |client| long(client, 30 << 10), &["200"]),
    ("headers of 40 KiB", |client| long(client, 40 << 10), &["431"]),
    ("headers of 300 KiB", |client| long(client, 300 << 10), &["431", "goaway 1", "goaway 11"]),
    (
        "a hundred headers",
        |client| client.headers(END_STREAM, 1, &[&GET[..], &[("y", "")].repeat(99)].concat()),
        &["200"],
    ),
    (
        "a hundred and one headers",
        |client| client.headers(END_STREAM, 1, &[&GET[..], &[("y", "")].repeat(101)].concat()),
        &["431"],
    ),
    (
        "a long path",
        |client| {
            let path = format!("/{}", "x".repeat(8192));
            client.headers(END_STREAM, 1, &with(&[(":path", &path)]));
        },
        &["414"],
    ),
    (
        "a body that says that it is too long",
        |client| {
            let length = (MAX_BODY + 1).to_string();
            client.headers(0, 1, &with(&[(":method", "POST"), ("content-length", &length)]));
        },
        &["413"],
    ),
    (
        "a body that is too long",
        |client| {
            // Before that only 65,535 bytes may be sent.
            client.wait_for("room", |frame| frame.kind == kind::WINDOW_UPDATE && frame.stream == 0);
            client.headers(0, 1, &with(&[(":method", "POST")]));
            for _ in 0..=MAX_BODY / 16_384 {
                client.frame(kind::DATA, 0, 1, &[b'x'; 16_384]);
            }
        },
        &["413"],
    ),
];

#[test]
fn lists_of_headers_are_judged() {
    let served = Served::start();
    let mut failed = Vec::new();
    for (name, fields, expected) in LISTS {
        let mut client = served.connect();
        client.headers(END_STREAM, 1, fields);
        let answer = client.answer(1);
        if !expected.contains(&&*answer.outcome()) {
            failed.push(format!("{name}: {}, expected {expected:?}: {answer:?}", answer.outcome()));
        }
        if answer.status.is_some() {
            // What the policy refuses is no reason to end a connection that others use.
            client.get(3, "/");
            assert_eq!(client.answer(3).outcome(), "200", "{name}");
        }
    }
    served.assert_alive();
    assert!(failed.is_empty(), "{} of {} lists:\n{}", failed.len(), LISTS.len(), failed.join("\n"));
}

#[test]
fn trailers_and_limits() {
    let served = Served::start();
    play(&served, TRAILERS);
    play(&served, LIMITS);
}

#[test]
fn trailers_that_would_have_been_judged_are_dropped() {
    let served = Served::start();
    let mut client = served.connect();
    post(&mut client);
    client.headers(END_STREAM, 1, &[("host", "evil"), ("x-checksum", "1"), ("content-length", "9")]);
    let answer = client.answer(1);
    assert_eq!(String::from_utf8(answer.body).unwrap(), "POST / a 5 bytes x-checksum");
}
