//! The policy for the workers of one application: events in, actions out.
//!
//! A monitor starts no process, reads no clock and knows no file descriptor; whoever runs it tells what happened and when, and
//! does what it answers. The one rule that everything follows from is [`Monitor::converge`]: each slot shall have a ready
//! worker of the wanted generation, and whoever is not that one goes once that one is there. Start, respawn, recycling,
//! scaling, reload and rollback only change what is wanted.

mod member;
mod pauses;
mod policy;
mod quiet;
mod reload;

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
        member::{Order, Said, Verdict, cause},
        pauses::Pauses,
        policy::Limits,
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
pub(super) const QUICK: Duration = Duration::from_secs(3);
/// So many failed starts in a row, and an application that was never ready is given up.
const FAILED_STARTS: i32 = 5;

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
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own; no two of them make a state.
pub(super) struct Monitor {
    policy: Policy,
    /// The policy of the generation that is tried out.
    next_policy: Option<Policy>,
    /// What to return to while the next generation takes over.
    before: Option<Before>,
    slots: BTreeSet<usize>,
    serving: u64,
    next: u64,
    phase: Phase,
    course: Course,
    /// Whether the reload that is under way ends a pause.
    resumes: bool,
    /// Whether somebody has asked for a number of workers since it began, which goes before that of its settings.
    is_scaled: bool,
    members: BTreeMap<Id, Member>,
    pauses: Pauses,
    /// Workers of the reload: starts that failed in a row, and those that died soon after.
    failed_of_reload: u32,
    died_of_reload: u32,
    ever_ready: bool,
    started: Time,
    last_failure: Option<String>,
    stalled: bool,
}

/// What a reload changes before it is certain that it succeeds.
#[derive(Clone, Debug)]
struct Before {
    policy: Policy,
    slots: BTreeSet<usize>,
    pauses: Pauses,
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
            resumes: false,
            is_scaled: false,
            members: BTreeMap::new(),
            pauses: Pauses::default(),
            failed_of_reload: 0,
            died_of_reload: 0,
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

