//! The worker's side of its channel: a thread that hears the arbiter and signals, and shows that it lives.
//!
//! It runs nothing of the user's, so that it goes on when an event loop is blocked, and ends the worker when the arbiter is gone. What
//! a worker serves is not its business. The rule it keeps: whatever the arbiter or the user does, the worker ends.

use std::{
    fmt::Write as _,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use serde_json::value::RawValue;
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{
    arbiter::{
        frame::{Channel, Inbox, encode},
        message::{Boot, PROTOCOL, Texts, ToArbiter, ToChild},
        output::redirect,
        peers::{AnswerTo, Incoming, Peers},
        process as system,
    },
    board::Board,
    cluster::{Cluster, Outgoing, PLACES, Refusal},
    server::{BoundSocket, LogFile, Seat, Shutdown, open_log},
    settings::{AccessLog, Settings},
    task,
    worker::Worker,
};

/// A process that an arbiter has started.
pub(crate) enum Child {
    Worker(Box<Booted>),
    Probe(Probe),
}

/// What a worker was given.
pub(crate) struct Booted {
    pub(crate) worker: Worker,
    pub(crate) settings: Settings,
    pub(crate) sockets: Vec<BoundSocket>,
    pub(crate) log: Option<File>,
    pub(crate) seat: Seat,
    max_requests: u64,
    stderr: (OwnedFd, Option<OwnedFd>),
    channel: StdStream,
    inbox: Inbox,
}

/// A child that is asked whether its program could take over.
pub(crate) struct Probe {
    channel: StdStream,
}

/// What this process is, if an arbiter has started it. To be asked before anything else.
///
/// # Errors
///
/// When the arbiter is gone, or says what nobody understands.
pub(crate) fn child() -> Result<Option<Child>, String> {
    let Some(channel) = system::channel_to_arbiter() else { return Ok(None) };
    let mut inbox = Inbox::default();
    channel.set_nonblocking(false).map_err(|error| error.to_string())?;
    let first = inbox
        .read::<ToChild>(&channel)
        .map_err(|error| format!("the arbiter cannot be understood: {error}"))?;
    match first {
        Some(ToChild::Boot(boot)) => {
            let booted = Booted::new(boot, channel, inbox);
            booted.map(|booted| Some(Child::Worker(Box::new(booted)))).map_err(|error| error.to_string())
        }
        Some(ToChild::Probe { protocol }) => {
            let probe = Probe { channel };
            if protocol == PROTOCOL {
                return Ok(Some(Child::Probe(probe)));
            }
            let why =
                format!("the arbiter speaks version {protocol} of the protocol, this program {PROTOCOL}");
            probe.refuse(&why);
            Err(why)
        }
        Some(other) => Err(format!("the arbiter begins with {other:?}")),
        None => Err("the arbiter is gone".to_owned()),
    }
}

impl Probe {
    /// Says that the program cannot take over.
    pub(crate) fn refuse(self, why: &str) {
        self.say(&ToArbiter::NotStarted { why: why.to_owned() });
    }

    /// Says which applications the program has, with which settings.
    pub(crate) fn agree(self, apps: Vec<(String, Texts)>) {
        self.say(&ToArbiter::Program { protocol: PROTOCOL, apps });
    }

    fn say(self, message: &ToArbiter) {
        use io::Write;
        // Whoever does not listen any more has lost interest.
        let _ = encode(message).and_then(|bytes| (&self.channel).write_all(&bytes));
    }
}

impl Booted {
    fn new(boot: Boot, channel: StdStream, mut inbox: Inbox) -> io::Result<Self> {
        let Boot { app, slot, generation, settings, addresses, log, sink, seat, seats, loops, max_requests } =
            boot;
        let board = system::map_board(std::os::fd::AsFd::as_fd(&inbox.take_fd()?), seats, loops)?;
        let mut sockets = Vec::new();
        for _ in addresses {
            sockets.push(BoundSocket::adopt(inbox.take_fd()?).map_err(io::Error::other)?);
        }
        let log = if log { Some(inbox.take_fd()?.into()) } else { None };
        let stderr = inbox.take_fd()?;
        let sink = if sink { Some(inbox.take_fd()?) } else { None };
        let settings = Settings::from_changed(&settings).map_err(io::Error::other)?;
        // Whoever signals a program by its name means the arbiter.
        system::set_name("pulsar-worker");
        Ok(Self {
            worker: Worker::new(app, slot, generation).supervised(),
            settings,
            sockets,
            log,
            seat: Seat { board, number: seat },
            max_requests,
            stderr: (stderr, sink),
            channel,
            inbox,
        })
    }

    /// Becomes the user that the settings name. To be done before anything of the user's runs, and before there are threads.
    pub(crate) fn assume_identity(&self) -> Result<(), String> {
        let (user, group) = (self.settings.user.as_deref(), self.settings.group.as_deref());
        let identity = system::Identity::find(user, group)?;
        identity.assume().map_err(|error| format!("cannot become another user: {error}"))
    }

    /// Starts the thread that hears the arbiter.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread, or the handlers of signals.
    pub(crate) fn listen(self: Box<Self>, shutdown: Shutdown) -> io::Result<(Link, Assignment)> {
        let Self { worker, settings, sockets, log, seat, max_requests, stderr, channel, inbox } = *self;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (channel, signals) = {
            let _context = runtime.enter();
            (Arc::new(Channel::new(channel)?), Signals::new()?)
        };
        let (outbox, queue) = mpsc::channel(QUEUE);
        let (incoming, messages) = mpsc::channel(PLACES);
        let (cluster, outgoing) = Cluster::linked(worker.clone());
        let (lead, leader) = watch::channel(false);
        let shared =
            Arc::new(Shared { shutdown, is_ready: AtomicBool::new(false), log: Mutex::new(None), lead });
        let link = Link {
            outbox: outbox.clone(),
            shared: Arc::clone(&shared),
            stderr: Mutex::new(Some(stderr)),
            leader,
        };
        let control = Control {
            shared,
            board: Arc::clone(&seat.board),
            seat: seat.number,
            heartbeat: heartbeat(&settings),
            end: settings.graceful_timeout + END_AFTER,
            access_log: settings.access_log.clone(),
            max_requests,
            peers: Peers::default(),
            incoming,
            outbox: outbox.clone(),
        };
        let run =
            move || task::block_on(&runtime, control.run(channel, inbox, outbox, queue, signals, outgoing));
        thread::Builder::new().name("pulsar-control".into()).spawn(run)?;
        Ok((link, Assignment { cluster, messages, settings, sockets, log, seat }))
    }
}

/// What a worker has to serve.
pub(crate) struct Assignment {
    /// The way to other workers.
    pub(crate) cluster: Cluster,
    /// What they send to this one.
    pub(crate) messages: mpsc::Receiver<Incoming>,
    pub(crate) settings: Settings,
    pub(crate) sockets: Vec<BoundSocket>,
    pub(crate) log: Option<File>,
    pub(crate) seat: Seat,
}

/// How often a worker shows that it is alive.
pub(crate) fn heartbeat(settings: &Settings) -> Duration {
    let longest = Duration::from_secs(1);
    if settings.timeout.is_zero() {
        longest
    } else {
        (settings.timeout / 5).clamp(Duration::from_millis(20), longest)
    }
}

/// Messages to the arbiter that may wait.
const QUEUE: usize = 64;
/// A worker whose arbiter is gone ends so long after its requests had to, at the latest.
const END_AFTER: Duration = Duration::from_secs(3);

/// The worker's own end of the channel, for the code that starts and serves.
pub(crate) struct Link {
    outbox: mpsc::Sender<ToArbiter>,
    shared: Arc<Shared>,
    stderr: Mutex<Option<(OwnedFd, Option<OwnedFd>)>>,
    leader: watch::Receiver<bool>,
}

struct Shared {
    shutdown: Shutdown,
    is_ready: AtomicBool,
    log: Mutex<Option<LogFile>>,
    lead: watch::Sender<bool>,
}

impl Link {
    /// Says that this worker serves from now on. What it writes to the standard error goes straight there from here on.
    pub(crate) async fn ready(&self, log: Option<LogFile>) {
        *self.shared.log.lock().unwrap_or_else(PoisonError::into_inner) = log;
        self.shared.is_ready.store(true, Relaxed);
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stderr, sink)) = stderr {
            match system::set_stderr(stderr) {
                Ok(()) => redirect(sink),
                Err(error) => {
                    tracing::warn!(%error, "what this worker writes still goes through the arbiter");
                }
            }
        }
        // An arbiter that is gone needs to know nothing; the other thread ends the worker.
        let _ = self.outbox.send(ToArbiter::Ready).await;
    }

    /// Says why this worker does not start, or that it panicked, and waits until that is sent.
    pub(crate) fn last_words(&self, message: LastWords) {
        let message = match message {
            LastWords::NotStarted(why) => ToArbiter::NotStarted { why },
            LastWords::Panicked(message) => ToArbiter::Panicked { message },
        };
        if self.outbox.blocking_send(message).is_ok() {
            // The place of a message is free again when it has been sent.
            for _ in 0..100 {
                if self.outbox.capacity() == QUEUE {
                    return;
                }
                thread::park_timeout(Duration::from_millis(5));
            }
        }
    }

    /// Whether this worker is the one that does what only one may do.
    pub(crate) fn leader(&self) -> watch::Receiver<bool> {
        self.leader.clone()
    }
}

