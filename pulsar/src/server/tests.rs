//! The server as its clients see it: real sockets, raw bytes.

use std::{
    convert::Infallible,
    fs,
    future::{Ready, ready},
    io::{ErrorKind, Read, Write},
    net::{Shutdown as Half, SocketAddr, TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    pin::Pin,
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tower::service_fn;
use tower_service::Service;

use super::{
    AccessLog, AccessLogFormat, Address, Application, Bound, BoundAddress, ServeError, Server, ServerConfig,
    Shutdown, Stop, Summary, serve_all, signals,
};
use crate::{
    body::{Body, Request, Response},
    request::Connection,
};

/// Longer than anything here takes, shorter than the patience of whoever waits for the tests.
const PATIENCE: Duration = Duration::from_secs(20);

fn config() -> ServerConfig {
    ServerConfig { binds: vec![Address::Tcp("127.0.0.1".into(), 0)], ..ServerConfig::default() }
}

/// A running server, what its requests wait for, and how many have begun.
struct Running {
    addresses: Vec<BoundAddress>,
    shutdown: Shutdown,
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<Summary>,
}

impl Running {
    fn start(config: ServerConfig) -> Self {
        let bound = Server::bind(config).unwrap();
        let addresses = bound.addresses().to_vec();
        let shutdown = Shutdown::new();
        let gate = Arc::new(Semaphore::new(0));
        let waiting = Arc::new(AtomicUsize::new(0));
        let app = App { gate: Arc::clone(&gate), waiting: Arc::clone(&waiting) };
        let handle = shutdown.clone();
        let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
        Self { addresses, shutdown, gate, waiting, thread }
    }

    fn address(&self) -> SocketAddr {
        tcp(&self.addresses[0])
    }

    fn connect(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address()).unwrap())
    }

    /// Returns when `count` requests are in the application and wait for the gate.
    fn wait_for_waiting(&self, count: usize) {
        until(|| self.waiting.load(Ordering::SeqCst) == count);
    }

    fn stop(self) -> Summary {
        self.shutdown.drain();
        self.thread.join().unwrap()
    }
}

/// The application under test; what a path does is in `call`.
#[derive(Clone)]
struct App {
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Service<Request> for App {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        assert_ne!(request.uri().path(), "/panic-in-call", "on purpose, before there is a future");
        let Self { gate, waiting } = self.clone();
        Box::pin(async move {
            let connection = request.extensions().get::<Connection>().expect("the server inserts it").clone();
            let body = match request.uri().path() {
                "/echo" => Body::new(request.into_body()),
                "/empty" => {
                    Body::from(request.into_body().collect().await.unwrap().to_bytes().len().to_string())
                }
                "/peer" => Body::from(format!("{} -> {}", connection.peer(), connection.local().unwrap())),
                "/id" => Body::from(connection.request_id().to_string()),
                "/connection" => Body::from(connection.id().to_string()),
                "/wait" => {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.unwrap().forget();
                    Body::from("waited")
                }
                "/stream" => Body::new(Gated { gate, waiting, left: 2, pending: None }),
                "/panic" => panic!("on purpose"),
                "/panic-in-body" => Body::new(PanickingBody { begun: false }),
                _ => Body::from("hello"),
            };
            Ok(Response::new(body))
        })
    }
}

/// Two chunks, each of which waits for the gate.
struct Gated {
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    left: usize,
    pending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl http_body::Body for Gated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let (gate, waiting) = (&this.gate, &this.waiting);
        let pending = this.pending.get_or_insert_with(|| {
            waiting.fetch_add(1, Ordering::SeqCst);
            let gate = Arc::clone(gate);
            Box::pin(async move { gate.acquire().await.unwrap().forget() })
        });
        std::task::ready!(pending.as_mut().poll(cx));
        this.pending = None;
        this.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"chunk")))))
    }
}

struct PanickingBody {
    begun: bool,
}

impl http_body::Body for PanickingBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(!self.begun, "on purpose");
        self.begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"half")))))
    }
}

