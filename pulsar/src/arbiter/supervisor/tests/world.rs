//! A world for a supervisor: a clock that jumps from event to event, and processes that do as they are told here.
//!
//! It steps the supervisor only when something happens or is due, so that a due time which is missing shows as a world that
//! stands still, and one that nothing resolves as a panic. What no action may ever do is asserted at each of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::arbiter::{
    monitor::{Action, Ended, Id, Mark, Policy, State, Time},
    supervisor::{Notice, Supervisor},
};

/// What comes of a process after it was started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::arbiter) enum Boot {
    Ready(f64),
    Never,
    /// It exits with code 1 after so many seconds.
    Dies(f64),
    /// The system does not start it at all.
    Refused,
}

/// How a process behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::arbiter) struct Behaviour {
    pub(in crate::arbiter) boot: Boot,
    /// It dies of a signal so many seconds after it was ready.
    pub(in crate::arbiter) life: Option<f64>,
    /// Its event loop blocks so many seconds after it was ready.
    pub(in crate::arbiter) blocks: Option<f64>,
    /// How long it takes to end when it is told to; `None` is for ever.
    pub(in crate::arbiter) end: Option<f64>,
}

pub(in crate::arbiter) const GOOD: Behaviour =
    Behaviour { boot: Boot::Ready(1.0), life: None, blocks: None, end: Some(0.2) };

pub(in crate::arbiter) fn boots(boot: Boot) -> Behaviour {
    Behaviour { boot, ..GOOD }
}

/// A process.
#[derive(Debug)]
struct Process {
    name: String,
    app: String,
    end: Option<f64>,
    ready_at: Option<Time>,
    blocks_at: Option<Time>,
    ends_at: Option<(Time, Ended)>,
    is_told: bool,
    /// It gets no signal but KILL, and tells nothing.
    is_stopped: bool,
}

/// A supervisor, its clock and its processes.
pub(in crate::arbiter) struct World {
    pub(in crate::arbiter) supervisor: Supervisor,
    pub(in crate::arbiter) now: Time,
    behaviours: BTreeMap<(String, u64), Behaviour>,
    processes: BTreeMap<Id, Process>,
    lines: Vec<String>,
    pub(in crate::arbiter) notices: Vec<Notice>,
    /// How many workers were started, by application and slot.
    pub(in crate::arbiter) spawns: BTreeMap<(String, usize), usize>,
    /// Never fewer ready workers than this.
    pub(in crate::arbiter) floor: BTreeMap<String, usize>,
    looked_at: Time,
    /// The system refused a process; the arbiter steps again when it looks at its workers.
    refused_at: Option<Time>,
}

pub(in crate::arbiter) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A policy of round numbers: `timeout` 3, `boot_timeout` 10, ten seconds to end.
pub(in crate::arbiter) fn policy(workers: usize) -> Policy {
    Policy {
        workers,
        timeout: seconds(3.0),
        boot_timeout: seconds(10.0),
        drain: seconds(10.0),
        delay: seconds(0.0),
        surge: 1,
    }
}

pub(in crate::arbiter) fn apps(policies: &[(&str, Policy)]) -> Vec<(String, Policy)> {
    policies.iter().map(|(name, policy)| ((*name).to_owned(), policy.clone())).collect()
}

impl World {
    pub(in crate::arbiter) fn new(policies: &[(&str, Policy)]) -> Self {
        Self {
            supervisor: Supervisor::new(&apps(policies), Time::ZERO),
            now: Time::ZERO,
            behaviours: BTreeMap::new(),
            processes: BTreeMap::new(),
            lines: Vec::new(),
            notices: Vec::new(),
            spawns: BTreeMap::new(),
            floor: BTreeMap::new(),
            looked_at: Time::ZERO,
            refused_at: None,
        }
    }

    /// A program of one application, `a`, whose workers are ready.
    pub(in crate::arbiter) fn serving(policy: Policy) -> Self {
        let mut world = Self::new(&[("a", policy)]);
        world.run(10.0);
        world.log();
        world
    }

