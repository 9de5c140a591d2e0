//! `start_response`, `write` and the body: what a callable does, and the bytes that come of it.
//!
//! Every row runs three times: on the thread pool, `inline` on the event loop, and as an `async` callable. Behind each answer a
//! second request on the same connection shows whether that goes on.

use std::{
    io::{self, Cursor},
    iter,
};

use futures_util::stream;
use pulsar::{
    Error,
    wsgi::{self, Body, Environ, IntoBody, StartResponse},
};

use crate::support::{
    Callable,
    End::{self, Closed, Cut, Open},
    Log, Table, WAYS, request, serve,
};

pub(crate) const ROWS: usize =
    ANSWERS.len() + CUT_OFF.len() + FAILURES.len() + STATUSES.len() + HEADERS.len() + BROKEN.len();

/// What a callable returns, short enough for a table.
#[allow(clippy::unnecessary_wraps)] // a callable returns a `Result`
fn body(body: impl IntoBody) -> wsgi::Result<Option<Body>> {
    Ok(Some(body.into_body()))
}

fn torn() -> io::Error {
    io::Error::other("torn")
}

type Row<'a> = (&'a str, &'a str, Callable, &'a str, &'a str, &'a str, End);

/// Callables that keep the rules: the request, the callable, and the status, headers, body and end of the answer. Nothing is
/// logged.
const ANSWERS: &[Row<'_>] = &[
    (
        "a value has its length",
        "GET",
        |_, start| {
            start("200 OK", &[("Content-Type", "text/plain")])?;
            body("hello")
        },
        "200 OK",
        "content-length: 5; content-type: text/plain",
        "hello",
        Open,
    ),
    (
        "a list of one is a value",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(["hello".to_owned()])
        },
        "200 OK",
        "content-length: 5",
        "hello",
        Open,
    ),
    (
        "a list goes piece by piece",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(vec!["a", "bc"])
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][bc][]",
        Open,
    ),
    (
        "an iterator goes piece by piece",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body((0..12).map(|n| n.to_string()))
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[0][1][2][3][4][5][6][7][8][9][10][11][]",
        Open,
    ),
    (
        "a stream goes piece by piece",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(Body::stream(stream::iter(["a", "", "b"].map(Ok::<_, io::Error>))))
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][b][]",
        Open,
    ),
    (
        "pieces may be results",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body([Ok("a"), Ok::<_, io::Error>("b")])
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][b][]",
        Open,
    ),
    (
        "any iterator is a body",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(Body::chunks(iter::repeat_n(vec![b'x'; 3], 2)))
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[xxx][xxx][]",
        Open,
    ),
    (
        "nothing is a body of no length",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(())
        },
        "200 OK",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "an empty list is a body of no length",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(Vec::<String>::new())
        },
        "200 OK",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "an empty piece is no end",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(["", "a", "", "", "b", ""])
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][b][]",
        Open,
    ),
    (
        "empty pieces alone are a body of no length",
        "GET",
        |_, start| {
            start("200 OK", &[])?;
            body(["", "", ""])
        },
        "200 OK",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "a list with its length",
        "GET",
        |_, start| {
            start("200 OK", &[("Content-Length", "4")])?;
            body(["a", "bcd"])
        },
        "200 OK",
        "content-length: 4",
        "abcd",
        Open,
    ),
    (
        "an iterator with its length",
        "GET",
        |_, start| {
            start("200 OK", &[("content-length", "4")])?;
            body((0..4).map(|n| n.to_string()))
        },
        "200 OK",
        "content-length: 4",
        "0123",
        Open,
    ),
    (
        "a stream with its length",
        "GET",
        |_, start| {
            start("200 OK", &[("CONTENT-LENGTH", "2")])?;
            body(Body::stream(stream::iter(["a", "b"].map(Ok::<_, io::Error>))))
        },
        "200 OK",
        "content-length: 2",
        "ab",
        Open,
    ),
    (
        "HTTP/1.0 has the end of the connection for an end",
        "GET HTTP/1.0",
        |_, start| {
            start("200 OK", &[])?;
            body(["a", "b"])
        },
        "200 OK",
        "",
        "ab",
        Closed,
    ),
    (
        "HTTP/1.0 has the length of a value",
        "GET HTTP/1.0",
        |_, start| {
            start("200 OK", &[])?;
            body("hello")
        },
        "200 OK",
        "content-length: 5",
        "hello",
        Closed,
    ),
    (
        "HTTP/1.0 has what was written",
        "GET HTTP/1.0",
        |_, start| {
            start("200 OK", &[])?(b"a")?;
            body("b")
        },
        "200 OK",
        "",
        "ab",
        Closed,
    ),
    (
        "a reason of one's own",
        "GET",
        |_, start| {
            start("404 Nothing of that kind", &[])?;
            body(())
        },
        "404 Nothing of that kind",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "a status of one's own",
        "GET",
        |_, start| {
            start("799 caf\u{e9}", &[])?;
            body(())
        },
        "799 caf\u{e9}",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "a status without a reason",
        "GET",
        |_, start| {
            start("202", &[])?;
            body(())
        },
        "202 Accepted",
        "content-length: 0",
        "",
        Open,
    ),
    (
        "values are bytes",
        "GET",
        |_, start| {
            start("200 OK", &[("X-Name", "caf\u{e9}"), ("X-Tab", "a\tb"), ("X-Empty", "")])?;
            body(())
        },
        "200 OK",
        "content-length: 0; x-empty: ; x-name: caf\u{e9}; x-tab: a\tb",
        "",
        Open,
    ),
    (
        "headers of one name stay apart",
        "GET",
        |_, start| {
            start("200 OK", &[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])?;
            body(())
        },
        "200 OK",
        "content-length: 0; set-cookie: a=1; set-cookie: b=2",
        "",
        Open,
    ),
    (
        "written before the body",
        "GET",
        |_, start| {
            let write = start("200 OK", &[])?;
            write(b"a")?;
            write(b"b")?;
            body(["c", "d"])
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][b][c][d][]",
        Open,
    ),
    (
        "written and no body",
        "GET",
        |_, start| {
            start("200 OK", &[])?(b"a")?;
            body(())
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[a][]",
        Open,
    ),
    (
        "written by way of io::Write",
        "GET",
        |_, start| {
            use io::Write;
            let mut write = start("200 OK", &[])?;
            write.write_all(b"1")?;
            write.write_all(b"2")?;
            write.flush()?;
            body(())
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[1][2][]",
        Open,
    ),
    (
        "nothing written",
        "GET",
        |_, start| {
            start("200 OK", &[])?(b"")?;
            body("a")
        },
        "200 OK",
        "content-length: 1",
        "a",
        Open,
    ),
    (
        "written with the length",
        "GET",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?(b"ab")?;
            body("c")
        },
        "200 OK",
        "content-length: 3",
        "abc",
        Open,
    ),
    (
        "written by the handle of a call that was replaced",
        "GET",
        |_, start| {
            let write = start("200 OK", &[])?;
            start.with_error(torn())("500 Torn", &[])?;
            write(b"a")?;
            body("b")
        },
        "500 Torn",
        "transfer-encoding: chunked",
        "[a][b][]",
        Open,
    ),
    (
        "HEAD has the length of a value",
        "HEAD",
        |_, start| {
            start("200 OK", &[])?;
            body("hello")
        },
        "200 OK",
        "content-length: 5",
        "",
        Open,
    ),
    (
        "HEAD keeps the length",
        "HEAD",
        |_, start| {
            start("200 OK", &[("Content-Length", "99")])?;
            body(())
        },
        "200 OK",
        "content-length: 99",
        "",
        Open,
    ),
    (
        "HEAD of an iterator",
        "HEAD",
        |_, start| {
            start("200 OK", &[])?;
            body((0..3).map(|n| n.to_string()))
        },
        "200 OK",
        "",
        "",
        Open,
    ),
    (
        "HEAD of an iterator that fails later",
        "HEAD",
        |_, start| {
            start("200 OK", &[])?;
            body([Ok("a"), Err(torn())])
        },
        "200 OK",
        "",
        "",
        Open,
    ),
    (
        "HEAD of what is written",
        "HEAD",
        |_, start| {
            let write = start("200 OK", &[("Content-Length", "1")])?;
            for _ in 0..100 {
                write(b"a")?;
            }
            body("b")
        },
        "200 OK",
        "content-length: 1",
        "",
        Open,
    ),
    (
        "204 has no body and no length",
        "GET",
        |_, start| {
            start("204 No Content", &[("Content-Length", "5"), ("X-A", "b")])?;
            body("hello")
        },
        "204 No Content",
        "x-a: b",
        "",
        Open,
    ),
    (
        "204 of an iterator",
        "GET",
        |_, start| {
            start("204 No Content", &[])?;
            body((0..3).map(|n| n.to_string()))
        },
        "204 No Content",
        "",
        "",
        Open,
    ),
    (
        "204 of what is written",
        "GET",
        |_, start| {
            start("204 No Content", &[])?(b"hello")?;
            body(())
        },
        "204 No Content",
        "",
        "",
        Open,
    ),
    (
        "304 keeps the length and has no body",
        "GET",
        |_, start| {
            start("304 Not Modified", &[("Content-Length", "5")])?;
            body("hello")
        },
        "304 Not Modified",
        "content-length: 5",
        "",
        Open,
    ),
    (
        "304 without a length",
        "GET",
        |_, start| {
            start("304 Not Modified", &[("ETag", "\"a\"")])?;
            body(())
        },
        "304 Not Modified",
        "etag: \"a\"",
        "",
        Open,
    ),
    (
        "a second call with an error replaces the first",
        "GET",
        |_, start| {
            start("200 OK", &[("X-First", "1"), ("Content-Length", "99")])?;
            start.with_error(torn())("500 Torn", &[("X-Second", "2")])?;
            body("sorry")
        },
        "500 Torn",
        "content-length: 5; x-second: 2",
        "sorry",
        Open,
    ),
    (
        "a second call that is malformed leaves the first",
        "GET",
        |_, start| {
            start("200 OK", &[("X-First", "1")])?;
            assert!(start.with_error(torn())("nonsense", &[]).is_err());
            body(())
        },
        "200 OK",
        "content-length: 0; x-first: 1",
        "",
        Open,
    ),
    (
        "the iterator calls start_response",
        "GET",
        |_, start| {
            let mut pieces = vec!["b", "a"];
            body(iter::from_fn(move || {
                if pieces.len() == 2
                    && let Err(error) = start("201 Made", &[("X-A", "b")])
                {
                    return Some(Err(error));
                }
                pieces.pop().map(Ok)
            }))
        },
        "201 Made",
        "transfer-encoding: chunked; x-a: b",
        "[a][b][]",
        Open,
    ),
    (
        "the iterator replaces the head with an error",
        "GET",
        |_, start| {
            start("200 OK", &[("X-First", "1")])?;
            let mut pieces = vec!["sorry"];
            body(iter::from_fn(move || {
                let piece = pieces.pop()?;
                Some(start.with_error(torn())("503 Torn", &[]).map(|_| piece))
            }))
        },
        "503 Torn",
        "transfer-encoding: chunked",
        "[sorry][]",
        Open,
    ),
    (
        "a head that was wrapped",
        "GET",
        |_, start| {
            let start = start.wrap(|start, status, headers| {
                let headers: Vec<_> = headers.iter().copied().chain([("X-Around", status)]).collect();
                start(status, &headers)
            });
            start("200 OK", &[("X-A", "b")])?;
            body(())
        },
        "200 OK",
        "content-length: 0; x-a: b; x-around: 200 OK",
        "",
        Open,
    ),
    (
        "a file goes block by block",
        "GET",
        |environ, start| {
            start("200 OK", &[])?;
            body(environ.file_wrapper(Cursor::new("hello")).block_size(2))
        },
        "200 OK",
        "transfer-encoding: chunked",
        "[he][ll][o][]",
        Open,
    ),
    (
        "a file with its length",
        "GET",
        |environ, start| {
            start("200 OK", &[("Content-Length", "5")])?;
            body(environ.file_wrapper(Cursor::new("hello")))
        },
        "200 OK",
        "content-length: 5",
        "hello",
        Open,
    ),
];

