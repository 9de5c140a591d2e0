//! `wsgi.input`: bodies as they come, whole or not at all, for every way to read them.
//!
//! What a reader may never get is a part of a body that looks like the whole. What a client may never do is hold a thread, or fill
//! the memory, by sending slowly or much.

use std::{
    io::{self, BufRead, ErrorKind, Read, Write},
    net::TcpStream,
    sync::{Mutex, mpsc},
    time::Duration,
};

use pulsar::{
    Settings,
    server::ServerConfig,
    settings::PoolSize,
    wsgi::{self, Application, Body, Environ, IntoBody, StartResponse},
};
use pulsar_tests::{PATIENCE, until};
// The methods have the names of those of `Read`, so that they are not imported but called by the trait.
use tokio::io as aio;

use crate::support::{
    End::{Closed, Open},
    Log, Served, Table, rest, serve, serve_with,
};

pub(crate) const ROWS: usize = READERS.len()
    + BODIES.len()
    + READERS.len() * TORN.len()
    + MALFORMED.len()
    + STALLED.len()
    + EXPECTATIONS.len();

/// What a reader got: all of the body or, when reading failed, what came before.
type Got = Result<Vec<u8>, (Vec<u8>, ErrorKind)>;

/// The same with the error itself, which a callable passes on.
type Outcome = Result<Vec<u8>, (Vec<u8>, io::Error)>;

/// An application that reads, and tells what it got before it answers with that.
type Reader = fn(mpsc::Sender<Got>) -> Application;

/// Reads until the end or an error, and then some more: neither may change.
fn drain(mut read: impl FnMut(&mut Vec<u8>) -> io::Result<usize>) -> Outcome {
    let mut all = Vec::new();
    loop {
        match read(&mut all) {
            Ok(0) => break,
            Ok(_) => {}
            // What can be waited for may come.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err((all, error)),
            Err(error) => {
                let (kind, before) = (error.kind(), all.len());
                for _ in 0..3 {
                    assert_eq!(read(&mut all).map_err(|error| error.kind()), Err(kind), "it goes on failing");
                }
                assert_eq!(all.len(), before, "nothing comes behind an error");
                return Err((all, error));
            }
        }
    }
    for _ in 0..3 {
        assert_eq!(read(&mut all).unwrap(), 0, "the end is the end");
    }
    Ok(all)
}

/// A function that reads in this way.
fn blocking(
    told: mpsc::Sender<Got>,
    read: fn(&mut wsgi::Input, &mut Vec<u8>) -> io::Result<usize>,
) -> Application {
    Application::new(move |environ: &mut Environ, start: StartResponse| {
        let input = environ.input();
        answer(&told, drain(|all| read(input, all)), &start)
    })
}

fn answer(told: &mpsc::Sender<Got>, outcome: Outcome, start: &StartResponse) -> wsgi::Result<Body> {
    let got = outcome.as_ref().map(Clone::clone).map_err(|(before, error)| (before.clone(), error.kind()));
    // A test may have seen enough.
    let _ = told.send(got);
    let body = outcome.map_err(|(_, error)| error)?;
    start("200 OK", &[])?;
    Ok(body.into_body())
}

/// Everything that was told, once nobody is left who might tell more.
#[track_caller]
fn all(got: &mpsc::Receiver<Got>) -> Vec<Got> {
    let mut all = Vec::new();
    loop {
        match got.recv_timeout(PATIENCE) {
            Ok(got) => all.push(got),
            Err(mpsc::RecvTimeoutError::Disconnected) => return all,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("somebody reads for ever"),
        }
    }
}

fn read_some(input: &mut wsgi::Input, all: &mut Vec<u8>, size: usize) -> io::Result<usize> {
    let mut buffer = vec![0; size];
    let count = input.read(&mut buffer)?;
    all.extend_from_slice(&buffer[..count]);
    Ok(count)
}

