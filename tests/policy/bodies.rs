//! Rows 50 to 71: how long a body is, and where it ends.

use std::time::Duration;

use pulsar::{server::ServerConfig, wsgi::Application};
use pulsar_tests::frames::{Http2, kind, with};

use crate::{
    routes::{READERS, router},
    row::{Row, WSGI, run},
    support::{End, On, Served, dump, dump_async},
};

pub(crate) fn rows() -> Vec<Row> {
    [lengths(), codings(), chunks(), ends()].into_iter().flatten().collect()
}

fn length(number: u8, value: &str) -> Row {
    Row::post(number, &format!("Content-Length:{value}\r\n"), "12345")
}

fn lengths() -> Vec<Row> {
    const WHOLE: &[(&str, Option<&str>)] = &[("body", Some("12345")), ("CONTENT_LENGTH", Some("5"))];
    vec![
        length(50, " 5").seen(WHOLE),
        length(50, " 05").seen(&[("body", Some("12345"))]),
        Row::post(50, "Content-Length: 5\r\nContent-Length: 5\r\n", "12345").seen(WHOLE),
        Row::post(50, "Content-Length: 5\r\nContent-Length: 6\r\n", "12345").refused(&[400]),
        length(51, " 5, 5").refused(&[400]),
        length(52, " +5").refused(&[400]),
        length(52, " -1").refused(&[400]),
        length(52, " 0x5").refused(&[400]),
        length(52, " 5_0").refused(&[400]),
        length(52, " 5 5").refused(&[400]),
        length(52, "").refused(&[400]),
        length(53, " 18446744073709551616").refused(&[400, 413, 431]),
        length(53, " 18446744073709551615").refused(&[400, 413, 431]),
        length(53, " 9223372036854775808").refused(&[400, 413]),
        length(53, " 1001").refused(&[413]),
        length(54, " 50").fin().broken(&[400]),
        Row::post(54, "Content-Length: 50\r\n", "").fin().broken(&[400]),
        Row::post(55, "Content-Length: 1001\r\nExpect: 100-continue\r\n", "").refused(&[413]),
    ]
}

