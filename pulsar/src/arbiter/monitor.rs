//! The policy for the workers of one application: events in, actions out.
//!
//! A monitor starts no process, reads no clock and knows no file descriptor; whoever runs it tells what happened and when, and
//! does what it answers. The one rule that everything follows from is [`Monitor::converge`]: each slot shall have a ready
//! worker of the wanted generation, and whoever is not that one goes once that one is there. Start, respawn, recycling,
//! scaling, reload and rollback only change what is wanted.

mod member;
mod pauses;
mod policy;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub(super) use self::{
    member::{Ended, Id, Mark, Member, State, Time},
    policy::Policy,
};
use crate::{
    arbiter::monitor::{
        member::{Reason, cause},
        pauses::Pauses,
    },
    worker::Cause,
};

/// What a monitor wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start a worker of this generation in this slot. It exists from now on, under this id.
    Spawn { id: Id, slot: usize, generation: u64 },
    /// Tell it to end in order; with `delay` it accepts for as long as `drain_delay` says.
    Drain { id: Id, delay: bool },
    /// Tell it to end quickly.
    Quick { id: Id },
    /// Have it say what it does, and die of it.
    Abort { id: Id },
    /// Kill it.
    Kill { id: Id },
    /// Tell people.
    Warn(String),
}

/// What a worker has at a quick stop, in which it gives requests in flight two seconds.
pub(super) const QUICK: Duration = Duration::from_millis(3000);
/// From the abort to the kill.
const ABORT_GRACE: Duration = Duration::from_secs(1);
/// A worker that was ready for so long was not born broken.
const STABLE: Duration = Duration::from_secs(5);
/// So many failed starts in a row, and an application that was never ready is given up; a reload, when so many of its own fail.
const FAILED_STARTS: u32 = 5;
const FAILED_OF_RELOAD: u32 = 3;

/// Which generations are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Steady,
    /// One worker of the next generation is tried beside the others.
    Canary,
    /// The next generation takes over slot by slot.
    Rolling,
}

/// The life of an application as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Course {
    Running,
    /// No workers, for now.
    Paused,
    Stopping,
}

/// The state of one application's workers.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    policy: Policy,
    /// The policy of the next generation, and that to return to.
    next_policy: Option<Policy>,
    before: Option<(Policy, BTreeSet<usize>)>,
    slots: BTreeSet<usize>,
    serving: u64,
    next: u64,
    phase: Phase,
    course: Course,
    members: BTreeMap<Id, Member>,
    pauses: Pauses,
    /// Starts that failed in a row, while no worker has ever been ready.
    failed_starts: u32,
    failed_of_reload: u32,
    ever_ready: bool,
    started: Time,
    last_failure: Option<String>,
    stalled: bool,
}

/// What a monitor needs across the exec of an upgrade.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    slots: BTreeSet<usize>,
    serving: u64,
    paused: bool,
    members: BTreeMap<Id, Member>,
    pauses: Pauses,
    started: Time,
}

impl Monitor {
    pub(super) fn new(policy: Policy, generation: u64, now: Time) -> Self {
        Self {
            slots: (0..policy.workers).collect(),
            policy,
            next_policy: None,
            before: None,
            serving: generation,
            next: generation,
            phase: Phase::Steady,
            course: Course::Running,
            members: BTreeMap::new(),
            pauses: Pauses::default(),
            failed_starts: 0,
            failed_of_reload: 0,
            ever_ready: false,
            started: now,
            last_failure: None,
            stalled: false,
        }
    }

    /// The monitor of an application that a reload brings. If it does not come up, the reload fails.
    pub(super) fn joining(policy: Policy, generation: u64, now: Time) -> Self {
        Self { phase: Phase::Rolling, ever_ready: true, ..Self::new(policy, generation, now) }
    }

    pub(super) fn save(&self) -> Saved {
        Saved {
            slots: self.slots.clone(),
            serving: self.serving,
            paused: self.course == Course::Paused,
            members: self.members.clone(),
            pauses: self.pauses.clone(),
            started: self.started,
        }
    }

