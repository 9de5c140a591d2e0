//! What the rows have in common: applications behind sockets, one exchange of bytes, and what came of it.

use std::{
    convert::Infallible,
    fs,
    io::{ErrorKind, Read, Write},
    net::{Shutdown as Half, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use pulsar::{
    Body, Context, Method, Request, Response, Router, Settings,
    server::{Address, BoundAddress, Server, ServerConfig, Shutdown},
    wsgi::{self, Application, Environ, StartResponse, Value},
};
use pulsar_tests::{
    Folder, PATIENCE,
    log::Log,
    strict::{Answer, Conversation},
};
use serde_json::{Map, Value as Json};
use tower::{Service, service_fn};

use crate::routes;

/// The longest body that the servers here take, if they say nothing else.
pub(crate) const MAX_BODY: u64 = 1000;

/// Which application is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// A WSGI callable that runs on the pool.
    Sync,
    /// One that runs on the event loop.
    Async,
    /// Routes.
    Routes,
    /// A WSGI callable of a server that answers for the host `a` alone.
    Allowed,
}

/// All of them, each behind sockets of its own.
pub(crate) struct Servers(Vec<(On, Served)>);

impl Servers {
    pub(crate) fn start() -> Self {
        let config = || ServerConfig { max_body: Some(MAX_BODY), ..ServerConfig::default() };
        let allowed = ServerConfig { allowed_hosts: vec!["a".into()], ..config() };
        Self(vec![
            (On::Sync, Served::application(Application::new(dump), config())),
            (On::Async, Served::application(Application::new(dump_async), config())),
            (On::Routes, Served::router(routes::router(), config())),
            (On::Allowed, Served::application(Application::new(dump_async), allowed)),
        ])
    }

    pub(crate) fn get(&self, on: On) -> &Served {
        self.0.iter().find(|(which, _)| *which == on).map(|(_, served)| served).unwrap()
    }
}

/// An application on a port and on a unix socket, until it is dropped.
pub(crate) struct Served {
    address: SocketAddr,
    path: PathBuf,
    _folder: Folder,
    shutdown: Shutdown,
    thread: Option<thread::JoinHandle<()>>,
    /// What the system knows of the thread that does the I/O, where it tells.
    state: Option<PathBuf>,
    called: Arc<AtomicUsize>,
    succeeded: Arc<AtomicUsize>,
}

impl Served {
    pub(crate) fn application(application: Application, config: ServerConfig) -> Self {
        Self::service(application.service(Context::new(Settings::default()).unwrap()), config)
    }

    pub(crate) fn router(router: Router, config: ServerConfig) -> Self {
        Self::service(router.compile(Context::new(Settings::default()).unwrap()).unwrap(), config)
    }

    /// Serves a service. `GET /second` is answered for it, so that it can be seen whether a connection goes on.
    pub(crate) fn service<S>(service: S, config: ServerConfig) -> Self
    where
        S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
    {
        // Every server of a test is one of a program that logs.
        Log::get();
        let folder = Folder::new();
        let path = folder.join("socket");
        let binds = vec![Address::Tcp("127.0.0.1".into(), 0), Address::Unix(path.clone())];
        let bound = Server::bind(ServerConfig { binds, ..config }).unwrap();
        let BoundAddress::Tcp(address) = bound.addresses()[0] else { panic!("the first one is a port") };
        let called = Arc::new(AtomicUsize::new(0));
        let succeeded = Arc::new(AtomicUsize::new(0));
        let counters = (Arc::clone(&called), Arc::clone(&succeeded));
        let service = service_fn(move |request: Request| {
            let mut service = service.clone();
            let (called, succeeded) = (Arc::clone(&counters.0), Arc::clone(&counters.1));
            async move {
                if request.method() == Method::GET && request.uri().path() == "/second" {
                    return Ok(Response::new(Body::from("second")));
                }
                called.fetch_add(1, Ordering::SeqCst);
                let answer = service.call(request).await?;
                if answer.status().is_success() {
                    succeeded.fetch_add(1, Ordering::SeqCst);
                }
                Ok(answer)
            }
        });
        let shutdown = Shutdown::new();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn({
            let shutdown = shutdown.clone();
            let start = move || async move {
                // Where the system has threads as files, this is the one that runs the event loop.
                let thread = fs::read_link("/proc/thread-self").ok();
                tell.send(thread.map(|thread| PathBuf::from("/proc").join(thread).join("stat"))).unwrap();
                Ok::<_, Infallible>(service)
            };
            move || drop(bound.serve_with(start, shutdown))
        });
        let state = told.recv_timeout(PATIENCE).unwrap();
        Self { address, path, _folder: folder, shutdown, thread: Some(thread), state, called, succeeded }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often the application was asked, and how often it answered with success.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.called.load(Ordering::SeqCst), self.succeeded.load(Ordering::SeqCst))
    }

    /// Sends bytes and, unless they end the sending, a second request; reads to the end.
    #[track_caller]
    pub(crate) fn ask(&self, bytes: &[u8], fin: bool) -> Outcome {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let all = if fin { bytes.to_vec() } else { [bytes, SECOND].concat() };
        // A server that closes early is seen by its answer.
        let _ = stream.write_all(&all);
        if fin {
            let _ = stream.shutdown(Half::Write);
        }
        Outcome::read(&mut stream, bytes, fin)
    }

    /// The same in two pieces, the second of which comes when the first has been taken in.
    #[track_caller]
    pub(crate) fn ask_in_two(&self, bytes: &[u8], at: usize, fin: bool) -> Outcome {
        let mut stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(&bytes[..at]);
        self.wait_until_idle();
        let rest = if fin { bytes[at..].to_vec() } else { [&bytes[at..], SECOND].concat() };
        let _ = stream.write_all(&rest);
        if fin {
            let _ = stream.shutdown(Half::Write);
        }
        Outcome::read(&mut stream, bytes, fin)
    }

    /// A write to a unix socket wakes its reader before it returns: whoever sleeps after that has read it.
    fn wait_until_idle(&self) {
        let Some(path) = &self.state else { return thread::yield_now() };
        let begun = Instant::now();
        while !fs::read_to_string(path).unwrap().rsplit(") ").next().unwrap().starts_with('S') {
            assert!(begun.elapsed() < PATIENCE, "the event loop never sleeps");
            thread::yield_now();
        }
    }

    pub(crate) fn connect(&self) -> pulsar_tests::wire::Client<TcpStream> {
        pulsar_tests::wire::Client::tcp(self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has made the test fail already.
            let _ = thread.join();
        }
    }
}