fn codings() -> Vec<Row> {
    // The length is gone before anybody could object, so that the coding counts, and nothing after the body.
    const CHUNKED: &[(&str, Option<&str>)] =
        &[("body", Some("12345")), ("CONTENT_LENGTH", None), ("HTTP_TRANSFER_ENCODING", None)];
    let coded = |number, lines: &str| Row::post(number, lines, "5\r\n12345\r\n0\r\n\r\n");
    let coding = |number, value: &str| coded(number, &format!("Transfer-Encoding: {value}\r\n"));
    vec![
        coded(56, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n").seen_and_closed(CHUNKED),
        coded(56, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n").seen_and_closed(CHUNKED),
        Row::new(
            57,
            "chunked in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
        )
        .refused(&[400]),
        coding(58, "gzip, chunked").refused(&[501]),
        coding(59, "blegh, chunked").refused(&[501]),
        coding(60, "chunked, chunked").refused(&[400]),
        coded(60, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").refused(&[400]),
        coded(60, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n").refused(&[400, 501]),
        coded(60, "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n").refused(&[400, 501]),
        // An empty element of a list is none: RFC 9110 section 5.6.1.2.
        coding(60, ",chunked").seen(CHUNKED),
        coding(61, "identity").refused(&[400, 501]),
        coding(61, "").refused(&[400, 501]),
        coding(61, "chunked, gzip").refused(&[400, 501]),
        coding(61, "\"chunked\"").refused(&[400, 501]),
        coding(61, "chunked;q=1").refused(&[400, 501]),
        coding(61, "xchunked").refused(&[400, 501]),
        coding(61, "\u{b}chunked").refused(&[400, 501]),
        coding(61, "\u{a0}chunked").refused(&[400, 501]),
        coding(62, "CHUNKED").seen(CHUNKED),
        coding(62, "chunked").seen(CHUNKED),
    ]
}

fn chunks() -> Vec<Row> {
    const WHOLE: &[(&str, Option<&str>)] = &[("body", Some("12345")), ("HTTP_HOST", Some("a"))];
    let size = |number, size: &str| Row::chunked(number, &format!("{size}\r\n12345\r\n0\r\n\r\n"));
    vec![
        size(63, " 5").broken(&[400]),
        size(63, "0x5").broken(&[400]),
        size(63, "+5").broken(&[400]),
        size(63, "-1").broken(&[400]),
        size(63, "5_").broken(&[400]),
        size(63, "").broken(&[400]),
        size(63, "g").broken(&[400]),
        size(63, "10000000000000005").broken(&[400]),
        // hyper takes white space behind a size, which says nothing else than without.
        size(64, "5 ").seen(WHOLE),
        size(64, &format!("{}5", "0".repeat(40))).seen(WHOLE),
        Row::chunked(65, &format!("ffffffffffffffff\r\n{}", "1".repeat(1001))).broken(&[413]),
        Row::chunked(65, &format!("3e9\r\n{}\r\n0\r\n\r\n", "1".repeat(1001))).broken(&[413]),
        Row::chunked(65, &format!("3e8\r\n{}\r\n1\r\n1\r\n0\r\n\r\n", "1".repeat(1000))).broken(&[413]),
        Row::chunked(65, &format!("3e8\r\n{}\r\n0\r\n\r\n", "1".repeat(1000))).seen(&[]),
        Row::chunked(66, "5\n12345\r\n0\r\n\r\n").broken(&[400]),
        Row::chunked(66, "5\r\n12345\n0\r\n\r\n").broken(&[400]),
        Row::chunked(66, "5\r\n123456\r\n0\r\n\r\n").broken(&[400]),
        Row::chunked(66, "5\r\n1234\r\n0\r\n\r\n").broken(&[400]),
        Row::chunked(66, "5\r\n12345\r\n0\n\r\n").broken(&[400]),
        Row::chunked(66, "5\r\n12345\r\n0\r\n\n").broken(&[400]),
        // What follows is the beginning of a trailer without a colon.
        Row::chunked(66, "5\r\n12345\r\n0\r\nXX\r\n\r\n").broken(&[400]),
        size(67, "5;a=b").seen(WHOLE),
        size(67, "5;a=\"b c\"").seen(WHOLE),
        size(67, "5;a\nb").broken(&[400]),
        size(67, "5;a\rb").broken(&[400]),
        size(67, &format!("5;{}", "a".repeat(20_000))).broken(&[400]),
    ]
}

fn ends() -> Vec<Row> {
    const WHOLE: &[(&str, Option<&str>)] = &[
        ("body", Some("12345")),
        ("HTTP_HOST", Some("a")),
        ("CONTENT_LENGTH", None),
        ("HTTP_CONTENT_LENGTH", None),
        ("HTTP_X_CHECK", None),
    ];
    let trailer = |number, lines: &str| Row::chunked(number, &format!("5\r\n12345\r\n0\r\n{lines}\r\n"));
    vec![
        trailer(68, "Content-Length: 9\r\nHost: evil\r\n").seen(WHOLE),
        trailer(68, "Transfer-Encoding: gzip\r\n").seen(WHOLE),
        trailer(68, "X-Check: 1\r\n").seen(WHOLE),
        trailer(69, &format!("X: {}\r\n", "x".repeat(40_000))).broken(&[400]),
        trailer(69, "X: a\r\n b\r\n").broken(&[400]),
        trailer(69, "X: a\nY: b\r\n").broken(&[400]),
        Row::chunked(70, "5\r\n12345\r\n0\r\n").fin().broken(&[400]),
        Row::chunked(70, "5\r\n12345\r\n0").fin().broken(&[400]),
        Row::chunked(70, "5\r\n12345\r\n").fin().broken(&[400]),
        Row::chunked(70, "5\r\n123").fin().broken(&[400]),
        // No length is an empty body, whatever follows it is the next request, and that has a method nobody knows.
        Row::post(71, "", "hello").in_turn(&[On::Routes], &[200, 501], End::Closed),
        Row::post(71, "", "hello").in_turn(&WSGI, &[200, 200], End::Closed),
    ]
}

#[test]
fn lengths_and_codings() {
    run(lengths().into_iter().chain(codings()));
}

#[test]
fn chunks_and_ends() {
    run(chunks().into_iter().chain(ends()));
}

#[test]
fn a_body_that_stalls_is_a_408_for_whoever_reads_it() {
    let config =
        || ServerConfig { body_timeout: Some(Duration::from_millis(200)), ..ServerConfig::default() };
    let served = [
        ("sync", Served::application(Application::new(dump), config())),
        ("async", Served::application(Application::new(dump_async), config())),
        ("routes", Served::router(router(), config())),
    ];
    for (kind, served) in &served {
        for (path, header) in if *kind == "routes" { &READERS[..] } else { &[("/", "")] } {
            for body in
                ["Content-Length: 50\r\n\r\n12345", "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"]
            {
                let mut client = served.connect();
                client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{header}{body}"));
                let answer = client.answer();
                assert_eq!(answer.status, 408, "{kind} {path} {body:?}: {answer:?}");
                assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
                assert_eq!(client.rest(), b"", "what comes later is no request");
                // Over HTTP/2 the stream alone is over.
                let mut client = Http2::connect(served.address());
                let mut fields = with(&[(":method", "POST"), (":path", path)]);
                if let Some((_, kind)) = header.trim_end().split_once(": ") {
                    fields.push(("content-type", kind));
                }
                client.headers(0, 1, &fields);
                client.frame(kind::DATA, 0, 1, b"12345");
                assert_eq!(client.answer(1).outcome(), "408", "{kind} {path}");
                client.get(3, "/second");
                assert_eq!(client.answer(3).body, b"second");
            }
        }
    }
}