#[test]
fn callables_that_keep_the_rules_are_answered_as_they_meant() {
    let mut table = Table::default();
    for &(name, line, callable, status, headers, body, end) in ANSWERS {
        for way in WAYS {
            let name = way.name(name);
            table.row(name, || {
                let seen = serve(way.application(name, callable)).ask(request(line));
                let expected = (status, headers, body, end);
                let found = (&*seen.status, &*seen.headers, &*seen.body, seen.end);
                assert_eq!(found, expected, "{name}");
                assert_eq!(Log::get().of(name), [""; 0]);
            });
        }
    }
}

const TOO_LONG: &str = "the body is longer than its Content-Length";

/// Callables that send more than they said: the callable, the body, what is logged.
const CUT_OFF: &[(&str, Callable, &str, &str)] = &[
    (
        "a value beyond its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?;
            body("hello")
        },
        "hel",
        TOO_LONG,
    ),
    (
        "a value where none was announced",
        |_, start| {
            start("200 OK", &[("Content-Length", "0")])?;
            body("hello")
        },
        "",
        TOO_LONG,
    ),
    (
        "a list beyond its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?;
            body(["he", "llo", "again"])
        },
        "hel",
        TOO_LONG,
    ),
    (
        "an iterator beyond its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?;
            body(Body::chunks(iter::repeat("he")))
        },
        "heh",
        TOO_LONG,
    ),
    (
        "an iterator where nothing was announced",
        |_, start| {
            start("200 OK", &[("Content-Length", "0")])?;
            body(Body::chunks(iter::repeat("he")))
        },
        "",
        TOO_LONG,
    ),
    (
        "a stream beyond its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?;
            body(Body::stream(stream::iter(["he", "llo"].map(Ok::<_, io::Error>))))
        },
        "hel",
        TOO_LONG,
    ),
    (
        "written beyond the length",
        |_, start| {
            let write = start("200 OK", &[("Content-Length", "3")])?;
            write(b"he")?;
            let error = write(b"llo").unwrap_err();
            assert!(matches!(error, wsgi::Error::TooLong(3)), "{error:?}");
            assert!(matches!(write(b"!"), Err(wsgi::Error::TooLong(3))));
            Err(error.into())
        },
        "hel",
        "more was written than the Content-Length, which is 3",
    ),
    (
        "a body behind what was written, beyond the length",
        |_, start| {
            start("200 OK", &[("Content-Length", "3")])?(b"he")?;
            body("llo")
        },
        "hel",
        TOO_LONG,
    ),
];

