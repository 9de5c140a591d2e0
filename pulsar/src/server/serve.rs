//! Running applications on I/O threads, and ending them in order.
//!
//! The calling thread coordinates and does no I/O, so that it can keep a deadline even when a handler blocks
//! every I/O thread. Each I/O thread ends its own connections, phase by phase; the first one runs the start-up,
//! and its runtime outlives the others, because what the start-up spawned there may serve all of them.

use std::{
    any::Any,
    convert::Infallible,
    fmt, io, iter,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};
use tower_service::Service;

use crate::{
    board::{Board, LoopLine},
    body::{BoxFuture, Request, Response},
    request::Trust,
    server::{
        accept::{Listener, accept},
        access_log::AccessLogWriter,
        answers::{Answers, Foreign},
        config::ServerConfig,
        connection::Terms,
        http1::http1,
        http2::Http2,
        io_thread::IoThread,
        limits::Limits,
        listener::{Bound, BoundSocket, SocketFile},
        outcome::{ServeError, Stop, Summary},
        plan::{Plan, SLACK, Work},
        policy::{BodyLimits, Hosts, Rules},
        shutdown::{Demand, QUICK, Shutdown, Watch},
        tls::Door,
    },
    task::{self, block_on},
};

impl Bound {
    /// Serves `service` on these sockets until `shutdown` is used. Blocks the calling thread.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or an event loop.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use pulsar::{
    ///     Request, Response,
    ///     body::Body,
    ///     server::{Address, Server, ServerConfig, Shutdown, Stop},
    /// };
    /// use tower::service_fn;
    ///
    /// let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
    /// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
    /// let hello = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("hello"))) });
    /// let shutdown = Shutdown::new();
    /// shutdown.drain(); // A real program leaves that to `signals`.
    /// let summary = bound.serve(hello, shutdown)?;
    /// assert_eq!((summary.stop, summary.requests, summary.cut), (Stop::Requested, 0, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn serve<S>(self, service: S, shutdown: Shutdown) -> Result<Summary, ServeError<Infallible>>
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        self.serve_with(|| async { Ok(service) }, shutdown)
    }

    /// Like [`serve`](Self::serve), with a service that `start` makes on the first I/O thread, inside its
    /// runtime, before any connection is accepted. What `start` spawns there runs until all connections ended.
    ///
    /// # Errors
    ///
    /// When `start` fails, or the system refuses a thread or an event loop.
    ///
    /// # Panics
    ///
    /// When `start` panics.
    ///
    /// ```
    /// use std::{convert::Infallible, io};
    ///
    /// use pulsar::{
    ///     Request, Response,
    ///     server::{Address, Server, ServeError, ServerConfig, Shutdown},
    /// };
    /// use tower::util::BoxCloneService;
    ///
    /// let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
    /// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
    /// let start = || async { Err::<BoxCloneService<Request, Response, Infallible>, _>(io::Error::other("no database")) };
    /// let error = bound.serve_with(start, Shutdown::new()).unwrap_err();
    /// assert!(matches!(error, ServeError::Start(error) if error.to_string() == "no database"));
    /// # Ok::<(), pulsar::server::BindError>(())
    /// ```
    pub fn serve_with<S, F, Fut, E>(self, start: F, shutdown: Shutdown) -> Result<Summary, ServeError<E>>
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<S, E>> + 'static,
        E: Send + 'static,
    {
        serve_all(|| async { Ok(vec![self.with(start().await?)]) }, shutdown)
    }

    /// Pairs these sockets with the service that answers on them, for [`serve_all`].
    ///
    /// See [`serve_all`] for an example.
    pub fn with<S>(self, service: S) -> Application
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        self.with_answers(Foreign(service))
    }

    /// Like [`with`](Self::with), for what says itself what it looks for in a request.
    pub(crate) fn with_answers(self, application: impl Answers) -> Application {
        Application { bound: self, service: Box::new(Served(application)), on_stop: None }
    }
}

/// Listening sockets and the service that answers on them: made by [`Bound::with`].
///
/// See [`serve_all`] for an example.
pub struct Application {
    bound: Bound,
    service: Box<dyn Serve>,
    on_stop: Option<BoxFuture<'static, ()>>,
}

