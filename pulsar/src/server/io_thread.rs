//! The open connections of one I/O thread, and the tick that looks at all of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::Waker,
};

use tokio::sync::Notify;

use crate::{
    board::LoopLine,
    drain::Drain,
    server::{
        activity::Activity,
        clock::{Clock, Phase},
        limits::Limits,
    },
};

#[derive(Debug)]
pub(super) struct IoThread {
    clock: Arc<Clock>,
    /// When it last ticked, in ticks since the start.
    ticked: AtomicU32,
    connections: Mutex<HashMap<u64, Entry>>,
    /// Told when the last connection ends.
    pub(super) emptied: Notify,
    /// Told when any connection ends.
    pub(super) closed: Notify,
}

#[derive(Debug)]
struct Entry {
    activity: Arc<Activity>,
    waker: Option<Waker>,
}

impl IoThread {
    pub(super) fn new(line: LoopLine) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::new(Clock::new(line)),
            ticked: AtomicU32::new(0),
            connections: Mutex::default(),
            emptied: Notify::new(),
            closed: Notify::new(),
        })
    }

    /// Tells what is open that it shall end.
    pub(super) fn drain(&self) -> &Drain {
        self.clock.drain()
    }

    pub(super) fn phase(&self) -> Phase {
        self.clock.phase()
    }

    /// Enters a phase, unless a later one has begun, and lets every connection take notice.
    pub(super) fn enter(&self, phase: Phase) {
        self.clock.enter(phase);
        for entry in self.connections().values() {
            entry.wake();
        }
    }

    /// The number of open connections.
    pub(super) fn open(&self) -> usize {
        self.connections().len()
    }

    /// Requests begun so far, and connections accepted.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.line().counts()
    }

    pub(super) fn line(&self) -> &LoopLine {
        self.clock.line()
    }

    /// Ticks, `now` ticks after the start, and marks the connections whose time is up.
    pub(super) fn expire(&self, now: u32) {
        self.line().beat();
        // While something blocked the thread nobody was heard, so that the time does not count.
        let passed = now.saturating_sub(self.ticked.swap(now, Relaxed)).min(2);
        let now = self.clock.advance(passed);
        for entry in self.connections().values() {
            if entry.activity.expire(now) {
                entry.wake();
            }
        }
    }

    /// Ends the connection that has been idle longest. Gives whether there was one.
    pub(super) fn shed(&self) -> bool {
        let connections = self.connections();
        let idle = connections.values().filter_map(|entry| Some((entry.activity.idle_since()?, entry)));
        let Some((_, entry)) = idle.min_by_key(|(since, _)| *since) else { return false };
        entry.activity.shed();
        entry.wake();
        true
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
    thread: Arc<IoThread>,
    activity: Arc<Activity>,
}

