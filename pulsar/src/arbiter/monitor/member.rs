//! One worker as its monitor sees it: where it stands, why it shall go, and what is said of its end.
//!
//! It decides nothing. The rule it keeps: a [`Cause`] says what ended the process, as far as we and the system know.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::worker::Cause;

/// A point in time, on a clock that begins with the arbiter and stands still while the arbiter does.
pub(in crate::arbiter) type Time = Duration;

/// A worker process, for as long as the arbiter lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::arbiter) struct Id(pub(in crate::arbiter) u64);

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::arbiter) enum State {
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
    pub(in crate::arbiter) fn word(self) -> &'static str {
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
pub(in crate::arbiter) struct Member {
    pub(in crate::arbiter) slot: usize,
    pub(in crate::arbiter) generation: u64,
    pub(in crate::arbiter) state: State,
    pub(in crate::arbiter) since: Time,
    pub(in crate::arbiter) ready_since: Option<Time>,
    /// Why it shall be replaced.
    pub(super) marked: Option<Mark>,
    /// Why we ended it, or it said that it would end.
    pub(super) reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::arbiter) enum Mark {
    MaxRequests,
    MaxLifetime,
    MaxRss,
}

impl Mark {
    pub(in crate::arbiter) fn setting(self) -> &'static str {
        match self {
            Self::MaxRequests => "max_requests",
            Self::MaxLifetime => "max_lifetime",
            Self::MaxRss => "max_rss",
        }
    }
}

/// What is known of a worker's end before it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reason {
    Requested,
    Recycled(Mark),
    Deadline,
    Timeout(String),
    BootTimeout,
    Channel(String),
    NotStarted(String),
    Panic(String),
}

impl Member {
    /// Whether it serves, or soon will.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, State::Booting | State::Ready)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }
}

/// How a process ended, as the system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::arbiter) enum Ended {
    Exit(i32),
    Signal { name: String, by_oom: bool },
}

/// Why a worker ended, from what we did and what the system says.
pub(super) fn cause(member: &Member, ended: &Result<Ended, String>) -> Cause {
    let ended = match ended {
        Ok(ended) => ended,
        Err(why) => return Cause::NotStarted(why.clone()),
    };
    let condemned = matches!(member.state, State::Condemned { .. });
    match (&member.reason, ended) {
        (Some(Reason::Timeout(what)), _) if condemned => Cause::Timeout(what.clone()),
        (Some(Reason::BootTimeout), _) if condemned => Cause::BootTimeout,
        (Some(Reason::Channel(what)), _) if condemned => Cause::Channel(what.clone()),
        (Some(Reason::Deadline), _) if condemned => Cause::Deadline,
        (Some(Reason::Panic(message)), _) => Cause::Panic(message.clone()),
        (_, Ended::Signal { by_oom: true, .. }) => Cause::OutOfMemory,
        (Some(Reason::Requested), Ended::Exit(0)) => Cause::Requested,
        (Some(Reason::Recycled(mark)), Ended::Exit(0)) => Cause::Recycled(mark.setting()),
        (Some(Reason::Requested | Reason::Recycled(_)), _) if condemned => Cause::Requested,
        (Some(Reason::NotStarted(why)), Ended::Exit(_)) => Cause::NotStarted(why.clone()),
        (_, Ended::Exit(code)) => Cause::Exit(*code),
        (_, Ended::Signal { name, .. }) => Cause::Signal(name.clone()),
    }
}
