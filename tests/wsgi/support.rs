//! What the tests of this folder have in common: callables behind a socket, answers as they stand on the wire, the log.

use std::{
    convert::Infallible,
    fmt,
    future::ready,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use pulsar::{
    Body, Context, Request, Response, Settings,
    server::{Address, BoundAddress, Server, ServerConfig, Shutdown},
    wsgi::{self, Application, Environ, StartResponse},
};
pub(crate) use pulsar_tests::log::Log;
use pulsar_tests::{PATIENCE, wire};
use tower::{Service, service_fn};

/// What a callable of a table is.
pub(crate) type Callable = fn(&mut Environ, StartResponse) -> wsgi::Result<Option<wsgi::Body>>;

/// The ways to run a callable: what the rules say holds for all of them.
pub(crate) const WAYS: [Way; 3] = [Way::Pool, Way::Inline, Way::Async];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Pool,
    Inline,
    Async,
}

impl Way {
    /// The callable, run in this way and called so in the log.
    pub(crate) fn application<F>(self, name: &'static str, callable: F) -> Application
    where
        F: Fn(&mut Environ, StartResponse) -> wsgi::Result<Option<wsgi::Body>> + Send + Sync + 'static,
    {
        let application = match self {
            Self::Pool => Application::new(callable),
            Self::Inline => Application::new(callable).inline(),
            Self::Async => Application::new(move |environ: &mut Environ, start_response: StartResponse| {
                ready(callable(environ, start_response))
            }),
        };
        application.named(name)
    }

    /// What a callable of a row is called. The names of callables are those of functions, which last as long as the program.
    pub(crate) fn name(self, name: &str) -> &'static str {
        Box::leak(format!("{name} ({self:?})").into_boxed_str())
    }
}

/// An application behind a socket of its own, until it is dropped.
pub(crate) struct Served {
    address: BoundAddress,
    shutdown: Shutdown,
    thread: Option<thread::JoinHandle<()>>,
    requests: Arc<AtomicUsize>,
}

/// Serves an application, with all settings as they come.
pub(crate) fn serve(application: Application) -> Served {
    serve_with(application, Settings::default(), ServerConfig::default())
}

/// Serves an application.
pub(crate) fn serve_with(application: Application, settings: Settings, config: ServerConfig) -> Served {
    serve_service(application.service(Context::new(settings).unwrap()), config)
}

/// Serves a service. Beside it, `/alive` is answered, so that it can be seen whether a connection goes on.
pub(crate) fn serve_service<S>(service: S, config: ServerConfig) -> Served
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    // Every server of a test is one of a program that logs.
    Log::get();
    let binds = match config.binds {
        binds if binds == ServerConfig::default().binds => vec![Address::Tcp("127.0.0.1".into(), 0)],
        binds => binds,
    };
    let bound = Server::bind(ServerConfig { binds, ..config }).unwrap();
    let address = bound.addresses()[0].clone();
    let (shutdown, requests) = (Shutdown::new(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&requests);
    let service = service_fn(move |request: Request| {
        let mut service = service.clone();
        let counted = Arc::clone(&counted);
        async move {
            if request.uri().path() == "/alive" {
                return Ok(Response::new(Body::from("alive")));
            }
            let answer = service.call(request);
            counted.fetch_add(1, Ordering::SeqCst);
            answer.await
        }
    });
    let thread = thread::spawn({
        let shutdown = shutdown.clone();
        move || drop(bound.serve(service, shutdown))
    });
    Served { address, shutdown, thread: Some(thread), requests }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        match self.address {
            BoundAddress::Tcp(address) | BoundAddress::Https(address) => address,
            BoundAddress::Unix(_) => panic!("this one is on a unix socket"),
        }
    }

    pub(crate) fn connect(&self) -> wire::Client<TcpStream> {
        wire::Client::tcp(self.address())
    }

    /// How many requests the application has been given.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Ends it without regard to what it is doing.
    pub(crate) fn end(&self) {
        self.shutdown.force();
    }

    /// Sends a request and, behind it, one that any connection answers which is still open; reads to the end.
    #[track_caller]
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> Seen {
        let request = request.as_ref();
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let all = [request, b"GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"].concat();
        // A server that closes early is seen by its answer.
        let _ = stream.write_all(&all);
        Seen::parse(&rest(&mut stream), request.starts_with(b"HEAD"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has made the test fail already.
            let _ = thread.join();
        }
    }
}

/// Everything until the end of a connection, be it a reset.
#[track_caller]
pub(crate) fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => {
            panic!("{error}; so far {:?}", String::from_utf8_lossy(&all))
        }
        _ => all,
    }
}