/// A client that reads answers one at a time from a connection of its own.
struct Client<S> {
    stream: S,
    read: Vec<u8>,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Client<TcpStream> {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, read: Vec::new() }
    }
}

impl<S: Read + Write> Client<S> {
    fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.fill(), "the connection closed instead of answering: {:?}", self.text());
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.read.len() < length {
                assert!(self.fill(), "the body ended early");
            }
            answer.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        }
        answer
    }

    /// Everything until the server closes.
    fn rest(&mut self) -> String {
        while self.fill() {}
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = loop {
            match self.stream.read(&mut buffer) {
                // The test of signals runs in this process too.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result.unwrap(),
            }
        };
        self.read.extend_from_slice(&buffer[..count]);
        count > 0
    }
}

fn tcp(address: &BoundAddress) -> SocketAddr {
    match address {
        BoundAddress::Tcp(address) | BoundAddress::Https(address) => *address,
        BoundAddress::Unix(path) => panic!("{} is no TCP address", path.display()),
    }
}

/// Waits for a condition that another thread brings about.
fn until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "it never came true");
        thread::yield_now();
    }
}

/// A directory that goes away with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pulsar-server-{}-{name}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn bind_error(binds: Vec<Address>) -> String {
    Server::bind(ServerConfig { binds, ..config() }).unwrap_err().to_string()
}

mod serving {
    use super::*;

