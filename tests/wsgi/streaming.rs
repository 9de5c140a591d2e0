//! Pieces as they come: nothing is held back, what makes them is dropped once, and a client that is slow or gone holds nobody up.
//!
//! The pieces come from a channel whose other end the test has: it sends the next one when the one before has arrived.

use std::{
    io::{self, Read, Write},
    iter,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc as blocking,
    },
};

use futures_util::stream;
use pulsar::{
    Settings,
    server::ServerConfig,
    settings::PoolSize,
    wsgi::{self, Application, Body, Environ, IntoBody, StartResponse},
};
use pulsar_tests::{PATIENCE, until};
use tokio::sync::mpsc;

use crate::support::{Log, Served, Table, rest, serve, serve_with};

pub(crate) const ROWS: usize = SOURCES.len() * 2 + SOURCES.len() * FAULTS.len() * 2 + LEAVERS.len();

/// What a test has a body do next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Piece(&'static str),
    Error,
    Panic,
}

impl Step {
    fn run(self) -> io::Result<&'static str> {
        match self {
            Self::Piece(piece) => Ok(piece),
            Self::Error => Err(io::Error::other("torn")),
            Self::Panic => panic!("no luck"),
        }
    }
}

/// Counts how often something is dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn guard(&self) -> Guard {
        Guard(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The steps of one answer, for whoever comes first.
#[derive(Clone)]
struct Steps(Arc<Mutex<Option<mpsc::UnboundedReceiver<Step>>>>);

impl Steps {
    fn take(&self) -> mpsc::UnboundedReceiver<Step> {
        self.0.lock().unwrap().take().expect("one answer is asked for")
    }
}

type Headers = &'static [(&'static str, &'static str)];

/// A callable whose pieces come from a channel.
type Source = fn(Steps, Drops, Headers) -> Application;

const SOURCES: &[(&str, Source)] = &[
    ("iterator", |steps, drops, headers| {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            let (mut steps, guard) = (steps.take(), drops.guard());
            start("200 OK", headers)?;
            wsgi::Result::<_>::Ok(iter::from_fn(move || {
                let _alive = &guard;
                steps.blocking_recv().map(Step::run)
            }))
        })
    }),
    ("write", |steps, drops, headers| {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            let (mut steps, _guard) = (steps.take(), drops.guard());
            let write = start("200 OK", headers)?;
            while let Some(step) = steps.blocking_recv() {
                write(step.run()?.as_bytes())?;
            }
            wsgi::Result::<_>::Ok(())
        })
    }),
    ("stream", |steps, drops, headers| {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            let body = start("200 OK", headers).map(|_| streamed(steps.take(), drops.guard()));
            async move { wsgi::Result::<_>::Ok(body?) }
        })
    }),
    ("stream of a plain function", |steps, drops, headers| {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            start("200 OK", headers)?;
            wsgi::Result::<_>::Ok(streamed(steps.take(), drops.guard()))
        })
    }),
    ("async write", |steps, drops, headers| {
        Application::new(move |_: &mut Environ, start: StartResponse| {
            let (mut steps, guard) = (steps.take(), drops.guard());
            async move {
                let _guard = guard;
                let write = start("200 OK", headers)?;
                while let Some(step) = steps.recv().await {
                    write.send(step.run()?).await?;
                }
                wsgi::Result::<_>::Ok(())
            }
        })
    }),
];

fn streamed(steps: mpsc::UnboundedReceiver<Step>, guard: Guard) -> Body {
    Body::stream(stream::unfold((steps, guard), async |(mut steps, guard)| {
        let step = steps.recv().await?;
        Some((step.run(), (steps, guard)))
    }))
}

/// One answer that the test makes.
struct Fed {
    served: Served,
    steps: Option<mpsc::UnboundedSender<Step>>,
    drops: Drops,
    name: &'static str,
}

