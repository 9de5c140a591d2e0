//! The environ: every variable, from the bytes of a request to what a callable gets.
//!
//! A callable writes down all variables that it is given and, by name, those that the tables ask for: both must agree, in the
//! listing each must stand once. Every row runs for each way in which a callable can be written.

use std::{collections::BTreeMap, num::NonZeroUsize};

use pulsar::{
    Context, Router, Settings,
    request::{Connection, Peer},
    server::{Address, ServerConfig},
    settings::{Concurrency, PoolSize},
    wsgi::{self, Application, Body, Environ, IntoBody, StartResponse, Value},
};
use pulsar_tests::{Folder, wire};

use crate::support::{End::Closed, Served, Table, WAYS, serve, serve_service, serve_with};

pub(crate) const ROWS: usize = VARIABLES.len() + MOUNTED.len() + SERVER.len() + REFUSED.len() + CHANGES.len();

/// What a variable is, or that it is not there.
type Expected = &'static [(&'static str, Option<&'static str>)];

/// Requests to an application that has a server of its own: name, bytes, variables.
const VARIABLES: &[(&str, &str, Expected)] = &[
    ("the method, as it was sent", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[("REQUEST_METHOD", Some("GET"))]),
    ("a method of one's own", "bREW / HTTP/1.1\r\nHost: a\r\n\r\n", &[("REQUEST_METHOD", Some("bREW"))]),
    (
        "the root",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("")), ("PATH_INFO", Some("/")), ("REQUEST_URI", Some("/"))],
    ),
    (
        "a path",
        "GET /a/b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("")), ("PATH_INFO", Some("/a/b/")), ("REQUEST_URI", Some("/a/b/"))],
    ),
    (
        "a path is percent-decoded",
        "GET /a%20b/%7Ec+d HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("PATH_INFO", Some("/a b/~c+d")), ("REQUEST_URI", Some("/a%20b/%7Ec+d"))],
    ),
    (
        "UTF-8 in a path is a character for each byte",
        "GET /caf%C3%A9 HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("PATH_INFO", Some("/caf\u{c3}\u{a9}"))],
    ),
    (
        "bytes in a path that are no UTF-8",
        "GET /%FF%e9 HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("PATH_INFO", Some("/\u{ff}\u{e9}"))],
    ),
    (
        "a slash that was encoded",
        "GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("PATH_INFO", Some("/a/b")), ("REQUEST_URI", Some("/a%2Fb"))],
    ),
    (
        "dots and slashes are left alone",
        "GET //a/../b/./ HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("PATH_INFO", Some("//a/../b/./")), ("REQUEST_URI", Some("//a/../b/./"))],
    ),
    (
        "a query is not decoded",
        "GET /a?b=%20c&d=%C3%A9+? HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("PATH_INFO", Some("/a")),
            ("QUERY_STRING", Some("b=%20c&d=%C3%A9+?")),
            ("REQUEST_URI", Some("/a?b=%20c&d=%C3%A9+?")),
        ],
    ),
    ("no query", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", &[("QUERY_STRING", Some(""))]),
    (
        "an empty query",
        "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("QUERY_STRING", Some("")), ("REQUEST_URI", Some("/a?"))],
    ),
    (
        "the server as a whole",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("REQUEST_METHOD", Some("OPTIONS")), ("PATH_INFO", Some("*")), ("REQUEST_URI", Some("*"))],
    ),
    (
        "a target with a host",
        "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("PATH_INFO", Some("/b")),
            ("QUERY_STRING", Some("c")),
            ("REQUEST_URI", Some("/b?c")),
            ("HTTP_HOST", Some("a")),
        ],
    ),
    (
        "no body",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("CONTENT_TYPE", None),
            ("CONTENT_LENGTH", None),
            ("HTTP_CONTENT_TYPE", None),
            ("HTTP_CONTENT_LENGTH", None),
        ],
    ),
    (
        "a body",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b; c=d\r\nContent-Length: 2\r\n\r\nab",
        &[
            ("CONTENT_TYPE", Some("a/b; c=d")),
            ("CONTENT_LENGTH", Some("2")),
            ("HTTP_CONTENT_TYPE", None),
            ("HTTP_CONTENT_LENGTH", None),
        ],
    ),
    (
        "a chunked body",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        &[("CONTENT_LENGTH", None), ("HTTP_TRANSFER_ENCODING", None)],
    ),
    (
        "headers",
        "GET / HTTP/1.1\r\nHost: a:8\r\nAccept: b\r\nX-One-Two: c d\r\nuser-AGENT: e\r\n\r\n",
        &[
            ("HTTP_HOST", Some("a:8")),
            ("HTTP_ACCEPT", Some("b")),
            ("HTTP_X_ONE_TWO", Some("c d")),
            ("HTTP_USER_AGENT", Some("e")),
            ("HTTP_X-ONE-TWO", None),
            ("HTTP_accept", None),
            ("ACCEPT", None),
            ("HTTP_", None),
            ("HTTP_X_MISSING", None),
        ],
    ),
    ("an empty header", "GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n", &[("HTTP_X_EMPTY", Some(""))]),
    (
        "white space around a value",
        "GET / HTTP/1.1\r\nHost: a\r\nAccept: \t b \t\r\n\r\n",
        &[("HTTP_ACCEPT", Some("b"))],
    ),
    ("headers with an underscore", "GET / HTTP/1.1\r\nHost: a\r\nX_Foo: 1\r\n\r\n", &[("HTTP_X_FOO", None)]),
    (
        "headers with an underscore beside those without",
        "GET / HTTP/1.1\r\nHost: a\r\nX_Foo: 1\r\nX-Foo: 2\r\nX_Foo: 3\r\n\r\n",
        &[("HTTP_X_FOO", Some("2"))],
    ),
    (
        "a length and a type with an underscore",
        "GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nContent_Type: a/b\r\n\r\n",
        &[
            ("CONTENT_LENGTH", None),
            ("CONTENT_TYPE", None),
            ("HTTP_CONTENT_LENGTH", None),
            ("HTTP_CONTENT_TYPE", None),
        ],
    ),
    (
        "a header that would be HTTP_PROXY",
        "GET / HTTP/1.1\r\nHost: a\r\nProxy: http://evil\r\n\r\n",
        &[("HTTP_PROXY", None)],
    ),
    (
        "headers that come several times",
        "GET / HTTP/1.1\r\nHost: a\r\nAccept: b\r\nX-A: 1\r\nACCEPT: c, d\r\naccept: e\r\n\r\n",
        &[("HTTP_ACCEPT", Some("b,c, d,e")), ("HTTP_X_A", Some("1"))],
    ),
    (
        "cookies that come several times",
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2; c=3\r\n\r\n",
        &[("HTTP_COOKIE", Some("a=1; b=2; c=3"))],
    ),
    // The text of these tables is one of bytes, too.
    (
        "bytes in a value",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Name: caf\u{e9} \u{c3}\u{a9}\r\n\r\n",
        &[("HTTP_X_NAME", Some("caf\u{e9} \u{c3}\u{a9}"))],
    ),
    ("the protocol", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[("SERVER_PROTOCOL", Some("HTTP/1.1"))]),
    (
        "the protocol before",
        "GET / HTTP/1.0\r\n\r\n",
        &[("SERVER_PROTOCOL", Some("HTTP/1.0")), ("HTTP_HOST", None), ("SERVER_NAME", Some("127.0.0.1"))],
    ),
    (
        "the name of the server is not the client's to say",
        "GET / HTTP/1.1\r\nHost: evil:1\r\n\r\n",
        &[("SERVER_NAME", Some("127.0.0.1")), ("HTTP_HOST", Some("evil:1"))],
    ),
    (
        "the other end",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
        &[
            ("REMOTE_ADDR", Some("127.0.0.1")),
            ("REMOTE_HOST", None),
            ("HTTP_X_FORWARDED_FOR", Some("1.2.3.4")),
        ],
    ),
    (
        "what WSGI adds",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("wsgi.version", Some("(1, 0)")),
            ("wsgi.url_scheme", Some("http")),
            ("wsgi.run_once", Some("false")),
            ("wsgi.multiprocess", Some("false")),
            ("wsgi.input_terminated", Some("true")),
            ("wsgi.input", Some("<handle>")),
            ("wsgi.errors", Some("<handle>")),
            ("wsgi.file_wrapper", Some("<handle>")),
            ("pulsar.connection", Some("<object>")),
            ("pulsar.cfg", Some("<object>")),
            ("wsgi.unknown", None),
        ],
    ),
];