    #[test]
    fn a_connection_is_kept_alive() {
        let server = Running::start(config());
        let mut client = server.connect();
        let first = client.get("/connection");
        assert_eq!((first.status, first.header("connection")), (200, None));
        assert_eq!(client.get("/connection").body, first.body);
        assert_ne!(server.connect().get("/connection").body, first.body, "ids are unique");
        drop(client);
        let summary = server.stop();
        assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 2, requests: 3 });
    }

    #[test]
    fn pipelined_requests_are_answered_in_order() {
        let server = Running::start(config());
        let mut client = server.connect();
        let paths = ["/connection", "/", "/empty", "/"];
        client.send(&paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).concat());
        let bodies = paths.map(|_| client.answer().body);
        assert_eq!(bodies[1..], ["hello", "0", "hello"]);
        drop(client);
        server.stop();
    }

    #[test]
    fn an_answer_does_not_wait_for_what_follows_it() {
        let server = Running::start(config());
        let mut client = server.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
        assert_eq!(client.answer().body, "hello", "though the next request is not complete");
        client.send("GARB@GE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().status, 400, "though there are bytes that nobody will read");
        assert_eq!(client.rest(), "");
        server.stop();
    }

    #[test]
    fn bodies_go_both_ways() {
        let server = Running::start(config());
        let mut client = server.connect();
        client.send("POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.answer().body, "3");
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
        assert_eq!(client.answer().body, "abc");
        assert_eq!(client.rest(), "");
        server.stop();
    }

    #[test]
    fn an_application_learns_who_called() {
        let server = Running::start(config());
        let mut client = server.connect();
        let ours = client.stream.local_addr().unwrap();
        assert_eq!(client.get("/peer").body, format!("{ours} -> {}", server.address()));
        drop(client);
        server.stop();
    }

    #[test]
    fn every_thread_serves() {
        let server = Running::start(ServerConfig { threads: 3, ..config() });
        // With enough connections each of the three queues gets some; all must be answered.
        let mut clients: Vec<_> = (0..48).map(|_| server.connect()).collect();
        for client in &mut clients {
            assert_eq!(client.get("/").status, 200);
        }
        drop(clients);
        assert_eq!(server.stop().connections, 48);
    }

    #[test]
    fn connections_are_shared_out_among_threads() {
        let names = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let bound = Server::bind(ServerConfig { threads: 2, ..config() }).unwrap();
        let address = tcp(&bound.addresses()[0]);
        let shutdown = Shutdown::new();
        let seen = Arc::clone(&names);
        let app = service_fn(move |_: Request| {
            seen.lock().unwrap().insert(thread::current().name().map(str::to_owned));
            ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        });
        let handle = shutdown.clone();
        let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
        until(|| {
            Client::new(TcpStream::connect(address).unwrap()).get("/");
            names.lock().unwrap().len() == 2
        });
        shutdown.drain();
        thread.join().unwrap();
    }

    #[test]
    fn an_idle_connection_is_closed_after_keep_alive() {
        let server = Running::start(ServerConfig { keep_alive: Duration::from_millis(700), ..config() });
        let mut silent = server.connect();
        let mut partial = server.connect();
        partial.send("GET / HTTP/1.1\r\n");
        let mut kept = server.connect();
        assert_eq!(kept.get("/").body, "hello");
        let mut busy = server.connect();
        busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        for client in [&mut silent, &mut partial, &mut kept] {
            assert_eq!(client.rest(), "");
        }
        // All of those waited for longer than the limit, and a request in flight did not mind.
        server.gate.add_permits(1);
        assert_eq!(busy.answer().body, "waited");
        assert_eq!(busy.rest(), "");
        server.stop();
    }

    #[test]
    fn an_answer_that_takes_its_time_is_not_idle() {
        let server = Running::start(ServerConfig { keep_alive: Duration::from_millis(500), ..config() });
        let mut client = server.connect();
        client.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        server.wait_for_waiting(1);
        let mut idle = server.connect();
        assert_eq!(idle.rest(), "", "closed after longer than the limit");
        server.gate.add_permits(2);
        assert!(client.rest().ends_with("5\r\nchunk\r\n5\r\nchunk\r\n0\r\n\r\n"), "{}", client.text());
        server.stop();
    }

    #[test]
    fn keep_alive_zero_closes_after_each_answer() {
        let server = Running::start(ServerConfig { keep_alive: Duration::ZERO, ..config() });
        let mut client = server.connect();
        assert_eq!(client.get("/").header("connection"), Some("close"));
        assert_eq!(client.rest(), "");
        server.stop();
    }

    #[test]
    fn a_panic_is_an_answer_and_the_connection_lives() {
        let server = Running::start(config());
        let mut client = server.connect();
        for path in ["/panic", "/panic-in-call"] {
            let answer = client.get(path);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (500, Some("application/problem+json"))
            );
            assert!(!answer.body.contains("on purpose"), "the reason is for the log alone");
        }
        assert_eq!(client.get("/").body, "hello");
        drop(client);
        server.stop();
    }

    #[test]
    fn a_panic_in_a_body_cuts_the_answer_visibly() {
        let server = Running::start(config());
        let mut client = server.connect();
        client.send("GET /panic-in-body HTTP/1.1\r\nHost: a\r\n\r\n");
        let text = client.rest();
        assert!(!text.ends_with("0\r\n\r\n"), "it must not look complete: {text}");
        assert_eq!(server.connect().get("/").body, "hello");
        server.stop();
    }

    #[test]
    fn request_ids_are_kept_or_made() {
        let server = Running::start(config());
        let mut client = server.connect();
        client.send("GET /id HTTP/1.1\r\nHost: a\r\nX-Request-Id: 7f3a-12\r\n\r\n");
        let answer = client.answer();
        assert_eq!((answer.body.as_str(), answer.header("x-request-id")), ("7f3a-12", Some("7f3a-12")));
        client.send("GET /id HTTP/1.1\r\nHost: a\r\nX-Request-Id: not sane\r\n\r\n");
        let answer = client.answer();
        // One that we make is there for whoever asks; without an access log nobody would look for it in the answer.
        assert_ne!(answer.body, "not sane");
        assert_eq!(answer.header("x-request-id"), None);
        assert_ne!(client.get("/id").body, answer.body);
        drop(client);
        server.stop();
    }
}

mod binding {
    use super::*;

