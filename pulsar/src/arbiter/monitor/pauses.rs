//! The waits before slots are tried again, which grow with every failure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::monitor::member::Time;

/// The first wait, and by how much the next one is longer.
const FIRST: f64 = 0.5;
const GROWTH: f64 = 1.5;
const LONGEST: Duration = Duration::from_secs(30);
/// By then the longest wait is reached.
const MOST_COUNTED: i32 = 30;

/// The slots whose workers failed, and until when each of them waits. A list, since they are few.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pauses(Vec<Pause>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pause {
    slot: usize,
    failures: i32,
    /// The last failure.
    at: Time,
    until: Time,
}

impl Pauses {
    /// A worker of this slot failed before it had been ready for long.
    pub(super) fn failed(&mut self, now: Time, slot: usize) {
        let place = self.0.iter().position(|pause| pause.slot == slot).unwrap_or_else(|| {
            self.0.push(Pause { slot, ..Pause::default() });
            self.0.len() - 1
        });
        let pause = &mut self.0[place];
        pause.at = now;
        pause.until = now + Duration::from_secs_f64(FIRST * GROWTH.powi(pause.failures)).min(LONGEST);
        pause.failures = MOST_COUNTED.min(pause.failures + 1);
    }

    /// A worker of this slot was not born broken.
    pub(super) fn forget(&mut self, slot: usize) {
        self.0.retain(|pause| pause.slot != slot);
    }

    /// The worker that is in this slot since then was not born broken; a successor that failed after that is another matter.
    pub(super) fn forgive(&mut self, slot: usize, since: Time) {
        if self.of(slot).is_some_and(|pause| pause.at <= since) {
            self.forget(slot);
        }
    }

    /// How often the slot that failed most has failed in a row.
    pub(super) fn most_failures(&self) -> i32 {
        self.0.iter().map(|pause| pause.failures).max().unwrap_or(0)
    }

    /// When this slot can be tried again, if it has to wait at all.
    pub(super) fn until(&self, slot: usize) -> Option<Time> {
        self.of(slot).map(|pause| pause.until)
    }

    fn of(&self, slot: usize) -> Option<&Pause> {
        self.0.iter().find(|pause| pause.slot == slot)
    }
}
