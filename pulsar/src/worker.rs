//! Who a worker is, and why one ended.
//!
//! Plain facts, made by whoever starts workers and shown to hooks, handlers and people. It knows no process: a server
//! without worker processes is a worker too, the only one.

use std::{fmt, process, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

/// The worker that runs this code: which application it serves, in which slot, since which reload.
///
/// It is always there as state: write `worker: State<Worker>` in a handler.
///
/// ```
/// use pulsar::{State, Worker, get};
///
/// #[get("/whoami")]
/// async fn whoami(worker: State<Worker>) -> String {
///     format!("{} of {}", worker.slot(), worker.app())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Facts", into = "Facts")]
pub struct Worker {
    app: Arc<str>,
    slot: usize,
    generation: u64,
    pid: u32,
    supervised: bool,
}

impl Worker {
    /// The worker of an application in a slot. Programs get theirs from the server; tests may want one of their own.
    ///
    /// ```
    /// let worker = pulsar::Worker::new("shop", 2, 1);
    /// assert_eq!(worker.to_string(), "shop worker 2");
    /// ```
    pub fn new(app: impl Into<Arc<str>>, slot: usize, generation: u64) -> Self {
        Self { app: app.into(), slot, generation, pid: process::id(), supervised: false }
    }

    /// The same worker in another process than this one.
    pub(crate) fn with_pid(mut self, pid: u32) -> Self {
        self.pid = pid;
        self
    }

    /// The same worker as one of several processes.
    pub(crate) fn supervised(mut self) -> Self {
        self.supervised = true;
        self
    }

    /// Whether it is a process of its own under an arbiter, beside which there may be others of the same application.
    pub fn is_supervised(&self) -> bool {
        self.supervised
    }

    /// The name of the application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The number of the slot, from 0. A worker that replaces another one has the slot of that one.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// How many reloads and upgrades the program has had when this worker was wanted: 1 after the start.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The id of its process; 0 in the hook `pre_spawn`, before there is one.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// A worker as it is written for others to read.
#[derive(Serialize, Deserialize)]
struct Facts {
    app: String,
    slot: usize,
    generation: u64,
    pid: u32,
    supervised: bool,
}

impl From<Facts> for Worker {
    fn from(Facts { app, slot, generation, pid, supervised }: Facts) -> Self {
        Self { app: app.into(), slot, generation, pid, supervised }
    }
}

impl From<Worker> for Facts {
    fn from(Worker { app, slot, generation, pid, supervised }: Worker) -> Self {
        Self { app: app.to_string(), slot, generation, pid, supervised }
    }
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} worker {}", self.app, self.slot)
    }
}

/// The end of a worker process: what the hook `#[on(worker_exit)]` is told.
///
/// ```
/// use pulsar::worker::WorkerExit;
///
/// fn note(exit: &WorkerExit) {
///     eprintln!("{} ended: {}", exit.worker, exit.cause);
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerExit {
    /// Which worker it was.
    pub worker: Worker,
    /// The id that its process had.
    pub pid: u32,
    /// Why it ended.
    pub cause: Cause,
    /// How long it had run.
    pub uptime: Duration,
    /// Whether it had become ready.
    pub was_ready: bool,
}

impl WorkerExit {
    pub(crate) fn new(worker: Worker, pid: u32, cause: Cause, uptime: Duration, was_ready: bool) -> Self {
        Self { worker, pid, cause, uptime, was_ready }
    }
}

/// Why a worker process ended, as far as that can be known. It says what ended it, not what somebody guesses.
///
/// ```
/// use pulsar::worker::Cause;
/// assert_eq!(Cause::Exit(3).to_string(), "exited with code 3");
/// assert!(!Cause::Requested.is_failure());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It was told to: a stop, a reload, fewer workers.
    Requested,
    /// It was replaced because it had served, lived or grown enough; the text names the setting.
    Recycled(&'static str),
    /// It was told to end, did not until the deadline, and was killed.
    Deadline,
    /// It was killed because it did not react for longer than `timeout`; the text says what did not.
    Timeout(String),
    /// It was killed because it was not ready within `boot_timeout`.
    BootTimeout,
    /// It failed to start, and said why.
    NotStarted(String),
    /// It was killed because it broke the rules of its channel to the arbiter.
    Channel(String),
    /// The kernel killed it because memory was exhausted.
    OutOfMemory,
    /// A signal that we did not send, by its name.
    Signal(String),
    /// A panic that nothing caught, with its message.
    Panic(String),
    /// It ended by itself with this exit code.
    Exit(i32),
}

impl Cause {
    /// Whether something went wrong, so that a replacement may have to wait.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Requested | Self::Recycled(_) | Self::Deadline)
    }

    /// One word for it, for metrics and JSON.
    ///
    /// ```
    /// assert_eq!(pulsar::worker::Cause::OutOfMemory.word(), "oom");
    /// ```
    pub fn word(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Recycled(_) => "recycled",
            Self::Deadline => "deadline",
            Self::Timeout(_) => "timeout",
            Self::BootTimeout => "boot_timeout",
            Self::NotStarted(_) => "not_started",
            Self::Channel(_) => "channel",
            Self::OutOfMemory => "oom",
            Self::Signal(_) => "signal",
            Self::Panic(_) => "panic",
            Self::Exit(_) => "exit",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("as requested"),
            Self::Recycled(setting) => write!(f, "recycled by {setting}"),
            Self::Deadline => f.write_str("killed at the deadline, with requests in flight"),
            Self::Timeout(what) => write!(f, "killed after its timeout: {what}"),
            Self::BootTimeout => f.write_str("killed because it was not ready within boot_timeout"),
            Self::NotStarted(why) => write!(f, "failed to start: {why}"),
            Self::Channel(why) => write!(f, "killed because of its channel: {why}"),
            Self::OutOfMemory => f.write_str("killed by the kernel: out of memory"),
            Self::Signal(name) => write!(f, "ended by {name}, which the arbiter did not send"),
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::Exit(code) => write!(f, "exited with code {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_read_as_it_was_written() {
        let worker = Worker::new("shop", 2, 3).with_pid(41);
        let written = serde_json::to_string(&worker).unwrap();
        assert_eq!(written, r#"{"app":"shop","slot":2,"generation":3,"pid":41,"supervised":false}"#);
        assert_eq!(serde_json::from_str::<Worker>(&written).unwrap(), worker);
    }
}
