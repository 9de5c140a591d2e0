//! Messages to and from other workers, as a worker sees them.
//!
//! It gives numbers to what is sent and finds whoever waits for the outcome. Handlers run elsewhere.

use std::collections::HashMap;

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use crate::{
    arbiter::message::{CALLS, Dispatch, Json, Outcome, ToArbiter},
    cluster::{Answered, Outgoing, Reply},
    worker::Worker,
};

/// A message for a handler of this worker.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) name: String,
    /// JSON.
    pub(crate) payload: Vec<u8>,
    /// Where the answer goes, if somebody waits for one.
    pub(crate) answer: Option<AnswerTo>,
}

/// Whoever waits for an answer.
#[derive(Debug)]
pub(crate) struct AnswerTo {
    pub(super) number: u64,
    pub(super) outbox: mpsc::Sender<ToArbiter>,
}

impl AnswerTo {
    /// Sends the answer, once there is a place in the queue to the arbiter.
    pub(crate) async fn send(self, answered: Answered) {
        let outcome = match answered.map(json) {
            Ok(Some(answer)) => Outcome::Answered(answer),
            // Every answer was written by serde.
            Ok(None) => return,
            Err(refusal) => Outcome::Refused(refusal),
        };
        // An arbiter that is gone has nobody to pass it on to.
        let _ = self.outbox.send(ToArbiter::Answer { number: self.number, outcome }).await;
    }
}

/// What this worker has sent and not yet heard of.
#[derive(Default)]
pub(super) struct Peers {
    next: u64,
    waiting: HashMap<u64, Waiting>,
}

enum Waiting {
    Call(oneshot::Sender<Answered>),
    Send(Reply<()>),
    Broadcast(Reply<usize>),
    Workers(Reply<Vec<Worker>>),
}

impl Waiting {
    fn is_forgotten(&self) -> bool {
        match self {
            Self::Call(waiting) => waiting.is_closed(),
            Self::Send(waiting) => waiting.is_closed(),
            Self::Broadcast(waiting) => waiting.is_closed(),
            Self::Workers(waiting) => waiting.is_closed(),
        }
    }
}

impl Peers {
    /// Whether more may be sent. What may not waits in the queue of the cluster, and its senders with it.
    pub(super) fn has_room(&mut self) -> bool {
        if self.waiting.len() >= CALLS {
            self.waiting.retain(|_, waiting| !waiting.is_forgotten());
        }
        self.waiting.len() < CALLS
    }

    /// What the arbiter is told.
    pub(super) fn pass_out(&mut self, sent: Outgoing) -> Option<ToArbiter> {
        let (waiting, dispatch) = match sent {
            Outgoing::Call { target, name, payload, answer } => {
                (Waiting::Call(answer), Dispatch::Call { target, name, payload: json(payload)? })
            }
            Outgoing::Send { target, name, payload, delivered } => {
                (Waiting::Send(delivered), Dispatch::Send { target, name, payload: json(payload)? })
            }
            Outgoing::Broadcast { name, payload, reached } => {
                (Waiting::Broadcast(reached), Dispatch::Broadcast { name, payload: json(payload)? })
            }
            Outgoing::Workers { ready } => (Waiting::Workers(ready), Dispatch::Workers),
        };
        if waiting.is_forgotten() {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, waiting);
        Some(ToArbiter::Dispatch { number, dispatch })
    }

    /// The outcome of something that was sent.
    pub(super) fn settle(&mut self, number: u64, outcome: Outcome) {
        // Whoever waited may have lost patience.
        match (self.waiting.remove(&number), outcome) {
            (Some(Waiting::Call(waiting)), Outcome::Answered(answer)) => {
                let _ = waiting.send(Ok(answer.get().as_bytes().to_vec()));
            }
            (Some(Waiting::Call(waiting)), Outcome::Refused(refusal)) => drop(waiting.send(Err(refusal))),
            (Some(Waiting::Send(waiting)), Outcome::Delivered) => drop(waiting.send(Ok(()))),
            (Some(Waiting::Send(waiting)), Outcome::Refused(refusal)) => drop(waiting.send(Err(refusal))),
            (Some(Waiting::Broadcast(waiting)), Outcome::Reached(reached)) => drop(waiting.send(Ok(reached))),
            (Some(Waiting::Broadcast(waiting)), Outcome::Refused(refusal)) => {
                drop(waiting.send(Err(refusal)));
            }
            (Some(Waiting::Workers(waiting)), Outcome::Workers(workers)) => drop(waiting.send(Ok(workers))),
            (Some(Waiting::Workers(waiting)), Outcome::Refused(refusal)) => drop(waiting.send(Err(refusal))),
            (None, _) => {}
            (Some(_), outcome) => tracing::error!("the arbiter answers with something else: {outcome:?}"),
        }
    }
}

fn json(bytes: Vec<u8>) -> Option<Json> {
    String::from_utf8(bytes).ok().and_then(|text| RawValue::from_string(text).ok())
}
