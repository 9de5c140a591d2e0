//! The calls from worker to worker that pass through the arbiter.

use crate::arbiter::{
    message::ToArbiter,
    monitor::{Id, Time},
    run::Arbiter,
};

/// The calls that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Calls {}

impl Calls {
    pub(super) fn gone(&mut self, _id: Id) {}

    pub(super) fn due(&self) -> Option<Time> {
        None
    }

    pub(super) fn expire(&mut self, _now: Time) {}
}

impl Arbiter<'_> {
    pub(super) fn on_call(&mut self, _now: Time, _id: Id, _message: ToArbiter) {}
}
