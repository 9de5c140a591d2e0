//! Closed-loop load: threads that send the next request when the last one is answered, and count what becomes of each.
//!
//! The rule it keeps: nothing is retried and nothing is excused here. A request whose connection was closed counts as lost,
//! also if the connection was an old one, since nobody outside knows whether the server had read it. What a client may know is
//! obeyed: after `Connection: close` it takes a new connection.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use pulsar_tests::{certificates::Tls, until};
use serde::Deserialize;

/// How long an answer may take before it counts as none: long, since this is no benchmark.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two requests of a thread, so that those who are tested get a processor. The loop stays closed.
const PAUSE: Duration = Duration::from_millis(1);

/// Each fourth request sends so much.
const BODY: usize = 16 * 1024;

/// Where requests go.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// An address and port.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
    /// An address and port, encrypted.
    Tls(SocketAddr, Tls),
}

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Answered with 200.
    pub(crate) ok: u64,
    /// Nobody listened.
    pub(crate) refused: u64,
    /// The connection was reset before a byte of the answer.
    pub(crate) reset: u64,
    /// It was closed in order before a byte of the answer.
    pub(crate) closed: u64,
    /// It ended within the answer.
    pub(crate) cut: u64,
    /// Nothing came for a long time.
    pub(crate) timeout: u64,
    /// Answered with 500 or more.
    pub(crate) failed: u64,
    /// Anything else, in words.
    pub(crate) other: Vec<String>,
    /// How many answers each process gave.
    pub(crate) pids: BTreeMap<u32, u64>,
    /// How many answers each generation gave.
    pub(crate) generations: BTreeMap<u64, u64>,
}

impl Tally {
    /// How many requests have no good answer.
    pub(crate) fn lost(&self) -> u64 {
        self.refused
            + self.reset
            + self.closed
            + self.cut
            + self.timeout
            + self.failed
            + self.other.len() as u64
    }

    /// Asserts that every request was answered, and that there were some.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert!(self.ok > 0 && self.lost() == 0, "{self}");
    }

    /// Asserts that nothing was lost but what a killed worker may have had in flight: one request for each client, and
    /// nothing that could have been refused, delayed for ever, or answered with an error.
    #[track_caller]
    pub(crate) fn assert_lost_at_most(&self, most: u64) {
        let excused = self.reset + self.closed + self.cut;
        assert!(
            self.ok > 0 && self.lost() == excused && excused <= most,
            "at most {most} may be lost: {self}"
        );
    }

    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.refused += other.refused;
        self.reset += other.reset;
        self.closed += other.closed;
        self.cut += other.cut;
        self.timeout += other.timeout;
        self.failed += other.failed;
        self.other.extend(other.other.iter().cloned());
        for (pid, count) in &other.pids {
            *self.pids.entry(*pid).or_default() += count;
        }
        for (generation, count) in &other.generations {
            *self.generations.entry(*generation).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Load that goes on until it is stopped.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    tallies: Vec<Arc<Mutex<Tally>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many clients with kept-alive connections, and so many that take a new one for each request.
    pub(crate) fn start(target: &Target, kept: usize, new: usize) -> Self {
        let stop: Arc<AtomicBool> = Arc::default();
        let kinds = [true].repeat(kept).into_iter().chain([false].repeat(new));
        let mut load = Self { stop, tallies: Vec::new(), threads: Vec::new() };
        for keep_alive in kinds {
            let tally: Arc<Mutex<Tally>> = Arc::default();
            load.tallies.push(Arc::clone(&tally));
            let client = Client { target: target.clone(), keep_alive, connection: None, sent: 0 };
            let stop = Arc::clone(&load.stop);
            load.threads.push(thread::spawn(move || client.run(&tally, &stop)));
        }
        load
    }

    /// The usual load of a test: three kept-alive connections and one client without.
    pub(crate) fn on(target: &Target) -> Self {
        Self::start(target, 3, 1)
    }

    /// How many clients there are: what one fault may cost at most.
    pub(crate) fn clients(&self) -> u64 {
        self.tallies.len() as u64
    }

    /// What has been counted so far.
    pub(crate) fn so_far(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in &self.tallies {
            sum.add(&lock(tally));
        }
        sum
    }

    /// Waits until so many more requests have been answered by each client.
    pub(crate) fn wait_for_more(&self, count: u64) {
        for tally in &self.tallies {
            let before = lock(tally).ok;
            until("the load goes on", || lock(tally).ok >= before + count);
        }
    }

    /// Waits until requests go unanswered: nobody listens any more.
    pub(crate) fn wait_until_refused(&self) {
        until("nobody listens any more", || self.so_far().refused > 0);
    }

    /// Stops when the requests in flight have been answered.
    pub(crate) fn stop(mut self) -> Tally {
        self.end();
        self.so_far()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // Its panic has been printed; what it counted is there.
            let _ = thread.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

struct Client {
    target: Target,
    keep_alive: bool,
    connection: Option<Box<dyn Stream>>,
    sent: u64,
}

impl Client {
    fn run(mut self, tally: &Mutex<Tally>, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let outcome = self.request();
            self.sent += 1;
            if !matches!(outcome, Outcome::Answer(_)) {
                self.connection = None;
            }
            outcome.count(&mut lock(tally));
            thread::park_timeout(PAUSE);
        }
    }

    fn request(&mut self) -> Outcome {
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => match connect(&self.target) {
                Ok(stream) => stream,
                Err(error) => return Outcome::not_connected(&error),
            },
        };
        let connection = if self.keep_alive { "keep-alive" } else { "close" };
        let request = if self.sent % 4 == 3 {
            let body = "x".repeat(BODY);
            format!(
                "POST /sink HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\nContent-Length: {BODY}\r\n\r\n{body}"
            )
        } else {
            format!("GET /whoami HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n")
        };
        // An error of the way there is one of the way back as well, unless an answer came before: it is the one that counts.
        let _ = stream.write_all(request.as_bytes());
        match answer(&mut stream) {
            Ok((answer, closes)) => {
                if self.keep_alive && !closes {
                    self.connection = Some(stream);
                }
                answer
            }
            Err(outcome) => outcome,
        }
    }
}