impl Registration {
    /// Enters a connection, which has to keep to `limits`.
    pub(super) fn new(thread: &Arc<IoThread>, id: u64, limits: &Arc<Limits>) -> Self {
        let activity = Arc::new(Activity::new(&thread.clock, limits));
        thread.connections().insert(id, Entry { activity: Arc::clone(&activity), waker: None });
        thread.line().connection_opens();
        limits.places.take();
        Self { id, thread: Arc::clone(thread), activity }
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Who to wake when the phase changes or the time of the connection is up.
    pub(super) fn wake_with(&self, waker: &Waker) {
        if let Some(entry) = self.thread.connections().get_mut(&self.id) {
            match &mut entry.waker {
                Some(known) => known.clone_from(waker),
                unknown => *unknown = Some(waker.clone()),
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.thread.line().connection_closes();
        self.activity.limits().places.give_back();
        let mut connections = self.thread.connections();
        connections.remove(&self.id);
        if connections.is_empty() {
            self.thread.emptied.notify_one();
        }
        self.thread.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        board::{Board, Limit},
        server::{
            activity::{Due, InFlight, Stage},
            config::ServerConfig,
        },
    };

    const SECOND: Duration = Duration::from_secs(1);

    /// A connection on a clock that ticks once a second, and the board that it is counted on.
    fn connection(change: impl FnOnce(&mut ServerConfig)) -> (Arc<IoThread>, Registration, Arc<Board>) {
        let mut config = ServerConfig { keep_alive: SECOND * 3, ..ServerConfig::default() };
        change(&mut config);
        let board = Board::own(1);
        let thread = IoThread::new(LoopLine::new(&board, 0, 0));
        let limits = Arc::new(Limits::new(&config, SECOND, 0, 1));
        let registration = Registration::new(&thread, 1, &limits);
        (thread, registration, board)
    }

    /// Lets the clock tick until something is due, and gives when and what.
    fn due(thread: &IoThread, activity: &Activity, from: u32, until: u32) -> Option<(u32, Due)> {
        (from..=until).find_map(|now| {
            thread.expire(now);
            activity.due().map(|due| (now, due))
        })
    }

    fn reached(board: &Board) -> Vec<Limit> {
        board.limits(0).map(|(limit, _)| limit).collect()
    }

    #[test]
    fn only_idle_connections_expire() {
        let (thread, registration, board) = connection(|_| {});
        let activity = registration.activity();
        assert_eq!(due(&thread, activity, 1, 9), Some((4, Due::Idle)));
        assert_eq!(reached(&board), [Limit::KeepAlive]);
        thread.expire(5);
        let request = InFlight::begin(activity, 0, false);
        assert_eq!(activity.due(), None, "a request came just in time");
        assert_eq!(due(&thread, activity, 6, 90), None, "a request may take its time");
        drop(request);
        assert_eq!(due(&thread, activity, 91, 99), Some((94, Due::Idle)));
        drop(registration);
        assert_eq!(thread.open(), 0);
    }

    #[test]
    fn a_head_has_a_time_of_its_own_from_its_first_byte() {
        let (thread, registration, board) = connection(|config| config.head_timeout = Some(SECOND * 5));
        let activity = registration.activity();
        assert_eq!(due(&thread, activity, 1, 2), None);
        activity.received();
        assert_eq!(due(&thread, activity, 3, 4), None);
        activity.received();
        assert_eq!(due(&thread, activity, 5, 99), Some((8, Due::Head)), "more bytes are no more time");
        assert_eq!(reached(&board), [Limit::HeadTimeout]);
        drop(InFlight::begin(activity, 0, false));
        assert!(activity.is_at(Stage::Idle));
    }

    #[test]
    fn without_a_limit_a_head_takes_as_long_as_it_likes() {
        let (thread, registration, _) = connection(|config| config.head_timeout = None);
        registration.activity().received();
        assert_eq!(due(&thread, registration.activity(), 1, 500), None);
    }

    #[test]
    fn a_preface_has_less_time() {
        let (thread, registration, board) = connection(|config| config.preface_timeout = Some(SECOND));
        registration.activity().received();
        registration.activity().turns_out_to_be(Stage::Preface);
        assert_eq!(due(&thread, registration.activity(), 1, 99), Some((2, Due::Preface)));
        assert_eq!(reached(&board), [Limit::PrefaceTimeout]);
    }

    #[test]
    fn a_client_that_takes_nothing_is_cut() {
        let (thread, registration, board) = connection(|config| {
            config.write_timeout = Some(SECOND * 4);
            config.min_rate = None;
        });
        let activity = registration.activity();
        let request = InFlight::begin(activity, 0, false);
        assert_eq!(due(&thread, activity, 1, 50), None, "an application that has nothing to send");
        activity.blocks();
        assert_eq!(due(&thread, activity, 51, 53), None);
        activity.took(1);
        activity.blocks();
        assert_eq!(due(&thread, activity, 54, 57), None, "one byte is enough");
        activity.took(1);
        activity.flushed();
        drop(request);
        assert_eq!(due(&thread, activity, 58, 60), None);
        activity.blocks();
        assert_eq!(due(&thread, activity, 61, 99), Some((65, Due::Write)), "and not as idle");
        assert_eq!(reached(&board), [Limit::WriteTimeout]);
    }

    #[test]
    fn a_client_that_takes_next_to_nothing_is_cut() {
        for (bytes, expected) in [(99, Some((62, Due::Rate))), (100, None)] {
            let (thread, registration, _) = connection(|config| config.min_rate = Some(100));
            let activity = registration.activity();
            let _request = InFlight::begin(activity, 0, false);
            assert_eq!(due(&thread, activity, 1, 51), None, "an application that has nothing to send");
            activity.blocks();
            let found = (52..=90).find_map(|now| {
                activity.took(bytes);
                activity.blocks();
                due(&thread, activity, now, now)
            });
            assert_eq!(found, expected, "{bytes} bytes a second");
        }
    }

    #[test]
    fn an_old_connection_is_told_once() {
        let (thread, registration, board) = connection(|config| config.max_connection_age = Some(SECOND * 9));
        let activity = registration.activity();
        let request = InFlight::begin(activity, 0, false);
        assert_eq!(due(&thread, activity, 1, 9), None);
        assert!(!activity.is_last() && !request.says_close());
        assert_eq!(due(&thread, activity, 10, 20), None);
        assert!(activity.is_last() && request.says_close());
        assert_eq!(board.limits(0).collect::<Vec<_>>(), [(Limit::MaxConnectionAge, 1)]);
    }

    #[test]
    fn the_last_request_of_a_connection_is_known() {
        let (_, registration, board) = connection(|config| config.max_connection_requests = Some(2));
        let activity = registration.activity();
        assert!(!InFlight::begin(activity, 0, false).says_close());
        assert_eq!(reached(&board), []);
        assert!(InFlight::begin(activity, 1, false).says_close());
        assert_eq!(reached(&board), [Limit::MaxConnectionRequests]);
    }

    #[test]
    fn whoever_is_idle_longest_makes_room() {
        let (thread, first, _) = connection(|_| {});
        let limits = Arc::new(Limits::new(&ServerConfig::default(), SECOND, 0, 1));
        assert_eq!(thread.open(), 1);
        thread.expire(1);
        let second = Registration::new(&thread, 2, &limits);
        let busy = InFlight::begin(first.activity(), 0, false);
        assert!(thread.shed());
        assert_eq!((first.activity().due(), second.activity().due()), (None, Some(Due::Shed)));
        drop(busy);
        thread.expire(2);
        second.activity().received();
        assert!(thread.shed());
        assert_eq!((first.activity().due(), second.activity().due()), (Some(Due::Shed), None));
        first.activity().received();
        assert!(!thread.shed(), "both have begun a request");
    }

    #[test]
    fn the_clock_stands_still_while_the_thread_is_blocked() {
        let (thread, registration, _) = connection(|_| {});
        let activity = registration.activity();
        thread.expire(50);
        assert_eq!(activity.due(), None, "what arrived meanwhile is heard first");
        thread.expire(51);
        assert_eq!(activity.due(), None);
        thread.expire(70);
        assert_eq!(activity.due(), Some(Due::Idle), "but one that is always blocked is no excuse");
    }
}