/// Requests to an application that is mounted: prefix, bytes, variables.
const MOUNTED: &[(&str, &str, Expected)] = &[
    (
        "/a",
        "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("SCRIPT_NAME", Some("/a")),
            ("PATH_INFO", Some("/b")),
            ("QUERY_STRING", Some("c=d")),
            ("REQUEST_URI", Some("/a/b?c=d")),
        ],
    ),
    (
        "/a",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("/a")), ("PATH_INFO", Some("")), ("REQUEST_URI", Some("/a"))],
    ),
    (
        "/a",
        "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        &[
            ("SCRIPT_NAME", Some("/a")),
            ("PATH_INFO", Some("")),
            ("QUERY_STRING", Some("b")),
            ("REQUEST_URI", Some("/a?b")),
        ],
    ),
    (
        "/a",
        "GET /a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("/a")), ("PATH_INFO", Some("/")), ("REQUEST_URI", Some("/a/"))],
    ),
    (
        "/a/b",
        "GET /a/b/c%20d/ HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("/a/b")), ("PATH_INFO", Some("/c d/")), ("REQUEST_URI", Some("/a/b/c%20d/"))],
    ),
    (
        "/",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("SCRIPT_NAME", Some("")), ("PATH_INFO", Some("/a")), ("REQUEST_URI", Some("/a"))],
    ),
];

