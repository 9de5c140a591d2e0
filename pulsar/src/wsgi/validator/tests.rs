//! Each rule is broken once, in every kind of application; and applications that keep them all are left as they are.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    iter,
    sync::{Arc, Mutex},
};

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::{
    body::Request,
    context::Context as Worker,
    problem::Accept,
    testing::block_on,
    wsgi::{Result, application::IntoOutcome, body::IntoBody, exchange::Exchange},
};

const TEXT: &[(&str, &str)] = &[("Content-Type", "text/plain")];

type Function = fn(&mut Environ, StartResponse) -> Result<Body>;

/// The same function as an application of each kind.
fn kinds(function: Function) -> [(&'static str, Application); 3] {
    [
        ("pool", Application::new(function)),
        ("inline", Application::new(function).inline()),
        ("async", Application::from_async("", Async(function))),
    ]
    .map(|(kind, application)| (kind, application.named("shop")))
}

/// A function as one that runs on the event loop. (An `async` closure cannot have state.)
struct Async<O>(fn(&mut Environ, StartResponse) -> O);

impl<O: IntoOutcome + 'static> AsyncApplication for Async<O> {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move { self.0(environ, start_response).outcome() })
    }

    fn call_alone(
        self: Arc<Self>,
        mut environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        Box::pin(async move { self.0(&mut environ, start_response).outcome() })
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What became of a request: status, headers, and the body as far as it came; whether it was cut.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: http::HeaderMap,
    body: String,
    cut: Option<String>,
}

fn ask(application: Application, method: Method) -> (Seen, String) {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time().finish();
    let request =
        http::Request::builder().method(method).uri("/a/b?c=d").body(body::Body::from("sent")).unwrap();
    let seen = tracing::subscriber::with_default(subscriber, || {
        block_on(async {
            let response = application.service(Worker::default()).oneshot(request).await.unwrap();
            let (parts, mut body) = response.into_parts();
            let (mut text, mut cut) = (String::new(), None);
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap()),
                    Err(error) => cut = Some(error.to_string()),
                }
            }
            Seen { status: parts.status.as_u16(), headers: parts.headers, body: text, cut }
        })
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (seen, log)
}

macro_rules! head {
    ($status:expr, $headers:expr) => {
        |_, start_response| {
            start_response($status, $headers)?;
            Ok(Body::from("x"))
        }
    };
}