/// What a worker says before it ends in failure.
pub(crate) enum LastWords {
    NotStarted(String),
    Panicked(String),
}

/// The signals that a worker handles. The others do nothing.
struct Signals {
    terminate: Signal,
    quit: Signal,
    interrupt: Signal,
    hang_up: Signal,
    reopen: Signal,
    upgrade: Signal,
    abort: Signal,
    /// Caught, and of no meaning for a worker.
    _others: Vec<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        use nix::libc::{SIGALRM, SIGIO, SIGPROF, SIGTTIN, SIGTTOU, SIGVTALRM};
        let others = [SIGTTIN, SIGTTOU, SIGALRM, SIGVTALRM, SIGPROF, SIGIO];
        let others = others.map(|number| signal(SignalKind::from_raw(number)));
        Ok(Self {
            _others: others.into_iter().collect::<io::Result<_>>()?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            reopen: signal(SignalKind::user_defined1())?,
            upgrade: signal(SignalKind::user_defined2())?,
            abort: signal(SignalKind::from_raw(nix::libc::SIGABRT))?,
        })
    }
}

/// What runs on the thread of a worker that hears its arbiter.
struct Control {
    shared: Arc<Shared>,
    board: Arc<Board>,
    seat: usize,
    heartbeat: Duration,
    /// How long after the loss of the arbiter this process ends, whatever happens.
    end: Duration,
    access_log: AccessLog,
    max_requests: u64,
    peers: Peers,
    incoming: mpsc::Sender<Incoming>,
    outbox: mpsc::Sender<ToArbiter>,
}

