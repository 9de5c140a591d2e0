//! What a server can be told: plain values with defaults, no parsing and no files.
//!
//! The layer above turns settings into a [`ServerConfig`]; this module neither knows their names nor their origin.

use std::{fmt, path::PathBuf, time::Duration};

use crate::server::tls::TlsConfig;
use crate::settings::{ForwardedHeaders, Peers};

/// How one application is served. Of `threads` and the two durations of the end the largest value counts for all the
/// applications that are [served together](crate::server::serve_all).
///
/// # Defaults
///
/// One bind to `127.0.0.1:8060`, one I/O thread, backlog 2048, keep-alive 30 s, heartbeat 1 s, drain delay 0, drain grace 2 s, graceful
/// timeout 25 s, targets of at most 8 KiB, heads of 32 KiB and 100 fields, bodies of 8 MiB that come within 15 s from piece to piece and at
/// 500 bytes per second, every host, no proxies, no TLS, no access log.
///
/// A head within 10 s, the preface of HTTP/2 within 5 s; a client takes something within 30 s, and 500 bytes a second; 10,000
/// connections, each for 10,000 requests or an hour; HTTP/2 with 100 streams, windows of 256 KiB and 1 MiB, a ping after 30 s
/// that is answered within 10 s, 256 resets.
///
/// ```
/// use pulsar::server::{Address, ServerConfig};
///
/// let config = ServerConfig { binds: vec![Address::Tcp("localhost".into(), 9000)], ..ServerConfig::default() };
/// assert_eq!(config.binds[0].to_string(), "localhost:9000");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// Where to listen; all of them or none.
    pub binds: Vec<Address>,
    /// Number of I/O threads; 0 counts as 1.
    pub threads: usize,
    /// How many connections the system may hold before they are accepted. The system has a cap of its own.
    pub backlog: u32,
    /// How long a connection may stand without a byte of a request. Zero closes after every answer, and leaves the default
    /// time for the first request.
    pub keep_alive: Duration,
    /// How long a request head may take from its first byte on; a slower one is answered with 408. `None` is no limit.
    pub head_timeout: Option<Duration>,
    /// How long the preface of HTTP/2 may take from its first byte on, and a PROXY header from the beginning. `None` is no limit.
    pub preface_timeout: Option<Duration>,
    /// How long a client may take nothing of what is ready for it until it is cut. `None` is no limit.
    pub write_timeout: Option<Duration>,
    /// The bytes a second that a client has to send of a body that is waited for, and to take of what is ready for it, measured over at
    /// least 10 s. `None` is no limit.
    pub min_rate: Option<u32>,
    /// How many connections may be open at the same time, on all threads together; each has room for one at least. What comes
    /// beyond that waits in the backlog. `None` is no limit.
    pub max_connections: Option<u64>,
    /// How many requests a connection may have; the answer to the last one says so. `None` is no limit.
    pub max_connection_requests: Option<u64>,
    /// How old a connection may get until it is ended in order. `None` is no limit.
    pub max_connection_age: Option<Duration>,
    /// Whether HTTP/2 is served as well, to clients that begin with its preface.
    pub http2: bool,
    /// How many requests may be in flight on one connection of HTTP/2.
    pub h2_max_streams: u32,
    /// How many bytes a client may send on a stream of HTTP/2 before they are read. At most 2^31 - 1.
    pub h2_stream_window: u32,
    /// How many bytes a client may send on a connection of HTTP/2 before they are read. At most 2^31 - 1.
    pub h2_connection_window: u32,
    /// After how long without a frame a client of HTTP/2 is asked whether it is there. `None` never asks.
    pub h2_ping_interval: Option<Duration>,
    /// How long it may take to answer.
    pub h2_ping_timeout: Duration,
    /// How many streams of a connection may have been reset because the client broke the rules of HTTP/2.
    pub h2_max_resets: usize,
    /// How often an I/O thread shows that it is alive, at least.
    pub heartbeat: Duration,
    /// How long a server that is told to stop goes on accepting, with `Connection: close` in its answers.
    pub drain_delay: Duration,
    /// How long a draining server goes on reading from connections that have nothing to do.
    pub drain_grace: Duration,
    /// How long requests in flight may take once the server drains; what then still runs is cut.
    pub graceful_timeout: Duration,
    /// The longest target of a request in bytes: a longer one is answered with 414.
    pub max_target: usize,
    /// The longest head of a request in bytes: a longer one is answered with 431.
    pub max_head: usize,
    /// The most header fields of a request: more are answered with 431.
    pub max_headers: usize,
    /// The longest request body in bytes: a longer one is answered with 413. `None` is no limit.
    pub max_body: Option<u64>,
    /// How long the next piece of a request body may take while it is waited for. `None` is no limit.
    pub body_timeout: Option<Duration>,
    /// The hosts that are answered for, such as `example.org` and `*.example.org`; others are answered with 421. None is every host.
    pub allowed_hosts: Vec<String>,
    /// The peers whose forwarding headers are believed. Nobody by default.
    pub trusted_proxies: Peers,
    /// Which forwarding headers these peers write.
    pub forwarded_headers: ForwardedHeaders,
    /// The peers that begin each connection with a PROXY header. Nobody by default.
    pub proxy_protocol: Peers,
    /// With which certificates HTTPS is spoken, on all addresses of TCP; unix sockets stay plain. `None` is plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Where each answered request is noted.
    pub access_log: AccessLog,
    /// The form of a line of the access log.
    pub access_log_format: AccessLogFormat,
}