    #[test]
    fn several_addresses_serve_one_application() {
        let dir = Dir::new("several");
        let socket = dir.join("app.sock");
        let local = || Address::Tcp("127.0.0.1".into(), 0);
        let binds = vec![local(), local(), Address::Unix(socket.clone())];
        let server = Running::start(ServerConfig { binds, threads: 2, ..config() });
        assert_eq!(server.addresses[0].to_string(), format!("http://{}", server.address()));
        assert_eq!(server.addresses[2].to_string(), format!("unix:{}", socket.display()));
        for address in &server.addresses[..2] {
            assert_eq!(Client::new(TcpStream::connect(tcp(address)).unwrap()).get("/").body, "hello");
        }
        let mut client = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
        assert_eq!(client.get("/peer").body, format!("unix: -> unix:{}", socket.display()));
        drop(client);
        server.stop();
        assert!(!socket.exists(), "the file is removed at the stop");
    }

    #[test]
    fn an_empty_host_is_every_interface() {
        let binds = vec![Address::Tcp(String::new(), 0)];
        let server = Running::start(ServerConfig { binds, ..config() });
        let client = TcpStream::connect(("127.0.0.1", server.address().port())).unwrap();
        let mut client = Client::new(client);
        assert!(client.get("/peer").body.contains("127.0.0.1"));
        drop(client);
        if server.address().is_ipv6() {
            let client = TcpStream::connect(("::1", server.address().port())).unwrap();
            assert_eq!(Client::new(client).get("/").body, "hello");
        }
        server.stop();
    }

    #[test]
    fn a_name_is_resolved() {
        let bound =
            Server::bind(ServerConfig { binds: vec![Address::Tcp("localhost".into(), 0)], ..config() });
        let bound = bound.unwrap();
        assert!(bound.addresses().iter().all(|address| tcp(address).ip().is_loopback()));
        let port = tcp(&bound.addresses()[0]).port();
        assert!(bound.addresses().iter().all(|address| tcp(address).port() == port));
    }

    #[test]
    fn an_address_in_use_is_refused_with_any_number_of_threads() {
        for threads in [1, 2] {
            let first = Server::bind(ServerConfig { threads, ..config() }).unwrap();
            let address = tcp(&first.addresses()[0]);
            let binds = vec![Address::Tcp("127.0.0.1".into(), address.port())];
            let error = Server::bind(ServerConfig { binds, threads, ..config() }).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "cannot listen on {address}: the address is in use. Stop the program that listens there, or \
                     choose another port"
                )
            );
        }
    }

    #[test]
    fn all_or_nothing_and_every_failure_is_told() {
        let dir = Dir::new("all");
        let free = dir.join("free.sock");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = bind_error(vec![
            Address::Unix(free.clone()),
            Address::Tcp("127.0.0.1".into(), port),
            Address::Tcp("no-such-host.invalid".into(), 80),
            Address::Tcp("192.0.2.1".into(), 8060),
            Address::Unix(dir.join("absent/app.sock")),
        ]);
        let lines: Vec<_> = message.lines().collect();
        assert_eq!(lines.len(), 4, "{message}");
        assert!(lines[0].contains("is in use"), "{message}");
        assert!(
            lines[1].starts_with("cannot listen on no-such-host.invalid:80: the host name has no address")
        );
        assert!(lines[2].contains("this machine has no such address"), "{message}");
        assert!(lines[3].ends_with("its directory does not exist. Create it, or choose another path"));
        assert!(!free.exists(), "what could be opened is closed again");
    }

    #[test]
    fn mistakes_in_the_list_are_told() {
        assert_eq!(bind_error(vec![]), "there is no address to listen on: name one, such as 127.0.0.1:8060");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let twice = Address::Tcp("127.0.0.1".into(), port);
        assert!(bind_error(vec![twice.clone(), twice]).contains("the address is given twice"));
        let long = Address::Unix(Path::new("/tmp").join("x".repeat(200)));
        assert!(bind_error(vec![long]).contains("choose a shorter one"));
    }

    #[test]
    fn an_unwritable_access_log_is_told() {
        let access_log = AccessLog::File("/no/such/directory/access.log".into());
        let error = Server::bind(ServerConfig { access_log, ..config() }).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write the access log to /no/such/directory/access.log: "),
            "{error}"
        );
    }

    #[test]
    fn a_stale_unix_socket_is_replaced() {
        let dir = Dir::new("stale");
        let socket = dir.join("app.sock");
        drop(UnixListener::bind(&socket).unwrap());
        assert!(socket.exists(), "as a killed server leaves it");
        let server = Running::start(ServerConfig { binds: vec![Address::Unix(socket.clone())], ..config() });
        let mut client = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
        assert_eq!(client.get("/").body, "hello");
        drop(client);
        server.stop();
    }

    #[test]
    fn a_live_unix_socket_and_other_files_are_left_alone() {
        let dir = Dir::new("live");
        let (socket, file) = (dir.join("app.sock"), dir.join("file"));
        let live = UnixListener::bind(&socket).unwrap();
        fs::write(&file, "precious").unwrap();
        let message = bind_error(vec![Address::Unix(socket.clone()), Address::Unix(file.clone())]);
        let expected = format!(
            "cannot listen on unix:{}: another server is listening there. Stop it, or choose another path\n\
             cannot listen on unix:{}: a file that is no socket stands there. Remove it, or choose another path",
            socket.display(),
            file.display()
        );
        assert_eq!(message, expected);
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        UnixStream::connect(&socket).unwrap();
        drop(live);
    }

    #[test]
    fn the_socket_of_a_successor_is_not_removed() {
        let dir = Dir::new("successor");
        let socket = dir.join("app.sock");
        let bound =
            Server::bind(ServerConfig { binds: vec![Address::Unix(socket.clone())], ..config() }).unwrap();
        fs::rename(&socket, dir.join("old")).unwrap();
        let _successor = UnixListener::bind(&socket).unwrap();
        drop(bound);
        assert!(socket.exists());
    }
}