fn connect(target: &Target) -> io::Result<Box<dyn Stream>> {
    match target {
        Target::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(Box::new(stream))
        }
        Target::Tls(address, tls) => Ok(Box::new(tls.connect(*address)?)),
        Target::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(Box::new(stream))
        }
    }
}

/// Who answered, as `/whoami` says it.
#[derive(Debug, Deserialize)]
struct Whoami {
    pid: u32,
    generation: u64,
}

enum Outcome {
    Answer(Option<Whoami>),
    Refused,
    Reset,
    Closed,
    Cut,
    Timeout,
    Failed,
    Other(String),
}

impl Outcome {
    fn not_connected(error: &io::Error) -> Self {
        match error.kind() {
            // A unix socket whose file has been removed refuses as well.
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => Self::Refused,
            ErrorKind::ConnectionReset => Self::Reset,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Timeout,
            _ => Self::Other(format!("connect: {error}")),
        }
    }

    fn count(self, tally: &mut Tally) {
        match self {
            Self::Answer(who) => {
                tally.ok += 1;
                if let Some(who) = who {
                    *tally.pids.entry(who.pid).or_default() += 1;
                    *tally.generations.entry(who.generation).or_default() += 1;
                }
            }
            Self::Refused => tally.refused += 1,
            Self::Reset => tally.reset += 1,
            Self::Closed => tally.closed += 1,
            Self::Cut => tally.cut += 1,
            Self::Timeout => tally.timeout += 1,
            Self::Failed => tally.failed += 1,
            Self::Other(what) => tally.other.push(what),
        }
    }
}

/// Reads an answer with a `Content-Length`, and whether it is the last one of its connection.
fn answer(stream: &mut impl Read) -> Result<(Outcome, bool), Outcome> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut bytes)?;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let strange = || Outcome::Other(text.clone());
    let status: u16 = text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(strange)?;
    let header = |name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim()));
    let length: usize =
        header("content-length:").and_then(|length| length.parse().ok()).ok_or_else(strange)?;
    while bytes.len() < head + length {
        more(stream, &mut bytes)?;
    }
    let closes = header("connection:") == Some("close");
    match status {
        200 => {
            let who = serde_json::from_slice(&bytes[head..]).ok();
            Ok((Outcome::Answer(who), closes))
        }
        500.. => Err(Outcome::Failed),
        _ => Err(strange()),
    }
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<(), Outcome> {
    let mut buffer = [0; 4096];
    let begun = !bytes.is_empty();
    match stream.read(&mut buffer) {
        Ok(0) if begun => Err(Outcome::Cut),
        Ok(0) => Err(Outcome::Closed),
        Ok(count) => {
            bytes.extend_from_slice(&buffer[..count]);
            Ok(())
        }
        Err(error) => Err(match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe if begun => Outcome::Cut,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Outcome::Reset,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Outcome::Timeout,
            ErrorKind::Interrupted => return Ok(()),
            _ => Outcome::Other(format!("read: {error}")),
        }),
    }
}
