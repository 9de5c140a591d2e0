//! The access log: one line for each answered request, written by a thread of its own.
//!
//! A request formats its line and appends it to a buffer in memory; the I/O threads never wait for a disk or a
//! pipe. If whoever reads the log is so slow that the buffer fills, lines are dropped, and their number is logged.

use std::{
    cell::Cell,
    fs::{File, OpenOptions},
    io::{self, Write},
    mem,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::{HeaderValue, Method, StatusCode, Uri, Version};

use crate::{
    request::Connection,
    server::{
        config::{AccessLog, AccessLogFormat},
        log_line::Line,
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

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

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
        self.write(&Line {
            time: now(),
            client: connection.client(),
            peer: connection.peer(),
            request: None,
            status: status.as_u16(),
            bytes: 0,
            micros: 0,
            request_id: None,
        });
    }

    fn write(&self, line: &Line<'_>) {
        // Formatted before the lock is taken, in memory that stays with the thread.
        let mut bytes = SCRATCH.take();
        bytes.clear();
        match self.format {
            AccessLogFormat::Text => line.text(&mut bytes),
            AccessLogFormat::Json => line.json(&mut bytes),
        }
        self.append(&bytes);
        SCRATCH.set(bytes);
    }

    fn append(&self, line: &[u8]) {
        let mut state = self.state();
        let before = state.buffer.len();
        if before + line.len() > CAPACITY {
            state.dropped += 1;
            return;
        }
        state.buffer.extend_from_slice(line);
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
    /// The status and the id of the answer, once there is one.
    answer: Option<(StatusCode, Option<HeaderValue>)>,
    bytes: u64,
}

impl Entry {
    pub(super) fn begin<B>(log: &Arc<Log>, connection: Connection, request: &http::Request<B>) -> Self {
        Self {
            log: Arc::clone(log),
            connection,
            method: request.method().clone(),
            target: request.uri().clone(),
            version: request.version(),
            begun: Instant::now(),
            answer: None,
            bytes: 0,
        }
    }

    /// There is an answer; the line is written when its body ends.
    pub(super) fn answered(&mut self, status: StatusCode, id: Option<HeaderValue>) {
        self.answer = Some((status, id));
    }

    /// So many bytes of the body were sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some((status, id)) = &self.answer else { return };
        self.log.write(&Line {
            time: now(),
            client: self.connection.client(),
            peer: self.connection.peer(),
            request: Some((self.method.as_str(), &self.target, self.version)),
            status: status.as_u16(),
            bytes: self.bytes,
            micros: u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            request_id: id.as_ref().and_then(|id| id.to_str().ok()),
        });
    }
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

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
        writer.log().append(line.as_bytes());
        stuck.recv().unwrap();
        let lines = 3 * CAPACITY / line.len();
        for _ in 0..lines {
            writer.log().append(line.as_bytes());
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
