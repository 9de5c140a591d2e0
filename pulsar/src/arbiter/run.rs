//! The arbiter itself: one thread that hears signals, children and commands, asks the policy, and does what it says.
//!
//! It runs no application. Nothing here waits for a child or a client: whatever takes time is a task that reports back. The rule it
//! keeps: every event is followed by a [step](Arbiter::step), which brings what is closer to what is wanted.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    io,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use tokio::{
    runtime,
    sync::mpsc,
    time::{Instant as TokioInstant, sleep_until},
};

use crate::{
    arbiter::{
        calls::Calls,
        children::{Child, Event},
        control::{Command, Control},
        handover,
        machine::{OomKills, resident},
        message::{Boot, Request, Response, SocketAddress, ToArbiter, ToChild},
        monitor::{Action, Ended, Id, Mark, Member, Time},
        notify::Notifier,
        output::{own_sink, say},
        pidfile::Pidfile,
        process::{self, Image},
        release::{Release, SEATS, wrong_identities},
        reload::Reloads,
        signals::{Arrived, Signals},
        supervisor::Supervisor,
        worker::heartbeat,
    },
    board::{Board, Totals},
    server::BoundSocket,
    settings::{Change, Settings},
    worker::{Cause, Worker, WorkerExit},
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

/// An address could not be bound, or the system refused something.
const FAILED: u8 = 1;
/// A setting cannot be followed; or the pidfile is held by another instance, or cannot be written.
const WRONG: u8 = 2;
/// An application never came up.
const NOT_STARTED: u8 = 3;
/// Cut short by a second interrupt.
const FORCED: u8 = 130;

/// Events that may wait for the loop.
const QUEUE: usize = 1024;
/// The longest time between two looks at the workers.
const LOOK: Duration = Duration::from_secs(1);
/// What the arbiter did not live through did not pass: one that was stopped must not take everybody else for dead.
const LONGEST_STEP: Duration = Duration::from_secs(3);

/// Runs the applications of a program in worker processes until it is told to stop. Gives the exit code.
pub(crate) fn run(host: &dyn Host, apps: Vec<(String, Settings)>) -> u8 {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("error: the system refuses an event loop: {error}"));
            return FAILED;
        }
    };
    runtime.block_on(async {
        match Arbiter::start(host, apps) {
            Ok(mut arbiter) => arbiter.serve().await,
            Err((code, failures)) => {
                for failure in failures {
                    say(format_args!("error: {failure}"));
                }
                code
            }
        }
    })
}

/// A worker process and what the arbiter keeps of it.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) app: String,
    pub(super) worker: Worker,
    pub(super) started: Instant,
    /// Where it tells how it does; unknown of a worker of another program, which an upgrade is ending.
    pub(super) seat: Option<(Arc<Board>, usize)>,
    /// Since when its thread and its loops have shown the same beat.
    beats: Vec<(u64, Time)>,
    lifetime: Option<Duration>,
    leads: bool,
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

    fn now(&mut self) -> Time {
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
    pub(super) activated: Vec<(String, Vec<Arc<BoundSocket>>)>,
    pub(super) processes: HashMap<Id, Process>,
    pub(super) past: BTreeMap<String, Past>,
    pub(super) reloads: Reloads,
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
    signals: Signals,
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    commands: mpsc::Receiver<Command>,
    oom: OomKills,
    interrupts: u32,
    /// When the listeners are closed at a stop with `drain_delay`.
    close_at: Option<Time>,
    /// When to look at the workers next.
    look_at: Time,
    pub(super) exit: Option<u8>,
}