mod starting {
    use super::*;

    #[test]
    fn the_service_is_made_on_the_first_thread() {
        let bound = Server::bind(config()).unwrap();
        let address = tcp(&bound.addresses()[0]);
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let start = || async {
            // What a provider of state would do: work on the runtime that later serves.
            let made_by = tokio::spawn(async { thread::current().name().map(str::to_owned) }).await.unwrap();
            Ok::<_, Infallible>(service_fn(move |_: Request| {
                let made_by = made_by.clone().unwrap_or_default();
                ready(Ok::<_, Infallible>(Response::new(Body::from(made_by))))
            }))
        };
        let thread = thread::spawn(move || bound.serve_with(start, handle).unwrap());
        assert_eq!(Client::new(TcpStream::connect(address).unwrap()).get("/").body, "pulsar-io-0");
        shutdown.drain();
        assert_eq!(thread.join().unwrap().requests, 1);
    }

    #[test]
    fn a_failing_start_is_the_callers_error_and_frees_the_address() {
        let bound = Server::bind(config()).unwrap();
        let address = tcp(&bound.addresses()[0]);
        let result = bound.serve_with(|| async { Err::<App, _>("no database") }, Shutdown::new());
        let error = result.unwrap_err();
        assert!(matches!(error, ServeError::Start("no database")), "{error:?}");
        assert_eq!(error.to_string(), "no database");
        until(|| TcpListener::bind(address).is_ok());
    }

    #[test]
    #[should_panic(expected = "a provider panicked")]
    fn a_panic_in_the_start_goes_to_the_caller() {
        let bound = Server::bind(config()).unwrap();
        let fails: fn() -> Result<App, Infallible> = || panic!("a provider panicked");
        let start = move || async move { fails() };
        let _ = bound.serve_with(start, Shutdown::new());
    }

