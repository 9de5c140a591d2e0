//! Rows 93 to 95: the same questions over HTTP/2. Frames of all kinds are the business of the test `http2`.

use pulsar::{server::ServerConfig, wsgi::Application};
use pulsar_tests::frames::{END_STREAM, Field, GET, Http2, kind, with};

use crate::support::{Served, Servers, dump, dump_async};

/// A row: its number, what it is, what a client does.
type Row = (u8, &'static str, fn(&mut Http2));

/// Sends these headers behind those that every request has, and no body.
fn ask(client: &mut Http2, fields: &[Field<'_>]) {
    client.headers(END_STREAM, 1, &[&GET[..], fields].concat());
}

fn post(client: &mut Http2, fields: &[Field<'_>], body: &str) {
    client.headers(0, 1, &[&with(&[(":method", "POST")]), fields].concat());
    client.frame(kind::DATA, END_STREAM, 1, body.as_bytes());
}

const ROWS: &[Row] = &[
    (93, "another host", |client| ask(client, &[("host", "b")])),
    (93, "two hosts", |client| ask(client, &[("host", "a"), ("host", "a")])),
    (93, "a user", |client| client.headers(END_STREAM, 1, &with(&[(":authority", "u:p@a")]))),
    (93, "ftp", |client| client.headers(END_STREAM, 1, &with(&[(":scheme", "ftp")]))),
    (93, "https without TLS", |client| client.headers(END_STREAM, 1, &with(&[(":scheme", "https")]))),
    (93, "the server as a whole", |client| client.headers(END_STREAM, 1, &with(&[(":path", "*")]))),
    (94, "blanks around a value", |client| ask(client, &[("x", " a ")])),
    (94, "a tab behind a value", |client| ask(client, &[("x", "a\t")])),
    (95, "an upper case name", |client| ask(client, &[("X", "a")])),
    (95, "te", |client| ask(client, &[("te", "gzip")])),
    (95, "connection", |client| ask(client, &[("connection", "close")])),
    (95, "transfer-encoding", |client| ask(client, &[("transfer-encoding", "chunked")])),
    (95, "upgrade", |client| ask(client, &[("upgrade", "h2c")])),
    (95, "CR LF", |client| ask(client, &[("x", "a\r\nb: c")])),
    (95, "NUL", |client| ask(client, &[("x", "a\0b")])),
    (95, "less than the length", |client| post(client, &[("content-length", "6")], "12345")),
    (95, "more than the length", |client| post(client, &[("content-length", "4")], "12345")),
    (95, "a list of lengths", |client| post(client, &[("content-length", "5, 5")], "12345")),
    (95, "two lengths", |client| post(client, &[("content-length", "5"), ("content-length", "6")], "12345")),
    (95, "a pseudo-header in trailers", |client| {
        client.headers(0, 1, &with(&[(":method", "POST")]));
        client.frame(kind::DATA, 0, 1, b"12345");
        client.headers(END_STREAM, 1, &[(":path", "/other")]);
    }),
];

pub(crate) fn numbers() -> impl Iterator<Item = u8> {
    ROWS.iter().map(|row| row.0)
}

#[test]
fn what_is_malformed_in_http_2_is_refused_or_reset() {
    let servers = Servers::start();
    for on in crate::row::WSGI {
        let served = servers.get(on);
        for (number, name, client) in ROWS {
            let before = served.counts();
            let mut connection = Http2::connect(served.address());
            client(&mut connection);
            let outcome = connection.answer(1).outcome();
            let is_refusal = ["400", "reset 1", "goaway 1"].contains(&&*outcome);
            assert!(is_refusal, "row {number}, {name} ({on:?}): {outcome}");
            assert_eq!(served.counts().1, before.1, "row {number}, {name} ({on:?}): it succeeds");
        }
    }
}

#[test]
fn an_environ_is_the_same_over_both() {
    for application in [Application::new(dump), Application::new(dump_async)] {
        let served = Served::application(application, ServerConfig::default());
        let mut client = Http2::connect(served.address());
        post(
            &mut client,
            &[("x_own", "1"), ("proxy", "evil"), ("cookie", "a=1"), ("cookie", "b=2")],
            "12345",
        );
        let body = client.answer(1).body;
        let environ: serde_json::Value = serde_json::from_slice(&body).unwrap();
        for (name, expected) in [
            ("SERVER_PROTOCOL", Some("HTTP/2.0")),
            ("HTTP_HOST", Some("a")),
            ("HTTP_COOKIE", Some("a=1; b=2")),
            ("body", Some("12345")),
            ("HTTP_X_OWN", None),
            ("HTTP_PROXY", None),
        ] {
            assert_eq!(environ[name].as_str(), expected, "{name} in {environ}");
        }
    }
}