/// What an application does, and what it is told.
const APPLICATIONS: &[(Function, &str)] = &[
    (
        head!("", TEXT),
        r#"the status is ""; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("200", TEXT),
        r#"the status is "200"; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("200 ", TEXT),
        r#"the status is "200 "; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("200  OK", TEXT),
        r#"the status is "200  OK"; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("200 OK ", TEXT),
        r#"the status is "200 OK "; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("2000 OK", TEXT),
        r#"the status is "2000 OK"; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (
        head!("+20 OK", TEXT),
        r#"the status is "+20 OK"; it must be three digits, one space and a reason, such as "200 OK""#,
    ),
    (head!("200 O\tK", TEXT), r#"the status is "200 O\tK"; it must not contain control characters"#),
    (head!("099 Low", TEXT), r#"the status is "099 Low"; the number must be 100 or more"#),
    (
        head!("200 OK", &[("STATUS", "200")]),
        r#"the name of a header is "STATUS"; the status must be the first argument, which is no header"#,
    ),
    (head!("200 OK", &[("X:", "")]), r#"the name of a header is "X:"; it must not contain `:` or a newline"#),
    (
        head!("200 OK", &[("X\n", "")]),
        r#"the name of a header is "X\n"; it must not contain `:` or a newline"#,
    ),
    (
        head!("200 OK", &[("", "")]),
        r#"the name of a header is ""; it must be a letter, and then letters, digits, `-` and `_`"#,
    ),
    (
        head!("200 OK", &[("1X", "")]),
        r#"the name of a header is "1X"; it must be a letter, and then letters, digits, `-` and `_`"#,
    ),
    (
        head!("200 OK", &[("X.Y", "")]),
        r#"the name of a header is "X.Y"; it must be a letter, and then letters, digits, `-` and `_`"#,
    ),
    (head!("200 OK", &[("X-", "")]), r#"the name of a header is "X-"; it must not end in `-` or `_`"#),
    (head!("200 OK", &[("X_", "")]), r#"the name of a header is "X_"; it must not end in `-` or `_`"#),
    (
        head!("200 OK", &[("X", "a\tb")]),
        r#"the value of the header `X` is "a\tb"; it must not contain control characters, not even a tab"#,
    ),
    (
        head!("200 OK", &[("X", "a\r\nY: b")]),
        r#"the value of the header `X` is "a\r\nY: b"; it must not contain control characters, not even a tab"#,
    ),
    (
        head!("200 OK", &[("X", "a\x7f")]),
        r#"the value of the header `X` is "a\u{7f}"; it must not contain control characters, not even a tab"#,
    ),
    (head!("204 No Content", TEXT), "a 204 has a Content-Type; it has no content, and must not have one"),
    (head!("304 Not Modified", TEXT), "a 304 has a Content-Type; it has no content, and must not have one"),
    (
        head!("302 Found", &[("Location", "/")]),
        "a 302 has no Content-Type; all but 204 and 304 must have one, since there is no default",
    ),
    (
        |_, start_response| {
            start_response("200 OK", TEXT)?;
            start_response("200 OK", TEXT)?;
            Ok(Body::from("x"))
        },
        "start_response was called twice; the second call must say why, by `with_error`, and replaces the first",
    ),
    (
        // Whoever does not look at an error is told once more.
        |_, start_response| {
            let _ = start_response("200 OK", &[]);
            start_response("200 OK", TEXT)?;
            Ok(Body::from("x"))
        },
        "a 200 has no Content-Type; all but 204 and 304 must have one, since there is no default",
    ),
    (
        |_, start_response| match start_response("200 OK", &[]) {
            Err(_) => Err(crate::Error::status(404)),
            Ok(_) => Ok(Body::empty()),
        },
        "a 200 has no Content-Type; all but 204 and 304 must have one, since there is no default",
    ),
    (
        |_, _| Ok(Body::from("x")),
        "the body was complete and start_response had not been called; it must be called first, even for an empty body",
    ),
    (
        |_, _| Ok(Body::empty()),
        "the body was complete and start_response had not been called; it must be called first, even for an empty body",
    ),
    (
        |_, _| Ok(Body::chunks(iter::empty::<&str>())),
        "the body was complete and start_response had not been called; it must be called first, even for an empty body",
    ),
    (
        |_, _| Ok(Body::stream(stream::empty::<io::Result<Bytes>>())),
        "the body was complete and start_response had not been called; it must be called first, even for an empty body",
    ),
    (
        |_, _| Ok(Body::chunks(["x", "y"])),
        "the body gave a piece and start_response had not been called; \
         it must be called before the first piece, even an empty one, is there",
    ),
    (
        |_, _| Ok(Body::stream(stream::iter(["x"].map(io::Result::Ok)))),
        "the body gave a piece and start_response had not been called; \
         it must be called before the first piece, even an empty one, is there",
    ),
    (
        |_, start_response| {
            let mut pieces = ["", "x"].into_iter();
            Ok(Body::chunks(iter::from_fn(move || {
                let piece = pieces.next()?;
                if piece == "x" {
                    let _ = start_response("200 OK", TEXT);
                }
                Some(piece)
            })))
        },
        "the body gave a piece and start_response had not been called; \
         it must be called before the first piece, even an empty one, is there",
    ),
    (
        |_, start_response| {
            let write = start_response("200 OK", TEXT)?;
            Ok(Body::chunks(iter::once_with(move || write(b"x").map(|()| "y"))))
        },
        "write was called after the application had returned; what comes behind what was written must be in the body",
    ),
    (
        |_, start_response| {
            let mut write = start_response("200 OK", TEXT)?;
            Ok(Body::chunks(iter::once_with(move || write.write_all(b"x").map(|()| "y"))))
        },
        "write was called after the application had returned; what comes behind what was written must be in the body",
    ),
    (
        |_, start_response| {
            let write = start_response("200 OK", TEXT)?;
            Ok(Body::chunks(iter::once_with(move || {
                // What would wait is refused before it does.
                let _ = write.send("x").now_or_never();
                "y"
            })))
        },
        "write was called after the application had returned; what comes behind what was written must be in the body",
    ),
];

#[test]
fn an_application_that_breaks_a_rule_is_told_which() {
    for (function, broken) in APPLICATIONS {
        for (kind, application) in kinds(*function) {
            let message = format!("the application breaks PEP 3333: {broken}");
            let (seen, log) = ask(validator(application), Method::GET);
            assert_eq!((seen.status, seen.cut), (500, None), "{kind}: {broken}");
            assert!(!seen.body.contains("PEP"), "{kind}: {}", seen.body);
            assert!(log.contains("callable=\"shop\"") && log.contains(&message), "{kind}: {message}\n{log}");
        }
    }
}

#[test]
fn what_the_server_checks_by_itself_keeps_its_message_and_is_not_forgotten() {
    let function: Function = |_, start_response| {
        let _ = start_response("200 OK", &[("Content-Type", "text/plain"), ("Connection", "close")]);
        Ok(Body::from("x"))
    };
    for (kind, application) in kinds(function) {
        let (seen, log) = ask(validator(application), Method::GET);
        assert_eq!(seen.status, 500, "{kind}");
        assert!(log.contains("`Connection` is a header of the connection"), "{kind}: {log}");
    }
}

#[test]
fn a_rule_that_is_broken_too_late_cuts_the_connection() {
    let function: Function = |_, start_response| {
        let write = start_response("200 OK", TEXT)?;
        let pieces = (0..3).map(move |n| {
            if n == 2 {
                let _ = write(b"x");
            }
            n.to_string()
        });
        Ok(Body::chunks(pieces))
    };
    for (kind, application) in kinds(function) {
        let (seen, log) = ask(validator(application), Method::GET);
        assert_eq!((seen.status, seen.body.as_str()), (200, "01"), "{kind}");
        let message = "write was called after the application had returned";
        assert!(seen.cut.is_some_and(|cut| cut.contains(message)), "{kind}");
        assert!(log.contains(message) && log.contains("the connection is cut"), "{kind}: {log}");
    }
}

#[test]
fn good_applications_pass_unchanged() {
    let table: &[(&str, Function)] = &[
        ("value", head!("200 OK", TEXT)),
        ("own reason", head!("299 caf\u{e9}", &[("Content-Type", "text/plain"), ("X_a-1", "\u{e9}")])),
        ("no content", |_, start_response| {
            start_response("204 No Content", &[])?;
            Ok(Body::empty())
        }),
        ("list", |_, start_response| {
            start_response("200 OK", TEXT)?;
            Ok(["a", "", "b"].into_body())
        }),
        ("iterator", |_, start_response| {
            start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", "190")])?;
            Ok((0..100).map(|n| n.to_string()).into_body())
        }),
        ("stream", |_, start_response| {
            start_response("200 OK", TEXT)?;
            Ok(Body::stream(stream::iter(["a", "", "b"].map(io::Result::Ok))))
        }),
        ("lazy", |_, start_response| {
            let pieces = (0..3).map(move |n| match n {
                0 => start_response("201 Made", TEXT).map(|_| "a"),
                _ => Ok("b"),
            });
            Ok(Body::chunks(pieces))
        }),
        ("lazy stream", |_, start_response| {
            let pieces = stream::iter(0..3).map(move |n| match n {
                0 => start_response("201 Made", TEXT).map(|_| Bytes::from("a")),
                _ => Ok(Bytes::from("b")),
            });
            Ok(Body::stream(pieces))
        }),
        ("write", |_, start_response| {
            let mut write = start_response("200 OK", TEXT)?;
            write(b"a")?;
            write.write_all(b"b")?;
            write.send("c").now_or_never().unwrap()?;
            Ok(Body::from("d"))
        }),
        ("read", |environ, start_response| {
            start_response("200 OK", TEXT)?;
            let mut sent = String::new();
            io::Read::read_to_string(environ.input(), &mut sent)?;
            Ok(Body::from(format!("{sent} {:?}", environ.get("QUERY_STRING"))))
        }),
        ("with an error", |_, start_response| {
            start_response("200 OK", TEXT)?;
            start_response.with_error("torn")("500 Torn", TEXT)?;
            Ok(Body::from("sorry"))
        }),
        ("with an error, too late", |_, start_response| {
            start_response("200 OK", TEXT)?(b"a")?;
            start_response.with_error("torn")("500 Torn", TEXT)?;
            Ok(Body::from("sorry"))
        }),
        ("failure", |_, _| Err(crate::Error::status(409).detail("taken"))),
        ("torn", |_, start_response| {
            start_response("200 OK", TEXT)?;
            Ok(Body::chunks([Ok("a"), Err("torn")]))
        }),
    ];
    for (name, function) in table {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            for ((kind, checked), (_, plain)) in kinds(*function).into_iter().zip(kinds(*function)) {
                let checked = validator(validator(checked));
                assert_eq!(checked.name(), "shop");
                let (checked, log) = ask(checked, method.clone());
                let (plain, _) = ask(plain, method.clone());
                assert_eq!(checked, plain, "{method} {name}, {kind}");
                assert!(!log.contains("PEP"), "{method} {name}, {kind}: {log}");
            }
        }
    }
}

type Damage = fn(&mut Environ);

/// How an environ is damaged, and what is said of it.
const ENVIRONS: &[(Damage, &str)] = &[
    (
        |environ| environ.remove("REQUEST_METHOD"),
        "REQUEST_METHOD is not in the environ; this variable is required",
    ),
    (|environ| environ.remove("SERVER_NAME"), "SERVER_NAME is not in the environ; this variable is required"),
    (|environ| environ.remove("SERVER_PORT"), "SERVER_PORT is not in the environ; this variable is required"),
    (
        |environ| environ.remove("SERVER_PROTOCOL"),
        "SERVER_PROTOCOL is not in the environ; this variable is required",
    ),
    (
        |environ| environ.remove("wsgi.version"),
        "wsgi.version is not in the environ; this variable is required",
    ),
    (
        |environ| environ.remove("wsgi.url_scheme"),
        "wsgi.url_scheme is not in the environ; this variable is required",
    ),
    (|environ| environ.remove("wsgi.input"), "wsgi.input is not in the environ; this variable is required"),
    (|environ| environ.remove("wsgi.errors"), "wsgi.errors is not in the environ; this variable is required"),
    (
        |environ| environ.remove("wsgi.multithread"),
        "wsgi.multithread is not in the environ; this variable is required",
    ),
    (
        |environ| environ.remove("wsgi.multiprocess"),
        "wsgi.multiprocess is not in the environ; this variable is required",
    ),
    (
        |environ| environ.remove("wsgi.run_once"),
        "wsgi.run_once is not in the environ; this variable is required",
    ),
    (
        |environ| environ.set("HTTP_CONTENT_TYPE", "text/plain"),
        "HTTP_CONTENT_TYPE is in the environ; the variable of this header is the one without `HTTP_`",
    ),
    (
        |environ| environ.set("HTTP_CONTENT_LENGTH", "4"),
        "HTTP_CONTENT_LENGTH is in the environ; the variable of this header is the one without `HTTP_`",
    ),
    (
        |environ| environ.set("REMOTE_USER", true),
        "REMOTE_USER is true; a variable without a dot in its name must be text",
    ),
    (
        |environ| environ.set("REMOTE_USER", "\u{20ac}"),
        "REMOTE_USER is \"\u{20ac}\"; each character must stand for one byte, up to U+00FF",
    ),
    (|environ| environ.set("wsgi.version", "1.0"), "wsgi.version is \"1.0\"; it must be (1, 0)"),
    (
        |environ| environ.set("wsgi.version", Value::Version(1, 1)),
        "wsgi.version is (1, 1); it must be (1, 0)",
    ),
    (
        |environ| environ.set("wsgi.url_scheme", "ftp"),
        "wsgi.url_scheme is \"ftp\"; it must be \"http\" or \"https\"",
    ),
    (|environ| environ.set("wsgi.input", "x"), "wsgi.input is \"x\"; it must be the stream of the server"),
    (
        |environ| environ.set("wsgi.errors", Value::object(())),
        "wsgi.errors is <object>; it must be the stream of the server",
    ),
    (
        |environ| environ.set("wsgi.multithread", "yes"),
        "wsgi.multithread is \"yes\"; it must be true or false",
    ),
    (|environ| environ.set("wsgi.multiprocess", "0"), "wsgi.multiprocess is \"0\"; it must be true or false"),
    (|environ| environ.set("wsgi.run_once", ""), "wsgi.run_once is \"\"; it must be true or false"),
    (
        |environ| environ.set("REQUEST_METHOD", ""),
        "REQUEST_METHOD is \"\"; it must be a method, such as \"GET\"",
    ),
    (
        |environ| environ.set("REQUEST_METHOD", "G T"),
        "REQUEST_METHOD is \"G T\"; it must be a method, such as \"GET\"",
    ),
    (|environ| environ.set("SERVER_NAME", ""), "SERVER_NAME is \"\"; it must not be empty"),
    (|environ| environ.set("SERVER_PORT", ""), "SERVER_PORT is \"\"; it must not be empty"),
    (|environ| environ.set("SERVER_PROTOCOL", ""), "SERVER_PROTOCOL is \"\"; it must not be empty"),
    (|environ| environ.set("SCRIPT_NAME", "a"), "SCRIPT_NAME is \"a\"; it must be empty or begin with `/`"),
    (|environ| environ.set("PATH_INFO", "a"), "PATH_INFO is \"a\"; it must be empty or begin with `/`"),
    (|environ| environ.set("PATH_INFO", "*"), "PATH_INFO is \"*\"; it must be empty or begin with `/`"),
    (|environ| environ.set("CONTENT_LENGTH", "-1"), "CONTENT_LENGTH is \"-1\"; it must be empty or a number"),
    (
        |environ| environ.set("CONTENT_LENGTH", "1_0"),
        "CONTENT_LENGTH is \"1_0\"; it must be empty or a number",
    ),
    (
        |environ| environ.set("PATH_INFO", ""),
        "SCRIPT_NAME and PATH_INFO are empty; PATH_INFO must at least be \"/\" if SCRIPT_NAME is empty",
    ),
    (
        |environ| environ.remove("PATH_INFO"),
        "SCRIPT_NAME and PATH_INFO are empty; PATH_INFO must at least be \"/\" if SCRIPT_NAME is empty",
    ),
    (
        |environ| environ.set("SCRIPT_NAME", "/"),
        "SCRIPT_NAME is \"/\"; it must be empty then, and PATH_INFO \"/\"",
    ),
];

fn environ() -> (Environ, StartResponse) {
    let request = Request::new(body::Body::empty());
    let start_response = StartResponse::new(Arc::new(Exchange::new("shop", None, Accept::default(), false)));
    (Environ::new(request, Worker::default(), "shop", false), start_response)
}

fn message(outcome: Outcome) -> String {
    match outcome {
        Ok(body) => panic!("nothing was wrong: {body:?}"),
        Err(failure) => failure.into_problem().source().unwrap().to_string(),
    }
}

#[test]
fn an_environ_that_breaks_a_rule_does_not_reach_the_application() {
    let function: Function = |_, _| panic!("it was called");
    for (damage, broken) in ENVIRONS {
        let expected = format!("{SERVER} breaks PEP 3333: {broken}");
        for (kind, application) in kinds(function) {
            let (mut environ, start_response) = environ();
            damage(&mut environ);
            let application = validator(application);
            let outcome = block_on(application.call(&mut environ, start_response.clone()));
            assert_eq!(message(outcome), expected, "{kind}");
            let Answered(outcome) = block_on(application.call_alone(environ, start_response));
            assert_eq!(message(outcome), expected, "{kind}, alone");
        }
    }
}

#[test]
fn environs_that_break_no_rule_reach_it() {
    let table: &[fn(&mut Environ)] = &[
        |_| {},
        |environ| environ.remove("QUERY_STRING"),
        |environ| environ.set("REQUEST_METHOD", "PROPFIND"),
        |environ| {
            environ.set("REQUEST_METHOD", "OPTIONS");
            environ.set("PATH_INFO", "*");
        },
        |environ| {
            environ.set("SCRIPT_NAME", "/a");
            environ.set("PATH_INFO", "");
        },
        |environ| environ.set("CONTENT_LENGTH", ""),
        |environ| environ.set("wsgi.url_scheme", "https"),
        |environ| environ.set("REMOTE_USER", "\u{e9}"),
        |environ| environ.set("shop.basket", Value::object(7)),
    ];
    for (row, change) in table.iter().enumerate() {
        let (mut environ, start_response) = environ();
        change(&mut environ);
        let application = validator(head!("200 OK", TEXT) as Function);
        let body = block_on(application.call(&mut environ, start_response)).unwrap();
        assert!(body.is_some(), "row {row}");
    }
}

#[test]
fn what_is_unusual_is_logged() {
    // On this thread, whose log it is.
    let [_, (_, inline), _] = kinds(head!("200 OK", TEXT));
    let (seen, log) = ask(validator(inline), Method::from_bytes(b"FROB").unwrap());
    assert_eq!(seen.status, 200);
    assert!(log.contains("WARN") && log.contains("REQUEST_METHOD is \"FROB\""), "{log}");
    assert!(log.contains("callable=\"shop\""), "{log}");
}

type PassesOn = fn(&mut Environ, StartResponse) -> Result<Option<Body>>;

const PASSED_ON: &[(PassesOn, &str)] = &[
    (
        |_, start_response| {
            start_response("200 OK", TEXT)?;
            Ok(None)
        },
        "start_response was called and the request passed on; an application that has called it must return a body",
    ),
    (
        |environ, _| {
            environ.set("HTTP_CONTENT_TYPE", "text/plain");
            Ok(None)
        },
        "HTTP_CONTENT_TYPE is in the environ; the variable of this header is the one without `HTTP_`",
    ),
];

#[test]
fn a_middleware_is_held_to_the_rules_for_what_it_passes_on() {
    for &(function, broken) in PASSED_ON {
        let expected = format!("the application breaks PEP 3333: {broken}");
        let asynchronous = Application::from_async("shop", Async(function));
        for application in [validator(function), validator(asynchronous)] {
            let (mut environ, start_response) = environ();
            assert_eq!(message(block_on(application.call(&mut environ, start_response))), expected);
        }
    }
    let (mut environ, start_response) = environ();
    let good: PassesOn = |environ, _| {
        environ.set("REMOTE_USER", "ada");
        Ok(None)
    };
    assert!(block_on(validator(good).call(&mut environ, start_response)).unwrap().is_none());
    assert_eq!(environ.get("REMOTE_USER").unwrap(), "ada");
}

const BEHIND_THE_END: &str = "the body was asked for a piece behind its end; it must be dropped there";

#[test]
fn a_body_is_not_read_behind_its_end() {
    let pieces: Function = |_, start_response| {
        start_response("200 OK", TEXT)?;
        Ok(Body::chunks(["a", "b"]))
    };
    let streamed: Function = |_, start_response| {
        start_response("200 OK", TEXT)?;
        Ok(Body::stream(stream::iter(["a", "b"].map(io::Result::Ok))))
    };
    let expected = format!("{SERVER} breaks PEP 3333: {BEHIND_THE_END}");
    for function in [pieces, streamed] {
        let (mut environ, start_response) = environ();
        let application = validator(Application::new(function).inline());
        let Body(kind) = block_on(application.call(&mut environ, start_response)).unwrap().unwrap();
        let next: &mut dyn FnMut() -> Option<std::result::Result<Bytes, String>> = match kind {
            BodyKind::Chunks(mut chunks) => {
                &mut move || chunks.next().map(|piece| piece.map_err(|error| error.to_string()))
            }
            BodyKind::Stream { mut body, .. } => &mut move || {
                let frame = block_on(body.frame())?;
                Some(frame.map(|frame| frame.into_data().unwrap()).map_err(|error| error.to_string()))
            },
            _ => panic!("it is neither"),
        };
        assert_eq!([next(), next(), next()], [Some(Ok("a".into())), Some(Ok("b".into())), None]);
        assert_eq!([next(), next()], [Some(Err(expected.clone())), None]);
    }
}

/// Whoever compares the table with `wsgiref.validate` reads what happens.
#[test]
fn the_documentation_has_every_rule_and_no_other() {
    let checked = include_str!("../../docs/validator.md");
    let checked = checked.split("# What is checked").nth(1).unwrap();
    let rows =
        checked.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let documented: BTreeSet<_> = rows.map(|(_, rule)| rule).filter(|rule| *rule != "rule").collect();
    let messages = APPLICATIONS.iter().map(|row| row.1).chain(ENVIRONS.iter().map(|row| row.1));
    let messages = messages.chain(PASSED_ON.iter().map(|row| row.1)).chain([BEHIND_THE_END]);
    let tested: BTreeSet<_> = messages.map(|message| message.rsplit_once("; ").unwrap().1).collect();
    assert_eq!(documented, tested);
}
