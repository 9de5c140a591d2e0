//! Applications that answer wrongly, over HTTP/2: a stream that is not complete is reset, and the connection goes on.

use std::io;

use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use pulsar::{
    Body, Response,
    http::{HeaderName, HeaderValue},
};
use pulsar_tests::frames::{END_STREAM, with};

use crate::support::Served;

pub(crate) const CASES: usize = ANSWERS.len();

/// What an application sends.
#[derive(Clone, Copy)]
enum Sends {
    Block(&'static str),
    /// Piece by piece.
    Pieces(&'static [&'static str]),
    /// Piece by piece, then an error.
    Torn(&'static [&'static str]),
    /// Piece by piece, then a panic.
    Bursts(&'static [&'static str]),
    /// Nothing: it panics before.
    Panics,
}

use Sends::{Block, Bursts, Panics, Pieces, Torn};

/// The row of the table, the method, what the application says, what comes of it: outcome, body, length.
type Answer = (
    u8,
    &'static str,
    (u16, &'static [(&'static str, &'static str)], Sends),
    (&'static str, &'static str, Option<&'static str>),
);

const LENGTH: &str = "content-length";

/// The body of what is answered in place of what cannot be sent.
const PROBLEM: &str = "problem";

const ANSWERS: &[Answer] = &[
    (83, "GET", (200, &[(LENGTH, "10")], Pieces(&["123", "45"])), ("200 reset 2", "12345", Some("10"))),
    (83, "GET", (200, &[(LENGTH, "10")], Block("12345")), ("500", PROBLEM, None)),
    (84, "GET", (200, &[(LENGTH, "3")], Block("12345")), ("200", "123", Some("3"))),
    (84, "GET", (200, &[(LENGTH, "3")], Pieces(&["12", "345"])), ("200", "123", Some("3"))),
    (85, "GET", (200, &[(LENGTH, "abc")], Block("12345")), ("500", PROBLEM, None)),
    (85, "GET", (200, &[(LENGTH, "5"), (LENGTH, "5")], Block("12345")), ("500", PROBLEM, None)),
    (85, "GET", (200, &[("transfer-encoding", "gzip")], Block("12345")), ("500", PROBLEM, None)),
    (85, "GET", (200, &[("transfer-encoding", "chunked")], Pieces(&["12345"])), ("200", "12345", None)),
    (86, "HEAD", (200, &[], Block("12345")), ("200", "", Some("5"))),
    (86, "HEAD", (200, &[], Pieces(&["12345"])), ("200", "", None)),
    (86, "HEAD", (200, &[(LENGTH, "10")], Pieces(&["12345"])), ("200", "", Some("10"))),
    (86, "GET", (204, &[], Block("12345")), ("204", "", None)),
    (86, "GET", (204, &[], Pieces(&["12345"])), ("204", "", None)),
    (86, "GET", (304, &[(LENGTH, "5")], Block("12345")), ("304", "", Some("5"))),
    (86, "GET", (304, &[], Pieces(&["12345"])), ("304", "", None)),
    (87, "GET", (204, &[(LENGTH, "5")], Block("")), ("204", "", None)),
    (88, "GET", (100, &[], Block("")), ("500", PROBLEM, None)),
    (88, "GET", (101, &[], Block("")), ("500", PROBLEM, None)),
    (88, "GET", (103, &[], Block("")), ("500", PROBLEM, None)),
    (89, "GET", (200, &[], Panics), ("500", PROBLEM, None)),
    (89, "GET", (200, &[], Torn(&["123", "45"])), ("200 reset 2", "12345", None)),
    (89, "GET", (200, &[], Bursts(&["123", "45"])), ("200 reset 2", "12345", None)),
    (
        90,
        "GET",
        (200, &[("connection", "close"), ("upgrade", "h2c")], Block("12345")),
        ("200", "12345", Some("5")),
    ),
    (91, "GET", (200, &[], Pieces(&["", "12", "", "345", ""])), ("200", "12345", None)),
    (92, "GET", (200, &[], Block("12345")), ("200", "12345", Some("5"))),
];

/// What the application answers at `/answers/NUMBER`.
pub(crate) fn answer(number: usize) -> Response {
    let (status, headers, sends) = ANSWERS[number].2;
    let pieces = |pieces: &'static [&'static str]| {
        stream::iter(pieces.iter().map(|piece| Ok::<_, io::Error>(Frame::data(piece.as_bytes().into()))))
    };
    let body = match sends {
        Block(text) => Body::from(text),
        Pieces(texts) => Body::new(StreamBody::new(pieces(texts))),
        Torn(texts) => {
            use futures_util::StreamExt;
            let torn = stream::iter([Err(io::Error::other("torn"))]);
            Body::new(StreamBody::new(pieces(texts).chain(torn)))
        }
        Bursts(texts) => {
            use futures_util::StreamExt;
            let burst = stream::once(async { panic!("as it has to") });
            Body::new(StreamBody::new(Box::pin(pieces(texts).chain(burst))))
        }
        Panics => panic!("as it has to"),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        response.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[test]
fn wrong_answers_are_mended_refused_or_reset_and_the_connection_goes_on() {
    let served = Served::start();
    let mut client = served.connect();
    let mut failed = Vec::new();
    for (number, (row, method, (status, headers, _), (outcome, body, length))) in ANSWERS.iter().enumerate() {
        // All on one connection.
        let stream = u32::try_from(number * 2 + 1).unwrap();
        let path = format!("/answers/{number}");
        client.headers(END_STREAM, stream, &with(&[(":method", method), (":path", &path)]));
        let answer = client.answer(stream);
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let is_body = if *body == PROBLEM { text.contains("Internal Server Error") } else { text == *body };
        let is_length = *body == PROBLEM || answer.header(LENGTH) == *length;
        let has_none =
            ["connection", "upgrade", "transfer-encoding"].iter().all(|name| answer.header(name).is_none());
        let is_bare = !matches!((*status, *method), (204 | 304, _) | (_, "HEAD")) || answer.pieces == 0;
        if answer.outcome() != *outcome || !is_body || !is_length || !has_none || !is_bare {
            failed.push(format!("row {row} ({method}, {status}, {headers:?}): {answer:?}"));
        }
    }
    served.assert_alive();
    assert!(failed.is_empty(), "{} of {} answers:\n{}", failed.len(), ANSWERS.len(), failed.join("\n"));
}