impl Application {
    /// Runs `work` on the first I/O thread when the stop begins. The end waits for it as it does for requests: until the
    /// graceful timeout, or a stop that is forced.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use pulsar::{
    ///     body::{Body, Request, Response},
    ///     server::{Address, Server, ServerConfig, Shutdown, serve_all},
    /// };
    /// use tower::service_fn;
    ///
    /// let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
    /// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
    /// let shutdown = Shutdown::new();
    /// let stop = shutdown.clone();
    /// let start = || async move {
    ///     let hello = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("hello"))) });
    ///     stop.drain(); // A real program leaves that to `signals`.
    ///     Ok::<_, Infallible>(vec![bound.with(hello).on_stop(async { println!("the last requests") })])
    /// };
    /// serve_all(start, shutdown)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_stop(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.on_stop = Some(Box::pin(work));
        self
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("addresses", &self.bound.addresses()).finish_non_exhaustive()
    }
}

/// Serves several applications on the same I/O threads until `shutdown` is used. Blocks the calling thread.
///
/// `start` makes them on the first I/O thread, inside its runtime, before any connection is accepted. There are
/// as many threads as the application that wants most of them says; of the drain grace and the graceful timeout
/// the longest counts; the other settings are each application's own.
///
/// # Errors
///
/// When `start` fails, or the system refuses a thread or an event loop.
///
/// # Panics
///
/// When `start` panics.
///
/// ```
/// use std::convert::Infallible;
///
/// use pulsar::{
///     body::{Body, Request, Response},
///     server::{Address, Server, ServerConfig, Shutdown, serve_all},
/// };
/// use tower::service_fn;
///
/// let bind = || {
///     let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
///     Server::bind(ServerConfig { binds, ..ServerConfig::default() })
/// };
/// let (main, admin) = (bind()?, bind()?);
/// let shutdown = Shutdown::new();
/// let stop = shutdown.clone();
/// let start = || async move {
///     let hello = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("main"))) });
///     let about = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("admin"))) });
///     stop.drain(); // A real program leaves that to `signals`.
///     Ok::<_, Infallible>(vec![main.with(hello), admin.with(about)])
/// };
/// assert_eq!(serve_all(start, shutdown)?.requests, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn serve_all<F, Fut, E>(start: F, shutdown: Shutdown) -> Result<Summary, ServeError<E>>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<Vec<Application>, E>> + 'static,
    E: Send + 'static,
{
    serve_seated(start, shutdown, None)
}

/// Where the loops of a worker tell how they do.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) board: Arc<Board>,
    pub(crate) number: usize,
}

/// Like [`serve_all`], with a seat on a board that others see. It must have at least as many loops as there are threads.
pub(crate) fn serve_seated<F, Fut, E>(
    start: F,
    shutdown: Shutdown,
    seat: Option<Seat>,
) -> Result<Summary, ServeError<E>>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<Vec<Application>, E>> + 'static,
    E: Send + 'static,
{
    // All that follows is the same for every start-up and every error of one, so it does not know their types.
    let start = Box::new(move || -> Starting {
        Box::pin(async move { start().await.map_err(|error| -> Failure { Box::new(error) }) })
    });
    run(start, shutdown, seat).map_err(|error| match error {
        ServeError::Start(error) => {
            ServeError::Start(*error.downcast().expect("nobody but the start-up makes it"))
        }
        ServeError::Io(error) => ServeError::Io(error),
    })
}

type Start = Box<dyn FnOnce() -> Starting + Send>;

type Starting = Pin<Box<dyn Future<Output = Result<Vec<Application>, Failure>>>>;

/// The error of a start-up.
type Failure = Box<dyn Any + Send>;

