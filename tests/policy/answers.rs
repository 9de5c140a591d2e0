//! Rows 83 to 92: applications that answer wrongly, and what of it may reach a client.
//!
//! Each row is a route and a WSGI callable that do the same, as far as they can.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

use futures_util::stream;
use http_body_util::StreamBody;
use pulsar::{
    Body, IntoResponse, Method, Response, Router,
    http::{HeaderName, HeaderValue},
    server::ServerConfig,
    wsgi::{self, Application, Environ, IntoBody, StartResponse},
};
use pulsar_tests::{
    PATIENCE,
    log::Log,
    strict::Framing::{self, Chunked, Close, Length},
    until,
};

use crate::support::{
    End::{self, Closed, Cut, Open},
    Served,
};

/// What an application answers.
#[derive(Clone, Copy)]
struct Says {
    status: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Sends,
}

#[derive(Clone, Copy)]
enum Sends {
    /// One block.
    Block(&'static str),
    /// Piece by piece; an error after the last one.
    Pieces(&'static [&'static str], bool),
    /// Nothing: it panics before.
    Panics,
}

use Sends::{Block, Panics, Pieces};

/// What comes of it: status, body, framing, end.
type Comes = (u16, &'static str, Framing, End);

/// The number, the request line without its path, what the application says, what comes of it, and what is logged.
type Answer = (u8, &'static str, Says, Comes, &'static str);

const LENGTH: &str = "Content-Length";
const CODING: &str = "Transfer-Encoding";
const GET: &str = "GET HTTP/1.1";
const OLD: &str = "GET HTTP/1.0";
const HEAD: &str = "HEAD HTTP/1.1";

const fn says(status: &'static str, headers: &'static [(&'static str, &'static str)], body: Sends) -> Says {
    Says { status, headers, body }
}

/// What is answered in place of what cannot be sent.
const FAILED: &str = "Internal Server Error";

const ANSWERS: &[Answer] = &[
    (
        83,
        GET,
        says("200", &[(LENGTH, "10")], Pieces(&["123", "45"], false)),
        (200, "12345", Length, Cut),
        "Content-Length",
    ),
    (83, GET, says("200", &[(LENGTH, "10")], Pieces(&[], false)), (200, "", Length, Cut), "Content-Length"),
    (84, GET, says("200", &[(LENGTH, "3")], Block("12345")), (200, "123", Length, Open), "longer"),
    (
        84,
        GET,
        says("200", &[(LENGTH, "3")], Pieces(&["12", "345"], false)),
        (200, "123", Length, Open),
        "longer",
    ),
    (84, GET, says("200", &[(LENGTH, "0")], Pieces(&["12", "345"], false)), (200, "", Length, Open), ""),
    (
        85,
        GET,
        says("200", &[(LENGTH, "abc")], Block("12345")),
        (500, FAILED, Length, Closed),
        "Content-Length",
    ),
    (
        85,
        GET,
        says("200", &[(LENGTH, "+5")], Block("12345")),
        (500, FAILED, Length, Closed),
        "Content-Length",
    ),
    (
        85,
        GET,
        says("200", &[(LENGTH, "5"), (LENGTH, "5")], Block("12345")),
        (500, FAILED, Length, Closed),
        "Content-Length",
    ),
    (
        85,
        GET,
        says("200", &[(LENGTH, "5"), (CODING, "chunked")], Block("12345")),
        (500, FAILED, Length, Closed),
        "Transfer-Encoding",
    ),
    (86, HEAD, says("200", &[], Block("12345")), (200, "", Framing::None, Open), ""),
    (86, HEAD, says("200", &[], Pieces(&["123", "45"], false)), (200, "", Framing::None, Open), ""),
    (86, HEAD, says("200", &[(LENGTH, "10")], Pieces(&[], false)), (200, "", Framing::None, Open), ""),
    (86, GET, says("204", &[], Block("12345")), (204, "", Framing::None, Open), ""),
    (86, GET, says("204", &[], Pieces(&["12345"], false)), (204, "", Framing::None, Open), ""),
    (86, GET, says("304", &[(LENGTH, "5")], Block("12345")), (304, "", Framing::None, Open), ""),
    (86, GET, says("304", &[], Pieces(&["12345"], false)), (304, "", Framing::None, Open), ""),
    (87, GET, says("204", &[(LENGTH, "5")], Block("")), (204, "", Framing::None, Open), ""),
    (87, HEAD, says("204", &[(LENGTH, "5")], Block("")), (204, "", Framing::None, Open), ""),
    (88, GET, says("100", &[], Block("12345")), (500, FAILED, Length, Closed), "100"),
    (88, GET, says("101", &[], Block("12345")), (500, FAILED, Length, Closed), "101"),
    (88, GET, says("103", &[], Block("12345")), (500, FAILED, Length, Closed), "103"),
    (89, GET, says("200", &[], Panics), (500, FAILED, Length, Open), "panicked"),
    (89, GET, says("200", &[], Pieces(&["123", "45"], true)), (200, "12345", Chunked, Cut), ""),
    (89, GET, says("200", &[(LENGTH, "9")], Pieces(&["123", "45"], true)), (200, "12345", Length, Cut), ""),
    (90, GET, says("200", &[("X", "a\r\nY")], Block("12345")), (500, FAILED, Length, Open), ""),
    (90, GET, says("200", &[("X", "a\0")], Block("12345")), (500, FAILED, Length, Open), ""),
    (90, GET, says("200", &[("a b", "c")], Block("12345")), (500, FAILED, Length, Open), ""),
    (90, GET, says("200", &[("X:", "c")], Block("12345")), (500, FAILED, Length, Open), ""),
    (91, GET, says("200", &[], Pieces(&["", "12", "", "345", ""], false)), (200, "12345", Chunked, Open), ""),
    (
        91,
        GET,
        says("200", &[(LENGTH, "5")], Pieces(&["", "12", "", "345", ""], false)),
        (200, "12345", Length, Open),
        "",
    ),
    (92, GET, says("200", &[], Pieces(&["123", "45"], false)), (200, "12345", Chunked, Open), ""),
    (92, OLD, says("200", &[], Pieces(&["123", "45"], false)), (200, "12345", Close, Closed), ""),
    (92, GET, says("200", &[], Block("12345")), (200, "12345", Length, Open), ""),
    (92, OLD, says("200", &[], Block("12345")), (200, "12345", Length, Closed), ""),
];

/// What only a callable can say: the headers of the connection are the server's, PEP 3333.
const HOP_BY_HOP: &[Answer] = &[
    (90, GET, says("200", &[("Connection", "close")], Block("12345")), (500, FAILED, Length, Open), ""),
    (90, GET, says("200", &[("Upgrade", "h2c")], Block("12345")), (500, FAILED, Length, Open), ""),
    (90, GET, says("200", &[("Keep-Alive", "1")], Block("12345")), (500, FAILED, Length, Open), ""),
];

pub(crate) fn numbers() -> impl Iterator<Item = u8> {
    ANSWERS.iter().chain(HOP_BY_HOP).map(|row| row.0)
}

impl Says {
    fn as_route(self) -> Response {
        let mut response = match self.body {
            Block(text) => Response::new(Body::from(text)),
            Pieces(pieces, fails) => {
                let pieces = pieces.iter().map(|piece| Ok(http_body::Frame::data(piece.as_bytes().into())));
                let error = fails.then(|| Err(io::Error::other("torn")));
                Response::new(Body::new(StreamBody::new(stream::iter(pieces.chain(error)))))
            }
            Panics => panic!("as it has to"),
        };
        *response.status_mut() = self.status.parse().unwrap();
        for (name, value) in self.headers {
            // The types let nothing else through.
            match (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
                (Ok(name), Ok(value)) => _ = response.headers_mut().append(name, value),
                (Err(error), _) => return pulsar::Error::from(error).into_response(),
                (_, Err(error)) => return pulsar::Error::from(error).into_response(),
            }
        }
        response
    }

    fn as_callable(self, start: StartResponse) -> wsgi::Result<wsgi::Body> {
        if let Panics = self.body {
            panic!("as it has to");
        }
        start(self.status, self.headers)?;
        Ok(match self.body {
            Block(text) => text.into_body(),
            Pieces(pieces, fails) => {
                let error = fails.then(|| Err(io::Error::other("torn")));
                wsgi::Body::chunks(pieces.iter().map(|piece| Ok(*piece)).chain(error))
            }
            Panics => unreachable!("it has panicked before"),
        })
    }
}

fn check(served: &Served, kind: &str, number: u8, row: &Answer) -> Result<(), String> {
    let (_, line, _, (status, body, framing, end), logged) = row;
    let (method, version) = line.split_once(' ').unwrap();
    let bytes = format!("{method} /{number} {version}\r\nHost: a\r\n\r\n");
    let before = Log::get().lines("ERROR").len();
    let outcome = served.ask(bytes.as_bytes(), false);
    let wrong =
        |what: &str| Err(format!("row {} ({kind}, {line}, {:?}): {what}: {outcome:?}", row.0, row.2.headers));
    let [answer] = &outcome.answers[..] else { return wrong("one answer") };
    let text = answer.text();
    let is_body = if *status == 500 { text.contains(body) && !text.contains("torn") } else { text == *body };
    if (answer.status, answer.framing, is_body) != (*status, *framing, true) {
        return wrong("the answer");
    }
    let is_refusal = *status == 500 && kind != "routes";
    // What a callable says wrongly is found before the server looks at it.
    if outcome.end != *end && !(is_refusal && outcome.end == Open) {
        return wrong("the end");
    }
    if !logged.is_empty() {
        // What is logged may come behind the answer.
        until(&format!("{logged:?} is logged"), || {
            Log::get().lines("ERROR")[before..].iter().any(|line| line.contains(logged))
        });
    }
    let length = answer.header("content-length");
    let expected = match (status, *framing, row.2.headers, row.2.body) {
        (204, ..) => None,
        (304, ..) | (_, Framing::None, ..) if !row.2.headers.is_empty() => Some(row.2.headers[0].1),
        (200, Framing::None, _, Block(text)) if !text.is_empty() => Some("5"),
        (_, Length, ..) => length,
        _ => None,
    };
    if length == expected { Ok(()) } else { wrong(&format!("a length of {expected:?}")) }
}

#[test]
fn wrong_answers_are_mended_refused_or_cut_and_never_run_into_the_next_one() {
    let mut router = Router::new();
    for (number, row) in ANSWERS.iter().enumerate() {
        let says = row.2;
        router = router.add(Method::GET, &format!("/{number}"), async move || says.as_route());
    }
    let routes = Served::router(router, ServerConfig::default());
    let callable = |environ: &mut Environ, start: StartResponse| {
        let number: usize = environ.get("PATH_INFO").unwrap()[1..].parse().unwrap();
        ANSWERS.iter().chain(HOP_BY_HOP).nth(number).unwrap().2.as_callable(start)
    };
    let callables = [
        ("sync", Served::application(Application::new(callable), ServerConfig::default())),
        ("inline", Served::application(Application::new(callable).inline(), ServerConfig::default())),
    ];
    let mut failed = Vec::new();
    for (number, row) in (0..).zip(ANSWERS) {
        failed.extend(check(&routes, "routes", number, row).err());
    }
    for (kind, served) in &callables {
        for (number, row) in (0..).zip(ANSWERS.iter().chain(HOP_BY_HOP)) {
            failed.extend(check(served, kind, number, row).err());
        }
    }
    assert!(failed.is_empty(), "{} answers:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn row_89_an_answer_that_breaks_off_is_no_answer_in_an_old_version() {
    // Nothing but the end of the connection tells the end there, so that it has to be another one.
    let says = says("200", &[], Pieces(&["123", "45"], true));
    let router = Router::new().add(Method::GET, "/", async move || says.as_route());
    let callable = move |_: &mut Environ, start: StartResponse| says.as_callable(start);
    for (kind, served) in [
        ("routes", Served::router(router, ServerConfig::default())),
        ("sync", Served::application(Application::new(callable), ServerConfig::default())),
    ] {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").unwrap();
        let end = stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
        assert_eq!(end, Err(io::ErrorKind::ConnectionReset), "{kind}");
    }
}