/// The same without blocking.
macro_rules! asynchronous {
    ($told:ident, |$input:ident, $all:ident| $read:expr) => {
        Application::new(move |environ: &mut Environ, start: StartResponse| {
            let mut input = environ.take_input();
            let told = $told.clone();
            async move {
                let $input = &mut input;
                let mut all = Vec::new();
                let $all = &mut all;
                let outcome = loop {
                    let read: io::Result<usize> = $read;
                    match read {
                        Ok(1..) => {}
                        Ok(0) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                };
                let before = $all.len();
                for _ in 0..3 {
                    let again: io::Result<usize> = $read;
                    let (again, first) = (
                        again.map(drop).map_err(|e| e.kind()),
                        outcome.as_ref().map(drop).map_err(io::Error::kind),
                    );
                    assert_eq!((again, $all.len()), (first, before), "neither an end nor an error change");
                }
                let outcome = match outcome {
                    Ok(()) => Ok(all),
                    Err(error) => Err((all, error)),
                };
                answer(&told, outcome, &start)
            }
        })
    };
}

/// The ways to read.
const READERS: &[(&str, Reader)] = &[
    ("read", |told| blocking(told, |input, all| read_some(input, all, 8192))),
    ("read byte by byte", |told| blocking(told, |input, all| read_some(input, all, 1))),
    ("read with a buffer larger than any body", |told| {
        blocking(told, |input, all| read_some(input, all, 1 << 20))
    }),
    ("read_to_end", |told| blocking(told, Read::read_to_end)),
    ("read_line", |told| {
        blocking(told, |input, all| {
            let mut line = Vec::new();
            let read = input.read_until(b'\n', &mut line);
            all.extend(line);
            read
        })
    }),
    ("fill_buf", |told| {
        blocking(told, |input, all| {
            let bytes = input.fill_buf()?;
            all.extend_from_slice(bytes);
            let count = bytes.len();
            input.consume(count);
            Ok(count)
        })
    }),
    ("inline read", |told| Application::inline(blocking(told, |input, all| read_some(input, all, 1000)))),
    ("async read", |told| asynchronous!(told, |input, all| aio::AsyncReadExt::read_buf(input, all).await)),
    ("async read byte by byte", |told| {
        asynchronous!(told, |input, all| {
            aio::AsyncReadExt::read_u8(input)
                .await
                .map(|byte| {
                    all.push(byte);
                    1
                })
                .or_else(|error| match error.get_ref() {
                    // How `read_u8` says that it is the end.
                    None if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
                    _ => Err(error),
                })
        })
    }),
    ("async read_to_end", |told| {
        asynchronous!(told, |input, all| aio::AsyncReadExt::read_to_end(input, all).await)
    }),
    ("async read_line", |told| {
        asynchronous!(told, |input, all| aio::AsyncBufReadExt::read_until(input, b'\n', all).await)
    }),
];

const TEXT: &str = "one\ntwo\n\nthree";

/// What is sent behind the first headers, and what there is to read in it.
type Sent = fn() -> (String, String);

/// Bodies as they may be sent: how, and what is read.
const BODIES: &[(&str, Sent)] = &[
    ("none", || ("\r\n".into(), String::new())),
    ("of no length", || ("Content-Length: 0\r\n\r\n".into(), String::new())),
    ("of a length", || (format!("Content-Length: {}\r\n\r\n{TEXT}", TEXT.len()), TEXT.into())),
    ("chunked", || (format!("Transfer-Encoding: chunked\r\n\r\n{}", chunked(&[TEXT])), TEXT.into())),
    ("in many chunks", || {
        let chunks: Vec<_> = TEXT.split_inclusive('e').collect();
        (format!("Transfer-Encoding: chunked\r\n\r\n{}", chunked(&chunks)), TEXT.into())
    }),
    ("chunked and empty", || ("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(), String::new())),
    ("chunked with extensions and trailers", || {
        (
            "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\none\r\n4\r\n\ntwo\r\n0\r\nX-A: b\r\n\r\n".into(),
            "one\ntwo".into(),
        )
    }),
    ("as long as is read ahead", || of_length(64 * 1024)),
    ("longer than is read ahead", || of_length(64 * 1024 + 1)),
    ("of several pieces", || of_length(300_000)),
    ("chunked and long", || {
        let text = long(200_000);
        let chunks: Vec<_> = (0..200).map(|n| &text[n * 1000..][..1000]).collect();
        (format!("Transfer-Encoding: chunked\r\n\r\n{}", chunked(&chunks)), text.clone())
    }),
];

fn chunked(chunks: &[&str]) -> String {
    let chunks: Vec<_> = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    format!("{}0\r\n\r\n", chunks.concat())
}

/// Lines, no two of them the same.
fn long(length: usize) -> String {
    let mut text = (0..=length / 8).map(|n| format!("{n:07}\n")).collect::<Vec<_>>().concat();
    text.truncate(length);
    text
}

fn of_length(length: usize) -> (String, String) {
    (format!("Content-Length: {length}\r\n\r\n{}", long(length)), long(length))
}

#[test]
fn every_body_is_read_whole_in_every_way() {
    let mut table = Table::default();
    for &(reader, application) in READERS {
        let (told, got) = mpsc::channel();
        let served = serve(application(told));
        for &(name, body) in BODIES {
            let (sent, text) = body();
            if reader == "inline read" && text.len() > 64 * 1024 {
                continue;
            }
            table.row(format!("{reader}, {name}"), || {
                let seen = served.ask(format!("POST / HTTP/1.1\r\nHost: a\r\n{sent}"));
                let got = got.recv_timeout(PATIENCE).unwrap().unwrap();
                assert!(got == text.as_bytes(), "{} of {} bytes", got.len(), text.len());
                assert_eq!((&*seen.status, seen.end), ("200 OK", Open));
                assert!(seen.body == text);
            });
        }
    }
}

#[test]
fn pieces_are_read_as_they_come() {
    for (name, head, pieces, end) in [
        ("counted", "Content-Length: 100009", ["one", "two"], "end"),
        ("chunked", "Transfer-Encoding: chunked", ["3\r\none\r\n", "3\r\ntwo\r\n"], "3\r\nend\r\n0\r\n\r\n"),
    ] {
        let (told, is_told) = mpsc::channel();
        let served = serve(Application::new(move |environ: &mut Environ, start: StartResponse| {
            let told = told.clone();
            let mut input = environ.take_input();
            async move {
                // Each piece is told of before there is another one.
                let mut all = Vec::new();
                while aio::AsyncReadExt::read_buf(&mut input, &mut all).await? > 0 {
                    told.send(String::from_utf8_lossy(&all).into_owned()).unwrap();
                }
                start("200 OK", &[])?;
                wsgi::Result::<_>::Ok(all.len().to_string())
            }
        }));
        let mut client = served.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n"));
        let mut so_far = String::new();
        for (piece, text) in pieces.into_iter().zip(["one", "two"]) {
            client.send(piece);
            so_far.push_str(text);
            assert_eq!(is_told.recv_timeout(PATIENCE).unwrap(), so_far, "{name}");
        }
        if name == "counted" {
            client.send("x".repeat(100_000));
        }
        client.send(end);
        client.answer().assert(200, if name == "counted" { "100009" } else { "9" });
    }
}

/// Bodies that break off: what is sent until the client goes away.
const TORN: &[(&str, Sent)] = &[
    ("of a length", || ("Content-Length: 50\r\n\r\nhello".into(), "hello".into())),
    ("of which nothing came", || ("Content-Length: 50\r\n\r\n".into(), String::new())),
    ("chunked, between chunks", || {
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".into(), "hello".into())
    }),
    ("chunked, in a chunk", || ("Transfer-Encoding: chunked\r\n\r\n50\r\nhello".into(), "hello".into())),
    ("chunked, without the last line", || {
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n".into(), "hello".into())
    }),
    ("long", || (format!("Content-Length: 200000\r\n\r\n{}", long(150_000)), long(150_000))),
    ("long and chunked", || {
        (format!("Transfer-Encoding: chunked\r\n\r\n30d40\r\n{}", long(150_000)), long(150_000))
    }),
];

#[test]
fn a_body_that_breaks_off_is_never_taken_for_whole() {
    let mut table = Table::default();
    for &(reader, application) in READERS {
        for &(name, body) in TORN {
            for leaves in [false, true] {
                let (sent, text) = body();
                table.row(format!("{reader}, {name}, leaves {leaves}"), || {
                    let (told, got) = mpsc::channel();
                    let application = application(told);
                    let name: &'static str =
                        Box::leak(format!("{reader}, {name}, {leaves}").into_boxed_str());
                    let served = serve(application.named(name));
                    let mut client = served.connect();
                    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{sent}"));
                    if leaves {
                        // It must have come, or the connection is reset before it is read.
                        until("the request has come", || served.requests() == 1);
                        drop(client);
                    } else {
                        client.half_close();
                        let rest = String::from_utf8(client.rest()).unwrap();
                        // A long body cannot be read there.
                        let status =
                            if reader == "inline read" && text.len() > 64 * 1024 { "500" } else { "400" };
                        let refused = rest.starts_with(&format!("HTTP/1.1 {status} "));
                        assert!(rest.is_empty() || refused, "no success: {rest}");
                    }
                    // Nobody gets to see a short body that was read ahead; of others, no more than came.
                    drop(served);
                    for got in all(&got) {
                        let (before, kind) = got.expect_err("short data");
                        assert!(text.as_bytes().starts_with(&before), "{} bytes", before.len());
                        if reader == "inline read" && kind == ErrorKind::WouldBlock {
                            continue; // a long body, which it cannot read
                        }
                        assert_eq!(kind, ErrorKind::UnexpectedEof);
                    }
                    let lines = Log::get().of(name);
                    assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:#?}");
                });
            }
        }
    }
}

#[test]
fn a_server_that_is_ended_in_mid_body_gives_nobody_a_short_one() {
    for (head, piece) in [("Content-Length: 200000", "x"), ("Transfer-Encoding: chunked", "11170\r\nx")] {
        for &(reader, application) in READERS {
            if reader.contains("byte by byte") || reader == "inline read" {
                continue;
            }
            let (told, got) = mpsc::channel();
            let served = serve(application(told).named("ended"));
            let mut client = served.connect();
            client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{piece}{}", "x".repeat(69_999)));
            until("the request has come", || served.requests() == 1);
            served.end();
            client.rest();
            drop(served);
            // An async callable is dropped with its connection, and tells nothing.
            for got in all(&got) {
                got.expect_err(reader);
            }
            let lines = Log::get().of("ended");
            assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:#?}");
        }
    }
}

/// Bodies that are none.
const MALFORMED: &[(&str, &str)] = &[
    ("a size that is no number", "xyz\r\nhello\r\n0\r\n\r\n"),
    ("a negative size", "-5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("no size", "\r\nhello\r\n0\r\n\r\n"),
    ("a chunk longer than its size", "3\r\nhello\r\n0\r\n\r\n"),
    ("a size of 17 digits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("a line end that is none", "5\nhello\n0\n\n"),
    ("wrong behind a good chunk", "5\r\nhello\r\nzz\r\n"),
];

#[test]
fn a_malformed_body_is_an_error_for_whoever_reads_it() {
    let mut table = Table::default();
    for &(reader, application) in READERS {
        let (told, got) = mpsc::channel();
        let served = serve(application(told).named("malformed"));
        for &(name, body) in MALFORMED {
            table.row(format!("{reader}, {name}"), || {
                let sent = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
                let seen = served.ask(sent);
                for got in got.try_iter() {
                    assert_eq!(got.expect_err("it was read").1, ErrorKind::UnexpectedEof);
                }
                seen.assert_problem(name, 400, Closed);
            });
        }
    }
}

/// The settings of a pool with one thread and no queue.
fn one_thread() -> Settings {
    let thread_workers = PoolSize::Threads(1.try_into().unwrap());
    Settings { thread_workers, thread_queue: 0, ..Settings::default() }
}

fn length(environ: &mut Environ, start: StartResponse) -> wsgi::Result<String> {
    let mut all = Vec::new();
    environ.input().read_to_end(&mut all)?;
    start("200 OK", &[])?;
    Ok(format!("{} bytes", all.len()))
}

async fn length_async(environ: &mut Environ, start: StartResponse) -> wsgi::Result<String> {
    let mut all = Vec::new();
    aio::AsyncReadExt::read_to_end(environ.input(), &mut all).await?;
    start("200 OK", &[])?;
    Ok(format!("{} bytes", all.len()))
}

#[test]
fn a_body_that_is_longer_than_it_may_be() {
    let mut table = Table::default();
    for max in [10, 100_000] {
        let config = || ServerConfig { max_body: Some(max), ..ServerConfig::default() };
        for (name, application) in [
            ("pool", Application::new(length)),
            ("inline", Application::new(length).inline()),
            ("async", Application::new(length_async)),
        ] {
            let served = serve_with(application, Settings::default(), config());
            let most = usize::try_from(max).unwrap();
            let longer = "x".repeat(most + 1);
            let inline_and_long = name == "inline" && max > 64 * 1024;
            table.row(format!("{name} {max} declared"), || {
                let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", most + 1);
                served.ask(&head).assert_problem(name, 413, Closed);
                assert_eq!(served.requests(), 0, "nobody is asked");
            });
            table.row(format!("{name} {max} chunked"), || {
                let sent = chunked(&[&longer[..most], "x"]);
                let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                let seen = served.ask(format!("{head}{sent}"));
                // A long body cannot be read there.
                assert!(seen.status.starts_with(if inline_and_long { "500" } else { "413" }), "{seen:?}");
            });
            table.row(format!("{name} {max} just not"), || {
                if inline_and_long {
                    return;
                }
                let sent = chunked(&[&longer[..most]]);
                let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                let seen = served.ask(format!("{head}{sent}"));
                assert_eq!((seen.body, seen.end), (format!("{max} bytes"), Open));
            });
        }
    }
    // A reader that goes on fails again.
    for &(reader, application) in READERS {
        table.row(reader, || {
            let (told, got) = mpsc::channel();
            let config = ServerConfig { max_body: Some(200_000), ..ServerConfig::default() };
            let served = serve_with(application(told).named("too long"), Settings::default(), config);
            let text = long(300_000);
            let sent = chunked(&[&text[..150_000], &text[150_000..]]);
            let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            let seen = served.ask(format!("{head}{sent}"));
            assert!(!seen.status.starts_with('2'), "{seen:?}");
            let (before, kind) = got.recv_timeout(PATIENCE).unwrap().unwrap_err();
            assert!(before.len() <= 200_000 && text.as_bytes().starts_with(&before));
            let blocked = reader == "inline read" && kind == ErrorKind::WouldBlock;
            assert!(kind == ErrorKind::InvalidData || blocked, "{kind}");
        });
    }
}

#[test]
fn a_body_that_nobody_reads_does_not_become_the_next_request() {
    let mut table = Table::default();
    for (name, application) in [
        ("pool", Application::new(ignore)),
        ("inline", Application::new(ignore).inline()),
        (
            "async",
            Application::new(async |environ: &mut Environ, start: StartResponse| ignore(environ, start)),
        ),
    ] {
        let served = serve(application);
        for (body, text) in
            [("of a length", of_length(500).0), ("chunked", BODIES[3].1().0), ("long", of_length(300_000).0)]
        {
            table.row(format!("{name} {body}"), || {
                let seen = served.ask(format!("POST / HTTP/1.1\r\nHost: a\r\n{text}"));
                assert_eq!((&*seen.status, &*seen.body), ("200 OK", "not read"), "{seen:?}");
                // A long one is not worth reading on for: the connection ends.
                assert!(seen.end == Open || body == "long", "{seen:?}");
            });
        }
    }
}

#[allow(clippy::unnecessary_wraps)] // a callable returns a `Result`
fn ignore(_: &mut Environ, start: StartResponse) -> wsgi::Result<&'static str> {
    start("200 OK", &[])?;
    Ok("not read")
}

#[test]
fn as_much_as_the_setting_says_is_read_ahead() {
    let settings = Settings { body_buffer: 1024, ..Settings::default() };
    let served = serve_with(Application::new(length).inline(), settings, ServerConfig::default());
    served.connect().request("POST", "/", &[], &"x".repeat(1024)).assert(200, "1024 bytes");
    // The piece in which the limit is reached is read whole.
    served.connect().request("POST", "/", &[], &"x".repeat(300_000)).assert_status(500);
}

/// Requests whose body does not come: the head, and the rest.
const STALLED: &[(&str, &str, &str)] = &[
    ("of a length", "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", "llo"),
    ("without its first byte", "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "hello"),
    ("chunked", "HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "0\r\n\r\n"),
    ("expected of HTTP/1.0", "HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhe", "llo"),
];

#[test]
fn a_short_body_that_does_not_come_holds_no_thread() {
    let mut table = Table::default();
    for &(name, head, rest) in STALLED {
        table.row(name, || {
            let served = serve_with(Application::new(length), one_thread(), ServerConfig::default());
            let mut stalled = served.connect();
            stalled.send(format!("POST / {head}"));
            until("the stalled request has come", || served.requests() == 1);
            for _ in 0..3 {
                served.connect().request("POST", "/", &[], "abc").assert(200, "3 bytes");
            }
            stalled.send(rest);
            stalled.answer().assert(200, "5 bytes");
        });
    }
}

#[test]
fn an_upload_waits_for_whoever_reads_it() {
    const LENGTH: usize = 64 << 20;
    for is_async in [false, true] {
        let (release, released) = tokio::sync::mpsc::unbounded_channel::<()>();
        let released = Mutex::new(Some(released));
        let take = move || released.lock().unwrap().take().unwrap();
        let application = if is_async {
            Application::new(move |environ: &mut Environ, start: StartResponse| {
                let (mut released, mut input) = (take(), environ.take_input());
                async move {
                    released.recv().await;
                    let mut buffer = vec![0; 64 * 1024];
                    let mut length = 0;
                    loop {
                        match aio::AsyncReadExt::read(&mut input, &mut buffer).await? {
                            0 => break,
                            count => length += count,
                        }
                    }
                    start("200 OK", &[])?;
                    wsgi::Result::<_>::Ok(length.to_string())
                }
            })
        } else {
            Application::new(move |environ: &mut Environ, start: StartResponse| {
                take().blocking_recv();
                let length = io::copy(environ.input(), &mut io::sink())?;
                start("200 OK", &[])?;
                wsgi::Result::<_>::Ok(length.to_string())
            })
        };
        let config = ServerConfig { max_body: None, ..ServerConfig::default() };
        let served = serve_with(application, Settings::default(), config);
        let mut stream = TcpStream::connect(served.address()).unwrap();
        write!(stream, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {LENGTH}\r\n\r\n")
            .unwrap();
        // As much as is taken while nobody reads. The system holds some; pulsar holds what it reads ahead, and no more.
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let piece = vec![b'x'; 64 * 1024];
        let mut sent = 0;
        while sent < LENGTH {
            match stream.write(&piece[..piece.len().min(LENGTH - sent)]) {
                Ok(count) => sent += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(sent < LENGTH / 2, "{sent} bytes were taken before anybody read one");
        release.send(()).unwrap();
        stream.set_write_timeout(None).unwrap();
        while sent < LENGTH {
            sent += stream.write(&piece[..piece.len().min(LENGTH - sent)]).unwrap();
        }
        let answer = String::from_utf8(rest(&mut stream)).unwrap();
        assert!(answer.ends_with(&format!("\r\n\r\n{LENGTH}")), "{answer}");
    }
}

/// What follows an `Expect`: the head behind the method, whether the callable reads, and whether it is told to go on.
const EXPECTATIONS: &[(&str, &str, bool, bool)] = &[
    ("read", "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", true, true),
    (
        "read, in capitals",
        "HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n",
        true,
        true,
    ),
    (
        "read, chunked",
        "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        true,
        true,
    ),
    ("not read", "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false, false),
    (
        "not read, chunked",
        "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        false,
        false,
    ),
    ("of no body", "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", true, false),
    ("of no body at all", "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", true, false),
    ("of HTTP/1.0", "HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", true, false),
    (
        "too long",
        "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 50000000\r\n\r\n",
        true,
        false,
    ),
];

#[test]
fn a_client_is_told_to_go_on_when_the_body_is_first_read_and_not_before() {
    let mut table = Table::default();
    for &(name, head, reads, told) in EXPECTATIONS {
        for (way, application) in [
            ("pool", if reads { Application::new(length) } else { Application::new(ignore) }),
            (
                "async",
                if reads {
                    Application::new(length_async)
                } else {
                    Application::new(async |environ: &mut Environ, start: StartResponse| {
                        ignore(environ, start)
                    })
                },
            ),
            // It is called when its body is there, since it cannot wait for one.
            ("inline", Application::new(length).inline()),
        ] {
            if way == "inline" && !reads {
                continue;
            }
            table.row(format!("{name}, {way}"), || {
                let served = serve(application);
                let mut client = served.connect();
                client.send(format!("POST / {head}"));
                let body = if head.contains("chunked") { "5\r\nhello\r\n0\r\n\r\n" } else { "hello" };
                if told {
                    assert_eq!(client.head().status, 100);
                    client.send(body);
                    client.answer().assert(200, "5 bytes");
                    client.get("/alive").assert(200, "alive");
                } else if name == "too long" {
                    client.answer().assert_status(413);
                    assert_eq!(client.rest(), b"");
                } else if !reads {
                    client.answer().assert(200, "not read");
                    // What the client might send now nobody could tell from a request.
                    assert_eq!(client.rest(), b"");
                } else if name == "of HTTP/1.0" {
                    client.send(body);
                    client.answer().assert(200, "5 bytes");
                } else {
                    client.answer().assert(200, "0 bytes");
                    client.get("/alive").assert(200, "alive");
                }
            });
        }
    }
}

#[test]
fn nothing_is_said_to_a_client_that_waits_before_the_body_is_read() {
    let (entered, is_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let served = serve(Application::new(move |environ: &mut Environ, start: StartResponse| {
        entered.send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        length(environ, start)
    }));
    let mut stream = TcpStream::connect(served.address()).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    is_entered.recv_timeout(PATIENCE).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    release.send(()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").unwrap();
    assert!(String::from_utf8(rest(&mut stream)).unwrap().ends_with("\r\n\r\n5 bytes"));
}

#[test]
fn a_long_body_cannot_be_waited_for_inline_and_the_log_says_why() {
    let served: Served = serve(Application::new(length).inline().named("inline and long"));
    let mut client = served.connect();
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n{}", long(100_000)));
    client.answer().assert_status(500);
    Log::get().assert("inline and long", "would have to be waited for on the event loop");
}