fn run(start: Start, shutdown: Shutdown, seat: Option<Seat>) -> Result<Summary, ServeError<Failure>> {
    let coordinator = runtime::Builder::new_current_thread().enable_time().build().map_err(ServeError::Io)?;
    let (events, mut inbox) = mpsc::unbounded_channel();
    let (release, released) = oneshot::channel();
    let (report, watch) = (events.clone(), shutdown.subscribe());
    let first =
        move |runtime: &Runtime| block_on(runtime, first_thread(start, report, watch, released, seat));
    spawn(0, events.clone(), Box::new(first)).map_err(ServeError::Io)?;
    let mut stopped = shutdown.subscribe();
    let outcome = block_on(&coordinator, async {
        let first = tokio::select! {
            biased;
            event = inbox.recv() => event,
            // A start-up hears of a stop itself, unless it blocks its thread.
            () = async { stopped.reached(Demand::Drain).await; sleep(SLACK).await } => {
                tracing::error!("the start-up blocks its thread; it is given up");
                let stop = if shutdown.is_forced() { Stop::Forced } else { Stop::Requested };
                return Ok(Summary { stop, cut: 0, connections: 0, requests: 0 });
            }
        };
        match first {
            Some(Event::Started(started)) => {
                coordinate(started, events, inbox, &shutdown).await.map_err(ServeError::Io)
            }
            Some(Event::NotStarted(error)) => Err(ServeError::Start(error)),
            Some(Event::Ended { result: Err(error), .. }) => Err(ServeError::Io(error)),
            Some(Event::Panicked(panic)) => resume_unwind(panic),
            Some(Event::Ended { .. }) | None => {
                unreachable!("the first thread first tells how the start went")
            }
        }
    });
    // Every other thread has ended or was given up, so nobody needs the runtime of the first one any more.
    let _ = release.send(());
    outcome
}

/// A service whose type is forgotten until its connections are accepted.
trait Serve: Send {
    /// The work of accepting from one listener on one thread.
    fn work(&self, listener: Listener, terms: Terms<()>, delay: Duration) -> Work;
}

struct Served<A>(A);

impl<A: Answers> Serve for Served<A> {
    fn work(&self, listener: Listener, terms: Terms<()>, delay: Duration) -> Work {
        let terms = terms.with(self.0.clone());
        Box::new(move |watch| Box::pin(accept(listener, terms, delay, watch)))
    }
}

/// What the coordinator learns from the first thread when the start-up succeeded.
struct Started {
    /// For the other threads.
    plans: Vec<Plan>,
    threads: Vec<Arc<IoThread>>,
    /// How long after a drain began everything has to be over.
    deadline: Duration,
    /// Kept until the end: the last lines come when the last connections go.
    logs: Vec<AccessLogWriter>,
    files: Vec<Arc<SocketFile>>,
}

enum Event {
    Started(Started),
    NotStarted(Failure),
    /// A thread is done; `Ok` has the number of connections it cut.
    Ended {
        index: usize,
        result: io::Result<usize>,
    },
    Panicked(Box<dyn Any + Send>),
}

type Events = mpsc::UnboundedSender<Event>;

/// Starts an I/O thread. It reports whatever goes wrong with it.
fn spawn(index: usize, events: Events, body: Box<dyn FnOnce(&Runtime) + Send>) -> io::Result<()> {
    let run = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            body(&runtime);
            // Not dropped: that would wait for blocking tasks, which have no deadline.
            runtime.shutdown_background();
            Ok(())
        }));
        // A coordinator that is gone has no more questions.
        let _ = match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => events.send(Event::Ended { index, result: Err(error) }),
            Err(panic) => events.send(Event::Panicked(panic)),
        };
    };
    thread::Builder::new().name(format!("pulsar-io-{index}")).spawn(run).map(drop)
}

/// The first thread: starts the applications, does its share of the I/O, and stays until all are done.
async fn first_thread(
    start: Start,
    events: Events,
    mut watch: Watch,
    released: oneshot::Receiver<()>,
    seat: Option<Seat>,
) {
    let applications = tokio::select! {
        biased;
        result = start() => result,
        // Whoever stops a program that has not begun yet need not wait until it has.
        () = watch.reached(Demand::Drain) => Ok(Vec::new()),
    };
    let mut applications = match applications {
        Ok(applications) => applications,
        Err(error) => return drop(events.send(Event::NotStarted(error))),
    };
    let on_stop: Vec<_> =
        applications.iter_mut().filter_map(|application| application.on_stop.take()).collect();
    let event = match plan(applications, seat) {
        Ok((own, started)) => {
            let stopping = task::spawn(stopping(on_stop, watch.clone(), own.graceful_timeout));
            let _ = events.send(Event::Started(started));
            let index = own.index;
            let result = own.run(watch).await;
            if result.is_ok() {
                // It ends in time by itself; one that panicked has been reported by the panic hook.
                let _ = stopping.await;
            }
            Event::Ended { index, result }
        }
        Err(error) => Event::Ended { index: 0, result: Err(error) },
    };
    let _ = events.send(event);
    let _ = released.await;
}