#[test]
fn nothing_is_sent_beyond_the_length() {
    let mut table = Table::default();
    for &(name, callable, body, logged) in CUT_OFF {
        for way in WAYS {
            let name = way.name(name);
            table.row(name, || {
                let served = serve(way.application(name, callable));
                let seen = served.ask(request("GET"));
                let headers = format!("content-length: {}", body.len());
                let expected = ("200 OK", &*headers, body, Open);
                let found = (&*seen.status, &*seen.headers, &*seen.body, seen.end);
                assert_eq!(found, expected, "{name}");
                Log::get().assert(name, logged);
            });
        }
    }
}

/// Callables that fail before anything is out: the callable, the status, what is logged. Nothing is logged for what is not the
/// program's fault.
const FAILURES: &[(&str, Callable, u16, &str)] = &[
    ("start_response not called", |_, _| body("hello"), 500, "start_response was not called"),
    ("start_response not called and no body", |_, _| body(()), 500, "start_response was not called"),
    (
        "start_response not called by the iterator",
        |_, _| body((0..3).map(|n| n.to_string())),
        500,
        "was not called",
    ),
    (
        "start_response called twice",
        |_, start| {
            start("200 OK", &[])?;
            start("200 OK", &[])?;
            body("hello")
        },
        500,
        "start_response was called twice",
    ),
    (
        "start_response called twice by the iterator",
        |_, start| {
            start("200 OK", &[])?;
            body(iter::once_with(move || start("200 OK", &[]).map(|_| "hello")))
        },
        500,
        "start_response was called twice",
    ),
    (
        "start_response refused, and the callable went on",
        |_, start| {
            assert!(start("200 OK", &[("Connection", "close")]).is_err());
            body("hello")
        },
        500,
        "start_response was not called",
    ),
    ("nobody answers", |_, _| Ok(None), 404, ""),
    (
        "nobody answers, although the answer was begun",
        |_, start| {
            start("200 OK", &[])?;
            Ok(None)
        },
        404,
        "",
    ),
    ("an error", |_, _| Err(torn().into()), 500, "torn"),
    (
        "an error behind start_response",
        |_, start| {
            start("200 OK", &[("Content-Length", "5")])?;
            Err(torn().into())
        },
        500,
        "torn",
    ),
    ("an error with a cause", |_, _| Err(Error::new("the cake").with_source(torn())), 500, "torn"),
    ("an error of the client", |_, _| Err(Error::status(403).detail("not yours")), 403, ""),
    (
        "an error of the server with a status",
        |_, _| Err(Error::status(502).detail("upstream")),
        502,
        "upstream",
    ),
    ("a panic", |_, _| panic!("no {}", "luck"), 500, "the callable panicked: no luck"),
    (
        "a panic behind start_response",
        |_, start| {
            start("200 OK", &[])?;
            panic!("no luck")
        },
        500,
        "the callable panicked: no luck",
    ),
    (
        "an error in place of the first piece",
        |_, start| {
            start("200 OK", &[])?;
            body([Err(torn()), Ok("a")])
        },
        500,
        "torn",
    ),
    (
        "an error behind empty pieces",
        |_, start| {
            start("200 OK", &[])?;
            body([Ok(""), Ok(""), Err(torn())])
        },
        500,
        "torn",
    ),
    (
        "a panic in place of the first piece",
        |_, start| {
            start("200 OK", &[])?;
            body((0..3).map(|n| if n == 0 { panic!("no {n}") } else { "a" }))
        },
        500,
        "the callable panicked: no 0",
    ),
    (
        "an error in place of the first piece of a stream",
        |_, start| {
            start("200 OK", &[])?;
            body(Body::stream(stream::iter([Err::<&str, _>(torn())])))
        },
        500,
        "torn",
    ),
    (
        "a panic in place of the first piece of a stream",
        |_, start| {
            start("200 OK", &[])?;
            body(Body::stream(stream::poll_fn(|_| -> std::task::Poll<Option<io::Result<&str>>> {
                panic!("no luck")
            })))
        },
        500,
        "the callable panicked: no luck",
    ),
];

