//! What the tests of this folder have in common: clients of a chain, a callable that tells what it was given, drops that count.

use std::{
    io::Read,
    net::TcpStream,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use pulsar::{
    Context, Settings,
    settings::PoolSize,
    testing::Client,
    wsgi::{self, Application, Callable, Environ, IntoBody, StartResponse},
};
use pulsar_tests::{PATIENCE, wire};

/// A client of a callable, without a socket.
pub(crate) fn client<C: Callable<Kind>, Kind>(callable: C) -> Client {
    Client::new(Application::new(callable).service(Context::default()))
}

/// The same behind a socket.
pub(crate) fn on_socket<C: Callable<Kind>, Kind>(callable: C) -> Client {
    client(callable).on_socket().expect("a free port")
}

/// The same behind a socket, with so many threads and places in their queue.
pub(crate) fn with_pool<C: Callable<Kind>, Kind>(callable: C, threads: usize, queue: usize) -> Client {
    let context = Context::new(pool_of(threads, queue)).expect("a pool");
    Client::new(Application::new(callable).service(context)).on_socket().expect("a free port")
}

pub(crate) fn pool_of(threads: usize, queue: usize) -> Settings {
    let threads = threads.try_into().expect("at least one thread");
    Settings { thread_workers: PoolSize::Threads(threads), thread_queue: queue, ..Settings::default() }
}

/// A connection to the socket of a client.
pub(crate) fn connect(client: &Client) -> wire::Client<TcpStream> {
    wire::Client::tcp(client.address().expect("a client on a socket"))
}

pub(crate) const TEXT: &[(&str, &str)] = &[("Content-Type", "text/plain")];

/// Tells what it was given: `METHOD SCRIPT_NAME PATH_INFO ?QUERY X-Seen body`.
pub(crate) fn tell(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let mut body = String::new();
    environ.input().read_to_string(&mut body)?;
    let variable = |name| environ.get(name).unwrap_or_default().into_owned();
    let text = format!(
        "{} [{}] [{}] ?{} seen={} body={body}",
        variable("REQUEST_METHOD"),
        variable("SCRIPT_NAME"),
        variable("PATH_INFO"),
        variable("QUERY_STRING"),
        variable("HTTP_X_SEEN"),
    );
    start_response("200 OK", TEXT)?;
    Ok(text)
}

/// A gate that callables wait at until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Gate {
    /// Waits, but never without an end.
    pub(crate) fn wait(&self) {
        let (open, changed, waiting) = &*self.0;
        waiting.fetch_add(1, Ordering::SeqCst);
        let guard = open.lock().unwrap();
        let (guard, waited) = changed.wait_timeout_while(guard, PATIENCE, |open| !*open).unwrap();
        drop(guard);
        assert!(!waited.timed_out(), "the gate was never opened");
    }

    /// How many have come so far.
    pub(crate) fn count(&self) -> usize {
        self.0.2.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Counts how often something is dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    /// Something whose drop counts.
    pub(crate) fn guard(&self) -> Guard {
        Guard(Arc::clone(&self.0))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
