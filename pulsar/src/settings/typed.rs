//! The settings as the program reads them: one typed field per setting.
//!
//! It knows neither names of flags nor sources. The rule it keeps: a value that is here is legal, so that nobody who reads a
//! field has to check it again.

use std::{path::PathBuf, time::Duration};

use crate::settings::{
    bind::Bind,
    values::{AccessLog, BodyLimit, LogFormat, LogLevel, PoolSize},
};

/// The settings of one application, those of the whole program included.
///
/// Later versions add fields: end a literal with `..Settings::default()`.
///
/// # Defaults
///
/// * [`bind`](Settings::bind): `127.0.0.1:8060`
/// * [`backlog`](Settings::backlog): 2048 connections
/// * [`workers`](Settings::workers): 1
/// * [`threads`](Settings::threads): 1
/// * [`thread_workers`](Settings::thread_workers): `auto`, two for each processor and at least 4
/// * [`thread_queue`](Settings::thread_queue): 1024 requests
/// * [`keep_alive`](Settings::keep_alive): 30 seconds
/// * [`graceful_timeout`](Settings::graceful_timeout): 25 seconds
/// * [`max_body`](Settings::max_body): 8 MiB
/// * [`strict_slashes`](Settings::strict_slashes): true
/// * [`log_level`](Settings::log_level): `info`
/// * [`log_format`](Settings::log_format): text
/// * [`access_log`](Settings::access_log): off
/// * [`config`](Settings::config): `pulsar.toml`
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use pulsar::settings::Settings;
///
/// let settings = Settings { keep_alive: Duration::from_secs(5), ..Settings::default() };
/// assert_eq!(settings.threads, 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The addresses to listen on, at least one when they come from the loader.
    pub bind: Vec<Bind>,
    /// How many connections may wait in the system's queue until they are accepted.
    pub backlog: u32,
    /// Workers, which share one process in this version; 0 counts as 1.
    pub workers: usize,
    /// Threads that accept connections and run `async` handlers.
    pub threads: usize,
    /// Threads that run the handlers that are plain functions.
    pub thread_workers: PoolSize,
    /// How many requests may wait for one of these threads before more are answered with 503.
    pub thread_queue: usize,
    /// How long a connection may be idle between two requests; zero closes it after each answer.
    pub keep_alive: Duration,
    /// How long requests in flight may take to finish once the program is told to stop; zero does not wait.
    pub graceful_timeout: Duration,
    /// The longest request body that is read.
    pub max_body: BodyLimit,
    /// Whether a path that differs from a rule only by its final slash is redirected to the rule's spelling.
    pub strict_slashes: bool,
    /// What is logged.
    pub log_level: LogLevel,
    /// How lines of the log are written.
    pub log_format: LogFormat,
    /// Where one line per request is written.
    pub access_log: AccessLog,
    /// The settings file; the default is read only if it exists.
    pub config: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bind: vec![Bind::default()],
            backlog: 2048,
            workers: 1,
            threads: 1,
            thread_workers: PoolSize::default(),
            thread_queue: 1024,
            keep_alive: Duration::from_secs(30),
            graceful_timeout: Duration::from_secs(25),
            max_body: BodyLimit::default(),
            strict_slashes: true,
            log_level: LogLevel::default(),
            log_format: LogFormat::default(),
            access_log: AccessLog::default(),
            config: "pulsar.toml".into(),
        }
    }
}

impl Settings {
    /// The number of event loops: each worker has as many I/O threads as the settings say.
    pub(crate) fn event_loops(&self) -> usize {
        const MOST: usize = 1024;
        self.threads.max(1).saturating_mul(self.workers.max(1)).min(MOST)
    }
}
