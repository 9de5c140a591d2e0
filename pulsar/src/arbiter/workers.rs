//! Workers as processes: starting them, telling them, looking after them, hearing of their end.
//!
//! What shall be done is said by the policy.

use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    arbiter::{
        children::Child,
        machine::resident,
        message::{Boot, SocketAddress, ToChild},
        monitor::{Action, Ended, Id, Mark, Member, Time},
        output::own_sink,
        process,
        release::SEATS,
        state::{Arbiter, Process, Seat},
        worker::heartbeat,
    },
    order::sort_by_key,
    worker::{Cause, Worker, WorkerExit},
};

/// How long a worker is ready before its memory counts.
const SETTLED: Duration = Duration::from_secs(5);
/// The longest time between two looks at the workers.
pub(super) const LOOK: Duration = Duration::from_secs(1);

impl Arbiter<'_> {
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
        // It has no process yet.
        let worker = Worker::new(app.as_str(), slot, generation).supervised().with_pid(0);
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
            .filter(|seat| Arc::ptr_eq(&seat.board, &blueprint.board))
            .map(|seat| seat.number)
            .collect();
        let free = (0..SEATS).find(|number| !taken.contains(number));
        let free = free.ok_or_else(|| io::Error::other("too many workers at a time"))?;
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
            addresses: blueprint
                .sockets()
                .map(|socket| SocketAddress::from(&socket.address(false)))
                .collect(),
            log: blueprint.log.is_some(),
            sink: sink.is_some(),
            seat: free,
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
        let seat = Seat::on(blueprint, free);
        seat.board.take(free);
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
            seat: Some(seat),
            beats: Vec::new(),
            lifetime: (!lifetime.is_zero()).then_some(lifetime + jitter),
            leads: false,
        };
        self.processes.insert(id, process);
        Ok(())
    }

    /// Adds a worker that was started before.
    pub(super) fn adopt(
        &mut self,
        id: Id,
        pid: u32,
        channel: OwnedFd,
        process: impl FnOnce(Child) -> Process,
    ) -> io::Result<()> {
        let channel = crate::arbiter::frame::Channel::new(channel.into())?;
        let child = Child::of(pid, channel, id, &self.events.0);
        self.processes.insert(id, process(child));
        Ok(())
    }

    pub(super) fn reap(&mut self) {
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

    pub(super) fn on_end(&mut self, now: Time, id: Id, ended: Ended) {
        let Some(process) = self.processes.remove(&id) else { return };
        let ended = match ended {
            Ended::Signal { name, .. } if name == "SIGKILL" => {
                let by_oom = self.oom.happened();
                Ended::Signal { name, by_oom }
            }
            ended => ended,
        };
        let Some((_, member, cause)) = self.supervisor.exited(now, id, &Ok(ended)) else { return };
        let past = self.past_of(&process.app);
        *past.exits.entry(cause.word().to_owned()).or_default() += 1;
        if let Some(Seat { board, number, .. }) = &process.seat {
            past.requests += board.totals(*number).requests;
            board.clear(*number);
        }
        self.forget_calls(id);
        let uptime = now.saturating_sub(member.since);
        tell_end(&process, &member, &cause, uptime);
        let was_ready = member.ready_since.is_some();
        let worker = process.worker.clone().with_pid(process.child.pid);
        let exit = WorkerExit::new(worker, process.child.pid, cause, uptime, was_ready);
        self.host.worker_exit(&exit);
    }

    pub(super) fn look_if_due(&mut self) {
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
            let Some(Seat { board, number, .. }) = &process.seat else { continue };
            let (thread, loops) = board.beats(*number);
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
            // A limit below what a worker starts with must not have it replaced all the time.
            let has_settled = now.saturating_sub(ready_since) >= SETTLED;
            if most > 0 && has_settled && resident(process.child.pid) > most << 20 {
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

    pub(super) fn appoint_leaders(&mut self) {
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
        sort_by_key(&mut changes, |(_, leads)| *leads);
        for (id, leads) in changes {
            self.tell(id, &ToChild::Lead(leads), Vec::new());
        }
    }
}

/// Every end of a worker is a line of the log.
fn tell_end(process: &Process, member: &Member, cause: &Cause, uptime: Duration) {
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

impl Process {
    /// A worker that was started before an upgrade.
    pub(super) fn adopted(child: Child, worker: Worker, seat: Option<Seat>, uptime: Duration) -> Self {
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

/// A number from 0 to `most`, so that workers which were started together do not end together.
fn random_up_to(most: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    if most == 0 { 0 } else { RandomState::new().hash_one(most) % most.saturating_add(1) }
}