    /// From now on, workers of this application and generation are started like that.
    pub(in crate::arbiter) fn let_be(&mut self, app: &str, generation: u64, behaviour: Behaviour) {
        self.behaviours.insert((app.to_owned(), generation), behaviour);
    }

    pub(in crate::arbiter) fn let_all_be_good(&mut self) {
        self.behaviours.clear();
        for process in self.processes.values_mut() {
            process.is_stopped = false;
            process.blocks_at = None;
        }
    }

    /// What has happened since the last call, one event a line, with the time.
    pub(in crate::arbiter) fn log(&mut self) -> String {
        std::mem::take(&mut self.lines).join("\n")
    }

    fn note(&mut self, what: impl std::fmt::Display) {
        self.lines.push(format!("{:.1} {what}", self.now.as_secs_f64()));
    }

    /// Lets so many seconds pass.
    pub(in crate::arbiter) fn run(&mut self, for_seconds: f64) {
        let until = self.now + seconds(for_seconds);
        self.settle();
        let mut at_once = 0;
        loop {
            let next = self.next_event().filter(|next| *next <= until);
            let Some(next) = next else {
                self.now = until;
                return;
            };
            at_once = if next > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 1000, "no time passes:\n{}", self.lines.join("\n"));
            self.now = next.max(self.now);
            self.happen();
            self.settle();
        }
    }

    fn next_event(&self) -> Option<Time> {
        let of_processes = self.processes.values().flat_map(|process| {
            let ready = process.ready_at.filter(|_| !process.is_stopped);
            [ready, process.ends_at.as_ref().map(|(at, _)| *at)]
        });
        let is_late = |process: &Process| process.is_stopped || process.blocks_at.is_some();
        let look = self.processes.values().any(is_late).then(|| self.looked_at + seconds(0.5));
        let refused = self.refused_at.map(|at| at + seconds(1.0));
        of_processes.chain([self.supervisor.due(), look, refused]).flatten().min()
    }

    fn happen(&mut self) {
        let now = self.now;
        self.refused_at = self.refused_at.filter(|at| now < *at + seconds(1.0));
        let ready: Vec<Id> = self.due_processes(|process| process.ready_at.filter(|_| !process.is_stopped));
        for id in ready {
            let process = self.processes.get_mut(&id).unwrap();
            process.ready_at = None;
            let name = process.name.clone();
            if self.supervisor.became_ready(now, id) {
                self.note(format!("ready {name}"));
            }
        }
        for id in self.due_processes(|process| process.ends_at.as_ref().map(|(at, _)| *at)) {
            let process = self.processes.remove(&id).unwrap();
            let ended = process.ends_at.unwrap().1;
            let (app, _, cause) = self.supervisor.exited(now, id, &Ok(ended)).expect("it was a member");
            assert_eq!(app, process.app);
            self.note(format!("end {}: {}", process.name, cause.word()));
        }
        if now >= self.looked_at + seconds(0.5) {
            self.looked_at = now;
            let late = |process: &Process| {
                let since = process.blocks_at.map_or(Duration::ZERO, |at| now.saturating_sub(at));
                (if process.is_stopped { since } else { Duration::ZERO }, since)
            };
            let quiet = self.processes.iter().map(|(id, process)| (*id, late(process))).collect();
            let actions = self.supervisor.quiet(now, &quiet);
            self.perform(actions);
        }
    }

    fn due_processes(&self, at: impl Fn(&Process) -> Option<Time>) -> Vec<Id> {
        let due = self.processes.iter().filter(|(_, process)| at(process).is_some_and(|at| at <= self.now));
        due.map(|(id, _)| *id).collect()
    }

    /// Steps as the arbiter does after an event, and looks at what must be true then.
    pub(in crate::arbiter) fn settle(&mut self) {
        let lines_before = self.lines.len();
        let (actions, notices) = self.supervisor.step(self.now);
        self.perform(actions);
        for notice in notices {
            self.note(match &notice {
                Notice::Ready => "all ready".to_owned(),
                Notice::GivenUp { app, why } => format!("given up {app}: {why}"),
                Notice::Committed { generation } => format!("committed {generation}"),
                Notice::Settled { generation } => format!("settled {generation}"),
                Notice::RolledBack { why } => format!("rolled back: {why}"),
                Notice::Stopped => "stopped".to_owned(),
            });
            self.notices.push(notice);
        }
        if let Some(due) = self.supervisor.due().filter(|due| *due <= self.now) {
            // A process that the system refuses makes room for another one, which the next step starts.
            let has_room = self.refused_at == Some(self.now) && self.lines.len() > lines_before;
            let log = self.lines.join("\n");
            assert!(has_room, "what is due at {due:?} is not done at {:?}:\n{log}", self.now);
            return self.settle();
        }
        let mut members = BTreeSet::new();
        for app in self.supervisor.apps() {
            for (id, member) in app.monitor.members() {
                assert!(members.insert(*id), "{id:?} belongs to two applications");
                if let State::Draining { deadline } = member.state {
                    assert!(deadline > self.now, "{id:?} drains after its deadline");
                }
            }
            if let Some(least) = self.floor.get(&app.name) {
                let ready = app.monitor.ready();
                assert!(ready >= *least, "{ready} of {} are ready:\n{}", app.name, self.lines.join("\n"));
            }
        }
        assert_eq!(members, self.processes.keys().copied().collect(), "members are processes");
    }

    pub(in crate::arbiter) fn perform(&mut self, actions: Vec<Action>) {
        let now = self.now;
        let killed = |name: &str| (now, Ended::Signal { name: name.to_owned(), by_oom: false });
        for action in actions {
            if let Action::Spawn { id, slot, generation } = action {
                self.spawn(id, slot, generation);
                continue;
            }
            let (verb, id) = match &action {
                Action::Spawn { .. } => continue,
                Action::Warn(text) => {
                    self.note(format!("warn: {}", text.split(',').next().unwrap_or_default()));
                    continue;
                }
                Action::Drain { id, delay: false } => ("drain", *id),
                Action::Drain { id, delay: true } => ("drain with delay", *id),
                Action::Quick { id } => ("quick", *id),
                Action::Abort { id } => ("abort", *id),
                Action::Kill { id } => ("kill", *id),
            };
            let log = self.lines.join("\n");
            let process = self.processes.get_mut(&id);
            let process = process.unwrap_or_else(|| panic!("{action:?} for one that is gone:\n{log}"));
            match action {
                Action::Drain { .. } | Action::Quick { .. } => {
                    let again = std::mem::replace(&mut process.is_told, true);
                    assert!(!again || verb == "quick", "{} is told to drain twice:\n{log}", process.name);
                    process.ready_at = None;
                    let reacts = !process.is_stopped && process.blocks_at.is_none_or(|at| at > now);
                    if let Some(end) = process.end.filter(|_| reacts && process.ends_at.is_none()) {
                        process.ends_at = Some((now + seconds(end), Ended::Exit(0)));
                    }
                }
                Action::Abort { .. } if process.is_stopped => {}
                Action::Abort { .. } => process.ends_at = Some(killed("SIGABRT")),
                _ => process.ends_at = Some(killed("SIGKILL")),
            }
            let name = process.name.clone();
            self.note(format!("{verb} {name}"));
        }
    }

    fn spawn(&mut self, id: Id, slot: usize, generation: u64) {
        let (app, member) = self.supervisor.member(id).expect("what is started is a member");
        assert_eq!((member.slot, member.generation), (slot, generation));
        let app = app.to_owned();
        *self.spawns.entry((app.clone(), slot)).or_default() += 1;
        let name = format!("{app}{}", id.0);
        self.note(format!("spawn {name} in {slot} of {generation}"));
        let behaviour = self.behaviours.get(&(app.clone(), generation)).copied().unwrap_or(GOOD);
        let Behaviour { boot, life, blocks, end } = behaviour;
        let (ready_at, ends_at) = match boot {
            Boot::Ready(after) => (Some(self.now + seconds(after)), None),
            Boot::Never => (None, None),
            Boot::Dies(after) => (None, Some((self.now + seconds(after), Ended::Exit(1)))),
            Boot::Refused => {
                self.refused_at = Some(self.now);
                self.supervisor.exited(self.now, id, &Err("no more processes".to_owned()));
                return;
            }
        };
        let death = ready_at.zip(life).map(|(ready, life)| ready + seconds(life));
        let death = death.map(|at| (at, Ended::Signal { name: "SIGSEGV".to_owned(), by_oom: false }));
        let blocks_at = ready_at.zip(blocks).map(|(ready, blocks)| ready + seconds(blocks));
        let ends_at = ends_at.or(death);
        let old = self.processes.insert(
            id,
            Process { name, app, end, ready_at, blocks_at, ends_at, is_told: false, is_stopped: false },
        );
        assert!(old.is_none(), "{id:?} was there before");
    }

    // What is done to the processes, which are chosen by their names, or by a number among all of them.

    pub(in crate::arbiter) fn id(&self, name: &str) -> Id {
        let found = self.processes.iter().find(|(_, process)| process.name == name);
        *found.unwrap_or_else(|| panic!("there is no {name} in {:?}", self.processes)).0
    }

    pub(in crate::arbiter) fn any(&self, number: usize) -> Option<Id> {
        self.processes.keys().nth(number % self.processes.len().max(1)).copied()
    }

    pub(in crate::arbiter) fn end(&mut self, id: Id, ended: Ended) {
        let ends_at = &mut self.processes.get_mut(&id).unwrap().ends_at;
        let is_killed = matches!(ends_at, Some((_, Ended::Signal { name, .. })) if name == "SIGKILL");
        if !is_killed {
            *ends_at = Some((self.now, ended));
        }
    }

    pub(in crate::arbiter) fn crash(&mut self, name: &str) {
        self.end(self.id(name), Ended::Signal { name: "SIGSEGV".to_owned(), by_oom: false });
    }

    /// As SIGSTOP does.
    pub(in crate::arbiter) fn stop_process(&mut self, id: Id) {
        let now = self.now;
        let process = self.processes.get_mut(&id).unwrap();
        process.is_stopped = true;
        process.blocks_at.get_or_insert(now);
        // It will not get around to it.
        process.ends_at = process.ends_at.take().filter(|(_, ended)| !matches!(ended, Ended::Exit(_)));
    }

    pub(in crate::arbiter) fn block(&mut self, id: Id) {
        self.processes.get_mut(&id).unwrap().blocks_at.get_or_insert(self.now);
    }

    /// It neither ends nor becomes ready by itself any more.
    pub(in crate::arbiter) fn hang(&mut self, id: Id) {
        let process = self.processes.get_mut(&id).unwrap();
        (process.ready_at, process.end) = (None, None);
    }

    pub(in crate::arbiter) fn recycle(&mut self, name: &str, mark: Mark) {
        self.supervisor.recycle(self.id(name), mark);
    }

    pub(in crate::arbiter) fn reload(&mut self, next: &[(&str, Policy)]) {
        self.supervisor.reload(&apps(next), self.now);
    }

    pub(in crate::arbiter) fn stop(&mut self, quick: bool) {
        let actions = self.supervisor.stop(self.now, quick);
        self.perform(actions);
    }

    pub(in crate::arbiter) fn kill(&mut self) {
        let actions = self.supervisor.kill();
        self.perform(actions);
    }

    pub(in crate::arbiter) fn ready(&self, app: &str) -> usize {
        self.supervisor.app(app).map_or(0, |app| app.monitor.ready())
    }

    /// The slots and generations of an application's ready workers.
    pub(in crate::arbiter) fn workers(&self, app: &str) -> Vec<(usize, u64)> {
        let Some(app) = self.supervisor.app(app) else { return Vec::new() };
        let ready = app.monitor.members().values().filter(|member| member.state == State::Ready);
        let mut workers: Vec<_> = ready.map(|member| (member.slot, member.generation)).collect();
        workers.sort_unstable();
        workers
    }

    /// How many workers were started in this slot.
    pub(in crate::arbiter) fn starts(&self, app: &str, slot: usize) -> usize {
        self.spawns.get(&(app.to_owned(), slot)).copied().unwrap_or_default()
    }

    pub(in crate::arbiter) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }
}