/// Runs what the applications do when they stop, side by side, no longer than requests may take.
async fn stopping(work: Vec<BoxFuture<'static, ()>>, mut watch: Watch, graceful_timeout: Duration) {
    watch.reached(Demand::Drain).await;
    let mut running: JoinSet<()> = work.into_iter().collect();
    tokio::select! {
        biased;
        () = watch.reached(Demand::Force) => {}
        () = async { while running.join_next().await.is_some() {} } => {}
        () = sleep(graceful_timeout) => tracing::error!("what an application does when it stops is cut at the deadline"),
    }
}

/// Deals the listeners out to the threads.
fn plan(applications: Vec<Application>, seat: Option<Seat>) -> io::Result<(Plan, Started)> {
    let configs = || applications.iter().map(|application| &application.bound.config);
    let count = configs().map(|config| config.threads).max().unwrap_or(1).max(1);
    let drain_delay = configs().map(|config| config.drain_delay).max().unwrap_or_default();
    let drain_grace = configs().map(|config| config.drain_grace).max().unwrap_or_default();
    let graceful_timeout = configs().map(|config| config.graceful_timeout).max().unwrap_or_default();
    // An eighth of the shortest limit is precise enough, and no more than a second keeps the clock useful.
    let shortest = configs().map(Limits::shortest).min().unwrap_or(ServerConfig::KEEP_ALIVE);
    let heartbeat = configs().map(|config| config.heartbeat).min().unwrap_or(Duration::MAX);
    let tick = (shortest / 8).min(heartbeat).clamp(Duration::from_millis(20), Duration::from_secs(1));

    let Seat { board, number } = seat.unwrap_or_else(|| Seat { board: Board::own(count), number: 0 });
    let line = |thread| LoopLine::new(&board, number, thread);
    let threads: Vec<_> = (0..count).map(|thread| IoThread::new(line(thread))).collect();
    let mut work: Vec<Vec<Work>> = threads.iter().map(|_| Vec::new()).collect();
    let (mut logs, mut files) = (Vec::new(), Vec::new());
    for Application { bound: Bound { config, sockets, log, tls, .. }, service, .. } in applications {
        // One for each thread, whichever of the listeners a connection comes from.
        let limits: Vec<_> =
            (0..count).map(|thread| Arc::new(Limits::new(&config, tick, thread, count))).collect();
        let rules = Arc::new(rules(&config));
        let trust = (!config.trusted_proxies.is_empty()).then(|| {
            Arc::new(Trust { proxies: config.trusted_proxies.clone(), headers: config.forwarded_headers })
        });
        let doors: Vec<_> =
            tls.iter().flat_map(|tls| (0..count).map(|_| Arc::new(Door::new(tls, count)))).collect();
        let proxies = (!config.proxy_protocol.is_empty()).then(|| Arc::new(config.proxy_protocol.clone()));
        for socket in sockets {
            for (n, listener) in listeners(socket, count, &mut files)?.into_iter().enumerate() {
                let terms = Terms {
                    service: (),
                    thread: Arc::clone(&threads[n % count]),
                    limits: Arc::clone(&limits[n % count]),
                    http1: http1(&config),
                    http2: Http2::new(&config),
                    rules: Arc::clone(&rules),
                    proxies: proxies.clone(),
                    trust: trust.clone(),
                    log: log.as_ref().map(|writer| Arc::clone(writer.log())),
                    door: doors.get(n % count).cloned(),
                };
                work[n % count].push(service.work(listener, terms, drain_delay));
            }
        }
        logs.extend(log);
    }
    let plans = threads.iter().zip(work).enumerate();
    let mut plans = plans.map(|(index, (thread, work))| Plan {
        index,
        thread: Arc::clone(thread),
        work,
        tick,
        drain_delay,
        drain_grace,
        graceful_timeout,
    });
    let own = plans.next().expect("there is at least one thread");
    let plans = plans.collect();
    Ok((own, Started { plans, threads, deadline: drain_delay + graceful_timeout, logs, files }))
}

