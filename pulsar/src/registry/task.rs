//! Periodic tasks, as `#[every(..)]` registers them.

use std::{fmt, time::Duration};

use super::job::{Needs, Run};
use crate::place::Place;

/// A periodic task, as `#[every(..)]` registered it.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Task {
    pub(crate) period: Duration,
    /// Whether one worker of the application runs it, and the others do not.
    pub(crate) once: bool,
    pub(crate) needs: Needs,
    pub(crate) run: Run,
    pub(crate) function: &'static str,
    pub(crate) place: Place,
}

/// Not public API. Used by generated code.
#[allow(missing_docs)] // each is named like the field that it sets
impl Task {
    #[must_use]
    pub const fn new(millis: u64, needs: Needs, run: Run) -> Self {
        let period = Duration::from_millis(millis);
        Self { period, once: false, needs, run, function: "", place: Place::new("", "", 0, 0) }
    }

    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    #[must_use]
    pub const fn function(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    #[must_use]
    pub const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({} every {:?} at {})", self.function, self.period, self.place)
    }
}