const SECOND: &[u8] = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The answers, without the one to the second request.
    pub(crate) answers: Vec<Answer>,
    pub(crate) end: End,
}

/// What has become of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It answered the second request.
    Open,
    /// It was closed behind what was answered.
    Closed,
    /// It was closed before the last answer was complete.
    Cut,
}

impl Outcome {
    #[track_caller]
    fn read(stream: &mut impl Read, request: &[u8], fin: bool) -> Self {
        let wire = rest(stream);
        let is_head = |number| number == 0 && request.starts_with(b"HEAD");
        let mut conversation = Conversation::parse(&wire, is_head).unwrap_or_else(|error| panic!("{error}"));
        let second = conversation.answers.pop_if(|answer| answer.body == b"second");
        let end = match (second, conversation.is_cut) {
            (Some(_), _) => End::Open,
            (None, true) => End::Cut,
            (None, false) => End::Closed,
        };
        assert!(!fin || end != End::Open);
        Self { answers: conversation.answers, end }
    }

    /// The statuses, also those of interim answers.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }

    /// What a callable that dumps its environ was given: a string for each variable that is text.
    #[track_caller]
    pub(crate) fn environ(&self) -> Map<String, Json> {
        let answer = self.answers.last().unwrap_or_else(|| panic!("no answer: {self:?}"));
        assert_eq!(answer.status, 200, "{self:?}");
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Everything until the end of a connection, be it a reset.
#[track_caller]
pub(crate) fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if !matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            panic!("{error}; so far {:?}", String::from_utf8_lossy(&all))
        }
        _ => all,
    }
}

/// Bytes from text: one for each character.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a character is a byte")).collect()
}

/// Answers with the environ as JSON, the body as `body`.
pub(crate) fn dump(environ: &mut Environ, start: StartResponse) -> wsgi::Result<String> {
    let mut body = Vec::new();
    environ.input().read_to_end(&mut body)?;
    start("200 OK", &[("Content-Type", "application/json")])?;
    Ok(document(environ, &body))
}

pub(crate) async fn dump_async(environ: &mut Environ, start: StartResponse) -> wsgi::Result<String> {
    let mut body = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(environ.input(), &mut body).await?;
    start("200 OK", &[("Content-Type", "application/json")])?;
    Ok(document(environ, &body))
}

fn document(environ: &Environ, body: &[u8]) -> String {
    let texts = environ.iter().filter_map(|(name, value)| match value {
        // What differs from one connection to the next tells nothing here.
        Value::Text(_) if name == "REMOTE_PORT" => None,
        Value::Text(text) => Some((name.into_owned(), Json::from(text.into_owned()))),
        _ => None,
    });
    let mut document: Map<_, _> = texts.collect();
    document.insert("body".into(), body.iter().copied().map(char::from).collect::<String>().into());
    Json::from(document).to_string()
}