impl ServerConfig {
    /// The default of [`keep_alive`](Self::keep_alive).
    pub const KEEP_ALIVE: Duration = Duration::from_secs(30);
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            binds: vec![Address::Tcp("127.0.0.1".into(), 8060)],
            threads: 1,
            backlog: 2048,
            keep_alive: Self::KEEP_ALIVE,
            head_timeout: Some(Duration::from_secs(10)),
            preface_timeout: Some(Duration::from_secs(5)),
            write_timeout: Some(Duration::from_secs(30)),
            min_rate: Some(500),
            max_connections: Some(10_000),
            max_connection_requests: Some(10_000),
            max_connection_age: Some(Duration::from_secs(3600)),
            http2: true,
            h2_max_streams: 100,
            h2_stream_window: 256 * 1024,
            h2_connection_window: 1024 * 1024,
            h2_ping_interval: Some(Duration::from_secs(30)),
            h2_ping_timeout: Duration::from_secs(10),
            h2_max_resets: 256,
            heartbeat: Duration::from_secs(1),
            drain_delay: Duration::ZERO,
            drain_grace: Duration::from_secs(2),
            graceful_timeout: Duration::from_secs(25),
            max_target: 8 << 10,
            max_head: 32 << 10,
            max_headers: 100,
            max_body: Some(8 << 20),
            body_timeout: Some(Duration::from_secs(15)),
            allowed_hosts: Vec::new(),
            trusted_proxies: Peers::default(),
            forwarded_headers: ForwardedHeaders::default(),
            proxy_protocol: Peers::default(),
            tls: None,
            access_log: AccessLog::Off,
            access_log_format: AccessLogFormat::Text,
        }
    }
}

/// An address to listen on.
///
/// ```
/// use pulsar::server::Address;
/// assert_eq!(Address::Tcp("::1".into(), 8060).to_string(), "[::1]:8060");
/// assert_eq!(Address::Unix("/run/shop.sock".into()).to_string(), "unix:/run/shop.sock");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host and port. The host is an IP address, a name (every address that it has is bound), or empty for all
    /// interfaces, IPv6 and IPv4 both. `::` is IPv6 alone, so that it can stand beside `0.0.0.0`. Port 0
    /// lets the system choose.
    Tcp(String, u16),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where the access log goes.
///
/// ```
/// use pulsar::server::{AccessLog, ServerConfig};
/// let config = ServerConfig { access_log: AccessLog::Stdout, ..ServerConfig::default() };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// Nowhere; requests then pay nothing for it.
    #[default]
    Off,
    /// Standard output.
    Stdout,
    /// A file, which is created or appended to.
    File(PathBuf),
}

/// The form of a line of the access log.
///
/// ```
/// use pulsar::server::{AccessLogFormat, ServerConfig};
/// let config = ServerConfig { access_log_format: AccessLogFormat::Json, ..ServerConfig::default() };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// The Common Log Format, which begins with the client, then the duration in microseconds and the request id:
    /// `192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] "GET /x HTTP/1.1" 200 13 184 7f3a-12`.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