/// Every name that a table asks for, and some that are asked for otherwise.
fn names<'a>() -> impl Iterator<Item = &'a str> {
    let tables =
        VARIABLES.iter().chain(MOUNTED).flat_map(|(_, _, expected)| expected.iter().map(|(name, _)| *name));
    tables.chain(["SERVER_PORT", "REMOTE_PORT", "wsgi.multithread"])
}

/// Writes down everything that it is given.
#[allow(clippy::unnecessary_wraps)] // a callable returns a `Result`
fn dump(environ: &mut Environ, start: StartResponse) -> wsgi::Result<Option<Body>> {
    let mut listed = BTreeMap::new();
    let mut text = String::new();
    for (name, value) in environ.iter() {
        let value = show(&value);
        if listed.insert(name.to_string(), value.clone()).is_some() {
            text.push_str(&format!("! {name} stands twice in the list\n"));
        }
        text.push_str(&format!("{name}\t{value}\n"));
    }
    for name in names().chain(listed.keys().map(String::as_str)) {
        let asked = environ.value(name).map(|value| show(&value));
        if asked.as_ref() != listed.get(name) {
            text.push_str(&format!("! {name} is {asked:?} and is listed as {:?}\n", listed.get(name)));
        }
        let is_text = matches!(environ.value(name), Some(Value::Text(_)));
        if environ.get(name).is_some() != is_text {
            text.push_str(&format!("! {name} is got as {:?}\n", environ.get(name)));
        }
    }
    start("200 OK", &[])?;
    Ok(Some(text.into_body()))
}

fn show(value: &Value<'_>) -> String {
    value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned)
}

/// What an application was given. The text of a request is one of bytes.
#[track_caller]
fn ask(served: &Served, request: &str) -> BTreeMap<String, String> {
    let bytes: Vec<u8> = request.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let seen = served.ask(bytes);
    assert!(seen.status == "200 OK", "{seen:?}");
    read(seen.body.chars().map(|c| u8::try_from(c).unwrap()).collect())
}

#[track_caller]
fn read(body: Vec<u8>) -> BTreeMap<String, String> {
    let text = String::from_utf8(body).unwrap();
    let wrong: Vec<_> = text.lines().filter(|line| line.starts_with('!')).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let pair = |line: &str| line.split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}

#[track_caller]
fn assert_variables(environ: &BTreeMap<String, String>, expected: Expected) {
    for &(name, value) in expected {
        assert_eq!(environ.get(name).map(String::as_str), value, "{name}");
    }
}

#[test]
fn the_variables_of_a_request() {
    let mut table = Table::default();
    for way in WAYS {
        let served = serve(way.application(way.name("environ"), dump));
        for &(name, request, expected) in VARIABLES {
            table.row(way.name(name), || assert_variables(&ask(&served, request), expected));
        }
    }
}

#[test]
fn the_variables_of_an_application_that_is_mounted() {
    let mut table = Table::default();
    for way in WAYS {
        for &(prefix, request, expected) in MOUNTED {
            table.row(format!("{prefix} {request} {way:?}"), || {
                let service = way.application("mounted", dump).service(Context::default());
                let router = Router::new().mount(prefix, service).compile(Context::default()).unwrap();
                let served = serve_service(router, ServerConfig::default());
                assert_variables(&ask(&served, request), expected);
            });
        }
    }
}

#[test]
fn the_ends_of_the_connection() {
    let served = serve(Application::new(dump));
    let mut client = served.connect();
    let environ = read(client.get("/").body);
    assert_eq!(environ["SERVER_PORT"], served.address().port().to_string());
    assert_ne!(environ["REMOTE_PORT"], environ["SERVER_PORT"]);
    environ["REMOTE_PORT"].parse::<u16>().unwrap();
    // The same connection has the same port, another one has another.
    assert_eq!(read(client.get("/").body)["REMOTE_PORT"], environ["REMOTE_PORT"]);
    assert_ne!(read(served.connect().get("/").body)["REMOTE_PORT"], environ["REMOTE_PORT"]);
}

