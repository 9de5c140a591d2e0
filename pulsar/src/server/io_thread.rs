//! What everything on one I/O thread shares: the phase it is in, a coarse clock, and the open connections.
//!
//! Time limits on connections are kept here rather than by a timer per request: a request notes the coarse time
//! with one store when it begins and one when it ends, and [`IoThread::expire`] looks at all connections once
//! per tick. A timer armed and dropped for every request head costs more than the routing of the request.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::Waker,
};

use tokio::sync::Notify;

use crate::{board::LoopLine, drain::Drain};

/// How far the end of the server has come. Later phases have greater values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    /// Requests are served and connections kept alive.
    Running,
    /// No new connections; requests are answered with `Connection: close`.
    Draining,
    /// As before, and connections without a request are closed.
    Closing,
    /// Every connection ends, whatever it does.
    Cut,
}

#[derive(Debug)]
pub(super) struct IoThread {
    phase: AtomicU8,
    now: AtomicU32,
    /// Where it tells others how it does.
    line: LoopLine,
    connections: Mutex<HashMap<u64, Entry>>,
    /// For answers that do not end by themselves.
    drain: Drain,
    /// Told when the last connection ends.
    pub(super) emptied: Notify,
}

#[derive(Debug)]
struct Entry {
    activity: Arc<Activity>,
    waker: Option<Waker>,
}

impl IoThread {
    pub(super) fn new(line: LoopLine) -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(Phase::Running as u8),
            now: AtomicU32::new(0),
            line,
            connections: Mutex::default(),
            drain: Drain::new(),
            emptied: Notify::new(),
        })
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Running,
            1 => Phase::Draining,
            2 => Phase::Closing,
            _ => Phase::Cut,
        }
    }

    /// Enters a phase and lets every connection take notice.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        for entry in self.connections().values() {
            entry.wake();
        }
    }

    /// Tells what is open that it shall end, and has others know that it will.
    pub(super) fn drain(&self) -> &Drain {
        &self.drain
    }

    /// Who to wake when the phase changes or the time of a connection is up: its task, which never changes.
    pub(super) fn wake_with(&self, connection: u64, waker: &Waker) {
        if let Some(entry) = self.connections().get_mut(&connection) {
            entry.waker = Some(waker.clone());
        }
    }

    /// The number of open connections.
    pub(super) fn open(&self) -> usize {
        self.connections().len()
    }

    /// Requests begun so far, and connections accepted.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.line.counts()
    }

    pub(super) fn line(&self) -> &LoopLine {
        &self.line
    }

    /// Sets the clock to `now`, in ticks since the start, and marks the connections that have been idle too long.
    pub(super) fn expire(&self, now: u32) {
        self.line.beat();
        let before = self.now.swap(now, Relaxed);
        // Something blocked the thread. What arrived meanwhile is heard first, and judged at the next tick.
        if now.saturating_sub(before) > 2 {
            return;
        }
        for entry in self.connections().values() {
            if entry.activity.expire(now) {
                entry.wake();
            }
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        // Nothing that can panic runs under the lock.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// A connection's place among the open ones, until it is dropped.
#[derive(Debug)]
pub(super) struct Registration {
    id: u64,
    activity: Arc<Activity>,
}

impl Registration {
    /// Enters a connection, which may idle for `limit` ticks.
    pub(super) fn new(thread: &Arc<IoThread>, id: u64, limit: u32) -> Self {
        let idle_since = AtomicU32::new(thread.now.load(Relaxed));
        let activity = Arc::new(Activity { idle_since, limit, thread: Arc::clone(thread) });
        thread.connections().insert(id, Entry { activity: Arc::clone(&activity), waker: None });
        thread.line.connection_opens();
        Self { id, activity }
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.activity.thread.line.connection_closes();
        let mut connections = self.activity.thread.connections();
        connections.remove(&self.id);
        if connections.is_empty() {
            self.activity.thread.emptied.notify_one();
        }
    }
}

/// Since when a connection has nothing to do, on the thread's coarse clock.
#[derive(Debug)]
pub(super) struct Activity {
    idle_since: AtomicU32,
    limit: u32,
    thread: Arc<IoThread>,
}

const BUSY: u32 = u32::MAX;
const EXPIRED: u32 = u32::MAX - 1;

impl Activity {
    pub(super) fn thread(&self) -> &IoThread {
        &self.thread
    }

    /// Bytes went out. While an answer is on its way to a slow client the connection is not idle.
    pub(super) fn progressed(&self) {
        if self.idle_since.load(Relaxed) != BUSY {
            self.idle();
        }
    }

    /// Whether the time of the connection is up, and no request has come since.
    pub(super) fn expired(&self) -> bool {
        self.idle_since.load(Relaxed) == EXPIRED
    }

    fn idle(&self) {
        self.idle_since.store(self.thread.now.load(Relaxed), Relaxed);
    }

    fn expire(&self, now: u32) -> bool {
        let since = self.idle_since.load(Relaxed);
        if since == BUSY || since == EXPIRED || now.saturating_sub(since) <= self.limit {
            return false;
        }
        self.idle_since.store(EXPIRED, Relaxed);
        true
    }
}

/// A request in flight: from its head until the last byte of its answer was handed over.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl InFlight {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.idle_since.store(BUSY, Relaxed);
        activity.thread.line.request_begins();
        Self(Arc::clone(activity))
    }

    pub(super) fn thread(&self) -> &IoThread {
        &self.0.thread
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.thread.line.request_ends();
        self.0.idle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;

    #[test]
    fn only_idle_connections_expire() {
        let thread = IoThread::new(LoopLine::new(&Board::own(1), 0, 0));
        let registration = Registration::new(&thread, 1, 3);
        let activity = registration.activity();
        for now in 1..=3 {
            thread.expire(now);
            assert!(!activity.expired(), "at {now}");
        }
        thread.expire(4);
        assert!(activity.expired());
        let request = InFlight::begin(activity);
        assert!(!activity.expired(), "a request came just in time");
        for now in 5..=20 {
            thread.expire(now);
        }
        assert!(!activity.expired(), "a request may take its time");
        drop(request);
        thread.expire(22);
        activity.progressed();
        thread.expire(24);
        thread.expire(25);
        assert!(!activity.expired(), "the answer is still going out");
        thread.expire(26);
        assert!(activity.expired());
        drop(registration);
        assert_eq!(thread.open(), 0);
    }

    #[test]
    fn a_blocked_thread_listens_before_it_judges() {
        let thread = IoThread::new(LoopLine::new(&Board::own(1), 0, 0));
        let registration = Registration::new(&thread, 1, 3);
        thread.expire(50);
        assert!(!registration.activity().expired());
        thread.expire(51);
        assert!(registration.activity().expired());
    }
}
