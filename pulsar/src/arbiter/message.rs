//! What the arbiter and a child say to each other, and what a command says to the arbiter.
//!
//! Plain data, written as JSON; how it travels is said in `frame`. Both ends of the channel to a worker are the same image or
//! one that was asked for its [`PROTOCOL`] first. The rule it keeps: a message is complete in itself, and none is code.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    cluster::{Refusal, Target},
    server::BoundAddress,
    settings::Change,
    worker::Worker,
};

/// The version of these messages and of the state that is handed over in an upgrade.
pub(crate) const PROTOCOL: u32 = 1;

/// How many calls of one worker may be under way.
pub(super) const CALLS: usize = 256;

/// The settings of an application that differ from the defaults, as names and texts.
pub(crate) type Texts = Vec<(String, String)>;

/// To a child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToChild {
    /// The first message to a worker. With it come the board, the sockets in this order, the access log if there is one, and the
    /// standard error.
    Boot(Boot),
    /// The first message to a child that is asked whether it could take over.
    Probe {
        protocol: u32,
    },
    Drain {
        delay: bool,
    },
    Quick,
    /// With it comes the access log, opened anew, if there is one.
    Reopen {
        log: bool,
    },
    /// Whether it does what only one worker of the application may do.
    Lead(bool),
    Ping(u64),
    /// A message from another worker. Without a number nobody waits for an answer.
    Call {
        number: Option<u64>,
        name: String,
        payload: Json,
    },
    /// What became of what this worker has sent.
    Answer {
        number: u64,
        outcome: Outcome,
    },
}

/// JSON that is passed on as it is.
pub(super) type Json = Box<RawValue>;

/// What became of something that a worker has sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Answered(Json),
    Delivered,
    Reached(usize),
    Workers(Vec<Worker>),
    Refused(Refusal),
}

/// What a worker sends to others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dispatch {
    /// To one worker, which answers.
    Call { target: Target, name: String, payload: Json },
    /// To one worker; only whether it arrives is told.
    Send { target: Target, name: String, payload: Json },
    /// To all others of the application.
    Broadcast { name: String, payload: Json },
    /// To nobody: which workers of the application are ready?
    Workers,
}

/// Everything that a worker has to know.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Boot {
    pub(super) app: String,
    pub(super) slot: usize,
    pub(super) generation: u64,
    pub(super) settings: Texts,
    pub(super) addresses: Vec<SocketAddress>,
    pub(super) log: bool,
    /// Whether the last descriptor is the standard error once more, for the log.
    pub(super) sink: bool,
    pub(super) seat: usize,
    pub(super) seats: usize,
    pub(super) loops: usize,
    /// Zero is without end.
    pub(super) max_requests: u64,
}

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SocketAddress {
    Tcp(std::net::SocketAddr),
    Unix(PathBuf),
}

impl From<&BoundAddress> for SocketAddress {
    fn from(address: &BoundAddress) -> Self {
        match address {
            BoundAddress::Tcp(address) | BoundAddress::Https(address) => Self::Tcp(*address),
            BoundAddress::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

impl From<SocketAddress> for BoundAddress {
    fn from(address: SocketAddress) -> Self {
        match address {
            SocketAddress::Tcp(address) => Self::Tcp(address),
            SocketAddress::Unix(path) => Self::Unix(path),
        }
    }
}

/// To the arbiter, from a child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToArbiter {
    /// It serves.
    Ready,
    /// Why it does not start; it ends next.
    NotStarted {
        why: String,
    },
    /// A panic that nothing caught; it ends next.
    Panicked {
        message: String,
    },
    /// Somebody else has told it to end.
    Leaving,
    /// It has had `max_requests`.
    Full,
    Pong(u64),
    /// The answer to a probe: this program with its settings could take over.
    Program {
        protocol: u32,
        apps: Vec<(String, Texts)>,
    },
    /// Something for other workers. The number is the sender's; it comes back with the outcome.
    Dispatch {
        number: u64,
        dispatch: Dispatch,
    },
    /// The answer to a call, with the number that came with it.
    Answer {
        number: u64,
        outcome: Outcome,
    },
}

/// A command to a running instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Ping,
    Info,
    Reload { wait: bool },
    Workers { app: Option<String>, change: Change },
    Stop,
    Quit,
}

/// What the instance answers. Several may come; the last one ends the command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Response {
    /// It is there.
    Pong {
        pid: u32,
    },
    Info(Info),
    /// Something that has happened on the way.
    Progress {
        text: String,
    },
    Done {
        text: String,
    },
    Failed {
        why: String,
    },
}

/// The state of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Info {
    pub(crate) arbiter: ArbiterInfo,
    pub(crate) apps: Vec<AppInfo>,
}

/// The state of the arbiter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArbiterInfo {
    pub(crate) pid: u32,
    pub(crate) version: String,
    pub(crate) generation: u64,
    /// Why that generation is there: `start`, a signal, a command, what has changed.
    #[serde(default)]
    pub(crate) cause: String,
    /// In seconds.
    pub(crate) uptime: f64,
    /// `starting`, `running`, `reloading`, `stopping`.
    pub(crate) state: String,
    /// In bytes.
    pub(crate) rss: u64,
    /// Successful reloads and upgrades, and those that were rolled back.
    pub(crate) reloads: u64,
    pub(crate) failed_reloads: u64,
}

/// The state of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppInfo {
    pub(crate) name: String,
    pub(crate) binds: Vec<String>,
    pub(crate) target: usize,
    /// `running`, `degraded` (fewer ready workers than wanted), `paused`, `stopping`.
    pub(crate) state: String,
    /// Requests of all workers that there have been.
    pub(crate) requests: u64,
    /// How many workers have ended, by the word for the cause.
    pub(crate) exits: std::collections::BTreeMap<String, u64>,
    pub(crate) workers: Vec<WorkerInfo>,
}

/// The state of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkerInfo {
    pub(crate) pid: u32,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    /// `booting`, `ready`, `draining`, `killed`.
    pub(crate) state: String,
    /// In seconds.
    pub(crate) uptime: f64,
    pub(crate) requests: u64,
    pub(crate) in_flight: u64,
    pub(crate) connections: u64,
    /// How often clients ran into a limit, by its name.
    pub(crate) limits: std::collections::BTreeMap<String, u64>,
    /// In bytes.
    pub(crate) rss: u64,
}
