//! The processes that the arbiter has started: what is sent to them, what they say, what they write while they start.
//!
//! Each has tasks of its own that read and write; whatever they learn goes to the loop as an [`Event`]. The rule it keeps: a
//! child that floods, garbles or ignores its channel hurts nobody but itself.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::pipe,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    arbiter::{
        frame::{Channel, Inbox, encode},
        message::{CALLS, ToArbiter, ToChild},
        monitor::{Ended, Id},
        output::say,
        process::{self, Image},
    },
    task,
};

/// What a child brings about.
#[derive(Debug)]
pub(super) enum Event {
    /// It says something.
    Said(Id, ToArbiter),
    /// It broke the rules of its channel, in this way.
    Broke(Id, String),
    /// It has ended, and everything that it said before has been heard.
    Ended(Id, Ended),
}

/// Where events go. The loop takes them one by one; who has too many waits.
pub(super) type Events = mpsc::Sender<Event>;

/// A child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) pid: u32,
    outbox: mpsc::Sender<(Vec<u8>, Vec<OwnedFd>)>,
    tail: Arc<Tail>,
    flow: Arc<Flow>,
    reader: Option<JoinHandle<()>>,
    writer: JoinHandle<()>,
    stderr: Option<JoinHandle<()>>,
    pub(super) channel: Arc<Channel>,
    /// It has ended; its process id may be anybody's by now.
    gone: bool,
}

/// Messages to a child that may wait until it reads. A part of the places is for answers, of which there are no more than calls that a
/// worker may have under way, and for what the arbiter says itself.
const QUEUE: usize = 4 * CALLS;
/// What other workers have sent to a child may have so many bytes while it waits.
const MOST_BYTES: usize = 8 << 20;
/// Messages of a child that are read in one go, and in how long.
const BURST: u32 = 1000;
const BURST_TIME: Duration = Duration::from_millis(100);
/// How long the last words of a child that has ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Lines that are kept of what a child writes while it starts.
const LINES: usize = 12;

/// What is under way between a child and the loop.
#[derive(Debug, Default)]
struct Flow {
    /// Messages to the child that are not written yet.
    unwritten: AtomicUsize,
    /// And how many bytes they have.
    bytes: AtomicUsize,
    /// Whether a message of the child has been read in part, or not been taken by the loop.
    unread: AtomicBool,
}

impl Flow {
    fn written(&self, bytes: usize) {
        self.unwritten.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

/// The last lines that a child wrote.
#[derive(Debug, Default)]
struct Tail(Mutex<VecDeque<String>>);

impl Tail {
    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line.chars().take(500).collect());
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().flat_map(|line| ["\n    ", line]).collect()
    }
}

impl Child {
    /// Starts this program again, as a child with this title.
    ///
    /// # Errors
    ///
    /// When the system refuses a process, or what a process needs.
    pub(super) fn start(
        image: &Image,
        title: &str,
        arguments: &[OsString],
        id: Id,
        events: &Events,
    ) -> io::Result<Self> {
        let process::Child { pid, channel, stderr } = process::spawn(image, title, arguments)?;
        let watched =
            Channel::new(channel).and_then(|channel| Ok((channel, pipe::Receiver::from_owned_fd(stderr)?)));
        let (channel, stderr) = match watched {
            Ok(watched) => watched,
            Err(error) => {
                process::kill(pid, Signal::SIGKILL);
                // It is reaped by whoever reaps strangers, or when the arbiter ends.
                return Err(error);
            }
        };
        let mut child = Self::of(pid, channel, id, events);
        child.stderr = Some(task::spawn(pass_on(stderr, Arc::clone(&child.tail))));
        Ok(child)
    }

    /// A child that the program before us in this process has started.
    pub(super) fn of(pid: u32, channel: Channel, id: Id, events: &Events) -> Self {
        let channel = Arc::new(channel);
        let (outbox, queue) = mpsc::channel(QUEUE);
        let flow = Arc::<Flow>::default();
        Self {
            pid,
            outbox,
            tail: Arc::default(),
            reader: Some(task::spawn(read(Arc::clone(&channel), id, events.clone(), Arc::clone(&flow)))),
            writer: task::spawn(write(Arc::clone(&channel), queue, Arc::clone(&flow))),
            flow,
            stderr: None,
            channel,
            gone: false,
        }
    }

