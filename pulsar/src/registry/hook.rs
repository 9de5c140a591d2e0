//! Hooks, as `#[on(EVENT)]` registers them.

use std::fmt;

use super::job::{Needs, Outcome, Run};
use crate::{
    place::Place,
    worker::{Worker, WorkerExit},
};

/// A hook, as `#[on(EVENT)]` registered it.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Hook {
    pub(crate) event: Event,
    /// Empty for the hooks of the arbiter, which has no state.
    pub(crate) needs: Needs,
    pub(crate) function: &'static str,
    pub(crate) place: Place,
}

/// An event with the function that runs at it.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Starting(fn() -> Outcome),
    WhenReady(fn() -> Outcome),
    PreSpawn(fn(&Worker) -> Outcome),
    WorkerExit(fn(&WorkerExit) -> Outcome),
    Reload(fn() -> Outcome),
    Exit(fn(u8) -> Outcome),
    WorkerStart(Run),
    WorkerStopping(Run),
}

impl Event {
    /// The word in the attribute.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::WhenReady(_) => "when_ready",
            Self::PreSpawn(_) => "pre_spawn",
            Self::WorkerExit(_) => "worker_exit",
            Self::Reload(_) => "reload",
            Self::Exit(_) => "exit",
            Self::WorkerStart(_) => "worker_start",
            Self::WorkerStopping(_) => "worker_stopping",
        }
    }
}

/// Not public API. Used by generated code: one constructor for each event, named like it.
#[allow(missing_docs)] // each is named like its event
impl Hook {
    #[must_use]
    pub const fn starting(run: fn() -> Outcome) -> Self {
        Self::new(Event::Starting(run), Vec::new)
    }

    #[must_use]
    pub const fn when_ready(run: fn() -> Outcome) -> Self {
        Self::new(Event::WhenReady(run), Vec::new)
    }

    #[must_use]
    pub const fn pre_spawn(run: fn(&Worker) -> Outcome) -> Self {
        Self::new(Event::PreSpawn(run), Vec::new)
    }

    #[must_use]
    pub const fn worker_exit(run: fn(&WorkerExit) -> Outcome) -> Self {
        Self::new(Event::WorkerExit(run), Vec::new)
    }

    #[must_use]
    pub const fn reload(run: fn() -> Outcome) -> Self {
        Self::new(Event::Reload(run), Vec::new)
    }

    #[must_use]
    pub const fn exit(run: fn(u8) -> Outcome) -> Self {
        Self::new(Event::Exit(run), Vec::new)
    }

    #[must_use]
    pub const fn worker_start(needs: Needs, run: Run) -> Self {
        Self::new(Event::WorkerStart(run), needs)
    }

    #[must_use]
    pub const fn worker_stopping(needs: Needs, run: Run) -> Self {
        Self::new(Event::WorkerStopping(run), needs)
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

    const fn new(event: Event, needs: Needs) -> Self {
        Self { event, needs, function: "", place: Place::new("", "", 0, 0) }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({} {} at {})", self.event.word(), self.function, self.place)
    }
}
