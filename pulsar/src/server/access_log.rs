//! The access log: one line for each answered request, written by a thread of its own.
//!
//! A request formats its line and appends it to a buffer in memory; the I/O threads never wait for a disk or a
//! pipe. If whoever reads the log is so slow that the buffer fills, lines are dropped, and their number is logged.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write},
    mem,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::{Method, StatusCode, Uri, Version};
use serde::Serialize;

use crate::{
    request::{Connection, Peer},
    server::{
        config::{AccessLog, AccessLogFormat},
        date::Date,
    },
};

/// The owner of the writing thread. Dropping it writes what is left and ends the thread.
#[derive(Debug)]
pub(super) struct AccessLogWriter {
    log: Arc<Log>,
    thread: Option<JoinHandle<()>>,
}

/// Where requests leave their lines.
#[derive(Debug)]
pub(super) struct Log {
    format: AccessLogFormat,
    state: Mutex<State>,
    changed: Condvar,
    /// Told when the last line is written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    dropped: u64,
    closed: bool,
    /// The thread has written its last line.
    finished: bool,
    /// The file to go on in.
    next: Option<File>,
}

/// Written at least this often.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// Written at once when this many bytes are there.
const FLUSH_SIZE: usize = 64 * 1024;
/// How long the last lines may take to be written: whoever does not read them must not hold up the end.
const LAST_LINES: Duration = Duration::from_secs(1);
/// The buffer never grows beyond this.
const CAPACITY: usize = 4 * 1024 * 1024;

impl AccessLogWriter {
    /// Opens the log and starts its thread; none if it is off.
    pub(super) fn open(to: &AccessLog, format: AccessLogFormat) -> Result<Option<Self>, String> {
        let sink: Box<dyn Write + Send> = match to {
            AccessLog::Off => return Ok(None),
            AccessLog::Stdout => Box::new(io::stdout()),
            AccessLog::File(path) => Box::new(open_log(path)?),
        };
        Self::start(sink, format).map(Some).map_err(|error| format!("the access log has no thread: {error}"))
    }

    /// A log in a file that is open already.
    pub(super) fn of(file: File, format: AccessLogFormat) -> io::Result<Self> {
        Self::start(Box::new(file), format)
    }

    pub(super) fn file(&self) -> LogFile {
        LogFile(Arc::clone(&self.log))
    }

    fn start(sink: Box<dyn Write + Send>, format: AccessLogFormat) -> io::Result<Self> {
        let log = Arc::new(Log {
            format,
            state: Mutex::default(),
            changed: Condvar::new(),
            written: Condvar::new(),
        });
        let writer = Arc::clone(&log);
        let thread =
            thread::Builder::new().name("pulsar-access-log".into()).spawn(move || writer.write_to(sink))?;
        Ok(Self { log, thread: Some(thread) })
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        &self.log
    }
}

/// Opens the file of an access log. The error says what to do.
pub(crate) fn open_log(path: &Path) -> Result<File, String> {
    OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
        format!(
            "cannot write the access log to {}: {error}. Check that its directory exists and is writable",
            path.display()
        )
    })
}

/// The file of an access log that is being written.
#[derive(Clone, Debug)]
pub(crate) struct LogFile(Arc<Log>);

impl LogFile {
    /// Goes on in another file, as after the first one was moved away.
    pub(crate) fn replace(&self, file: File) {
        self.0.state().next = Some(file);
        self.0.changed.notify_one();
    }
}

impl Drop for AccessLogWriter {
    fn drop(&mut self) {
        let mut state = self.log.state();
        state.closed = true;
        self.log.changed.notify_one();
        let waited = self.log.written.wait_timeout_while(state, LAST_LINES, |state| !state.finished);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let finished = state.finished;
        drop(state);
        match self.thread.take() {
            // A panic of that thread was reported by the panic hook.
            Some(thread) if finished || thread.is_finished() => drop(thread.join()),
            _ => tracing::warn!("nobody takes the last lines of the access log; they are lost"),
        }
    }
}

impl Log {
    /// Writes the line of what was answered though it was no request.
    pub(super) fn refused(&self, connection: &Connection, status: StatusCode) {
        let line = Line {
            time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            client: client(connection),
            peer: connection.peer().to_string(),
            request: None,
            status: status.as_u16(),
            bytes: 0,
            micros: 0,
            request_id: None,
        };
        self.append(&line.in_form(self.format));
    }