    #[test]
    fn a_stop_does_not_wait_for_the_start() {
        let bound = Server::bind(config()).unwrap();
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let start = || async move {
            handle.drain();
            std::future::pending::<Result<App, Infallible>>().await
        };
        let summary = bound.serve_with(start, shutdown).unwrap();
        assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 0, requests: 0 });
    }

    #[test]
    fn a_stop_gives_up_a_start_that_blocks() {
        let bound = Server::bind(config()).unwrap();
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let start = move || async move {
            handle.drain();
            let _ = released.recv();
            Err::<App, _>("too late")
        };
        let summary = bound.serve_with(start, shutdown).unwrap();
        assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 0, requests: 0 });
        drop(release);
    }

    #[test]
    fn several_applications_share_the_threads() {
        type Answer = Ready<Result<Response, Infallible>>;
        fn named(name: &'static str) -> impl Fn(Request) -> Answer + Clone {
            move |_| ready(Ok(Response::new(Body::from(name))))
        }
        let (first, second) = (Server::bind(config()).unwrap(), Server::bind(config()).unwrap());
        let addresses = [tcp(&first.addresses()[0]), tcp(&second.addresses()[0])];
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let with = |bound: Bound, name| -> Application { bound.with(service_fn(named(name))) };
        let start =
            move || async move { Ok::<_, Infallible>(vec![with(first, "first"), with(second, "second")]) };
        let thread = thread::spawn(move || serve_all(start, handle).unwrap());
        let answers =
            addresses.map(|address| Client::new(TcpStream::connect(address).unwrap()).get("/").body);
        assert_eq!(answers, ["first", "second"]);
        shutdown.drain();
        assert_eq!(thread.join().unwrap().requests, 2);
    }
}

mod stopping {
    use super::*;

    #[test]
    fn without_connections_it_ends_at_once() {
        let server = Running::start(ServerConfig { drain_grace: PATIENCE, threads: 2, ..config() });
        assert_eq!(server.connect().get("/").status, 200);
        let begun = Instant::now();
        let address = server.address();
        server.stop();
        assert!(begun.elapsed() < PATIENCE / 2);
        assert!(TcpStream::connect(address).is_err(), "the listener is closed");
    }