    pub(super) fn restore(policy: Policy, saved: Saved) -> Self {
        let Saved { slots, serving, paused, members, pauses, started } = saved;
        let course = if paused { Course::Paused } else { Course::Running };
        Self { slots, course, members, pauses, ever_ready: true, ..Self::new(policy, serving, started) }
    }

    pub(super) fn members(&self) -> &BTreeMap<Id, Member> {
        &self.members
    }

    /// How many workers there shall be.
    pub(super) fn target(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn is_paused(&self) -> bool {
        self.course == Course::Paused
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn ready(&self) -> usize {
        self.members.values().filter(|member| member.is_ready()).count()
    }

    /// Whether every slot has its ready worker.
    pub(super) fn is_complete(&self) -> bool {
        self.course != Course::Running
            || self
                .slots
                .iter()
                .all(|slot| self.current(*slot).is_some_and(|id| self.members[&id].is_ready()))
    }

    /// Whether workers are there that shall not be: of another generation than that which serves.
    pub(super) fn has_remains(&self, generation: u64) -> bool {
        self.members.values().any(|member| member.generation != generation)
    }

    /// The worker that does what only one of the application may do.
    pub(super) fn leader(&self) -> Option<Id> {
        let ready = self.members.iter().filter(|(_, member)| member.is_ready());
        ready.min_by_key(|(id, member)| (member.slot, **id)).map(|(id, _)| *id)
    }

    /// Why an application that has never been ready is given up.
    pub(super) fn given_up(&self, now: Time) -> Option<String> {
        if self.ever_ready || self.course != Course::Running || self.slots.is_empty() {
            return None;
        }
        let why = self.last_failure.as_deref().unwrap_or("no worker became ready");
        if self.failed_starts >= FAILED_STARTS {
            return Some(format!("{FAILED_STARTS} starts failed in a row; the last one: {why}"));
        }
        let limit = self.policy.boot_timeout.saturating_mul(2);
        (now >= self.started + limit)
            .then(|| format!("no worker was ready within {} s: {why}", limit.as_secs_f64()))
    }

    /// When something will be due without an event.
    pub(super) fn due(&self) -> Option<Time> {
        let of_members = self.members.values().filter_map(|member| match member.state {
            State::Booting => Some(member.since + self.policy.boot_timeout),
            State::Ready => None,
            State::Draining { deadline } => Some(deadline),
            State::Condemned { kill_at } => Some(kill_at),
        });
        let of_slots =
            self.slots.iter().filter(|slot| self.course == Course::Running && self.current(**slot).is_none());
        let of_slots = of_slots.filter_map(|slot| self.pauses.until(*slot));
        of_members.chain(of_slots).min()
    }

    // What happens.

    pub(super) fn became_ready(&mut self, now: Time, id: Id) -> bool {
        let Some(member) = self.members.get_mut(&id).filter(|member| member.state == State::Booting) else {
            return false;
        };
        member.state = State::Ready;
        member.ready_since = Some(now);
        let generation = member.generation;
        self.ever_ready = true;
        self.failed_starts = 0;
        if generation == self.next {
            self.failed_of_reload = 0;
        }
        true
    }

    /// A worker says why it does not start, or that it panics.
    pub(super) fn says(&mut self, id: Id, panicked: bool, text: String) {
        if let Some(member) = self.members.get_mut(&id)
            && member.reason.is_none()
        {
            member.reason = Some(if panicked { Reason::Panic(text) } else { Reason::NotStarted(text) });
        }
    }

    /// A process is gone; or could not be started, then `ended` is why.
    pub(super) fn exited(
        &mut self,
        now: Time,
        id: Id,
        ended: &Result<Ended, String>,
    ) -> Option<(Member, Cause)> {
        let member = self.members.remove(&id)?;
        let cause = cause(&member, ended);
        let was_stable = member.ready_since.is_some_and(|since| now.saturating_sub(since) >= STABLE);
        if was_stable {
            self.pauses.forget(member.slot);
        } else if cause.is_failure() {
            self.pauses.failed(now, member.slot);
        }
        if member.ready_since.is_none() && cause.is_failure() {
            self.last_failure = Some(cause.to_string());
            self.failed_starts += 1;
            if self.phase != Phase::Steady && member.generation == self.next {
                self.failed_of_reload += 1;
            }
        }
        Some((member, cause))
    }

    /// How long a worker's own thread, and the slowest of its loops, have not moved.
    pub(super) fn quiet(&mut self, now: Time, quiet: &BTreeMap<Id, (Duration, Duration)>) -> Vec<Action> {
        let limit = self.policy.timeout;
        if limit.is_zero() {
            return Vec::new();
        }
        let ready: Vec<_> =
            self.members.iter().filter(|(_, member)| member.is_ready()).map(|(id, _)| *id).collect();
        let times = |id: &Id| quiet.get(id).copied().unwrap_or_default();
        let late: Vec<_> = ready.iter().copied().filter(|id| times(id).1 >= limit).collect();
        let stalled = ready.len() > 1 && ready.iter().all(|id| times(id).0 >= limit);
        let mut actions = Vec::new();
        if stalled && ready.iter().any(|id| times(id).0 < limit * 2) {
            if !std::mem::replace(&mut self.stalled, true) {
                actions.push(Action::Warn(
                    "no worker reacts, which looks like a machine that stands still; waiting once more as long as `timeout`"
                        .to_owned(),
                ));
            }
            return actions;
        }
        self.stalled = stalled;
        for id in late {
            let (thread, loops) = times(&id);
            let seconds = loops.as_secs_f64();
            let what = if thread >= limit {
                format!("its process has not run for {seconds:.1} s; it is stopped or gets no processor")
            } else {
                format!(
                    "an event loop has been blocked for {seconds:.1} s; an async handler does something that blocks"
                )
            };
            actions.extend(self.condemn(now, id, Reason::Timeout(what), ABORT_GRACE));
        }
        actions
    }

    /// A worker broke the rules of its channel.
    pub(super) fn misbehaved(&mut self, now: Time, id: Id, what: String) -> Vec<Action> {
        self.condemn(now, id, Reason::Channel(what), Duration::ZERO)
    }

    /// A worker has had enough requests, time or memory.
    pub(super) fn recycle(&mut self, id: Id, mark: Mark) {
        if let Some(member) = self.members.get_mut(&id).filter(|member| member.is_live()) {
            member.marked.get_or_insert(mark);
        }
    }

    /// Deadlines that have passed.
    pub(super) fn tick(&mut self, now: Time) -> Vec<Action> {
        let mut actions = Vec::new();
        for (id, state, since) in
            self.members.iter().map(|(id, m)| (*id, m.state, m.since)).collect::<Vec<_>>()
        {
            match state {
                State::Booting if now >= since + self.boot_timeout(id) => {
                    actions.extend(self.condemn(now, id, Reason::BootTimeout, Duration::ZERO));
                }
                State::Draining { deadline } if now >= deadline => {
                    let member = self.members.get_mut(&id).expect("it was just listed");
                    member.reason = Some(Reason::Deadline);
                    member.state = State::Condemned { kill_at: Time::MAX };
                    actions.push(Action::Kill { id });
                }
                State::Condemned { kill_at } if now >= kill_at => {
                    let member = self.members.get_mut(&id).expect("it was just listed");
                    member.state = State::Condemned { kill_at: Time::MAX };
                    actions.push(Action::Kill { id });
                }
                _ => {}
            }
        }
        actions
    }

    fn boot_timeout(&self, id: Id) -> Duration {
        let next = self.next_policy.as_ref().filter(|_| self.members[&id].generation == self.next);
        next.unwrap_or(&self.policy).boot_timeout
    }

    fn condemn(&mut self, now: Time, id: Id, reason: Reason, grace: Duration) -> Vec<Action> {
        let Some(member) =
            self.members.get_mut(&id).filter(|member| !matches!(member.state, State::Condemned { .. }))
        else {
            return Vec::new();
        };
        member.reason = Some(reason);
        if grace.is_zero() {
            member.state = State::Condemned { kill_at: Time::MAX };
            vec![Action::Kill { id }]
        } else {
            member.state = State::Condemned { kill_at: now + grace };
            vec![Action::Abort { id }]
        }
    }

    // What is wanted.

    /// Sets the number of workers. Fewer: the oldest go. More: the lowest free slots are taken.
    pub(super) fn scale(&mut self, workers: usize) {
        while self.slots.len() < workers {
            let free =
                (0..).find(|slot| !self.slots.contains(slot)).expect("there are more numbers than slots");
            self.slots.insert(free);
        }
        while self.slots.len() > workers {
            let age = |slot: &usize| {
                let member = self.current(*slot).map(|id| &self.members[&id]);
                // A slot without a worker goes first, then the one whose worker is oldest.
                (member.is_some(), member.map_or(Time::ZERO, |member| member.since), std::cmp::Reverse(*slot))
            };
            let oldest =
                self.slots.iter().copied().min_by_key(age).expect("more slots than wanted, so not none");
            self.slots.remove(&oldest);
        }
        self.course = match self.course {
            Course::Paused if workers > 0 => Course::Running,
            course => course,
        };
    }

    /// Tries one worker of another generation.
    pub(super) fn try_out(&mut self, generation: u64, policy: Policy) {
        self.next = generation;
        self.next_policy = Some(policy);
        self.phase = Phase::Canary;
        self.failed_of_reload = 0;
        self.course = Course::Running;
    }

    /// Whether the worker that is tried out is ready.
    pub(super) fn is_tried(&self) -> bool {
        self.slots.is_empty() && self.next_policy.as_ref().is_none_or(|policy| policy.workers == 0)
            || self.members.values().any(|member| member.generation == self.next && member.is_ready())
    }

    /// Why the generation that is being brought in does not come up.
    pub(super) fn reload_failure(&self) -> Option<&str> {
        let most = match self.phase {
            Phase::Steady => return None,
            Phase::Canary => 1,
            Phase::Rolling => FAILED_OF_RELOAD,
        };
        let why = self.last_failure.as_deref().unwrap_or("it did not start");
        (self.failed_of_reload >= most).then_some(why)
    }

    /// Lets the next generation take over.
    pub(super) fn roll(&mut self) {
        if self.phase != Phase::Canary {
            return;
        }
        self.phase = Phase::Rolling;
        self.failed_of_reload = 0;
        if let Some(policy) = self.next_policy.take() {
            let changed = policy.workers != self.policy.workers;
            let workers = policy.workers;
            self.before = Some((std::mem::replace(&mut self.policy, policy), self.slots.clone()));
            if changed {
                self.scale(workers);
            }
        }
        self.pauses = Pauses::default();
    }

    /// The next generation has taken over for good.
    pub(super) fn commit(&mut self) {
        self.serving = self.next;
        self.phase = Phase::Steady;
        self.before = None;
        self.next_policy = None;
    }

    /// Everything is as it was before the reload.
    pub(super) fn roll_back(&mut self) {
        if let Some((policy, slots)) = self.before.take() {
            self.policy = policy;
            self.slots = slots;
        }
        self.next = self.serving;
        self.next_policy = None;
        self.phase = Phase::Steady;
        self.pauses = Pauses::default();
    }

    /// No workers until somebody wants some again: a reload, or `scale`.
    pub(super) fn pause(&mut self) {
        if self.course == Course::Running {
            self.course = Course::Paused;
        }
    }

    /// Everybody ends: in order, or quickly.
    pub(super) fn stop(&mut self, now: Time, quick: bool) -> Vec<Action> {
        self.course = Course::Stopping;
        let mut actions = Vec::new();
        for (id, member) in &mut self.members {
            let deadline = if quick { now + QUICK } else { now + self.policy.delay + self.policy.drain };
            let id = *id;
            match member.state {
                State::Condemned { .. } => continue,
                State::Draining { deadline: before } => {
                    member.state = State::Draining { deadline: before.min(deadline) };
                    if quick {
                        actions.push(Action::Quick { id });
                    }
                }
                // It has served nobody yet.
                State::Booting => {
                    member.reason = Some(Reason::Requested);
                    member.state = State::Condemned { kill_at: Time::MAX };
                    actions.push(Action::Kill { id });
                }
                State::Ready => {
                    member.reason = Some(Reason::Requested);
                    member.state = State::Draining { deadline };
                    actions.push(if quick {
                        Action::Quick { id }
                    } else {
                        Action::Drain { id, delay: true }
                    });
                }
            }
        }
        actions
    }

    /// Kills everybody.
    pub(super) fn kill(&mut self) -> Vec<Action> {
        self.course = Course::Stopping;
        for member in self.members.values_mut() {
            member.state = State::Condemned { kill_at: Time::MAX };
            member.reason.get_or_insert(Reason::Requested);
        }
        self.members.keys().map(|id| Action::Kill { id: *id }).collect()
    }

    /// The worker that is in a slot to stay.
    fn current(&self, slot: usize) -> Option<Id> {
        let wanted = if self.phase == Phase::Rolling { self.next } else { self.serving };
        let fits = |member: &Member| {
            member.slot == slot && member.is_live() && member.generation == wanted && member.marked.is_none()
        };
        let mut fitting = self.members.iter().filter(|(_, member)| fits(member));
        // One that is ready goes before one that is not, an older one before a younger.
        let first = fitting.next()?;
        let best = if first.1.is_ready() {
            first
        } else {
            fitting.find(|(_, member)| member.is_ready()).unwrap_or(first)
        };
        Some(*best.0)
    }

    /// Brings what is closer to what is wanted. `next_id` numbers the workers that it starts.
    pub(super) fn converge(&mut self, now: Time, next_id: &mut u64) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.course == Course::Stopping {
            return actions;
        }
        let wanted = if self.phase == Phase::Rolling { self.next } else { self.serving };
        let paused = self.course == Course::Paused;
        let slots: Vec<usize> = if paused { Vec::new() } else { self.slots.iter().copied().collect() };
        // Who starts in a slot where another one still serves takes memory that nobody planned for.
        let is_surplus = |member: &Member| {
            let others = self.members.values().filter(|other| other.slot == member.slot && other.is_ready());
            member.state == State::Booting && others.count() > 0
        };
        let mut surge =
            self.policy.surge.saturating_sub(self.members.values().filter(|m| is_surplus(m)).count());
        let mut starts = Vec::new();
        for slot in &slots {
            if self.current(*slot).is_some() {
                continue;
            }
            let served = self.members.values().any(|member| member.slot == *slot && member.is_ready());
            if served && surge == 0 || self.pauses.until(*slot).is_some_and(|until| until > now) {
                continue;
            }
            surge -= usize::from(served);
            starts.push((*slot, wanted));
        }
        let has_canary = || self.members.values().any(|m| m.generation == self.next && m.is_live());
        if self.phase == Phase::Canary
            && !paused
            && !has_canary()
            && self.failed_of_reload == 0
            && !self.is_tried()
        {
            starts.push((slots.first().copied().unwrap_or(0), self.next));
        }
        for (slot, generation) in starts {
            let id = Id(*next_id);
            *next_id += 1;
            let member = Member {
                slot,
                generation,
                state: State::Booting,
                since: now,
                ready_since: None,
                marked: None,
                reason: None,
            };
            self.members.insert(id, member);
            actions.push(Action::Spawn { id, slot, generation });
        }
        for (id, reason) in self.leavers(&slots) {
            let deadline = now + self.policy.drain;
            let member = self.members.get_mut(&id).expect("it was just listed");
            member.reason = Some(reason);
            if member.is_ready() {
                member.state = State::Draining { deadline };
                actions.push(Action::Drain { id, delay: false });
            } else {
                member.state = State::Condemned { kill_at: Time::MAX };
                actions.push(Action::Kill { id });
            }
        }
        actions
    }

    /// Who is not needed any more: the slot is gone, or has its ready worker.
    fn leavers(&self, slots: &[usize]) -> Vec<(Id, Reason)> {
        let mut leavers = Vec::new();
        for (id, member) in self.members.iter().filter(|(_, member)| member.is_live()) {
            if self.phase == Phase::Canary && member.generation == self.next {
                continue;
            }
            let current = self.current(member.slot);
            let has_successor =
                current.is_some_and(|current| current != *id && self.members[&current].is_ready());
            let is_of_no_use = current != Some(*id) && member.state == State::Booting;
            if !slots.contains(&member.slot) || has_successor || is_of_no_use {
                leavers.push((*id, member.marked.map_or(Reason::Requested, Reason::Recycled)));
            }
        }
        leavers
    }
}