    /// Sends a message, with descriptors. False if the child does not read what is sent to it.
    #[must_use]
    pub(super) fn tell(&self, message: &ToChild, fds: Vec<OwnedFd>) -> bool {
        match encode(message) {
            Ok(bytes) => {
                let length = bytes.len();
                self.flow.unwritten.fetch_add(1, Relaxed);
                self.flow.bytes.fetch_add(length, Relaxed);
                let queued = self.outbox.try_send((bytes, fds));
                if queued.is_err() {
                    self.flow.written(length);
                }
                !matches!(queued, Err(mpsc::error::TrySendError::Full(_)))
            }
            Err(error) => {
                tracing::error!(%error, "a message to a worker cannot be sent");
                true
            }
        }
    }

    /// Whether nothing is under way between it and the loop.
    pub(super) fn is_quiet(&self) -> bool {
        // One that has ended is not told of yet.
        !self.gone && self.flow.unwritten.load(Relaxed) == 0 && !self.flow.unread.load(Relaxed)
    }

    /// Whether messages of other workers may be queued: what the arbiter has to say itself keeps some places.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.capacity() > 2 * CALLS && self.flow.bytes.load(Relaxed) < MOST_BYTES
    }

    pub(super) fn signal(&self, signal: Signal) {
        if !self.gone {
            process::kill(self.pid, signal);
        }
    }

    /// Looks whether it has ended. If so, the event comes once its last words are here.
    pub(super) fn look(&mut self, id: Id, events: &Events) {
        if self.gone {
            return;
        }
        let Some(ended) = process::reap(self.pid) else { return };
        self.gone = true;
        let (reader, stderr, events) = (self.reader.take(), self.stderr.take(), events.clone());
        task::spawn(async move {
            let _ = timeout(LAST_WORDS, async {
                for task in [reader, stderr].into_iter().flatten() {
                    let _ = task.await;
                }
            })
            .await;
            let _ = events.send(Event::Ended(id, ended)).await;
        });
    }

    /// The last lines that it wrote while it started, each on a line of its own.
    pub(super) fn last_lines(&self) -> String {
        self.tail.text()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.writer.abort();
        for task in [&self.reader, &self.stderr].into_iter().flatten() {
            task.abort();
        }
    }
}

async fn write(channel: Arc<Channel>, mut queue: mpsc::Receiver<(Vec<u8>, Vec<OwnedFd>)>, flow: Arc<Flow>) {
    while let Some((bytes, fds)) = queue.recv().await {
        let sent = channel.send(&bytes, &fds).await;
        flow.written(bytes.len());
        if sent.is_err() {
            // It is gone, which is told by its end.
            flow.unwritten.store(0, Relaxed);
            return;
        }
    }
}

async fn read(channel: Arc<Channel>, id: Id, events: Events, flow: Arc<Flow>) {
    let mut inbox = Inbox::default();
    let (mut count, mut since) = (0, Instant::now());
    loop {
        let next = inbox.next_noting::<ToArbiter>(&channel, &flow.unread).await;
        let event = match next {
            Ok(Some(message)) => Event::Said(id, message),
            // Its end is seen by the end of the process.
            Ok(None) => return,
            Err(error) => {
                let _ = events.send(Event::Broke(id, error.to_string())).await;
                return;
            }
        };
        if events.send(event).await.is_err() {
            return;
        }
        count += 1;
        if count == BURST {
            // What it says beyond waits in its own queue.
            sleep_until(since + BURST_TIME).await;
            (count, since) = (0, Instant::now());
        }
    }
}

/// Passes on what a child writes, and keeps the last lines.
async fn pass_on(stderr: pipe::Receiver, tail: Arc<Tail>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches('\n');
                tail.push(text);
                say(text);
            }
        }
    }
}