/// What the settings say about the server: workers, threads of the pool, threads of the event loop, and what comes of them for a
/// function on the pool and for one on the event loop. All workers are in one process.
const SERVER: &[(usize, usize, usize, &str, &str)] = &[
    (1, 1, 1, "false", "false"),
    (1, 2, 1, "true", "false"),
    (1, 1, 2, "false", "true"),
    (4, 1, 1, "false", "true"),
    (4, 2, 2, "true", "true"),
];

#[test]
fn who_else_may_call_the_application() {
    let mut table = Table::default();
    for &(workers, pool, threads, on_pool, on_loop) in SERVER {
        for way in WAYS {
            table.row(format!("{workers} {pool} {threads} {way:?}"), || {
                let thread_workers = PoolSize::Threads(NonZeroUsize::new(pool).unwrap());
                let concurrency = Concurrency::Thread;
                let settings =
                    Settings { workers, concurrency, threads, thread_workers, ..Settings::default() };
                let served = serve_with(way.application("server", dump), settings, ServerConfig::default());
                let environ = ask(&served, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                assert_eq!(environ["wsgi.multiprocess"], "false");
                let expected = if way == crate::support::Way::Pool { on_pool } else { on_loop };
                assert_eq!(environ["wsgi.multithread"], expected);
            });
        }
    }
}

#[test]
fn a_unix_socket_has_an_empty_address_and_no_port() {
    let folder = Folder::new();
    let path = folder.join("socket");
    let config = ServerConfig { binds: vec![Address::Unix(path.clone())], ..ServerConfig::default() };
    let _served = serve_with(Application::new(dump), Settings::default(), config);
    for (host, name, port) in [("a.example:81", "a.example", "81"), ("a.example", "a.example", "80")] {
        let mut client = wire::Client::unix(&path);
        client.send(format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let environ = read(client.answer().body);
        assert_variables(
            &environ,
            &[("REMOTE_ADDR", Some("")), ("REMOTE_PORT", None), ("PATH_INFO", Some("/a"))],
        );
        assert_eq!((&*environ["SERVER_NAME"], &*environ["SERVER_PORT"]), (name, port));
    }
    let mut client = wire::Client::unix(&path);
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_variables(
        &read(client.answer().body),
        &[("SERVER_NAME", Some("localhost")), ("SERVER_PORT", Some("80"))],
    );
}

/// Requests that no callable gets to see.
const REFUSED: &[(&str, &str, u16)] = &[
    ("two types", "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400),
    (
        "the same type twice",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\ncontent-type: a/b\r\n\r\n",
        400,
    ),
    (
        "an expectation that nobody knows",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\nContent-Length: 5\r\n\r\nhello",
        417,
    ),
];

#[test]
fn what_no_callable_gets_to_see() {
    let mut table = Table::default();
    for way in WAYS {
        for &(name, request, status) in REFUSED {
            table.row(way.name(name), || {
                let application = way.application("refused", |_, _| panic!("it was called"));
                serve(application).ask(request).assert_problem(name, status, Closed);
            });
        }
    }
}

type Change = fn(&mut Environ);

/// What an application does with its environ, and the variables behind it.
const CHANGES: &[(&str, &str, Change, Expected)] = &[
    (
        "a variable of one's own",
        "/",
        |environ| environ.set("REMOTE_USER", "ada"),
        &[("REMOTE_USER", Some("ada"))],
    ),
    (
        "over one that is there",
        "/",
        |environ| environ.set("PATH_INFO", "/b"),
        &[("PATH_INFO", Some("/b")), ("REQUEST_URI", Some("/"))],
    ),
    ("over a header", "/", |environ| environ.set("HTTP_HOST", "b"), &[("HTTP_HOST", Some("b"))]),
    (
        "the last one counts",
        "/",
        |environ| {
            environ.set("a.b", "1");
            environ.set("a.b", "2");
            environ.remove("a.c");
            environ.set("a.c", "3".to_owned());
        },
        &[("a.b", Some("2")), ("a.c", Some("3"))],
    ),
    (
        "removed",
        "/",
        |environ| {
            environ.remove("HTTP_HOST");
            environ.remove("wsgi.version");
            environ.remove("a.b");
            environ.set("a.c", true);
            environ.remove("a.c");
        },
        &[("HTTP_HOST", None), ("wsgi.version", None), ("a.b", None), ("a.c", None)],
    ),
    (
        "other kinds",
        "/",
        |environ| {
            environ.set("a.b", true);
            environ.set("a.c", Value::object(7_u8));
        },
        &[("a.b", Some("true")), ("a.c", Some("<object>"))],
    ),
    (
        "an object by its type",
        "/",
        |environ| {
            environ.set("a.b", Value::object(7_u8));
            environ.set("a.c", "text");
            assert_eq!(environ.object::<u8>("a.b"), Some(&7));
            assert_eq!(environ.object::<u16>("a.b"), None);
            assert_eq!(environ.object::<u8>("a.c"), None);
            assert!(environ.object::<Settings>("pulsar.cfg").is_some_and(|settings| settings.workers == 1));
            assert!(environ.object::<Connection>("pulsar.connection").is_some());
            environ.set("pulsar.cfg", Value::object(8_u8));
            assert_eq!(environ.object::<u8>("pulsar.cfg"), Some(&8));
            environ.remove("pulsar.connection");
            assert!(environ.object::<Connection>("pulsar.connection").is_none());
        },
        &[("a.c", Some("text")), ("pulsar.cfg", Some("<object>")), ("pulsar.connection", None)],
    ),
    (
        "the values of the objects",
        "/",
        |environ| {
            assert_eq!(environ.value("pulsar.cfg").unwrap().downcast::<Settings>().unwrap().workers, 1);
            let connection = environ.value("pulsar.connection").unwrap();
            let peer = connection.downcast::<Connection>().unwrap().peer();
            assert!(matches!(peer, Peer::Tcp(address) if address.ip().is_loopback()));
        },
        &[],
    ),
    (
        "a segment is shifted",
        "/a/b%20c/d",
        |environ| {
            assert_eq!(environ.shift_path_info().as_deref(), Some("a"));
        },
        &[("SCRIPT_NAME", Some("/a")), ("PATH_INFO", Some("/b c/d")), ("REQUEST_URI", Some("/a/b%20c/d"))],
    ),
    (
        "every segment is shifted",
        "/a/b",
        |environ| {
            let all: Vec<_> = std::iter::from_fn(|| environ.shift_path_info()).collect();
            assert_eq!(all, ["a", "b"]);
        },
        &[("SCRIPT_NAME", Some("/a/b")), ("PATH_INFO", Some(""))],
    ),
    (
        "the last segment is shifted, and a slash is left",
        "/a/",
        |environ| {
            assert_eq!(environ.shift_path_info().as_deref(), Some("a"));
            assert_eq!(environ.shift_path_info(), None);
        },
        &[("SCRIPT_NAME", Some("/a")), ("PATH_INFO", Some("/"))],
    ),
    (
        "nothing to shift",
        "/",
        |environ| assert_eq!(environ.shift_path_info(), None),
        &[("SCRIPT_NAME", Some("")), ("PATH_INFO", Some("/"))],
    ),
    (
        "the path as it was meant",
        "/caf%C3%A9",
        |environ| {
            assert_eq!(environ.path().unwrap(), "/caf\u{e9}");
            environ.set("PATH_INFO", "/\u{20ac}");
            assert_eq!(environ.path().unwrap(), "/\u{20ac}");
        },
        &[],
    ),
    ("a path that is no UTF-8", "/%FF", |environ| assert!(environ.path().is_err()), &[]),
];

#[test]
fn what_an_application_changes() {
    let mut table = Table::default();
    for way in WAYS {
        for &(name, path, change, expected) in CHANGES {
            table.row(way.name(name), || {
                let served = serve(way.application(way.name(name), move |environ, start| {
                    change(environ);
                    dump(environ, start)
                }));
                assert_variables(&ask(&served, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")), expected);
            });
        }
    }
}

#[test]
fn what_is_written_to_wsgi_errors_is_logged_by_lines() {
    use std::io::Write;
    for way in WAYS {
        let name = way.name("errors");
        let served = serve(way.application(name, |environ, start| {
            let mut errors = environ.errors();
            write!(errors, "one")?;
            writeln!(errors, " line\n\nand\ranother\nthe end")?;
            errors.flush()?;
            write!(errors, "dropped")?;
            drop(errors);
            start("200 OK", &[])?;
            Ok(Some(().into_body()))
        }));
        served.ask(crate::support::request("GET"));
        let lines = crate::support::Log::get().of(name);
        let texts: Vec<_> = ["one line", "another", "the end", "dropped"]
            .iter()
            .zip(&lines)
            .filter(|(text, line)| line.contains(**text))
            .collect();
        assert_eq!((texts.len(), lines.len()), (4, 4), "{lines:#?}");
    }
}
