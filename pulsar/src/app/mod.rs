//! From registrations to a running program: what `main!` and `pulsar::arbiter()` build, and its commands.
//!
//! A [`Program`] names the crates that it mounts and its applications. It is planned first: registrations become routers,
//! everything that is wrong is found, nothing has been bound or run. Then a command is carried out: `serve`, `routes`,
//! `check` or `config`, or one to a running instance.
//!
//! Files, lower ones first: `application`, `providers`, `outcome`, `logging`, `open_files`; `tasks`; `hooks`; `start`, `program`; `entry`, `advice`;
//! `plan`; `service`, `verdict`; `commands`, `report`, `top`, `control`, `serve`; `worker`, `processes`; `run`; `arbiter`.

mod advice;
mod application;
mod arbiter;
mod commands;
mod control;
mod entry;
mod hooks;
mod logging;
mod open_files;
mod outcome;
mod plan;
mod processes;
mod program;
mod providers;
mod report;
mod run;
mod serve;
mod service;
mod start;
mod tasks;
mod tls;
mod top;
mod verdict;
mod worker;

#[doc(hidden)]
pub use self::entry::Main;
pub use self::{
    application::App,
    arbiter::{Arbiter, WsgiServer, arbiter},
    plan::StartError,
    program::Program,
};
pub(crate) use self::{entry::main_of, serve::Started, service::AnyService};
pub use crate::middleware::BoxService;