impl Fed {
    fn new(name: &str, source: Source, headers: Headers) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let drops = Drops::default();
        let name: &'static str = Box::leak(format!("fed by {name} {headers:?}").into_boxed_str());
        let application = source(Steps(Arc::new(Mutex::new(Some(receiver)))), drops.clone(), headers);
        Self { served: serve(application.named(name)), steps: Some(sender), drops, name }
    }

    fn step(&self, step: Step) {
        // Whoever made the pieces may be gone already, if the client is.
        let _ = self.steps.as_ref().unwrap().send(step);
    }

    /// No more steps.
    fn end(&mut self) {
        self.steps = None;
    }

    #[track_caller]
    fn assert_dropped(&self) {
        until("what makes the pieces is dropped", || self.drops.count() > 0);
        assert_eq!(self.drops.count(), 1, "{}", self.name);
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED: Headers = &[("Content-Type", "text/plain")];
const COUNTED: Headers = &[("Content-Length", "6")];

#[test]
fn each_piece_arrives_before_the_next_one_is_made() {
    let mut table = Table::default();
    for &(name, source) in SOURCES {
        table.row(name, || {
            let mut fed = Fed::new(name, source, CHUNKED);
            let mut client = fed.served.connect();
            client.send(GET);
            fed.step(Step::Piece("one"));
            client.head().assert_status(200);
            assert_eq!(client.chunk(), b"one");
            for piece in ["two", "three"] {
                assert_eq!(fed.drops.count(), 0, "it is not over");
                fed.step(Step::Piece(piece));
                assert_eq!(client.chunk(), piece.as_bytes());
            }
            fed.end();
            assert_eq!(client.chunk(), b"", "the end of the pieces is the end of the body");
            client.get("/alive").assert(200, "alive");
            fed.assert_dropped();
            assert_eq!(Log::get().of(fed.name), [""; 0]);
        });
        table.row(format!("{name}, counted"), || {
            let mut fed = Fed::new(name, source, COUNTED);
            let mut client = fed.served.connect();
            client.send(GET);
            fed.step(Step::Piece("one"));
            client.head().assert_status(200);
            fed.step(Step::Piece("two"));
            // The end is known before the pieces end.
            client.send("GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let rest = String::from_utf8(client.rest()).unwrap();
            assert!(rest.starts_with("onetwoHTTP/1.1 200 OK\r\n"), "{rest}");
            fed.end();
            fed.assert_dropped();
        });
    }
}

/// What goes wrong in mid-body: how the callable does it, and what is logged.
const FAULTS: &[(&str, Step, &str)] =
    &[("error", Step::Error, "torn"), ("panic", Step::Panic, "panicked: no luck")];

#[test]
fn what_goes_wrong_in_mid_body_cuts_the_connection() {
    let mut table = Table::default();
    for &(name, source) in SOURCES {
        for &(fault, step, logged) in FAULTS {
            for headers in [CHUNKED, COUNTED] {
                table.row(format!("{name} {fault} {headers:?}"), || {
                    let fed = Fed::new(&format!("{name}, {fault}"), source, headers);
                    let mut client = TcpStream::connect(fed.served.address()).unwrap();
                    client.set_read_timeout(Some(PATIENCE)).unwrap();
                    client.write_all(GET.as_bytes()).unwrap();
                    fed.step(Step::Piece("one"));
                    // The piece has arrived before anything goes wrong.
                    let mut begin = Vec::new();
                    while !begin.ends_with(if headers == CHUNKED { &b"one\r\n"[..] } else { b"one" }) {
                        let mut byte = [0];
                        client.read_exact(&mut byte).unwrap();
                        begin.extend(byte);
                    }
                    fed.step(step);
                    let rest = String::from_utf8(rest(&mut client)).unwrap();
                    assert_eq!(rest, "", "no end, and nothing else");
                    Log::get().assert(fed.name, logged);
                    fed.assert_dropped();
                });
            }
        }
    }
}

/// When a client goes away.
const LEAVERS: &[&str] = &["before the first piece", "behind the first piece", "in the middle of many"];

#[test]
fn a_client_that_leaves_has_the_pieces_dropped_once() {
    let mut table = Table::default();
    for &(name, source) in SOURCES {
        for &when in LEAVERS {
            table.row(format!("{name}, {when}"), || {
                let fed = Fed::new(&format!("{name}, {when}"), source, CHUNKED);
                let mut client = fed.served.connect();
                client.send(GET);
                until("the callable is called", || fed.served.requests() == 1);
                if when != "before the first piece" {
                    fed.step(Step::Piece("one"));
                    client.head().assert_status(200);
                    assert_eq!(client.chunk(), b"one");
                }
                if when == "in the middle of many" {
                    (0..1000).for_each(|_| fed.step(Step::Piece("more")));
                }
                drop(client);
                // A function that blocks learns of it when it goes on.
                until("the callable has ended", || {
                    fed.step(Step::Piece("more"));
                    fed.drops.count() > 0
                });
                fed.assert_dropped();
            });
        }
    }
}

#[test]
fn a_function_that_writes_learns_that_its_client_has_left_before_the_first_write() {
    let (entered, is_entered) = blocking::channel();
    let (told, is_told) = blocking::channel();
    let go = Arc::new(Mutex::new(None::<blocking::Receiver<()>>));
    let (leave, left) = blocking::channel();
    *go.lock().unwrap() = Some(left);
    let served = serve(Application::new(move |_: &mut Environ, start: StartResponse| {
        let write = start("200 OK", &[])?;
        let left = go.lock().unwrap().take().unwrap();
        entered.send(()).unwrap();
        left.recv().unwrap();
        // More than may wait for a client that is slow.
        let outcome = (0..100_000).try_for_each(|_| write(b"piece"));
        told.send(outcome).unwrap();
        wsgi::Result::<_>::Ok(())
    }));
    let mut client = served.connect();
    client.send(GET);
    is_entered.recv().unwrap();
    drop(client);
    leave.send(()).unwrap();
    let outcome = is_told.recv_timeout(PATIENCE).expect("`write` does not wait for somebody who has left");
    assert!(matches!(outcome, Err(wsgi::Error::Disconnected)), "{outcome:?}");
}

#[test]
fn an_async_callable_goes_on_behind_the_last_byte_that_it_announced() {
    let (release, released) = mpsc::unbounded_channel::<()>();
    let (done, is_done) = blocking::channel();
    let released = Mutex::new(Some(released));
    let served = serve(Application::new(move |_: &mut Environ, start: StartResponse| {
        let (done, mut released) = (done.clone(), released.lock().unwrap().take().unwrap());
        async move {
            start("200 OK", &[("Content-Length", "3")])?.send("all").await?;
            released.recv().await;
            done.send(()).unwrap();
            wsgi::Result::<_>::Ok(())
        }
    }));
    let mut client = served.connect();
    client.get("/").assert(200, "all");
    client.get("/alive").assert(200, "alive");
    release.send(()).unwrap();
    is_done.recv_timeout(PATIENCE).expect("the callable goes on");
}

#[test]
fn what_is_written_behind_the_callable_is_refused_and_not_lost() {
    let (told, is_told) = blocking::channel();
    for inline in [true, false] {
        let told = told.clone();
        let application = Application::new(move |_: &mut Environ, start: StartResponse| {
            let (write, told) = (start("200 OK", &[])?, told.clone());
            let mut count = 0;
            wsgi::Result::<_>::Ok(iter::from_fn(move || {
                count += 1;
                // The first piece of a function on the pool is made before the function is over.
                if count > 1 || inline {
                    told.send(write(b"late")).unwrap();
                }
                (count < 4).then_some("x")
            }))
        });
        let served = serve(if inline { application.inline() } else { application });
        let seen = served.ask(GET);
        assert_eq!(seen.body, "[x][x][x][]");
        let outcomes: Vec<_> = is_told.try_iter().collect();
        assert!(outcomes.len() >= 3 && outcomes.iter().all(Result::is_err), "{outcomes:?}");
    }
}

#[test]
fn a_body_that_is_not_sent_is_dropped() {
    for (request, length) in [("HEAD", "6"), ("GET", "3")] {
        let mut table = Table::default();
        for (name, way) in [("pool", false), ("inline", true)] {
            table.row(format!("{request} {name}"), || {
                let drops = Drops::default();
                let guards = drops.clone();
                let application = Application::new(move |_: &mut Environ, start: StartResponse| {
                    let guard = guards.guard();
                    start("200 OK", &[("Content-Length", length)])?;
                    wsgi::Result::<_>::Ok(Body::chunks(iter::repeat_with(move || {
                        let _alive = &guard;
                        "ab"
                    })))
                });
                let served = serve(if way { application.inline() } else { application });
                served.ask(crate::support::request(request));
                until("the iterator is dropped", || drops.count() > 0);
                assert_eq!(drops.count(), 1);
            });
        }
    }
}

#[test]
fn a_client_that_is_slow_holds_no_thread() {
    let settings =
        Settings { thread_workers: PoolSize::Threads(1.try_into().unwrap()), ..Settings::default() };
    let drops = Drops::default();
    let guards = drops.clone();
    let application = Application::new(move |environ: &mut Environ, start: StartResponse| {
        start("200 OK", &[])?;
        let guard = guards.guard();
        let piece = vec![b'x'; 64 * 1024];
        wsgi::Result::<_>::Ok(match environ.get("PATH_INFO").as_deref() {
            // 64 MiB, more than sockets hold.
            Some("/long") => Body::chunks((0..1024).map(move |_| {
                let _alive = &guard;
                piece.clone()
            })),
            _ => "short".into_body(),
        })
    });
    let served = serve_with(application, settings, ServerConfig::default());
    let mut slow = TcpStream::connect(served.address()).unwrap();
    slow.write_all(b"GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    // It has begun, and the client reads no more.
    slow.read_exact(&mut [0; 100]).unwrap();
    served.connect().get("/short").assert(200, "short");
    assert_eq!(drops.count(), 1, "only the short answer is over");
    let all = rest(&mut slow);
    assert!(all.len() > 64 << 20 && all.ends_with(b"\r\n0\r\n\r\n"), "{} bytes", all.len());
    until("the iterator is dropped", || drops.count() == 2);
    // The same, and the client leaves.
    let mut gone = TcpStream::connect(served.address()).unwrap();
    gone.write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    gone.read_exact(&mut [0; 100]).unwrap();
    drop(gone);
    until("the iterator is dropped", || drops.count() == 3);
}
