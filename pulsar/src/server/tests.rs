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
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, sync::Semaphore};
use tower::service_fn;
use tower_service::Service;

use super::{
    AccessLog, AccessLogFormat, Address, Application, Bound, BoundAddress, Seat, ServeError, Server,
    ServerConfig, Shutdown, Stop, Summary, serve_all, serve_seated, signals,
};
use crate::{
    board::{Board, Limit},
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
    board: Arc<Board>,
    thread: JoinHandle<Summary>,
}

impl Running {
    fn start(config: ServerConfig) -> Self {
        let board = Board::own(config.threads);
        let seat = Seat { board: Arc::clone(&board), number: 0 };
        let bound = Server::bind(config).unwrap();
        let addresses = bound.addresses().to_vec();
        let shutdown = Shutdown::new();
        let gate = Arc::new(Semaphore::new(0));
        let waiting = Arc::new(AtomicUsize::new(0));
        let app = App { gate: Arc::clone(&gate), waiting: Arc::clone(&waiting) };
        let handle = shutdown.clone();
        let start = || async { Ok::<_, Infallible>(vec![bound.with(app)]) };
        let thread = thread::spawn(move || serve_seated(start, handle, Some(seat)).unwrap());
        Self { addresses, shutdown, gate, waiting, board, thread }
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

    /// How often clients ran into a limit.
    fn reached(&self, limit: Limit) -> u64 {
        self.board.limits(0).find(|(known, _)| *known == limit).map_or(0, |(_, count)| count)
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
        if request.uri().path() == "/tunnel" {
            return Box::pin(ready(Ok(tunnel(request))));
        }
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
                "/big" => Body::new(Big { left: 64 }),
                "/panic" => panic!("on purpose"),
                "/panic-in-body" => Body::new(PanickingBody { begun: false }),
                _ => Body::from("hello"),
            };
            Ok(Response::new(body))
        })
    }
}

/// Echoes what comes, once the protocol has been switched.
fn tunnel(mut request: Request) -> Response {
    let is_http2 = request.version() == http::Version::HTTP_2;
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let stream = TokioIo::new(upgrade.await.unwrap());
        let (mut reader, mut writer) = tokio::io::split(stream);
        // It ends when the client does.
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
        let _ = writer.shutdown().await;
    });
    let mut answer = Response::default();
    if !is_http2 {
        *answer.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        answer.headers_mut().insert("upgrade", "echo".parse().unwrap());
        answer.headers_mut().insert("connection", "upgrade".parse().unwrap());
    }
    answer
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

/// So many times a mebibyte.
struct Big {
    left: usize,
}

impl http_body::Body for Big {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static MEBIBYTE: [u8; 1 << 20] = [b'x'; 1 << 20];
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&MEBIBYTE)))))
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

mod binding;
mod connections;
mod http2;
mod logging;
mod pipelining;
mod serving;
mod starting;
mod stopping;
