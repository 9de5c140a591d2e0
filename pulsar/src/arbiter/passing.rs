//! The messages from worker to worker, which pass through the arbiter.
//!
//! It reads no payload. What is on its way is bounded by the queues of the workers, and by how many calls wait for an answer. The
//! rule it keeps: whoever waits hears something, be it that the other one is gone.

use crate::{
    arbiter::{
        calls::Waiting,
        message::{Dispatch, Json, Outcome, ToArbiter, ToChild},
        monitor::{Id, State},
        state::Arbiter,
    },
    cluster::{Refusal, Target},
    order::sort_by_key,
};

/// The most calls that wait for an answer.
const MOST_WAITING: usize = 4096;

impl Arbiter<'_> {
    /// A worker sends something to others, or answers.
    pub(super) fn on_call(&mut self, from: Id, message: ToArbiter) {
        match message {
            ToArbiter::Dispatch { number, dispatch } => {
                if let Some(outcome) = self.dispatch(from, number, dispatch) {
                    self.tell(from, &ToChild::Answer { number, outcome }, Vec::new());
                }
            }
            ToArbiter::Answer { number, outcome } => {
                // It may be that the caller is gone.
                if let Some(Waiting { from, number, .. }) = self.calls.waiting.remove(&number) {
                    self.tell(from, &ToChild::Answer { number, outcome }, Vec::new());
                }
            }
            _ => {}
        }
    }

    /// Sends it on. The outcome, if that is known at once.
    fn dispatch(&mut self, from: Id, number: u64, dispatch: Dispatch) -> Option<Outcome> {
        match dispatch {
            Dispatch::Call { target, name, payload } => match self.find(from, &target) {
                Ok(to) if self.calls.waiting.len() >= MOST_WAITING || !self.has_room(to) => {
                    Some(Outcome::Refused(Refusal::Busy))
                }
                Ok(to) => {
                    let own = self.calls.next();
                    self.calls.waiting.insert(own, Waiting { from, number, to });
                    self.tell(to, &ToChild::Call { number: Some(own), name, payload }, Vec::new());
                    None
                }
                Err(refusal) => Some(Outcome::Refused(refusal)),
            },
            Dispatch::Send { target, name, payload } => Some(match self.find(from, &target) {
                Ok(to) if !self.has_room(to) => Outcome::Refused(Refusal::Busy),
                Ok(to) => {
                    self.tell(to, &ToChild::Call { number: None, name, payload }, Vec::new());
                    Outcome::Delivered
                }
                Err(refusal) => Outcome::Refused(refusal),
            }),
            Dispatch::Broadcast { name, payload } => {
                let others: Vec<Id> = self
                    .ready(from)
                    .into_iter()
                    .map(|(id, _)| id)
                    .filter(|id| *id != from && self.has_room(*id))
                    .collect();
                for id in &others {
                    let copy: Json = payload.clone();
                    self.tell(
                        *id,
                        &ToChild::Call { number: None, name: name.clone(), payload: copy },
                        Vec::new(),
                    );
                }
                Some(Outcome::Reached(others.len()))
            }
            Dispatch::Workers => {
                let ids = self.ready(from);
                let workers = ids.iter().filter_map(|(id, _)| self.processes.get(id));
                Some(Outcome::Workers(
                    workers.map(|process| process.worker.clone().with_pid(process.child.pid)).collect(),
                ))
            }
        }
    }

    fn has_room(&self, id: Id) -> bool {
        self.processes.get(&id).is_some_and(|process| process.child.has_room())
    }

    /// The ready workers of the application of a worker, with their slots.
    fn ready(&self, of: Id) -> Vec<(Id, usize)> {
        let Some((app, _)) = self.supervisor.member(of) else { return Vec::new() };
        self.ready_of(app)
    }

    fn ready_of(&self, app: &str) -> Vec<(Id, usize)> {
        let Some(app) = self.supervisor.app(app) else { return Vec::new() };
        let members = app.monitor.members().iter().filter(|(_, member)| member.state == State::Ready);
        let mut ready: Vec<_> = members.map(|(id, member)| (*id, member.slot)).collect();
        sort_by_key(&mut ready, |(id, slot)| (*slot, *id));
        ready
    }

    fn find(&mut self, from: Id, target: &Target) -> Result<Id, Refusal> {
        let (ready, slot) = match target {
            Target::Slot(slot) => (self.ready(from), Some(*slot)),
            Target::App(app, slot) => {
                if self.supervisor.app(app).is_none() {
                    let known = self.supervisor.apps().iter().map(|app| app.name.clone()).collect();
                    return Err(Refusal::NoApp { app: app.clone(), known });
                }
                (self.ready_of(app), Some(*slot))
            }
            Target::Any => (self.ready(from), None),
            Target::Me => return Ok(from),
        };
        let found = if let Some(slot) = slot {
            // Of two that are ready in one slot during a change, the younger one stays.
            ready.iter().rev().find(|(_, at)| *at == slot)
        } else {
            let others: Vec<_> = ready.iter().filter(|(id, _)| *id != from).collect();
            others.get(self.calls.turn(others.len())).copied()
        };
        found
            .map(|(id, _)| *id)
            .ok_or_else(|| Refusal::NoWorker { ready: ready.iter().map(|(_, slot)| *slot).collect() })
    }

    /// Whoever waits for an answer will not hear it.
    pub(super) fn lose_calls(&mut self) {
        for (_, Waiting { from, number, .. }) in std::mem::take(&mut self.calls.waiting) {
            let outcome = Outcome::Refused(Refusal::Lost);
            self.tell(from, &ToChild::Answer { number, outcome }, Vec::new());
        }
    }

    /// A worker is gone, and with it what it would have answered.
    pub(super) fn forget_calls(&mut self, gone: Id) {
        let lost: Vec<u64> = self
            .calls
            .waiting
            .iter()
            .filter(|(_, call)| call.to == gone)
            .map(|(number, _)| *number)
            .collect();
        for own in lost {
            if let Some(Waiting { from, number, .. }) = self.calls.waiting.remove(&own) {
                let outcome = Outcome::Refused(Refusal::Lost);
                self.tell(from, &ToChild::Answer { number, outcome }, Vec::new());
            }
        }
        self.calls.waiting.retain(|_, call| call.from != gone);
    }
}