    /// The same for an application of whose name another one is just leaving.
    pub(super) fn joining_after(self, policy: Policy, generation: u64, now: Time) -> Self {
        let mut members = self.members;
        for member in members.values_mut() {
            member.rejected = true;
        }
        Self { members, ..Self::joining(policy, generation, now) }
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

    pub(super) fn has_been_ready(&self) -> bool {
        self.ever_ready
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
        self.members.values().any(|member| member.generation != generation || member.rejected)
    }

    /// The worker that does what only one of the application may do.
    pub(super) fn leader(&self) -> Option<Id> {
        let ready = self.members.iter().filter(|(_, member)| member.is_ready());
        ready.min_by_key(|(id, member)| (member.slot, **id)).map(|(id, _)| *id)
    }

    /// Why an application that has never been ready is given up.
    pub(super) fn given_up(&self, now: Time) -> Option<String> {
        let latest = self.gives_up_at()?;
        let why = self.last_failure.as_deref().unwrap_or("no worker became ready");
        if self.pauses.most_failures() >= FAILED_STARTS {
            return Some(format!("{FAILED_STARTS} starts failed in a row; the last one: {why}"));
        }
        let limit = latest.saturating_sub(self.started).as_secs_f64();
        (now >= latest).then(|| format!("no worker was ready within {limit} s: {why}"))
    }

    /// When an application that has never been ready is given up at the latest.
    pub(super) fn gives_up_at(&self) -> Option<Time> {
        let may_give_up = !self.ever_ready && self.course == Course::Running && !self.slots.is_empty();
        may_give_up.then(|| self.started + self.policy.boot_timeout.saturating_mul(2))
    }

    /// When something will be due without an event. It is never a time at which nothing would be done.
    pub(super) fn due(&self) -> Option<Time> {
        let of_members = self.members.values().filter_map(|member| match member.state {
            State::Booting => Some(member.since + member.limits.boot_timeout),
            State::Ready | State::Condemned { kill_at: Time::MAX } => None,
            State::Draining { deadline } => Some(deadline),
            State::Condemned { kill_at } => Some(kill_at),
        });
        let surge = self.surge();
        let may_start = |(_, is_served): &(usize, bool)| !is_served || surge > 0;
        let of_slots = self.vacant().into_iter().filter(may_start);
        of_members.chain(of_slots.filter_map(|(slot, _)| self.pauses.until(slot))).min()
    }

    // What happens.

    pub(super) fn became_ready(&mut self, now: Time, id: Id) -> bool {
        let Some(member) = self.members.get_mut(&id).filter(|member| member.state == State::Booting) else {
            return false;
        };
        member.state = State::Ready;
        member.ready_since = Some(now);
        let is_of_reload = member.generation == self.next && !member.rejected;
        self.ever_ready = true;
        if is_of_reload {
            self.failed_of_reload = 0;
        }
        true
    }

    /// A worker says why it does not start, or that it panics.
    pub(super) fn says(&mut self, id: Id, panicked: bool, text: String) {
        if let Some(member) = self.members.get_mut(&id) {
            member.said.get_or_insert(if panicked { Said::Panic(text) } else { Said::NotStarted(text) });
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
        // Whoever was to end has no successor in its slot that could suffer from the same.
        if member.is_live() {
            self.failed(now, &member, &cause);
        }
        Some((member, cause))
    }

    /// A worker that was to stay has ended, or will be killed. From now on its slot is tried again, or waits.
    fn failed(&mut self, now: Time, member: &Member, cause: &Cause) {
        let is_stable = member.is_stable(now);
        if self.is_wanted(member) {
            if is_stable {
                self.pauses.forget(member.slot);
            } else {
                self.pauses.failed(now, member.slot);
            }
        }
        let was_ready = member.ready_since.is_some();
        if !was_ready || self.is_of_reload(member) {
            self.last_failure = Some(cause.to_string());
        }
        match self.phase {
            _ if !self.is_of_reload(member) => {}
            Phase::Canary => self.failed_of_reload += 1,
            _ if !was_ready => self.failed_of_reload += 1,
            _ if !is_stable => self.died_of_reload += 1,
            _ => {}
        }
    }

    /// A worker broke the rules of its channel.
    pub(super) fn misbehaved(&mut self, now: Time, id: Id, what: String) -> Vec<Action> {
        self.condemn(now, id, Verdict::Channel(what), Duration::ZERO)
    }

    /// Somebody else has told a worker to end, which it does in order.
    pub(super) fn leaves(&mut self, now: Time, id: Id) {
        if let Some(member) = self.members.get_mut(&id).filter(|member| member.is_ready()) {
            member.order = Some(Order::Requested);
            member.state = State::Draining { deadline: now + member.limits.drain };
        }
    }

    /// A worker has had enough requests, time or memory.
    pub(super) fn recycle(&mut self, id: Id, mark: Mark) {
        if let Some(member) = self.members.get_mut(&id).filter(|member| member.is_ready()) {
            member.marked.get_or_insert(mark);
        }
    }

    /// Deadlines that have passed, and waits that are forgiven.
    pub(super) fn tick(&mut self, now: Time) -> Vec<Action> {
        let mut actions = Vec::new();
        for id in self.members.keys().copied().collect::<Vec<_>>() {
            let member = &self.members[&id];
            match member.state {
                State::Booting if now >= member.since + member.limits.boot_timeout => {
                    actions.extend(self.condemn(now, id, Verdict::BootTimeout, Duration::ZERO));
                }
                State::Ready if member.is_stable(now) && self.is_wanted(member) => {
                    self.pauses.forgive(member.slot, member.ready_since.unwrap_or_default());
                }
                State::Draining { deadline } if now >= deadline => {
                    actions.extend(self.condemn(now, id, Verdict::Deadline, Duration::ZERO));
                }
                State::Condemned { kill_at } if now >= kill_at => {
                    actions.extend(self.members.get_mut(&id).map(|member| killing(id, member)));
                }
                _ => {}
            }
        }
        actions
    }

    fn condemn(&mut self, now: Time, id: Id, verdict: Verdict, grace: Duration) -> Vec<Action> {
        let Some(member) =
            self.members.get_mut(&id).filter(|member| !matches!(member.state, State::Condemned { .. }))
        else {
            return Vec::new();
        };
        let cause = verdict.cause();
        let was_live = member.is_live();
        member.verdict = Some(verdict);
        let action = if grace.is_zero() {
            killing(id, member)
        } else {
            member.state = State::Condemned { kill_at: now + grace };
            Action::Abort { id }
        };
        // Its slot is free from now on, not only when the process is gone, which may take long.
        if was_live {
            let member = member.clone();
            self.failed(now, &member, &cause);
        }
        vec![action]
    }

    // What is wanted.

    /// Sets the number of workers. Fewer: the oldest go. More: the lowest free slots are taken.
    pub(super) fn scale(&mut self, workers: usize) {
        self.resize(workers);
        self.is_scaled = true;
        // Whoever asked for a number wants it whatever becomes of a reload.
        if let Some(before) = &mut self.before {
            before.slots.clone_from(&self.slots);
        }
        if self.course == Course::Paused && workers > 0 {
            self.course = Course::Running;
        }
    }

    fn resize(&mut self, workers: usize) {
        while self.slots.len() < workers {
            let is_free = |slot: &usize| !self.slots.contains(slot);
            let free = (0..workers).find(is_free).expect("fewer slots than wanted, so not all of these");
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
    }

    /// No workers until somebody wants some again: a reload, or `scale`.
    pub(super) fn pause(&mut self) {
        self.resumes = false;
        if self.course == Course::Running {
            self.course = Course::Paused;
        }
    }

    /// Nobody shall be left: whoever is ready ends in order, whoever is not is killed.
    pub(super) fn leave(&mut self) {
        for member in self.members.values_mut() {
            member.rejected = true;
        }
        self.course = Course::Stopping;
    }

    /// Everybody ends: in order, or quickly.
    pub(super) fn stop(&mut self, now: Time, quick: bool) -> Vec<Action> {
        self.course = Course::Stopping;
        let mut actions = Vec::new();
        for (id, member) in &mut self.members {
            let Limits { drain, delay, .. } = member.limits;
            let deadline = now + if quick { QUICK } else { delay + drain };
            let id = *id;
            match member.state {
                State::Condemned { .. } => {}
                State::Draining { deadline: before } => {
                    member.state = State::Draining { deadline: before.min(deadline) };
                    if quick {
                        actions.push(Action::Quick { id });
                    }
                }
                // It has served nobody yet.
                State::Booting => actions.push(killing(id, member)),
                State::Ready => {
                    member.order = Some(Order::Requested);
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
        self.members.iter_mut().map(|(id, member)| killing(*id, member)).collect()
    }

    /// The generation that shall serve.
    fn wanted(&self) -> u64 {
        if self.phase == Phase::Rolling { self.next } else { self.serving }
    }

    fn is_wanted(&self, member: &Member) -> bool {
        member.generation == self.wanted() && !member.rejected
    }

    /// The worker that is in a slot to stay.
    fn current(&self, slot: usize) -> Option<Id> {
        let fits = |member: &Member| {
            member.slot == slot && member.is_live() && self.is_wanted(member) && member.marked.is_none()
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

    /// The slots in which there shall be a worker.
    fn active(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().copied().filter(|_| self.course == Course::Running)
    }

    /// Those of them that have none who stays, each with whether one that goes still serves in it.
    fn vacant(&self) -> Vec<(usize, bool)> {
        let is_served = |slot| self.members.values().any(|member| member.slot == slot && member.is_ready());
        let vacant = self.active().filter(|slot| self.current(*slot).is_none());
        vacant.map(|slot| (slot, is_served(slot))).collect()
    }

    /// How many more workers may start where another one still serves: they take memory that nobody planned for.
    fn surge(&self) -> usize {
        let is_surplus = |member: &&Member| {
            member.state == State::Booting
                && self.members.values().any(|other| other.slot == member.slot && other.is_ready())
        };
        self.policy.surge.saturating_sub(self.members.values().filter(is_surplus).count())
    }

    /// Brings what is closer to what is wanted. `next_id` numbers the workers that it starts.
    pub(super) fn converge(&mut self, now: Time, next_id: &mut u64) -> Vec<Action> {
        // Whoever goes makes room for others, but those are started first.
        let mut endings = Vec::new();
        for id in self.leavers() {
            let member = self.members.get_mut(&id).expect("it was just listed");
            member.order = Some(member.marked.map_or(Order::Requested, Order::Recycled));
            endings.push(if member.is_ready() {
                member.state = State::Draining { deadline: now + member.limits.drain };
                Action::Drain { id, delay: false }
            } else {
                killing(id, member)
            });
        }
        let mut actions = Vec::new();
        let mut surge = self.surge();
        let mut starts = Vec::new();
        for (slot, is_served) in self.vacant() {
            let waits = self.pauses.until(slot).is_some_and(|until| until > now);
            if waits || is_served && surge == 0 {
                continue;
            }
            surge -= usize::from(is_served);
            starts.push((slot, self.wanted(), self.policy.limits()));
        }
        starts.extend(self.missing_canary());
        for (slot, generation, limits) in starts {
            let id = Id(*next_id);
            *next_id += 1;
            self.members.insert(id, Member::new(now, slot, generation, limits));
            actions.push(Action::Spawn { id, slot, generation });
        }
        actions.extend(endings);
        actions
    }

    /// Who is not needed any more: the slot is gone, or has its ready worker.
    fn leavers(&self) -> Vec<Id> {
        let slots: BTreeSet<usize> = self.active().collect();
        let mut leavers = Vec::new();
        for (id, member) in self.members.iter().filter(|(_, member)| member.is_live()) {
            let is_canary = self.phase == Phase::Canary && self.is_of_reload(member);
            if is_canary && self.course != Course::Stopping {
                continue;
            }
            let current = self.current(member.slot);
            let has_successor =
                current.is_some_and(|current| current != *id && self.members[&current].is_ready());
            let is_of_no_use = current != Some(*id) && member.state == State::Booting;
            if !slots.contains(&member.slot) || has_successor || is_of_no_use {
                leavers.push(*id);
            }
        }
        leavers
    }
}

/// Nothing is waited for after this but the end of the process.
fn killing(id: Id, member: &mut Member) -> Action {
    member.state = State::Condemned { kill_at: Time::MAX };
    Action::Kill { id }
}

#[cfg(test)]
mod tests;
