mod activation;
mod alone;
mod calls;
mod children;
mod client;
mod control;
mod frame;
mod handover;
mod info;
mod machine;
mod message;
mod monitor;
mod notify;
mod output;
mod peers;
mod pidfile;
mod process;
mod release;
mod reload;
mod run;
mod signals;
mod supervisor;
mod worker;

pub(crate) use self::{
    alone::Alone,
    client::Client,
    message::{Info, Request, Response},
    output::{Stderr, guard_panics, say},
    peers::Incoming,
    release::texts,
    run::{Host, run},
    worker::{Assignment, Booted, Child, LastWords, Link, Probe, child, heartbeat},
};
// The parts of an `Info` have their names for whoever looks at each of them.
#[cfg(feature = "top")]
pub(crate) use self::message::{AppInfo, WorkerInfo};
