//! Settings: what a user can set, where a value may come from, and which one counts.
//!
//! Everything that can be set is one row of one table. The sources (the program's own attributes and builders, the settings
//! file, the environment, the command line) are read by the rows, the higher source wins, and every value remembers where it
//! came from. This module serves nothing and prints nothing: it turns what a program was started with into [`Settings`], or
//! into an [`Exit`] that says all that is wrong with it.
//!
//! Lowest first: the values (`mistake`, `bind`, `values`, `limits`, `peers`, `processes`, `tls`, `typed`), the table (`row`, `rows`), the names
//! (`given`, `applications`, `command`), one file per source (`arguments` with `line` and `help`, `environment`, `file`), and what brings them
//! together (`resolve`, `checks`, `loader`). A file imports from files before it in this list only.

mod applications;
mod arguments;
mod bind;
mod checks;
mod command;
mod environment;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod given;
mod help;
mod limits;
mod line;
mod loader;
mod mistake;
mod peers;
mod processes;
mod resolve;
mod row;
mod rows;
mod tls;
mod typed;
mod values;

#[cfg(test)]
mod docs;
#[cfg(test)]
mod tests;

pub use crate::settings::{
    applications::Application,
    bind::{Bind, Host},
    command::{Change, Command},
    given::Origin,
    limits::{CountLimit, MinRate, TimeLimit},
    loader::{Exit, Invocation, Loader},
    mistake::InvalidValue,
    peers::{Network, Peers},
    processes::{Concurrency, ControlSocket},
    resolve::{ApplicationSettings, Resolved},
    tls::{ClientVerify, TlsVersion},
    typed::Settings,
    values::{AccessLog, BodyLimit, ForwardedHeaders, LogFormat, LogLevel, PoolSize},
};
pub(crate) use crate::settings::{mistake::nearest, rows::without_limits};
