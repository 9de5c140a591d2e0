//! The calls from worker to worker that wait for an answer.
//!
//! Only who asked whom, under which number; what is asked is none of its business.

use std::collections::HashMap;

use crate::arbiter::monitor::Id;

/// The calls that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The last number that was given.
    pub(super) last: u64,
    /// Whose turn it is of those of whom any will do.
    turn: usize,
    pub(super) waiting: HashMap<u64, Waiting>,
}

/// A call on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) from: Id,
    /// The number that the sender gave it.
    pub(super) number: u64,
    pub(super) to: Id,
}

impl Calls {
    /// The turn of the next one of so many.
    pub(super) fn turn(&mut self, of: usize) -> usize {
        self.turn = self.turn.wrapping_add(1);
        self.turn % of.max(1)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}
