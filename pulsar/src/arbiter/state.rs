//! Everything that the arbiter knows, and what it has to know of the program that it runs.
//!
//! Data, and what is said of it at a glance. What happens to it stands in `workers`, `passing`, `reload`, `info`, `handover` and `run`.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{
    arbiter::{
        activation::Activated,
        calls::Calls,
        children::{Child, Event},
        control::{Command, Control},
        machine::OomKills,
        monitor::{Id, Time},
        notify::Notifier,
        pidfile::Pidfile,
        release::{Blueprint, Release},
        reloads::Reloads,
        signals::Signals,
        snapshot::Mark,
        supervisor::Supervisor,
        watch::Watch,
    },
    board::{Board, Totals},
    settings::Settings,
    worker::{Worker, WorkerExit},
};

/// What the arbiter has to know of the program that it runs, and whom it tells.
pub(crate) trait Host {
    /// The name that people know the program by.
    fn name(&self) -> &str;

    fn version(&self) -> &str;

    /// The settings of every application, read again.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    fn load(&self) -> Result<Vec<(String, Settings)>, String>;

    fn starting(&self) {}

    fn when_ready(&self) {}

    fn pre_spawn(&self, worker: &Worker) {
        let _ = worker;
    }

    fn worker_exit(&self, exit: &WorkerExit) {
        let _ = exit;
    }

    fn reload(&self) {}

    fn exit(&self, code: u8) {
        let _ = code;
    }
}

/// Events that may wait for the loop.
const QUEUE: usize = 1024;
/// What the arbiter did not live through did not pass: one that was stopped must not take everybody else for dead.
const LONGEST_STEP: Duration = Duration::from_secs(3);

/// A worker process and what the arbiter keeps of it.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) app: String,
    pub(super) worker: Worker,
    pub(super) started: Instant,
    /// Where it tells how it does.
    pub(super) seat: Option<Seat>,
    /// Since when its thread and its loops have shown the same beat.
    pub(super) beats: Vec<(u64, Time)>,
    pub(super) lifetime: Option<Duration>,
    pub(super) leads: bool,
}

/// A worker's place on a board.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) board: Arc<Board>,
    pub(super) number: usize,
    /// The memory of the board, for whoever takes over.
    pub(super) file: Arc<OwnedFd>,
}

impl Seat {
    /// A seat on the board of an application.
    pub(super) fn on(app: &Blueprint, number: usize) -> Self {
        Self { board: Arc::clone(&app.board), number, file: Arc::clone(&app.board_file) }
    }
}

/// What is remembered of an application's workers that are gone.
#[derive(Debug, Default, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Past {
    pub(super) requests: u64,
    pub(super) exits: BTreeMap<String, u64>,
}

/// A clock that stands still while this process does.
#[derive(Debug)]
pub(super) struct Clock {
    last: Instant,
    time: Time,
}

impl Clock {
    pub(super) fn at(time: Time) -> Self {
        Self { last: Instant::now(), time }
    }

    pub(super) fn now(&mut self) -> Time {
        let now = Instant::now();
        self.time += now.duration_since(self.last).min(LONGEST_STEP);
        self.last = now;
        self.time
    }
}

/// The state of the arbiter.
pub(super) struct Arbiter<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) supervisor: Supervisor,
    pub(super) current: Release,
    pub(super) next: Option<Release>,
    pub(super) activated: Activated,
    pub(super) processes: HashMap<Id, Process>,
    /// By the names of the applications.
    pub(super) past: Vec<(String, Past)>,
    pub(super) reloads: Reloads,
    pub(super) watch: Option<Watch>,
    pub(super) calls: Calls,
    pub(super) notifier: Notifier,
    pub(super) pidfile: Option<Pidfile>,
    pub(super) control: Option<Control>,
    pub(super) arguments: Vec<OsString>,
    /// The file that the program was started from, and the name it was called by.
    pub(super) program: PathBuf,
    pub(super) name: OsString,
    pub(super) clock: Clock,
    pub(super) begun: Instant,
    /// When the timers of the runtime began.
    pub(super) begun_timers: tokio::time::Instant,
    pub(super) signals: Signals,
    pub(super) events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) oom: OomKills,
    pub(super) interrupts: u32,
    /// When the listeners are closed at a stop with `drain_delay`.
    pub(super) close_at: Option<Time>,
    /// When to look at the workers next.
    pub(super) look_at: Time,
    pub(super) exit: Option<u8>,
}

impl<'a> Arbiter<'a> {
    /// An arbiter of these workers, which has no lock and no control socket, and hears no commands yet.
    pub(super) fn new(
        host: &'a dyn Host,
        signals: Signals,
        supervisor: Supervisor,
        current: Release,
        clock: Clock,
    ) -> Self {
        Self {
            host,
            supervisor,
            current,
            next: None,
            activated: Activated::new(),
            processes: HashMap::new(),
            past: Vec::new(),
            reloads: Reloads::default(),
            watch: None,
            calls: Calls::default(),
            notifier: Notifier::from_environment(),
            pidfile: None,
            control: None,
            arguments: std::env::args_os().skip(1).collect(),
            program: program_file(),
            name: std::env::args_os().next().unwrap_or_default(),
            clock,
            begun: Instant::now(),
            begun_timers: tokio::time::Instant::now(),
            signals,
            events: mpsc::channel(QUEUE),
            commands: mpsc::channel(1).1,
            oom: OomKills::new(),
            interrupts: 0,
            close_at: None,
            look_at: Time::ZERO,
            exit: None,
        }
    }

    /// Whether nothing is under way between the workers and this loop.
    pub(super) fn is_quiet(&self) -> bool {
        self.events.1.is_empty() && self.processes.values().all(|process| process.child.is_quiet())
    }

    pub(super) fn now(&mut self) -> Time {
        self.clock.now()
    }

    /// What a worker has done so far.
    pub(super) fn totals(&self, id: Id) -> Totals {
        let seat = self.processes.get(&id).and_then(|process| process.seat.as_ref());
        seat.map(|seat| seat.board.totals(seat.number)).unwrap_or_default()
    }

    /// What is remembered of an application, to be added to.
    pub(super) fn past_of(&mut self, app: &str) -> &mut Past {
        let place = self.past.iter().position(|(name, _)| name == app).unwrap_or_else(|| {
            self.past.push((app.to_owned(), Past::default()));
            self.past.len() - 1
        });
        &mut self.past[place].1
    }

    /// How often clients of a worker ran into each limit.
    pub(super) fn limits(&self, id: Id) -> BTreeMap<String, u64> {
        let seat = self.processes.get(&id).and_then(|process| process.seat.as_ref());
        let counts = seat.into_iter().flat_map(|seat| seat.board.limits(seat.number));
        counts.map(|(limit, count)| (limit.name().to_owned(), count)).collect()
    }
}

/// The path that this program was started from, with the links in it: an upgrade may have changed where they lead.
fn program_file() -> PathBuf {
    let called = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    let runs = std::env::current_exe().unwrap_or_default();
    let found = if called.components().count() > 1 {
        std::path::absolute(&called).ok().filter(|path| path.is_file())
    } else {
        on_path(&called, &runs)
    };
    found.unwrap_or(runs)
}

/// Where the shell has found the program that runs.
fn on_path(name: &Path, runs: &Path) -> Option<PathBuf> {
    let mark = Mark::of_program(runs)?;
    let folders = std::env::var_os("PATH")?;
    let mut paths =
        std::env::split_paths(&folders).filter_map(|folder| std::path::absolute(folder.join(name)).ok());
    paths.find(|path| Mark::of_program(path) == Some(mark))
}