impl<'a> Arbiter<'a> {
    fn start(host: &'a dyn Host, apps: Vec<(String, Settings)>) -> Result<Self, (u8, Vec<String>)> {
        let failed =
            |error: io::Error| (FAILED, vec![format!("the system refuses what the arbiter needs: {error}")]);
        let signals = Signals::new().map_err(failed)?;
        process::admit_signals();
        let handed = handover::received().map_err(|why| (FAILED, vec![why]))?;
        let settings = apps.first().map(|(_, settings)| settings.clone()).unwrap_or_default();
        let (program, name) = (program_file(), std::env::args_os().next().unwrap_or_default());
        let mut this = match handed {
            Some(handed) => Self::go_on(host, handed, signals).map_err(|why| (FAILED, vec![why]))?,
            None => {
                host.starting();
                let wrong = wrong_identities(&apps);
                if !wrong.is_empty() {
                    return Err((WRONG, wrong));
                }
                if let Some(mask) = settings.umask {
                    process::set_umask(mask);
                }
                let pidfile = settings.pidfile.as_deref().map(Pidfile::lock).transpose();
                let pidfile = pidfile.map_err(|failure| (WRONG, vec![failure]))?;
                let names: Vec<_> = apps.iter().map(|(name, _)| name.clone()).collect();
                let activated = super::activation::sockets(&names).map_err(|failures| (FAILED, failures))?;
                let current = Release::open(Image::Running, apps, None, &activated)
                    .map_err(|failures| (FAILED, failures))?;
                let control = match Control::open(host.name(), &settings.control_socket) {
                    Ok(control) => control,
                    Err(error) => {
                        tracing::warn!(
                            "there is no control socket, so that commands cannot reach this instance: {error}"
                        );
                        None
                    }
                };
                let mut clock = Clock::at(Time::ZERO);
                let supervisor = Supervisor::new(&current.policies(), clock.now());
                Self {
                    host,
                    supervisor,
                    current,
                    next: None,
                    activated,
                    processes: HashMap::new(),
                    past: BTreeMap::new(),
                    reloads: Reloads::default(),
                    calls: Calls::default(),
                    notifier: Notifier::from_environment(),
                    pidfile,
                    control,
                    arguments: std::env::args_os().skip(1).collect(),
                    program,
                    name,
                    clock,
                    begun: Instant::now(),
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
        };
        process::set_name("pulsar: arbiter");
        let (sender, commands) = mpsc::channel(32);
        this.commands = commands;
        if let Some(control) = &this.control
            && let Err(error) = control.listen(sender)
        {
            tracing::warn!("the control socket cannot be watched: {error}");
        }
        Ok(this)
    }

    /// An arbiter with nothing but what the program before it in this process handed over.
    #[allow(clippy::too_many_arguments)] // Each is a part of the state, and this is the one place that puts it together.
    pub(super) fn handed_over(
        host: &'a dyn Host,
        signals: Signals,
        supervisor: Supervisor,
        current: Release,
        activated: Vec<(String, Vec<Arc<BoundSocket>>)>,
        past: BTreeMap<String, Past>,
        pidfile: Option<Pidfile>,
        control: Option<Control>,
        clock: Clock,
        uptime: Duration,
    ) -> Self {
        Self {
            host,
            supervisor,
            current,
            next: None,
            activated,
            processes: HashMap::new(),
            past,
            reloads: Reloads::default(),
            calls: Calls::default(),
            notifier: Notifier::from_environment(),
            pidfile,
            control,
            arguments: std::env::args_os().skip(1).collect(),
            program: program_file(),
            name: std::env::args_os().next().unwrap_or_default(),
            clock,
            begun: Instant::now().checked_sub(uptime).unwrap_or_else(Instant::now),
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

    /// Adds a worker that was started before.
    pub(super) fn adopt(
        &mut self,
        id: Id,
        pid: u32,
        channel: OwnedFd,
        process: impl FnOnce(Child) -> Process,
    ) -> io::Result<()> {
        let channel = super::frame::Channel::new(channel.into())?;
        let child = Child::of(pid, channel, id, &self.events.0);
        self.processes.insert(id, process(child));
        Ok(())
    }

    async fn serve(&mut self) -> u8 {
        // Who ended while there was nobody to hear of it.
        self.reap();
        self.step();
        loop {
            if let Some(code) = self.exit {
                self.host.exit(code);
                return code;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                signal = self.signals.next() => self.on_signal(signal),
                Some(event) = self.events.1.recv() => self.on_event(event),
                Some(command) = self.commands.recv() => self.on_command(command),
                probed = self.reloads.probed() => self.on_probed(probed),
                () = sleep_until(wake) => {}
            }
            // Also when events come one after the other, and no sleep ends.
            self.look_if_due();
            self.step();
        }
    }

    /// When to look at the workers next.
    fn wake(&mut self) -> TokioInstant {
        let now = self.clock.now();
        let due = [Some(self.look_at), self.supervisor.due(), self.close_at];
        let mut wait = due.into_iter().flatten().min().map_or(LOOK, |due| due.saturating_sub(now));
        if self.reloads.is_taking_over() {
            wait = Duration::ZERO;
        }
        // What is due already and is not done by a step would have the loop spin.
        TokioInstant::now() + wait.max(Duration::from_millis(5))
    }

    // What happens.

    fn on_signal(&mut self, signal: Arrived) {
        match signal {
            Arrived::Terminate => self.stop(false, "TERM"),
            Arrived::Interrupt | Arrived::Quit => {
                let name = if signal == Arrived::Interrupt { "INT" } else { "QUIT" };
                self.interrupts += u32::from(signal == Arrived::Interrupt);
                if self.interrupts > 1 {
                    tracing::warn!("INT again: killing the workers");
                    self.exit = Some(FORCED);
                    let actions = self.supervisor.kill();
                    self.perform(actions);
                    self.close_listeners();
                } else {
                    self.stop(true, name);
                }
            }
            Arrived::HangUp => {
                tracing::info!("HUP: reloading");
                self.begin_reload(None);
            }
            Arrived::Reopen => self.reopen(),
            Arrived::Upgrade => self.begin_upgrade(),
            Arrived::More | Arrived::Fewer => {
                let (name, change) = if signal == Arrived::More {
                    ("TTIN", Change::Add(1))
                } else {
                    ("TTOU", Change::Remove(1))
                };
                match self.scale(None, change) {
                    Ok(text) => tracing::info!("{name}: {text}"),
                    Err(why) => tracing::warn!("{name}: {why}"),
                }
            }
            Arrived::Pause => {
                if self.signals.has_terminal() {
                    // The window was resized.
                    return;
                }
                tracing::info!(
                    "WINCH: ending the workers and keeping the addresses; HUP or `workers N` brings them back"
                );
                self.supervisor.pause();
            }
            Arrived::Child => self.reap(),
        }
    }

    fn reap(&mut self) {
        for (id, process) in &mut self.processes {
            process.child.look(*id, &self.events.0);
        }
        if process::is_init() {
            let known = |pid| {
                self.processes.values().any(|process| process.child.pid == pid) || self.reloads.is_probe(pid)
            };
            process::reap_strangers(known);
        }
    }

    fn on_event(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Said(id, message) => self.on_message(now, id, message),
            Event::Broke(id, what) => {
                let actions = self.supervisor.misbehaved(now, id, &what);
                self.perform(actions);
            }
            Event::Ended(id, ended) => self.on_end(now, id, ended),
        }
    }

    fn on_message(&mut self, now: Time, id: Id, message: ToArbiter) {
        match message {
            ToArbiter::Ready => {
                if self.supervisor.became_ready(now, id)
                    && let Some(process) = self.processes.get_mut(&id)
                {
                    process.beats = Vec::new();
                    let (pid, took) = (process.child.pid, process.started.elapsed());
                    tracing::debug!("{} (process {pid}) is ready after {took:.1?}", process.worker);
                }
            }
            ToArbiter::NotStarted { why } => self.supervisor.says(id, false, why),
            ToArbiter::Panicked { message } => self.supervisor.says(id, true, message),
            ToArbiter::Full => self.supervisor.recycle(id, Mark::MaxRequests),
            ToArbiter::Pong(_) | ToArbiter::Program { .. } => {}
            message @ (ToArbiter::Dispatch { .. } | ToArbiter::Answer { .. }) => self.on_call(id, message),
        }
    }

    fn on_end(&mut self, now: Time, id: Id, ended: Ended) {
        let Some(process) = self.processes.remove(&id) else { return };
        let ended = match ended {
            Ended::Signal { name, .. } if name == "SIGKILL" => {
                let by_oom = self.oom.happened();
                Ended::Signal { name, by_oom }
            }
            ended => ended,
        };
        let Some((_, member, cause)) = self.supervisor.exited(now, id, &Ok(ended)) else { return };
        let past = self.past.entry(process.app.clone()).or_default();
        *past.exits.entry(cause.word().to_owned()).or_default() += 1;
        if let Some((board, seat)) = &process.seat {
            past.requests += board.totals(*seat).requests;
            board.clear(*seat);
        }
        self.forget_calls(id);
        let uptime = now.saturating_sub(member.since);
        self.tell_end(&process, &member, &cause, uptime);
        let was_ready = member.ready_since.is_some();
        let exit = WorkerExit::new(process.worker.clone(), process.child.pid, cause, uptime, was_ready);
        self.host.worker_exit(&exit);
    }

    /// Every end of a worker is a line of the log.
    fn tell_end(&self, process: &Process, member: &Member, cause: &Cause, uptime: Duration) {
        let Process { worker, child, .. } = process;
        let (slot, pid, seconds) = (worker.slot(), child.pid, uptime.as_secs_f64());
        let booted = if member.ready_since.is_some() { "" } else { " before it was ready" };
        let line = format!(
            "worker {slot} of {} (process {pid}) ended{booted} after {seconds:.1} s: {cause}",
            worker.app()
        );
        if cause.is_failure() {
            tracing::error!(app = worker.app(), slot, pid, cause = cause.word(), "{line}");
        } else {
            tracing::info!(app = worker.app(), slot, pid, cause = cause.word(), "{line}");
        }
        if member.ready_since.is_none() && cause.is_failure() {
            let lines = child.last_lines();
            if !lines.is_empty() {
                tracing::error!("the last lines of process {pid}:{lines}");
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        let Command { request, answers } = command;
        let answer = match request {
            Request::Ping => Response::Pong { pid: std::process::id() },
            Request::Info => Response::Info(self.info()),
            Request::Reload { wait } => {
                self.begin_reload(Some((wait, answers)));
                return;
            }
            Request::Workers { app, change } => match self.scale(app.as_deref(), change) {
                Ok(text) => Response::Done { text },
                Err(why) => Response::Failed { why },
            },
            Request::Stop | Request::Quit => {
                let quick = request == Request::Quit;
                let text = if quick { "stopping quickly" } else { "finishing what is in flight" };
                self.stop(quick, if quick { "quit" } else { "stop" });
                Response::Done { text: text.to_owned() }
            }
        };
        // A client that is gone does not want to know.
        let _ = answers.try_send(answer);
    }

    fn scale(&mut self, app: Option<&str>, change: Change) -> Result<String, String> {
        if self.supervisor.is_stopping() {
            return Err("the program is stopping".to_owned());
        }
        let apps = self.supervisor.apps();
        let at = match app {
            None => 0,
            Some(name) => {
                let found = apps.iter().position(|app| app.name == name);
                found.ok_or_else(|| format!("there is no application `{name}`"))?
            }
        };
        let before = apps[at].monitor.target();
        let wanted = match change {
            Change::Set(number) => number,
            Change::Add(number) => before.saturating_add(number),
            Change::Remove(number) => before.saturating_sub(number),
        };
        let after = wanted.clamp(1, MOST_WORKERS);
        let name = apps[at].name.clone();
        self.supervisor.scale(at, after);
        Ok(format!("{name} has {after} workers now, {before} before"))
    }

    fn look_if_due(&mut self) {
        let now = self.clock.now();
        if now >= self.look_at {
            let timeouts = self.current.apps.iter().map(|app| heartbeat(&app.settings));
            let period = timeouts.chain(self.notifier.watchdog()).fold(LOOK, Duration::min);
            self.look_at = now + period;
            self.look(now);
        }
    }

    /// Looks at the workers: whether they move, whether they have had enough.
    fn look(&mut self, now: Time) {
        let mut quiet = BTreeMap::new();
        let mut marks = Vec::new();
        for (id, process) in &mut self.processes {
            let Some((board, seat)) = &process.seat else { continue };
            let (thread, loops) = board.beats(*seat);
            let beats = std::iter::once(thread).chain(loops);
            if process.beats.is_empty() {
                process.beats = beats.map(|beat| (beat, now)).collect();
            } else {
                for (seen, beat) in process.beats.iter_mut().zip(beats) {
                    if seen.0 != beat {
                        *seen = (beat, now);
                    }
                }
            }
            let since = |(_, at): &(u64, Time)| now.saturating_sub(*at);
            let thread = process.beats.first().map(since).unwrap_or_default();
            let loops = process.beats.iter().skip(1).map(since).max().unwrap_or_default();
            quiet.insert(*id, (thread, loops));

            let Some((_, member)) = self.supervisor.member(*id) else { continue };
            let Some(ready_since) = member.ready_since else { continue };
            if process.lifetime.is_some_and(|most| now.saturating_sub(ready_since) >= most) {
                marks.push((*id, Mark::MaxLifetime));
            }
            let most = self.current.app(&process.app).map_or(0, |app| app.settings.max_rss);
            if most > 0 && resident(process.child.pid) > most << 20 {
                marks.push((*id, Mark::MaxRss));
            }
        }
        for (id, mark) in marks {
            self.supervisor.recycle(id, mark);
        }
        let actions = self.supervisor.quiet(now, &quiet);
        self.perform(actions);
        self.notifier.alive();
    }

    /// Brings what is closer to what is wanted.
    fn step(&mut self) {
        let now = self.clock.now();
        // A process that cannot be started is an end that may want another start, later.
        let (actions, notices) = self.supervisor.step(now);
        self.perform(actions);
        for notice in notices {
            self.on_notice(notice);
        }
        if self.close_at.is_some_and(|at| now >= at) {
            self.close_listeners();
        }
        self.appoint_leaders();
        self.take_over_if_due();
    }

    /// Whether nothing is under way between the workers and this loop.
    pub(super) fn is_quiet(&self) -> bool {
        self.events.1.is_empty() && self.processes.values().all(|process| process.child.is_quiet())
    }

    pub(super) fn now(&mut self) -> Time {
        self.clock.now()
    }

    pub(super) fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn { id, slot, generation } => self.spawn(id, slot, generation),
                Action::Drain { id, delay } => self.tell(id, &ToChild::Drain { delay }, Vec::new()),
                Action::Quick { id } => self.tell(id, &ToChild::Quick, Vec::new()),
                Action::Abort { id } => self.signal(id, Signal::SIGABRT),
                Action::Kill { id } => self.signal(id, Signal::SIGKILL),
                Action::Warn(text) => tracing::warn!("{text}"),
            }
        }
    }

    fn signal(&self, id: Id, signal: Signal) {
        if let Some(process) = self.processes.get(&id) {
            process.child.signal(signal);
        }
    }

    pub(super) fn tell(&mut self, id: Id, message: &ToChild, fds: Vec<OwnedFd>) {
        let Some(process) = self.processes.get(&id) else { return };
        if !process.child.tell(message, fds) {
            let now = self.clock.now();
            let actions = self.supervisor.misbehaved(now, id, "it does not read what it is sent");
            self.perform(actions);
        }
    }

    fn spawn(&mut self, id: Id, slot: usize, generation: u64) {
        let Some((app, _)) = self.supervisor.member(id) else { return };
        let app = app.to_owned();
        let worker = Worker::new(app.as_str(), slot, generation);
        self.host.pre_spawn(&worker);
        if let Err(error) = self.try_spawn(id, &app, worker) {
            let now = self.clock.now();
            let why = format!("the system refuses the process: {error}");
            if let Some((_, member, cause)) = self.supervisor.exited(now, id, &Err(why)) {
                tracing::error!(app, slot = member.slot, "worker {slot} of {app}: {cause}");
            }
        }
    }

    fn try_spawn(&mut self, id: Id, app: &str, worker: Worker) -> io::Result<()> {
        let is_next = worker.generation() != self.supervisor.generation();
        let release = self.next.as_ref().filter(|_| is_next).unwrap_or(&self.current);
        let missing = || io::Error::other("the application is gone");
        let blueprint = release.app(app).ok_or_else(missing)?;
        let settings = &blueprint.settings;
        let taken: Vec<usize> = self
            .processes
            .values()
            .filter_map(|process| process.seat.as_ref())
            .filter(|(board, _)| Arc::ptr_eq(board, &blueprint.board))
            .map(|(_, seat)| *seat)
            .collect();
        let seat = (0..SEATS).find(|seat| !taken.contains(seat));
        let seat = seat.ok_or_else(|| io::Error::other("too many workers at a time"))?;
        let max_requests = match settings.max_requests {
            0 => 0,
            most => most + random_up_to(settings.max_requests_jitter),
        };
        let sink = own_sink();
        let boot = ToChild::Boot(Boot {
            app: app.to_owned(),
            slot: worker.slot(),
            generation: worker.generation(),
            settings: blueprint.texts(),
            addresses: blueprint.sockets().map(|socket| SocketAddress::from(&socket.address())).collect(),
            log: blueprint.log.is_some(),
            sink: sink.is_some(),
            seat,
            seats: SEATS,
            loops: blueprint.board.loops(),
            max_requests,
        });
        let mut fds = vec![blueprint.board_file.as_fd().try_clone_to_owned()?];
        for socket in blueprint.sockets() {
            fds.push(socket.fd().try_clone_to_owned()?);
        }
        if let Some(log) = &blueprint.log {
            fds.push(log.as_fd().try_clone_to_owned()?);
        }
        fds.push(process::stderr()?);
        fds.extend(sink);
        let board = Arc::clone(&blueprint.board);
        board.take(seat);
        let lifetime = settings.max_lifetime;
        let jitter = Duration::from_millis(random_up_to(
            u64::try_from(settings.max_lifetime_jitter.as_millis()).unwrap_or(u64::MAX),
        ));
        let title = format!("pulsar: {app} worker {} generation {}", worker.slot(), worker.generation());
        let child = Child::start(&release.image, &title, &self.arguments, id, &self.events.0)?;
        let told = child.tell(&boot, fds);
        debug_assert!(told, "the queue of a new child is empty");
        let process = Process {
            child,
            app: app.to_owned(),
            worker,
            started: Instant::now(),
            seat: Some((board, seat)),
            beats: Vec::new(),
            lifetime: (!lifetime.is_zero()).then_some(lifetime + jitter),
            leads: false,
        };
        self.processes.insert(id, process);
        Ok(())
    }

    fn appoint_leaders(&mut self) {
        let leaders: Vec<Id> = self.supervisor.apps().iter().filter_map(|app| app.monitor.leader()).collect();
        let mut changes = Vec::new();
        for (id, process) in &mut self.processes {
            let leads = leaders.contains(id);
            if leads != process.leads {
                process.leads = leads;
                changes.push((*id, leads));
            }
        }
        // Who steps down hears of it first.
        changes.sort_by_key(|(_, leads)| *leads);
        for (id, leads) in changes {
            self.tell(id, &ToChild::Lead(leads), Vec::new());
        }
    }

    // Ends.

    fn stop(&mut self, quick: bool, why: &str) {
        let now = self.clock.now();
        if self.supervisor.is_stopping() && !quick {
            let left = self.supervisor.due().map_or(0.0, |due| due.saturating_sub(now).as_secs_f64());
            tracing::info!("{why}: already stopping, {left:.0} s left at most");
            return;
        }
        if quick {
            tracing::info!("{why}: stopping quickly; once more to stop at once");
        } else {
            tracing::info!("{why}: finishing what is in flight");
        }
        let limits =
            self.current.apps.iter().map(|app| app.settings.graceful_timeout + app.settings.drain_delay);
        self.notifier.stopping(limits.max().unwrap_or_default() + Duration::from_secs(3));
        self.give_up_reload("the program is stopping");
        let delay = self.current.apps.iter().map(|app| app.settings.drain_delay).max().unwrap_or_default();
        if quick || delay.is_zero() {
            self.close_listeners();
        } else {
            self.close_at.get_or_insert(now + delay);
        }
        let actions = self.supervisor.stop(now, quick);
        self.perform(actions);
    }

    /// Closes our copies of the listening sockets, and removes the files of unix sockets: whoever still accepts has copies.
    fn close_listeners(&mut self) {
        self.close_at = None;
        self.activated.clear();
        for app in &mut self.current.apps {
            for socket in app.sockets() {
                socket.remove_file();
            }
            app.openings.clear();
        }
    }

    /// Has every log begin anew, as after its file was moved away.
    fn reopen(&mut self) {
        tracing::info!("USR1: opening the logs anew");
        let mut files = HashMap::new();
        for app in &mut self.current.apps {
            if let crate::settings::AccessLog::File(path) = &app.settings.access_log {
                match crate::server::open_log(path) {
                    Ok(file) => {
                        let file = Arc::new(file);
                        app.log = Some(Arc::clone(&file));
                        files.insert(app.name.clone(), file);
                    }
                    Err(failure) => tracing::error!("{failure}; the log goes on in the old file"),
                }
            }
        }
        let ids: Vec<_> = self.processes.iter().map(|(id, process)| (*id, process.app.clone())).collect();
        for (id, app) in ids {
            if let Some(file) = files.get(&app)
                && let Ok(fd) = file.as_fd().try_clone_to_owned()
            {
                self.tell(id, &ToChild::Reopen { log: true }, vec![fd]);
            }
        }
    }

    /// What a worker has done so far.
    pub(super) fn totals(&self, id: Id) -> Totals {
        let seat = self.processes.get(&id).and_then(|process| process.seat.as_ref());
        seat.map(|(board, seat)| board.totals(*seat)).unwrap_or_default()
    }

    /// An application never came up.
    pub(super) fn give_up(&mut self, app: &str, why: &str) {
        say(format_args!("error: the application `{app}` did not start: {why}"));
        say(format_args!("pulsar: {} cannot start", self.host.name()));
        self.exit = Some(NOT_STARTED);
    }
}

impl Process {
    /// A worker that was started before an upgrade.
    pub(super) fn adopted(
        child: Child,
        worker: Worker,
        seat: Option<(Arc<Board>, usize)>,
        uptime: Duration,
    ) -> Self {
        Self {
            child,
            app: worker.app().to_owned(),
            worker,
            started: Instant::now().checked_sub(uptime).unwrap_or_else(Instant::now),
            seat,
            beats: Vec::new(),
            lifetime: None,
            leads: false,
        }
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    pub(super) fn with_lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.lifetime = lifetime;
        self
    }
}

/// The most workers that an application can have.
const MOST_WORKERS: usize = 1024;

/// The path that this program was started from, with the links in it: an upgrade may have changed where they lead.
fn program_file() -> PathBuf {
    let called = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    let is_path = called.components().count() > 1;
    let called = std::path::absolute(&called).ok().filter(|path| is_path && path.is_file());
    called.or_else(|| std::env::current_exe().ok()).unwrap_or_default()
}

/// A number from 0 to `most`, so that workers which were started together do not end together.
fn random_up_to(most: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    if most == 0 { 0 } else { RandomState::new().hash_one(most) % most.saturating_add(1) }
}