/// A request without a body: `GET`, or with a version `GET HTTP/1.0`.
pub(crate) fn request(line: &str) -> String {
    let (method, version) = line.split_once(' ').unwrap_or((line, "HTTP/1.1"));
    format!("{method} / {version}\r\nHost: a\r\n\r\n")
}

/// Runs the rows of a table, all of them, also when one fails.
#[derive(Default)]
pub(crate) struct Table {
    failed: Vec<String>,
}

impl Table {
    pub(crate) fn row(&mut self, name: impl fmt::Display, row: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(row)).is_err() {
            self.failed.push(name.to_string());
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert!(self.failed.is_empty(), "these rows failed, for the reasons above: {:#?}", self.failed);
        }
    }
}

/// What has become of a connection behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It answers the next request.
    Open,
    /// It was closed when the answer was complete.
    Closed,
    /// It was closed before that.
    Cut,
}

/// An answer as it stands on the wire.
#[derive(PartialEq, Eq)]
pub(crate) struct Seen {
    /// The status line without the version.
    pub(crate) status: String,
    /// The headers in the order of their names, without the date and the id of the request.
    pub(crate) headers: String,
    /// The body; one that is chunked with each chunk in brackets, the last one empty.
    pub(crate) body: String,
    pub(crate) end: End,
}

impl Seen {
    /// What was read until the end of the connection, that is one answer and, if it was open, that of `/alive`.
    #[track_caller]
    pub(crate) fn parse(wire: &[u8], to_head: bool) -> Self {
        let Some((head, rest)) = split(wire, b"\r\n\r\n") else {
            assert_eq!(text(wire), "", "a head without an end");
            return Self {
                status: String::new(),
                headers: String::new(),
                body: String::new(),
                end: End::Cut,
            };
        };
        let head = text(head);
        let (status, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status =
            status.strip_prefix("HTTP/1.1 ").or(status.strip_prefix("HTTP/1.0 ")).unwrap().to_owned();
        let mut headers: Vec<_> = lines
            .split("\r\n")
            .filter(|line| {
                !line.is_empty() && !line.starts_with("date: ") && !line.starts_with("x-request-id: ")
            })
            .collect();
        headers.sort_unstable();
        let find = |name| headers.iter().find_map(|line| line.strip_prefix(name));
        let (body, rest) = if to_head || status.starts_with("204") || status.starts_with("304") {
            (String::new(), Some(rest))
        } else if find("transfer-encoding: ") == Some("chunked") {
            chunks(rest)
        } else if let Some(length) = find("content-length: ") {
            let length = length.parse().unwrap();
            match rest.get(..length) {
                Some(body) => (text(body), rest.get(length..)),
                None => (text(rest), None),
            }
        } else {
            (text(rest), Some(&b""[..]))
        };
        let end = match rest {
            None => End::Cut,
            Some([]) => End::Closed,
            Some(rest) if rest.starts_with(b"HTTP/1.1 200 OK\r\n") && rest.ends_with(b"alive") => End::Open,
            Some(rest) => panic!("{:?} follows the answer {}", text(rest), text(wire)),
        };
        Self { status, headers: headers.join("; "), body, end }
    }

    /// Asserts that it is the answer to a failure, which says nothing of the cause.
    #[track_caller]
    pub(crate) fn assert_problem(&self, row: &str, status: u16, end: End) {
        assert_eq!((self.status.get(..3), self.end), (Some(&*status.to_string()), end), "{row}: {self:?}");
        assert!(self.headers.contains("content-type: application/problem+json"), "{row}: {self:?}");
        if !self.body.is_empty() {
            let document: serde_json::Value = serde_json::from_str(&self.body).unwrap();
            assert_eq!(document["status"], status, "{row}: {self:?}");
            if status == 500 {
                assert_eq!(document["detail"], serde_json::Value::Null, "{row}: {self:?}");
                assert!(document["request_id"].is_string(), "{row}: {self:?}");
            }
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {} | {:?}", self.status, self.headers, self.body, self.end)
    }
}

/// Bytes as text: a character for each.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

/// Chunks in brackets, and what follows the last one if there was one.
fn chunks(mut rest: &[u8]) -> (String, Option<&[u8]>) {
    let mut body = String::new();
    loop {
        let Some((size, behind)) = split(rest, b"\r\n") else { return (body, None) };
        let size = usize::from_str_radix(&text(size), 16).unwrap();
        let Some(chunk) = behind.get(..size) else { return (body, None) };
        body = format!("{body}[{}]", text(chunk));
        let Some(behind) = behind[size..].strip_prefix(b"\r\n") else { return (body, None) };
        if size == 0 {
            return (body, Some(behind));
        }
        rest = behind;
    }
}