/// One listener per thread, all at the same queue.
fn listeners(
    socket: BoundSocket,
    threads: usize,
    files: &mut Vec<Arc<SocketFile>>,
) -> io::Result<Vec<Listener>> {
    match socket {
        BoundSocket::Tcp { listener, local: bound } => {
            let copies = (1..threads).map(|_| listener.try_clone()).collect::<io::Result<Vec<_>>>()?;
            let all = iter::once(listener).chain(copies);
            Ok(all.map(|listener| Listener::Tcp { listener, bound }).collect())
        }
        BoundSocket::Unix { listener, path, file } => {
            files.extend(file.clone());
            let copies = (1..threads).map(|_| listener.try_clone()).collect::<io::Result<Vec<_>>>()?;
            let all = iter::once(listener).chain(copies);
            Ok(all
                .map(|listener| Listener::Unix { listener, path: Arc::clone(&path), file: file.clone() })
                .collect())
        }
    }
}

/// What an application asks of requests.
pub(super) fn rules(config: &ServerConfig) -> Rules {
    let body = BodyLimits { max: config.max_body, gap: config.body_timeout, min_rate: config.min_rate };
    Rules {
        max_target: config.max_target,
        max_headers: config.max_headers,
        body,
        hosts: Hosts::new(&config.allowed_hosts),
    }
}

/// Starts the other threads and waits for the end of all.
async fn coordinate(
    started: Started,
    events: Events,
    mut inbox: mpsc::UnboundedReceiver<Event>,
    shutdown: &Shutdown,
) -> io::Result<Summary> {
    let Started { plans, threads, deadline, logs, files } = started;
    let mut failure = None;
    let mut running = vec![true; threads.len()];
    for plan in plans {
        let (index, watch, report) = (plan.index, shutdown.subscribe(), events.clone());
        let body = move |runtime: &Runtime| {
            let result = block_on(runtime, plan.run(watch));
            let _ = report.send(Event::Ended { index, result });
        };
        if let Err(error) = spawn(index, events.clone(), Box::new(body)) {
            running[index] = false;
            failure = Some(error);
            shutdown.force();
        }
    }
    let mut watch = shutdown.subscribe();
    let (mut hurried, mut forced) = (watch.clone(), watch.clone());
    let mut given_up = pin!(async {
        watch.reached(Demand::Drain).await;
        tokio::select! {
            () = sleep(deadline) => {}
            () = async { hurried.reached(Demand::Quick).await; sleep(QUICK).await } => {}
            () = forced.reached(Demand::Force) => {}
        }
        sleep(SLACK).await;
    });
    let mut cut = 0;
    while running.contains(&true) {
        let event = tokio::select! {
            biased;
            event = inbox.recv() => event,
            () = &mut given_up => None,
        };
        let error = match event {
            Some(Event::Ended { index, result }) => {
                running[index] = false;
                match result {
                    Ok(connections) => {
                        cut += connections;
                        continue;
                    }
                    Err(error) => error,
                }
            }
            Some(Event::Panicked(panic)) => resume_unwind(panic),
            Some(Event::Started(_) | Event::NotStarted(_)) => unreachable!("the start-up is over"),
            None => break,
        };
        failure.get_or_insert(error);
        shutdown.force();
    }
    for (thread, _) in threads.iter().zip(&running).filter(|(_, running)| **running) {
        tracing::error!("an I/O thread is blocked by a handler; its connections are cut");
        cut += thread.open();
    }
    for file in files {
        file.remove();
    }
    drop(logs);
    if let Some(error) = failure {
        return Err(error);
    }
    let counts = threads.iter().map(|thread| thread.counts());
    let (requests, connections) =
        counts.fold((0, 0), |sum, (requests, accepted)| (sum.0 + requests, sum.1 + accepted));
    let stop = match cut {
        _ if shutdown.is_forced() => Stop::Forced,
        0 => Stop::Requested,
        _ => Stop::Deadline,
    };
    Ok(Summary { stop, cut, connections, requests })
}