impl Control {
    /// A message for a handler of this worker, which runs where the worker serves.
    async fn pass_in(&self, number: Option<u64>, name: String, payload: &RawValue) {
        let answer = number.map(|number| AnswerTo { number, outbox: self.outbox.clone() });
        let message = Incoming { name, payload: payload.get().as_bytes().to_vec(), answer };
        if let Err(error) = self.incoming.try_send(message) {
            let (refusal, message) = match error {
                mpsc::error::TrySendError::Full(message) => (Refusal::Busy, message),
                mpsc::error::TrySendError::Closed(message) => (Refusal::Gone, message),
            };
            if let Some(answer) = message.answer {
                answer.send(Err(refusal)).await;
            } else {
                tracing::warn!("the message `{}` found no place in the queue of this worker", message.name);
            }
        }
    }

    async fn run(
        mut self,
        channel: Arc<Channel>,
        mut inbox: Inbox,
        outbox: mpsc::Sender<ToArbiter>,
        mut queue: mpsc::Receiver<ToArbiter>,
        mut signals: Signals,
        mut outgoing: mpsc::Receiver<Outgoing>,
    ) {
        let sending = Arc::clone(&channel);
        let sender = task::spawn(async move {
            while let Some(message) = queue.recv().await {
                let sent = match encode(&message) {
                    Ok(bytes) => sending.send(&bytes, &[]).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = sent {
                    tracing::debug!(%error, "a message to the arbiter is lost");
                }
            }
        });
        let mut beat = interval(self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let board = Arc::clone(&self.board);
        let mut watch = LoopWatch::new(&board, self.seat);
        let mut full = interval(FULL_CHECK);
        full.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counts = self.max_requests > 0;
        loop {
            tokio::select! {
                message = inbox.next::<ToChild>(&channel) => match message {
                    Ok(Some(message)) => self.obey(message, &mut inbox, &outbox).await,
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(%error, "the arbiter cannot be understood");
                        break;
                    }
                },
                Some(sent) = outgoing.recv(), if self.peers.has_room() => {
                    if let Some(message) = self.peers.pass_out(sent) {
                        let _ = outbox.send(message).await;
                    }
                }
                _ = beat.tick() => {
                    self.board.beat(self.seat);
                    watch.look();
                }
                _ = full.tick(), if counts => {
                    if self.board.totals(self.seat).requests >= self.max_requests {
                        counts = false;
                        let _ = outbox.send(ToArbiter::Full).await;
                    }
                }
                _ = signals.terminate.recv() => {
                    tracing::info!("TERM: this worker finishes what is in flight");
                    let _ = outbox.send(ToArbiter::Leaving).await;
                    self.drain(true);
                }
                _ = signals.quit.recv() => {
                    let _ = outbox.send(ToArbiter::Leaving).await;
                    self.shared.shutdown.quick();
                }
                _ = signals.reopen.recv() => self.reopen_by_path(),
                _ = signals.abort.recv() => self.abort(&watch),
                // For the arbiter alone.
                _ = signals.interrupt.recv() => {}
                _ = signals.hang_up.recv() => {}
                _ = signals.upgrade.recv() => {}
            }
        }
        sender.abort();
        self.orphaned().await;
    }

    /// The arbiter is gone: nobody would miss this worker, and its address is wanted by the next arbiter.
    async fn orphaned(self) {
        if !self.shared.is_ready.load(Relaxed) {
            process::exit(0);
        }
        if !self.shared.shutdown.is_requested() {
            tracing::warn!("the arbiter is gone; this worker finishes what is in flight and ends");
        }
        self.drain(true);
        sleep(self.end).await;
        tracing::error!("requests are still in flight; they are cut");
        process::exit(1);
    }

    fn drain(&self, now: bool) {
        self.shared.lead.send_replace(false);
        if now { self.shared.shutdown.drain_now() } else { self.shared.shutdown.drain() }
    }

    async fn obey(&mut self, message: ToChild, inbox: &mut Inbox, outbox: &mpsc::Sender<ToArbiter>) {
        match message {
            ToChild::Drain { delay } => self.drain(!delay),
            ToChild::Quick => {
                self.shared.lead.send_replace(false);
                self.shared.shutdown.quick();
            }
            ToChild::Reopen { log } => {
                let file = if log { inbox.take_fd().ok() } else { None };
                if let Some(file) = file {
                    self.replace_log(file.into());
                }
            }
            ToChild::Lead(lead) => {
                self.shared.lead.send_replace(lead && !self.shared.shutdown.is_requested());
            }
            ToChild::Ping(number) => {
                let _ = outbox.send(ToArbiter::Pong(number)).await;
            }
            ToChild::Call { number, name, payload } => self.pass_in(number, name, &payload).await,
            ToChild::Answer { number, outcome } => self.peers.settle(number, outcome),
            ToChild::Boot(_) | ToChild::Probe { .. } => {
                tracing::error!("the arbiter says what it says only once");
            }
        }
    }

    fn replace_log(&self, file: File) {
        if let Some(log) = &*self.shared.log.lock().unwrap_or_else(PoisonError::into_inner) {
            log.replace(file);
        }
    }

    /// Somebody has told this worker alone, not the arbiter.
    fn reopen_by_path(&self) {
        if let AccessLog::File(path) = &self.access_log {
            match open_log(path) {
                Ok(file) => self.replace_log(file),
                Err(error) => tracing::error!("{error}"),
            }
        }
    }

    /// Says what the loops do, and dies.
    fn abort(&self, watch: &LoopWatch<'_>) -> ! {
        let totals = self.board.totals(self.seat);
        let mut text =
            format!("ABRT: {} requests in flight on {} connections", totals.in_flight, totals.open);
        for (number, quiet) in watch.quiet() {
            let _ = write!(text, "; pulsar-io-{number} moved {:.1} s ago", quiet.as_secs_f64());
        }
        tracing::error!("{text}");
        process::abort();
    }
}

/// How often a worker looks whether it has had `max_requests`.
const FULL_CHECK: Duration = Duration::from_millis(50);

/// Since when each loop of this worker has not moved.
struct LoopWatch<'a> {
    board: &'a Board,
    seat: usize,
    loops: Vec<(u64, Instant)>,
}

impl<'a> LoopWatch<'a> {
    fn new(board: &'a Board, seat: usize) -> Self {
        let now = Instant::now();
        Self { board, seat, loops: vec![(0, now); board.loops()] }
    }

    fn look(&mut self) {
        let (_, beats) = self.board.beats(self.seat);
        for (seen, beat) in self.loops.iter_mut().zip(beats) {
            if seen.0 != beat {
                *seen = (beat, Instant::now());
            }
        }
    }

    fn quiet(&self) -> impl Iterator<Item = (usize, Duration)> + '_ {
        self.loops.iter().enumerate().map(|(number, (_, since))| (number, since.elapsed()))
    }
}