    #[test]
    fn a_request_in_flight_finishes_and_says_goodbye() {
        let server = Running::start(ServerConfig { drain_grace: Duration::ZERO, ..config() });
        let mut client = server.connect();
        client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        server.shutdown.drain();
        until(|| TcpStream::connect(server.address()).is_err());
        server.gate.add_permits(1);
        let answer = client.answer();
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("waited", Some("close")));
        assert_eq!(client.rest(), "");
        assert_eq!(server.stop().stop, Stop::Requested);
    }

    #[test]
    fn an_idle_connection_is_heard_during_the_grace() {
        let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
        let mut kept = server.connect();
        assert_eq!(kept.get("/").header("connection"), None);
        let mut fresh = server.connect();
        assert_eq!(server.connect().get("/").status, 200, "so that `fresh` has been accepted before");
        server.shutdown.drain();
        until(|| TcpStream::connect(server.address()).is_err());
        for client in [&mut kept, &mut fresh] {
            let answer = client.get("/");
            assert_eq!((answer.body.as_str(), answer.header("connection")), ("hello", Some("close")));
            assert_eq!(client.rest(), "");
        }
        let summary = server.stop();
        assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
    }

    #[test]
    fn an_idle_connection_is_closed_after_the_grace() {
        let server = Running::start(ServerConfig { drain_grace: Duration::from_millis(50), ..config() });
        let mut kept = server.connect();
        assert_eq!(kept.get("/").status, 200);
        let mut fresh = server.connect();
        let mut streaming = server.connect();
        streaming.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        server.shutdown.drain();
        assert_eq!(kept.rest(), "");
        assert_eq!(fresh.rest(), "");
        server.gate.add_permits(2);
        assert!(streaming.rest().ends_with("0\r\n\r\n"), "an answer under way is completed, then closed");
        let summary = server.stop();
        assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
    }

    #[test]
    fn what_stands_in_the_queue_is_served() {
        let dir = Dir::new("queue");
        let socket = dir.join("app.sock");
        let binds = vec![Address::Tcp("127.0.0.1".into(), 0), Address::Unix(socket.clone())];
        let bound =
            Server::bind(ServerConfig { binds, threads: 2, drain_grace: PATIENCE, ..config() }).unwrap();
        let address = tcp(&bound.addresses()[0]);
        let mut clients: Vec<_> =
            (0..20).map(|_| Client::new(TcpStream::connect(address).unwrap())).collect();
        let mut local = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let (entered, enter) = mpsc::channel();
        let start = || async move {
            // The stop comes after the start-up succeeded and before anything can have been accepted.
            entered.send(()).unwrap();
            handle.drain();
            Ok::<_, Infallible>(service_fn(|_: Request| {
                ready(Ok::<_, Infallible>(Response::new(Body::from("served"))))
            }))
        };
        let thread = thread::spawn(move || bound.serve_with(start, shutdown).unwrap());
        enter.recv().unwrap();
        for client in &mut clients {
            let answer = client.get("/");
            assert_eq!((answer.body.as_str(), answer.header("connection")), ("served", Some("close")));
        }
        assert_eq!(local.get("/").body, "served");
        let summary = thread.join().unwrap();
        assert_eq!((summary.connections, summary.requests, summary.cut), (21, 21, 0));
    }

    #[test]
    fn the_deadline_cuts_what_is_left() {
        let server = Running::start(ServerConfig {
            drain_grace: Duration::from_millis(10),
            graceful_timeout: Duration::from_millis(50),
            ..config()
        });
        let mut client = server.connect();
        client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        let summary = server.stop();
        assert_eq!((summary.stop, summary.cut), (Stop::Deadline, 1));
        assert_eq!(client.rest(), "");
    }

    #[test]
    fn force_ends_at_once() {
        for drained_before in [false, true] {
            let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
            let mut client = server.connect();
            client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
            server.wait_for_waiting(1);
            if drained_before {
                server.shutdown.drain();
            }
            let begun = Instant::now();
            server.shutdown.force();
            let summary = server.thread.join().unwrap();
            assert_eq!((summary.stop, summary.cut), (Stop::Forced, 1));
            assert!(begun.elapsed() < PATIENCE / 2);
            assert_eq!(client.rest(), "");
        }
    }

    /// Serves nothing, and does `work` when it stops. Its stop has been asked for when this returns.
    fn stopping(
        config: ServerConfig,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> (Shutdown, thread::JoinHandle<Summary>) {
        let bound = Server::bind(config).unwrap();
        let shutdown = Shutdown::new();
        let (handle, stop) = (shutdown.clone(), shutdown.clone());
        let nothing = service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
        let start = move || async move {
            stop.drain();
            Ok::<_, Infallible>(vec![bound.with(nothing).on_stop(work)])
        };
        (handle.clone(), thread::spawn(move || serve_all(start, handle).unwrap()))
    }

    #[test]
    fn the_end_waits_for_what_is_done_at_the_stop() {
        let (done, was_done) = mpsc::channel();
        let work = async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            done.send(()).unwrap();
        };
        let (_, thread) = stopping(config(), work);
        assert_eq!(thread.join().unwrap().stop, Stop::Requested);
        assert_eq!(was_done.try_recv(), Ok(()));
    }

    #[test]
    fn what_is_done_at_the_stop_is_cut_at_the_deadline_and_by_force() {
        let short = ServerConfig { graceful_timeout: Duration::from_millis(50), ..config() };
        let (_, thread) = stopping(short, std::future::pending());
        thread.join().unwrap();

        let (entered, enter) = mpsc::channel();
        let (shutdown, thread) = stopping(config(), async move {
            entered.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        enter.recv_timeout(PATIENCE).unwrap();
        shutdown.force();
        assert_eq!(thread.join().unwrap().stop, Stop::Forced);

        let (_, thread) = stopping(config(), async { panic!("no luck") });
        assert_eq!(thread.join().unwrap().stop, Stop::Requested);
    }

    #[test]
    fn a_blocked_thread_cannot_hold_up_the_stop() {
        let (release, blocked) = mpsc::channel::<()>();
        let (entered, enter) = mpsc::channel();
        let blocked = Arc::new(std::sync::Mutex::new(blocked));
        let app = service_fn(move |_: Request| {
            entered.send(()).unwrap();
            let _ = blocked.lock().unwrap().recv();
            ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        });
        let bound = Server::bind(ServerConfig { graceful_timeout: Duration::ZERO, ..config() }).unwrap();
        let mut client = Client::new(TcpStream::connect(tcp(&bound.addresses()[0])).unwrap());
        let shutdown = Shutdown::new();
        let handle = shutdown.clone();
        let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        enter.recv_timeout(PATIENCE).unwrap();
        shutdown.drain();
        let summary = thread.join().unwrap();
        assert_eq!((summary.stop, summary.cut), (Stop::Deadline, 1));
        drop(release);
    }

    #[test]
    fn signals_drain_then_force() {
        let send = |signal: &str| {
            let status = process::Command::new("kill").args([signal, &process::id().to_string()]).status();
            assert!(status.unwrap().success());
        };
        let (terminated, interrupted) = (Shutdown::new(), Shutdown::new());
        signals(terminated.clone()).unwrap();
        send("-TERM");
        until(|| terminated.is_requested());
        signals(interrupted.clone()).unwrap();
        send("-INT");
        until(|| interrupted.is_requested());
        assert!(!interrupted.is_forced());
        send("-INT");
        until(|| interrupted.is_forced());
    }

    #[test]
    fn a_client_that_leaves_is_no_trouble() {
        let server = Running::start(config());
        let mut client = server.connect();
        client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        client.stream.shutdown(Half::Both).unwrap();
        drop(client);
        assert_eq!(server.connect().get("/").body, "hello");
        let summary = server.stop();
        assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
    }
}

mod logging {
    use super::*;

    #[test]
    fn each_answer_is_a_line() {
        let dir = Dir::new("log");
        let file = dir.join("access.log");
        fs::write(&file, "kept\n").unwrap();
        let server = Running::start(ServerConfig { access_log: AccessLog::File(file.clone()), ..config() });
        let mut client = server.connect();
        client.send("GET /a?b=%22 HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n");
        assert_eq!(client.answer().header("x-request-id"), Some("mine"));
        let generated = client.get("/id");
        assert_eq!(generated.header("x-request-id"), Some(generated.body.as_str()));
        assert_ne!(client.get("/id").body, generated.body);
        assert_eq!(client.get("/panic").status, 500);
        client.send("GET /stream HTTP/1.0\r\n\r\n");
        server.gate.add_permits(2);
        client.rest();
        server.stop();

        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(lines[0], ["kept"]);
        for (line, (request, status, bytes)) in lines[1..].iter().zip([
            ("\"GET /a?b=%22 HTTP/1.1\"", "200", "5"),
            ("\"GET /id HTTP/1.1\"", "200", &*generated.body.len().to_string()),
            ("\"GET /id HTTP/1.1\"", "200", &*generated.body.len().to_string()),
            ("\"GET /panic HTTP/1.1\"", "500", "67"),
            ("\"GET /stream HTTP/1.0\"", "200", "10"),
        ]) {
            assert_eq!((line.len(), line[..3].join(" ").as_str()), (12, "127.0.0.1 - -"), "{text}");
            assert_eq!((line[5..8].join(" ").as_str(), line[8], line[9]), (request, status, bytes));
            assert!(line[10].parse::<u64>().is_ok(), "microseconds: {text}");
        }
        assert_eq!((lines[1][11], lines[2][11]), ("mine", generated.body.as_str()));
    }

    #[test]
    fn lines_come_while_the_server_runs_and_can_be_json() {
        let dir = Dir::new("json");
        let file = dir.join("access.log");
        let server = Running::start(ServerConfig {
            access_log: AccessLog::File(file.clone()),
            access_log_format: AccessLogFormat::Json,
            ..config()
        });
        let mut client = server.connect();
        client.get("/x");
        until(|| fs::read_to_string(&file).unwrap().ends_with('\n'));
        let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(
            (&line["target"], &line["status"], &line["bytes"]),
            (&"/x".into(), &200.into(), &5.into())
        );
        drop(client);
        server.stop();
    }
}