#[test]
fn a_failure_before_anything_is_out_is_an_error_document() {
    let mut table = Table::default();
    for &(name, callable, status, logged) in FAILURES {
        for way in WAYS {
            let name = way.name(name);
            table.row(name, || {
                let served = serve(way.application(name, callable));
                served.ask(request("GET")).assert_problem(name, status, Open);
                if logged.is_empty() {
                    assert_eq!(Log::get().of(name), [""; 0]);
                } else {
                    Log::get().assert(name, logged);
                }
                let head = served.ask(request("HEAD"));
                head.assert_problem(name, status, Open);
                assert_eq!(head.body, "", "{name}");
            });
        }
    }
}

/// What cannot be a status.
const STATUSES: &[&str] = &[
    "",
    "OK",
    "20 OK",
    "2000 OK",
    "200OK",
    " 200 OK",
    "099 Low",
    "-20 OK",
    "\u{661}00 OK",
    "200 O\nK",
    "200 OK\r\nX-A: b",
    "200 \0",
    "200 \u{20ac}",
    "100 Continue",
    "101 Switching Protocols",
    "103 Early Hints",
    "199 Soon",
];

type Headers = &'static [(&'static str, &'static str)];

/// What cannot be a header: that one, and what is said of it.
const HEADERS: &[(Headers, &str)] = &[
    (&[("Connection", "close")], "`Connection` is a header of the connection"),
    (&[("keep-alive", "timeout=5")], "`keep-alive` is a header of the connection"),
    (&[("Proxy-Authenticate", "Basic")], "is a header of the connection"),
    (&[("Proxy-Authorization", "Basic")], "is a header of the connection"),
    (&[("TE", "trailers")], "is a header of the connection"),
    (&[("Trailer", "X-A")], "is a header of the connection"),
    (&[("Trailers", "X-A")], "is a header of the connection"),
    (&[("TRANSFER-ENCODING", "chunked")], "is a header of the connection"),
    (&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")], "is a header of the connection"),
    (&[("Upgrade", "websocket")], "is a header of the connection"),
    (&[("", "a")], "cannot be the name of a header"),
    (&[("X A", "a")], "cannot be the name of a header"),
    (&[("X-A:", "a")], "cannot be the name of a header"),
    (&[("X-A\r\nX-B", "a")], "cannot be the name of a header"),
    (&[("X-Caf\u{e9}", "a")], "cannot be the name of a header"),
    (&[("X-A", "a\r\nX-B: b")], "the value of the header `X-A`"),
    (&[("X-A", "a\nb")], "the value of the header `X-A`"),
    (&[("X-A", "a\0b")], "the value of the header `X-A`"),
    (&[("X-A", "a\u{7f}")], "the value of the header `X-A`"),
    (&[("X-A", "\u{20ac}")], "the value of the header `X-A`"),
    (&[("Content-Length", "abc")], "the Content-Length \"abc\" is not a number"),
    (&[("Content-Length", "")], "is not a number"),
    (&[("Content-Length", "-5")], "is not a number"),
    (&[("Content-Length", "+5")], "is not a number"),
    (&[("Content-Length", "5, 5")], "is not a number"),
    (&[("Content-Length", "0x5")], "is not a number"),
    (&[("Content-Length", "18446744073709551616")], "is not a number"),
    (&[("Content-Length", "5"), ("Content-Length", "5")], "Content-Length is given twice"),
    (&[("Content-Length", "5"), ("content-length", "6")], "Content-Length is given twice"),
];

#[test]
fn what_cannot_be_sent_is_refused_and_logged_with_the_callable() {
    let statuses = STATUSES.iter().map(|&status| {
        let interim = status.starts_with('1');
        (
            status,
            &[] as Headers,
            if interim { "is an interim answer" } else { "is not three digits, a space" },
        )
    });
    let mut table = Table::default();
    let headers = HEADERS.iter().map(|&(headers, logged)| ("200 OK", headers, logged));
    for (status, headers, logged) in statuses.chain(headers) {
        for way in WAYS {
            let name = way.name(&format!("refused {status:?} {headers:?}"));
            table.row(name, || {
                let application = way.application(name, move |_: &mut Environ, start: StartResponse| {
                    start(status, headers)?;
                    body("hello")
                });
                serve(application).ask(request("GET")).assert_problem(name, 500, Open);
                Log::get().assert(name, logged);
            });
        }
    }
}

/// Callables that fail when the answer has begun: the callable and what is logged. The client sees that something is missing.
const BROKEN: &[(&str, Callable, &str)] = &[
    (
        "a value short of its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?;
            body("hello")
        },
        "the body ended 5 bytes before the Content-Length",
    ),
    (
        "nothing where something was announced",
        |_, start| {
            start("200 OK", &[("Content-Length", "1")])?;
            body(())
        },
        "the body ended 1 bytes before the Content-Length",
    ),
    (
        "a list short of its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?;
            body(["he", "llo"])
        },
        "the body ended 5 bytes before the Content-Length",
    ),
    (
        "an iterator short of its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?;
            body((0..4).map(|n| n.to_string()))
        },
        "the body ended 6 bytes before the Content-Length",
    ),
    (
        "a stream short of its length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?;
            body(Body::stream(stream::iter(["he", "llo"].map(Ok::<_, io::Error>))))
        },
        "the body ended 5 bytes before the Content-Length",
    ),
    (
        "written short of the length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?(b"hello")?;
            body(())
        },
        "the body ended 5 bytes before the Content-Length",
    ),
    (
        "an error behind a piece",
        |_, start| {
            start("200 OK", &[])?;
            body([Ok("a"), Err(torn())])
        },
        "torn",
    ),
    (
        "an error behind a piece, with a length",
        |_, start| {
            start("200 OK", &[("Content-Length", "10")])?;
            body([Ok("a"), Err(torn())])
        },
        "torn",
    ),
    (
        "a panic behind a piece",
        |_, start| {
            start("200 OK", &[])?;
            body((0..3).map(|n| if n == 2 { panic!("no {n}") } else { "a" }))
        },
        "panicked: no 2",
    ),
    (
        "an error behind a piece of a stream",
        |_, start| {
            start("200 OK", &[])?;
            body(Body::stream(stream::iter([Ok("a"), Err(torn())])))
        },
        "torn",
    ),
    (
        "a panic behind a piece of a stream",
        |_, start| {
            start("200 OK", &[])?;
            let mut pieces = vec!["a"];
            body(Body::stream(stream::poll_fn(move |_| {
                std::task::Poll::Ready(Some(Ok::<_, io::Error>(pieces.pop().expect("no luck"))))
            })))
        },
        "panicked: no luck",
    ),
    (
        "an error behind what was written",
        |_, start| {
            start("200 OK", &[])?(b"a")?;
            Err(torn().into())
        },
        "torn",
    ),
    (
        "a panic behind what was written",
        |_, start| {
            start("200 OK", &[])?(b"a")?;
            panic!("no luck")
        },
        "panicked: no luck",
    ),
    (
        "a second call with an error behind what was written",
        |_, start| {
            start("200 OK", &[])?(b"a")?;
            start.with_error(torn())("500 Torn", &[])?;
            body("sorry")
        },
        "the headers are out, so that the answer cannot be replaced by one that tells of an error: torn",
    ),
    (
        "a second call with an error from the iterator",
        |_, start| {
            start("200 OK", &[])?;
            let mut count = 0;
            body(iter::from_fn(move || {
                count += 1;
                if count == 1 {
                    return Some(Ok("a"));
                }
                Some(start.with_error(torn())("500 Torn", &[]).map(|_| "sorry"))
            }))
        },
        "the headers are out, so that the answer cannot be replaced by one that tells of an error: torn",
    ),
    (
        "a file that cannot be read on",
        |environ, start| {
            struct Bad(bool);
            impl io::Read for Bad {
                fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                    buffer[0] = b'a';
                    if std::mem::replace(&mut self.0, true) { Err(torn()) } else { Ok(1) }
                }
            }
            start("200 OK", &[])?;
            body(environ.file_wrapper(Bad(false)).block_size(1))
        },
        "torn",
    ),
];

#[test]
fn an_answer_that_breaks_off_does_not_look_complete() {
    let mut table = Table::default();
    for &(name, callable, logged) in BROKEN {
        for way in WAYS {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                let name = way.name(&format!("{name}, {version}"));
                table.row(name, || {
                    let seen = serve(way.application(name, callable)).ask(request(&format!("GET {version}")));
                    // Without a length, nothing but the end of the connection is to be had in HTTP/1.0.
                    let length = seen.headers.contains("content-length");
                    let delimited = version == "HTTP/1.0" && !length && !seen.status.is_empty();
                    assert_eq!(seen.end, if delimited { Closed } else { Cut }, "{name}: {seen:?}");
                    Log::get().assert(name, logged);
                });
            }
        }
    }
}
