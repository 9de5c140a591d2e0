//! The settings as the program reads them: one typed field per setting.
//!
//! It knows neither names of flags nor sources. The rule it keeps: a value that is here is legal, so that nobody who reads a
//! field has to check it again.

use std::{path::PathBuf, time::Duration};

use crate::settings::{
    bind::Bind,
    limits::{CountLimit, MinRate, TimeLimit},
    peers::Peers,
    processes::{Concurrency, ControlSocket},
    tls::{ClientVerify, TlsVersion},
    values::{AccessLog, BodyLimit, ForwardedHeaders, LogFormat, LogLevel, PoolSize},
};

/// The settings of one application, those of the whole program included.
///
/// Later versions add fields: end a literal with `..Settings::default()`.
///
/// # Defaults
///
/// * [`bind`](Settings::bind): `127.0.0.1:8060`
/// * [`backlog`](Settings::backlog): 2048 connections
/// * [`socket_mode`](Settings::socket_mode): octal 660
/// * [`workers`](Settings::workers): 1
/// * [`concurrency`](Settings::concurrency): `process`
/// * [`threads`](Settings::threads): 1
/// * [`thread_workers`](Settings::thread_workers): `auto`, two for each processor and at least 4
/// * [`thread_queue`](Settings::thread_queue): 1024 requests
/// * [`timeout`](Settings::timeout): 30 seconds
/// * [`boot_timeout`](Settings::boot_timeout): 60 seconds
/// * [`graceful_timeout`](Settings::graceful_timeout): 25 seconds
/// * [`drain_delay`](Settings::drain_delay): 0 seconds
/// * [`max_requests`](Settings::max_requests): 0, never
/// * [`max_requests_jitter`](Settings::max_requests_jitter): 0
/// * [`max_lifetime`](Settings::max_lifetime): 0 seconds, never
/// * [`max_lifetime_jitter`](Settings::max_lifetime_jitter): 0 seconds
/// * [`max_rss`](Settings::max_rss): 0 MiB, never
/// * [`reload_surge`](Settings::reload_surge): 1
/// * [`reload`](Settings::reload): false
/// * [`reload_watch`](Settings::reload_watch): `templates`
/// * [`keep_alive`](Settings::keep_alive): 30 seconds
/// * [`max_target`](Settings::max_target): 8 KiB
/// * [`max_head`](Settings::max_head): 32 KiB
/// * [`max_headers`](Settings::max_headers): 100
/// * [`max_body`](Settings::max_body): 8 MiB
/// * [`body_buffer`](Settings::body_buffer): 64 KiB
/// * [`body_timeout`](Settings::body_timeout): 15 seconds
/// * [`slow_request`](Settings::slow_request): 30 seconds
/// * [`allowed_hosts`](Settings::allowed_hosts): none, which is every host
/// * [`strict_slashes`](Settings::strict_slashes): true
/// * [`trusted_proxies`](Settings::trusted_proxies): nobody
/// * [`forwarded_headers`](Settings::forwarded_headers): `auto`
/// * [`proxy_protocol`](Settings::proxy_protocol): nobody
/// * [`head_timeout`](Settings::head_timeout): 10 seconds
/// * [`preface_timeout`](Settings::preface_timeout): 5 seconds
/// * [`write_timeout`](Settings::write_timeout): 30 seconds
/// * [`min_rate`](Settings::min_rate): 500 bytes a second
/// * [`max_connections`](Settings::max_connections): 10,000
/// * [`max_connection_requests`](Settings::max_connection_requests): 10,000
/// * [`max_connection_age`](Settings::max_connection_age): 3600 seconds
/// * [`http2`](Settings::http2): true
/// * [`h2_max_streams`](Settings::h2_max_streams): 100
/// * [`h2_stream_window`](Settings::h2_stream_window): 256 KiB
/// * [`h2_connection_window`](Settings::h2_connection_window): 1 MiB
/// * [`h2_ping_interval`](Settings::h2_ping_interval): 30 seconds
/// * [`h2_ping_timeout`](Settings::h2_ping_timeout): 10 seconds
/// * [`h2_max_resets`](Settings::h2_max_resets): 256
/// * [`websocket_max_message`](Settings::websocket_max_message): 1 MiB
/// * [`websocket_max_frame`](Settings::websocket_max_frame): 256 KiB
/// * [`websocket_max_fragments`](Settings::websocket_max_fragments): 1024 frames
/// * [`websocket_write_buffer`](Settings::websocket_write_buffer): 1 MiB
/// * [`websocket_ping`](Settings::websocket_ping): 20 seconds
/// * [`websocket_pong_timeout`](Settings::websocket_pong_timeout): 20 seconds
/// * [`websocket_close_timeout`](Settings::websocket_close_timeout): 5 seconds
/// * [`cert_file`](Settings::cert_file): none
/// * [`key_file`](Settings::key_file): none
/// * [`ca_file`](Settings::ca_file): off
/// * [`client_verify`](Settings::client_verify): off
/// * [`tls_min`](Settings::tls_min): 1.2
/// * [`tls_handshake_timeout`](Settings::tls_handshake_timeout): 10 s
/// * [`max_tls_handshakes`](Settings::max_tls_handshakes): 256
/// * [`log_level`](Settings::log_level): `info`
/// * [`log_format`](Settings::log_format): text
/// * [`access_log`](Settings::access_log): off
/// * [`user`](Settings::user): off
/// * [`group`](Settings::group): off
/// * [`umask`](Settings::umask): off
/// * [`pidfile`](Settings::pidfile): off
/// * [`control_socket`](Settings::control_socket): `auto`, in the runtime directory
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
    /// The permissions of the files of unix sockets, such as `0o660`.
    pub socket_mode: u32,
    /// Worker processes; 0 serves in one process without an arbiter.
    pub workers: usize,
    /// Whether workers are processes or share one.
    pub concurrency: Concurrency,
    /// Threads of a worker that accept connections and run `async` handlers.
    pub threads: usize,
    /// Threads that run the handlers that are plain functions.
    pub thread_workers: PoolSize,
    /// How many requests may wait for one of these threads before more are answered with 503.
    pub thread_queue: usize,
    /// How long the event loops of a worker may not react before it is killed; zero is never.
    pub timeout: Duration,
    /// How long a worker may take until it is ready; not zero when it comes from the loader.
    pub boot_timeout: Duration,
    /// How long requests in flight may take to finish once the program is told to stop; zero does not wait.
    pub graceful_timeout: Duration,
    /// How long to go on accepting connections once the program is told to stop.
    pub drain_delay: Duration,
    /// The number of requests after which a worker is replaced; 0 is never.
    pub max_requests: u64,
    /// The most that is added to [`max_requests`](Settings::max_requests) at random, for each worker anew.
    pub max_requests_jitter: u64,
    /// The age at which a worker is replaced; zero is never.
    pub max_lifetime: Duration,
    /// The most that is added to [`max_lifetime`](Settings::max_lifetime) at random, for each worker anew.
    pub max_lifetime_jitter: Duration,
    /// The resident memory in MiB beyond which a worker is replaced; 0 is never.
    pub max_rss: u64,
    /// How many new workers a reload starts at a time.
    pub reload_surge: usize,
    /// Whether a new program file and changed templates are brought in by themselves; for development.
    pub reload: bool,
    /// The files and folders that are watched then, beside the program file and the settings file.
    pub reload_watch: Vec<PathBuf>,
    /// How long a connection may be idle between two requests; zero closes it after each answer.
    pub keep_alive: Duration,
    /// The longest target of a request, in bytes.
    pub max_target: usize,
    /// The longest head of a request, in bytes.
    pub max_head: usize,
    /// The most header fields of a request.
    pub max_headers: usize,
    /// The longest request body that is read.
    pub max_body: BodyLimit,
    /// How much of a request body is read before a WSGI callable that blocks gets a thread, in bytes.
    pub body_buffer: usize,
    /// How long the next piece of a request body may take while it is waited for.
    pub body_timeout: TimeLimit,
    /// How long a route may take until its answer before the log says so.
    pub slow_request: TimeLimit,
    /// The hosts that the application answers for, such as `example.org` and `*.example.org`; none is every host.
    pub allowed_hosts: Vec<String>,
    /// Whether a path that differs from a rule only by its final slash is redirected to the rule's spelling.
    pub strict_slashes: bool,
    /// The peers whose forwarding headers are believed.
    pub trusted_proxies: Peers,
    /// Which forwarding headers these peers write.
    pub forwarded_headers: ForwardedHeaders,
    /// The peers that begin each connection with a PROXY header.
    pub proxy_protocol: Peers,
    /// How long the head of a request may take from its first byte on.
    pub head_timeout: TimeLimit,
    /// How long what comes before the first request may take: the preface of HTTP/2, a PROXY header.
    pub preface_timeout: TimeLimit,
    /// How long a client may take nothing of an answer that is ready.
    pub write_timeout: TimeLimit,
    /// How many bytes a second a client has to send or take, once it has been waited for ten seconds.
    pub min_rate: MinRate,
    /// The connections that a worker may have open at the same time.
    pub max_connections: CountLimit,
    /// How many requests a connection may have.
    pub max_connection_requests: CountLimit,
    /// How old a connection may get until it is closed in order.
    pub max_connection_age: TimeLimit,
    /// Whether HTTP/2 is served as well.
    pub http2: bool,
    /// The requests that may be in flight on one connection of HTTP/2.
    pub h2_max_streams: u32,
    /// The bytes that a client may send of one body of HTTP/2 before they are read.
    pub h2_stream_window: u32,
    /// The bytes that a client may send of all bodies of a connection of HTTP/2 before they are read.
    pub h2_connection_window: u32,
    /// After how long a silent client of HTTP/2 is asked whether it is there; without a limit never.
    pub h2_ping_interval: TimeLimit,
    /// How long its answer to that may take; not zero when it comes from the loader.
    pub h2_ping_timeout: Duration,
    /// How many requests of a connection of HTTP/2 may fail because the client breaks the rules.
    pub h2_max_resets: usize,
    /// The longest message that a WebSocket reads.
    pub websocket_max_message: BodyLimit,
    /// The longest frame that a WebSocket reads.
    pub websocket_max_frame: BodyLimit,
    /// The most frames that a message may come in, at least 1.
    pub websocket_max_fragments: u32,
    /// How many bytes may wait for a slow client before a WebSocket sends no more.
    pub websocket_write_buffer: BodyLimit,
    /// How long a WebSocket may hear nothing before it asks whether the client is there; zero never asks.
    pub websocket_ping: Duration,
    /// How long the client may take to answer that; not zero when it comes from the loader.
    pub websocket_pong_timeout: Duration,
    /// How long the close handshake of a WebSocket may take; zero does not wait for the client.
    pub websocket_close_timeout: Duration,
    /// The files of the certificates, the first of them for names that no other has; without one HTTP is plain.
    pub cert_file: Vec<PathBuf>,
    /// The files of their keys, in the same order; none if the files of the certificates have them.
    pub key_file: Vec<PathBuf>,
    /// The file with the certificates of those who issue certificates to clients.
    pub ca_file: Option<PathBuf>,
    /// Whether clients have to show a certificate.
    pub client_verify: ClientVerify,
    /// The oldest version of TLS that is spoken.
    pub tls_min: TlsVersion,
    /// How long a TLS handshake may take, from when the connection is accepted.
    pub tls_handshake_timeout: TimeLimit,
    /// How many TLS handshakes a worker does at a time.
    pub max_tls_handshakes: CountLimit,
    /// What is logged.
    pub log_level: LogLevel,
    /// How lines of the log are written.
    pub log_format: LogFormat,
    /// Where one line per request is written.
    pub access_log: AccessLog,
    /// The name or the number of the user that workers run as; `None` leaves it as it is.
    pub user: Option<String>,
    /// The name or the number of the group that workers run as; `None` is the group of the user.
    pub group: Option<String>,
    /// The permissions that new files do not get, such as `0o027`; `None` leaves them as they are.
    pub umask: Option<u32>,
    /// The file that the number of the process is written to.
    pub pidfile: Option<PathBuf>,
    /// Where the commands to a running instance reach it.
    pub control_socket: ControlSocket,
    /// The settings file; the default is read only if it exists.
    pub config: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bind: vec![Bind::default()],
            backlog: 2048,
            socket_mode: 0o660,
            workers: 1,
            concurrency: Concurrency::default(),
            threads: 1,
            thread_workers: PoolSize::default(),
            thread_queue: 1024,
            timeout: Duration::from_secs(30),
            boot_timeout: Duration::from_secs(60),
            graceful_timeout: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
            max_requests: 0,
            max_requests_jitter: 0,
            max_lifetime: Duration::ZERO,
            max_lifetime_jitter: Duration::ZERO,
            max_rss: 0,
            reload_surge: 1,
            reload: false,
            reload_watch: vec!["templates".into()],
            keep_alive: Duration::from_secs(30),
            max_target: 8 << 10,
            max_head: 32 << 10,
            max_headers: 100,
            max_body: BodyLimit::default(),
            body_buffer: 64 << 10,
            body_timeout: TimeLimit::seconds(15),
            slow_request: TimeLimit::seconds(30),
            allowed_hosts: Vec::new(),
            strict_slashes: true,
            trusted_proxies: Peers::default(),
            forwarded_headers: ForwardedHeaders::default(),
            proxy_protocol: Peers::default(),
            head_timeout: TimeLimit::seconds(10),
            preface_timeout: TimeLimit::seconds(5),
            write_timeout: TimeLimit::seconds(30),
            min_rate: MinRate::BytesPerSecond(500),
            max_connections: CountLimit::Most(10_000),
            max_connection_requests: CountLimit::Most(10_000),
            max_connection_age: TimeLimit::seconds(3600),
            http2: true,
            h2_max_streams: 100,
            h2_stream_window: 256 << 10,
            h2_connection_window: 1 << 20,
            h2_ping_interval: TimeLimit::seconds(30),
            h2_ping_timeout: Duration::from_secs(10),
            h2_max_resets: 256,
            websocket_max_message: BodyLimit::Bytes(1 << 20),
            websocket_max_frame: BodyLimit::Bytes(256 << 10),
            websocket_max_fragments: 1024,
            websocket_write_buffer: BodyLimit::Bytes(1 << 20),
            websocket_ping: Duration::from_secs(20),
            websocket_pong_timeout: Duration::from_secs(20),
            websocket_close_timeout: Duration::from_secs(5),
            cert_file: Vec::new(),
            key_file: Vec::new(),
            ca_file: None,
            client_verify: ClientVerify::default(),
            tls_min: TlsVersion::default(),
            tls_handshake_timeout: TimeLimit::seconds(10),
            max_tls_handshakes: CountLimit::Most(256),
            log_level: LogLevel::default(),
            log_format: LogFormat::default(),
            access_log: AccessLog::default(),
            user: None,
            group: None,
            umask: None,
            pidfile: None,
            control_socket: ControlSocket::default(),
            config: "pulsar.toml".into(),
        }
    }
}

impl Settings {
    /// The number of event loops in one process: those of one worker, or of all if they share the process.
    pub(crate) fn event_loops(&self) -> usize {
        const MOST: usize = 1024;
        let share = self.concurrency == Concurrency::Thread || !cfg!(unix);
        let workers = if share { self.workers.max(1) } else { 1 };
        self.threads.max(1).saturating_mul(workers).min(MOST)
    }
}
