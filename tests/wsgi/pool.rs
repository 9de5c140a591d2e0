//! Where callables run, and what comes of more of them than there are threads.
//!
//! Proves: a plain function runs on the pool, `async` and `inline` ones on the event loop; a full pool refuses at once and lets
//! others go on; a panic takes no thread along; requests on one connection are answered in order; thousands at once get an
//! answer, each of them.

use std::{
    fs,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use pulsar::{
    Context, Router, Settings,
    server::ServerConfig,
    settings::PoolSize,
    testing::block_on,
    wsgi::{self, Application, Environ, StartResponse},
};
use pulsar_tests::{PATIENCE, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{End::Open, Log, Served, Table, WAYS, Way, request, serve, serve_service, serve_with};

pub(crate) const ROWS: usize = THREADS.len() + PIPELINES.len();

/// Where a callable runs.
const THREADS: &[(Way, &str)] =
    &[(Way::Pool, "pulsar-pool"), (Way::Inline, "pulsar-io-0"), (Way::Async, "pulsar-io-0")];

#[test]
fn functions_run_on_the_pool_and_others_on_the_event_loop() {
    for &(way, thread) in THREADS {
        let served = serve(way.application("thread", |_, start| {
            let name = || thread::current().name().unwrap_or_default().to_owned();
            start("200 OK", &[])?;
            // So do the pieces of the body.
            let calling = name();
            Ok(Some(wsgi::Body::chunks((0..3).map(move |_| format!("{calling} {} ", name())))))
        }));
        served.connect().get("/").assert(200, &format!("{thread} {thread} ").repeat(3));
    }
}

fn settings(threads: usize, queue: usize) -> Settings {
    let thread_workers = PoolSize::Threads(threads.try_into().unwrap());
    Settings { thread_workers, thread_queue: queue, ..Settings::default() }
}

/// A gate that holds who comes until it is opened.
#[derive(Clone)]
struct Gate {
    entered: mpsc::Sender<()>,
    open: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Gate {
    /// The gate, who has come to it, and what is dropped to open it.
    fn new() -> (Self, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let ((entered, has_entered), (opener, open)) = (mpsc::channel(), mpsc::channel());
        (Self { entered, open: Arc::new(Mutex::new(open)) }, has_entered, opener)
    }

    /// Waits until the other end is dropped.
    fn pass(&self) {
        let _ = self.entered.send(());
        let _ = self.open.lock().unwrap().recv();
    }

    fn application(self) -> Application {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            self.pass();
            start("200 OK", &[])?;
            wsgi::Result::<_>::Ok("passed")
        })
    }
}

#[test]
fn a_full_pool_refuses_at_once_while_others_go_on() {
    let (gate, has_entered, opener) = Gate::new();
    let context = Context::new(settings(1, 1)).unwrap();
    let quick = async |_: &mut Environ, start: StartResponse| {
        start("200 OK", &[])?;
        wsgi::Result::<_>::Ok("quick")
    };
    let router = Router::new()
        .mount("/slow", gate.application().named("slow and full").service(context.clone()))
        .mount("/quick", Application::new(quick).service(context.clone()));
    let served = serve_service(router.compile(context).unwrap(), ServerConfig::default());

    let mut running = served.connect();
    running.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    has_entered.recv_timeout(PATIENCE).unwrap();
    let mut queued = served.connect();
    queued.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    until("two have come", || served.requests() == 2);
    let mut refused = served.connect();
    for _ in 0..3 {
        let answer = refused.get("/slow");
        answer.assert_status(503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        // The same connection, and others, go on.
        refused.get("/quick").assert(200, "quick");
        served.connect().get("/quick").assert(200, "quick");
    }
    assert_eq!(Log::get().of("slow and full").len(), 3);
    drop(opener);
    running.answer().assert(200, "passed");
    queued.answer().assert(200, "passed");
    refused.get("/slow").assert(200, "passed");
}

#[test]
fn a_panic_takes_no_thread_along() {
    for way in WAYS {
        let name = way.name("panics again and again");
        let application = way.application(name, |_, _| panic!("no luck"));
        let served = serve_with(application, settings(1, 0), ServerConfig::default());
        for count in 1..=5 {
            served.ask(request("GET")).assert_problem(name, 500, Open);
            assert_eq!(Log::get().of(name).len(), count);
        }
    }
}

/// Requests that are sent together, and what is answered.
const PIPELINES: &[(&str, &[&str])] = &[
    ("a few", &["GET /a", "GET /b", "GET /c"]),
    ("HEAD among them", &["GET /a", "HEAD /b", "GET /c", "HEAD /d"]),
    ("the same", &["GET /a"; 50]),
];

#[test]
fn requests_of_one_connection_are_answered_in_order() {
    let mut table = Table::default();
    for way in WAYS {
        let served = serve(way.application("pipelined", |environ, start| {
            let path = environ.get("PATH_INFO").unwrap_or_default().into_owned();
            start("200 OK", &[("X-Path", &path)])?;
            Ok(Some(wsgi::Body::chunks([path, "!".to_owned()])))
        }));
        for &(name, requests) in PIPELINES {
            table.row(format!("{name} {way:?}"), || {
                let (mut client, mut all) = (served.connect(), String::new());
                for request in requests {
                    all.push_str(&format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n"));
                }
                client.send(all);
                for request in requests {
                    let (method, path) = request.split_once(' ').unwrap();
                    let answer = client.answer_to(method);
                    assert_eq!(answer.header("x-path"), Some(path));
                    answer.assert(200, &if method == "HEAD" { String::new() } else { format!("{path}!") });
                }
            });
        }
    }
}

/// How many connections this process may have to itself, both ends of each, at most 2,000.
fn connections() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = limit.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024);
    // The other tests of this program need some, too.
    2000.min((soft.max(600) - 400) / 2)
}

#[test]
fn thousands_of_slow_requests_at_once_are_all_answered() {
    const THREADS: usize = 4;
    const QUEUE: usize = 60;
    let count = connections();
    let (gate, _has_entered, opener) = Gate::new();
    let served: Served =
        serve_with(gate.application().named("thousands"), settings(THREADS, QUEUE), ServerConfig::default());
    let address = served.address();
    block_on(async {
        let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..count {
            let told = told.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                told.send(answer.split(' ').nth(1).unwrap_or_default().to_owned()).unwrap();
            });
        }
        drop(told);
        let mut next = async || tokio::time::timeout(PATIENCE, answers.recv()).await.expect("nobody hangs");
        // Nobody has got through yet: whoever is answered is turned away.
        for _ in 0..count - THREADS - QUEUE {
            assert_eq!(next().await.as_deref(), Some("503"));
        }
        drop(opener);
        for _ in 0..THREADS + QUEUE {
            assert_eq!(next().await.as_deref(), Some("200"));
        }
        assert_eq!(next().await, None);
    });
}
