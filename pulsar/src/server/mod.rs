//! The HTTP server: listening sockets, I/O threads, connections, and their orderly end.
//!
//! It serves any [`tower_service::Service`] from requests to answers and knows no router, no settings table and no
//! process but its own. HTTP is hyper's; here is what hyper leaves open: binding, accepting, limits, the
//! access log, request ids, and stopping without losing a request. Each I/O thread runs an event loop of its
//! own, and a connection stays on the thread that accepted it.
//!
//! ```no_run
//! use std::convert::Infallible;
//!
//! use pulsar::{
//!     body::{Body, Request, Response},
//!     server::{Server, ServerConfig, Shutdown, signals},
//! };
//! use tower::service_fn;
//!
//! let bound = Server::bind(ServerConfig::default())?;
//! let shutdown = Shutdown::new();
//! signals(shutdown.clone())?;
//! let hello = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("Hello"))) });
//! let summary = bound.serve(hello, shutdown)?;
//! println!("{} requests", summary.requests);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Files, lower ones first: `config`, `date`, `outcome`, `shutdown`, `log_line`, `access_log`, `wakes`, `policy`; `limits`, `clock`, `activity`, `io_thread`, `handover`;
//! `tls`, `listener`, `stream`, `answer`, `answers`, `exchange`; `proxy_protocol`, `proxy_header`, `sniff`, `refusal`, `http1`, `http2`, `connection`; `turns`, `tick`, `accept`, `plan`; `serve`; `pair`.

mod accept;
mod access_log;
mod activity;
mod answer;
mod answers;
mod clock;
mod config;
mod connection;
mod date;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handover;
mod http1;
mod http2;
mod io_thread;
mod limits;
mod listener;
mod log_line;
mod outcome;
mod pair;
mod plan;
mod policy;
mod proxy_header;
mod proxy_protocol;
mod refusal;
mod serve;
mod shutdown;
mod sniff;
mod stream;
#[cfg(test)]
mod tests;
mod tick;
mod tls;
mod turns;
mod wakes;

pub(crate) use self::{
    access_log::{LogFile, open_log},
    answers::{Answer, Answers, Foreign, ForeignAnswer},
    listener::{BoundSocket, bind},
    pair::serve_pair,
    serve::{Seat, serve_seated},
    shutdown::signals_and_reopen,
    tls::Encryption,
};
pub use self::{
    config::{AccessLog, AccessLogFormat, Address, ServerConfig},
    listener::{BindError, Bound, BoundAddress, Server},
    outcome::{ServeError, Stop, Summary},
    serve::{Application, serve_all},
    shutdown::{Shutdown, signals},
    tls::{CertificateFiles, ClientVerify, TlsConfig, TlsVersion},
};