    fn append(&self, line: &str) {
        let mut state = self.state();
        let before = state.buffer.len();
        if before + line.len() > CAPACITY {
            state.dropped += 1;
            return;
        }
        state.buffer.extend_from_slice(line.as_bytes());
        // The thread sleeps until there is something, then until there is much.
        let wake = before == 0 || (before < FLUSH_SIZE && state.buffer.len() >= FLUSH_SIZE);
        drop(state);
        if wake {
            self.changed.notify_one();
        }
    }

    fn write_to(&self, mut sink: Box<dyn Write + Send>) {
        let mut failing = false;
        let mut batch = Vec::new();
        loop {
            let mut state = self.state();
            while state.buffer.is_empty() && !state.closed && state.next.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let more =
                |state: &mut State| state.buffer.len() < FLUSH_SIZE && !state.closed && state.next.is_none();
            let waited = self.changed.wait_timeout_while(state, FLUSH_INTERVAL, more);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            batch.clear();
            mem::swap(&mut batch, &mut state.buffer);
            let (dropped, closed, next) = (mem::take(&mut state.dropped), state.closed, state.next.take());
            drop(state);
            let written = sink.write_all(&batch).and_then(|()| sink.flush());
            if let Err(error) = &written
                && !failing
            {
                tracing::error!(%error, "cannot write the access log; its lines are lost until that works again");
            }
            failing = written.is_err();
            if dropped > 0 {
                tracing::warn!(dropped, "the access log cannot keep up: lines were dropped");
            }
            if let Some(file) = next {
                sink = Box::new(file);
                failing = false;
            }
            if closed {
                self.state().finished = true;
                self.written.notify_all();
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a line tells about a request; written when its answer has been sent.
#[derive(Debug)]
pub(super) struct Entry {
    log: Arc<Log>,
    connection: Connection,
    method: Method,
    target: Uri,
    version: Version,
    begun: Instant,
}

impl Entry {
    pub(super) fn begin<B>(log: &Arc<Log>, connection: &Connection, request: &http::Request<B>) -> Self {
        Self {
            log: Arc::clone(log),
            connection: connection.clone(),
            method: request.method().clone(),
            target: request.uri().clone(),
            version: request.version(),
            begun: Instant::now(),
        }
    }

    /// Writes the line of an answer of which `bytes` bytes of body were sent.
    pub(super) fn finish(&self, status: StatusCode, id: Option<&str>, bytes: u64) {
        let line = Line {
            time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            client: client(&self.connection),
            peer: self.connection.peer().to_string(),
            request: Some((self.method.as_str(), self.target(), self.version)),
            status: status.as_u16(),
            bytes,
            micros: u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            request_id: id,
        };
        self.log.append(&line.in_form(self.log.format));
    }

    /// As it is written in HTTP/1. In HTTP/2 scheme and authority are always there, and nearly always the same.
    fn target(&self) -> String {
        match self.target.path_and_query() {
            Some(path) if self.version == Version::HTTP_2 => path.to_string(),
            _ => self.target.to_string(),
        }
    }
}

/// The client as a line begins with it: its address or, where it has none, the kind of its socket.
fn client(connection: &Connection) -> String {
    match (connection.client(), connection.peer()) {
        (Some(address), _) => address.to_string(),
        (None, Peer::Unix(_)) => "unix".to_owned(),
        (None, _) => "-".to_owned(),
    }
}

struct Line<'a> {
    /// Seconds since the epoch.
    time: u64,
    client: String,
    peer: String,
    /// Method, target and version; none if what came could not be read.
    request: Option<(&'a str, String, Version)>,
    status: u16,
    bytes: u64,
    micros: u64,
    request_id: Option<&'a str>,
}

impl Line<'_> {
    fn in_form(&self, format: AccessLogFormat) -> String {
        match format {
            AccessLogFormat::Text => self.text(),
            AccessLogFormat::Json => self.json(),
        }
    }

    fn text(&self) -> String {
        let client = &self.client;
        let date = Date::of(self.time);
        let mut months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            .iter()
            .zip(1..);
        let month = months.find(|(_, number)| *number == date.month).map_or("", |(name, _)| name);
        let mut line = String::with_capacity(160);
        let Date { year, day, hour, minute, second, .. } = date;
        // Writing to a string cannot fail.
        let _ =
            write!(line, "{client} - - [{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000] \"");
        match &self.request {
            Some((method, target, version)) => {
                escape(&mut line, method);
                line.push(' ');
                escape(&mut line, target);
                let _ = write!(line, " {version:?}");
            }
            None => line.push('-'),
        }
        let _ = write!(line, "\" {} ", self.status);
        let _ = match self.bytes {
            0 => write!(line, "-"),
            bytes => write!(line, "{bytes}"),
        };
        let _ = write!(line, " {} ", self.micros);
        escape(&mut line, self.request_id.unwrap_or("-"));
        line.push('\n');
        line
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Json<'a> {
            time: String,
            client: &'a str,
            peer: &'a str,
            method: Option<&'a str>,
            target: Option<&'a str>,
            version: Option<String>,
            status: u16,
            bytes: u64,
            duration_us: u64,
            request_id: Option<&'a str>,
        }
        let json = Json {
            time: Date::of(self.time).to_string(),
            client: &self.client,
            peer: &self.peer,
            method: self.request.as_ref().map(|(method, ..)| *method),
            target: self.request.as_ref().map(|(_, target, _)| target.as_str()),
            version: self.request.as_ref().map(|(.., version)| format!("{version:?}")),
            status: self.status,
            bytes: self.bytes,
            duration_us: self.micros,
            request_id: self.request_id,
        };
        // Strings and numbers always have a JSON form.
        let mut line = serde_json::to_string(&json).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// Appends text so that no client can end a line, close a quote, or send a terminal a command.
pub(super) fn escape(line: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => line.extend(['\\', char::from(byte)]),
            b' '..=b'~' => line.push(char::from(byte)),
            _ => {
                let _ = write!(line, "\\x{byte:02x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn line() -> Line<'static> {
        Line {
            time: 784_111_777,
            client: "192.0.2.7".to_owned(),
            peer: "10.0.0.2:51000".to_owned(),
            request: Some(("GET", "/x?q=\"\u{1b}[31m\\é".to_owned(), Version::HTTP_11)),
            status: 200,
            bytes: 13,
            micros: 184,
            request_id: Some("7f3a\"12"),
        }
    }

    #[test]
    fn a_line_of_text_is_one_line_whatever_the_client_sent() {
        assert_eq!(
            line().text(),
            "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /x?q=\\\"\\x1b[31m\\\\\\xc3\\xa9 HTTP/1.1\" 200 13 184 7f3a\\\"12\n"
        );
        let empty = Line { bytes: 0, request_id: None, client: "unix".to_owned(), ..line() };
        assert!(empty.text().starts_with("unix - - ["), "{}", empty.text());
        assert!(empty.text().ends_with(" 200 - 184 -\n"), "{}", empty.text());
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        let value: serde_json::Value = serde_json::from_str(&line().json()).unwrap();
        let expected = serde_json::json!({
            "time": "1994-11-06T08:49:37Z", "client": "192.0.2.7", "peer": "10.0.0.2:51000", "method": "GET",
            "target": "/x?q=\"\u{1b}[31m\\é", "version": "HTTP/1.1", "status": 200, "bytes": 13,
            "duration_us": 184, "request_id": "7f3a\"12",
        });
        assert_eq!(value, expected);
        assert_eq!(line().json().lines().count(), 1);
    }

    /// A sink that tells when it is written to, and takes nothing until it is opened.
    struct Gate {
        reached: mpsc::Sender<()>,
        opened: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.reached.send(());
            let _ = self.opened.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_log_drops_lines_and_holds_nobody_up() {
        let ((reached, stuck), (open, opened)) = (mpsc::channel(), mpsc::channel());
        let written = Arc::default();
        let gate = Gate { reached, opened, written: Arc::clone(&written) };
        let writer = AccessLogWriter::start(Box::new(gate), AccessLogFormat::Text).unwrap();
        let line = format!("{}\n", "x".repeat(1023));
        writer.log().append(&line);
        stuck.recv().unwrap();
        let lines = 3 * CAPACITY / line.len();
        for _ in 0..lines {
            writer.log().append(&line);
        }
        let (kept, dropped) = {
            let state = writer.log().state();
            (state.buffer.len(), usize::try_from(state.dropped).unwrap())
        };
        drop(open);
        drop(writer);
        assert_eq!(kept, CAPACITY);
        assert_eq!(dropped, lines - CAPACITY / line.len());
        assert_eq!(written.lock().unwrap().len(), line.len() + CAPACITY, "only whole lines are dropped");
    }
}
