//! The arbiter: one process that keeps the workers of a program's applications serving, whatever happens to them.
//!
//! Workers are executions of the same program, which are handed their settings and sockets. The arbiter runs nothing of the user's but
//! hooks, has one thread, and never waits for anybody. What it shall do is decided by a policy without any process in it
//! (`monitor`, `supervisor`), which tests drive with a clock of their own.
//!
//! Files, lower ones first: `monitor`, `supervisor`, the policy; `message`, `frame`; `process`, the system calls; `output`,
//! `machine`, `notify`, `pidfile`, `signals`, `activation`; `release`, `control`, `client`, `peers`; `children`, `calls`, `reloads`;
//! `snapshot`, `watch`, what is watched; `state`; `worker`, the other end of the channel; `workers`, `passing`,
//! `handover`, `info`, `reload`, `changes`; `run`, the loop; `alone`, what is left of it without worker processes.

mod activation;
mod alone;
#[cfg(benching)]
pub(crate) mod bench;
mod calls;
mod changes;
mod children;
mod client;
mod control;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handover;
mod info;
mod machine;
mod message;
mod monitor;
mod notify;
mod output;
mod passing;
mod peers;
mod pidfile;
mod process;
mod release;
mod reload;
mod reloads;
mod run;
mod signals;
mod snapshot;
mod state;
mod supervisor;
mod watch;
mod worker;
mod workers;

pub(crate) use self::{
    alone::Alone,
    client::Client,
    message::{Info, Request, Response},
    output::{Stderr, guard_panics, say},
    peers::Incoming,
    release::texts,
    run::run,
    state::Host,
    worker::{Assignment, Booted, Child, LastWords, Link, Probe, child, heartbeat},
};
// The parts of an `Info` have their names for whoever looks at each of them.
#[cfg(feature = "top")]
pub(crate) use self::message::{AppInfo, WorkerInfo};
