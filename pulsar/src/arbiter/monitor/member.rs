//! One worker as its monitor sees it: where it stands, why it shall go, and what is said of its end.
//!
//! It decides nothing. The rule it keeps: a [`Cause`] says what ended the process, as far as we and the system know.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{arbiter::monitor::policy::Limits, worker::Cause};

/// A point in time, on a clock that begins with the arbiter and stands still while the arbiter does.
pub(crate) type Time = Duration;

/// A worker process, for as long as the arbiter lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Id(pub(crate) u64);

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Booting,
    Ready,
    /// Told to end; it is killed at the deadline.
    Draining {
        deadline: Time,
    },
    /// Being killed.
    Condemned {
        kill_at: Time,
    },
}

impl State {
    /// The word for it, as people and JSON read it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Ready => "ready",
            Self::Draining { .. } => "draining",
            Self::Condemned { .. } => "killed",
        }
    }
}

/// One worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    pub(crate) state: State,
    pub(crate) since: Time,
    pub(crate) ready_since: Option<Time>,
    /// What the settings say that it was started with; those of its successors may say something else.
    pub(super) limits: Limits,
    /// Why it shall be replaced.
    pub(super) marked: Option<Mark>,
    /// It belongs to a generation that was given up, whose number the next one has again.
    pub(super) rejected: bool,
    /// How it was told to end.
    pub(super) order: Option<Order>,
    /// Why it is being killed.
    pub(super) verdict: Option<Verdict>,
    /// What it says of its own end.
    pub(super) said: Option<Said>,
}

/// Of what a worker has had enough, by the names of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::enum_variant_names)] // So are the settings called.
pub(crate) enum Mark {
    MaxRequests,
    MaxLifetime,
    MaxRss,
}

impl Mark {
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::MaxRequests => "max_requests",
            Self::MaxLifetime => "max_lifetime",
            Self::MaxRss => "max_rss",
        }
    }
}

/// That a worker is not needed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    Requested,
    Recycled(Mark),
}

/// Why a worker is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    Deadline,
    Timeout(String),
    BootTimeout,
    Channel(String),
}

impl Verdict {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Deadline => Cause::Deadline,
            Self::Timeout(what) => Cause::Timeout(what.clone()),
            Self::BootTimeout => Cause::BootTimeout,
            Self::Channel(what) => Cause::Channel(what.clone()),
        }
    }
}

/// What a worker says of its end, before it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Said {
    NotStarted(String),
    Panic(String),
}

impl Said {
    fn cause(&self) -> Cause {
        match self {
            Self::NotStarted(why) => Cause::NotStarted(why.clone()),
            Self::Panic(message) => Cause::Panic(message.clone()),
        }
    }
}

impl Member {
    pub(super) fn new(now: Time, slot: usize, generation: u64, limits: Limits) -> Self {
        Self {
            slot,
            generation,
            state: State::Booting,
            since: now,
            ready_since: None,
            limits,
            marked: None,
            rejected: false,
            order: None,
            verdict: None,
            said: None,
        }
    }

    /// Whether it serves, or soon will.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, State::Booting | State::Ready)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    /// Whether it was ready for so long at this time that it was not born broken.
    pub(super) fn is_stable(&self, now: Time) -> bool {
        self.ready_since.is_some_and(|since| now.saturating_sub(since) >= STABLE)
    }

    /// Whether we have sent it the signal of this name.
    fn was_sent(&self, name: &str) -> bool {
        match (self.state, name) {
            (State::Condemned { kill_at }, "SIGKILL") => kill_at == Time::MAX,
            (State::Condemned { .. }, "SIGABRT") => matches!(self.verdict, Some(Verdict::Timeout(_))),
            _ => false,
        }
    }
}

/// A worker that was ready for so long was not born broken.
const STABLE: Duration = Duration::from_secs(5);

/// How a process ended, as the system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal { name: String, by_oom: bool },
}

/// Why a worker ended, from what we did, what it said and what the system says.
pub(super) fn cause(member: &Member, ended: &Result<Ended, String>) -> Cause {
    let ended = match ended {
        Ok(ended) => ended,
        Err(why) => return Cause::NotStarted(why.clone()),
    };
    let Member { order, verdict, said, .. } = member;
    match (ended, order, said) {
        // What we sent goes before what the kernel counts, which are the kills of a whole container.
        (Ended::Signal { name, .. }, _, said) if member.was_sent(name) => {
            let verdict = verdict.as_ref().map(Verdict::cause);
            verdict.or(said.as_ref().map(Said::cause)).unwrap_or(Cause::Requested)
        }
        (_, _, Some(Said::Panic(message))) => Cause::Panic(message.clone()),
        (Ended::Signal { by_oom: true, .. }, _, _) => Cause::OutOfMemory,
        (_, _, Some(Said::NotStarted(why))) => Cause::NotStarted(why.clone()),
        (Ended::Exit(0), Some(Order::Requested), _) => Cause::Requested,
        (Ended::Exit(0), Some(Order::Recycled(mark)), _) => Cause::Recycled(mark.setting()),
        (Ended::Exit(code), _, _) => Cause::Exit(*code),
        (Ended::Signal { name, .. }, _, _) => Cause::Signal(name.clone()),
    }
}
