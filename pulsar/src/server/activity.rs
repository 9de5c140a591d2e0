//! What one connection is doing, and whether it takes too long.
//!
//! Whoever serves the connection notes what happens, which is a store or two for each request; the thread looks at all
//! connections once per tick of its coarse clock and marks those whose time is up. A timer armed and dropped for every
//! request head costs more than the routing of the request.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
};

use crate::{
    board::{Limit, LoopLine},
    drain::Drain,
    server::{
        clock::{Clock, Phase},
        limits::Limits,
    },
};

/// What a connection does while it has no request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// It waits for the PROXY header that has to come first.
    ProxyHeader,
    /// It waits for the first byte of a request.
    Idle,
    /// Some of a request head of HTTP/1 has come.
    Head,
    /// What has come may become the preface of HTTP/2.
    Preface,
    /// It speaks HTTP/2, where frames may come at any time.
    Http2,
    /// An application has it; no request will come.
    Tunnel,
    /// It is about to be closed, and gives the client a moment.
    Goodbye,
    /// TLS is being agreed on, which has a deadline of its own.
    Handshake,
}

/// Why the time of a connection is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Due {
    /// No PROXY header came.
    ProxyHeader,
    /// No request came.
    Idle,
    /// A head was begun and not completed.
    Head,
    /// A preface was begun and not completed.
    Preface,
    /// The client takes nothing.
    Write,
    /// The client takes next to nothing.
    Rate,
    /// It is idle, and its descriptor is wanted.
    Shed,
    /// The moment that was left to the client is over.
    Goodbye,
}

impl Due {
    /// The limit that was reached.
    fn limit(self) -> Option<Limit> {
        match self {
            Self::ProxyHeader => Some(Limit::ProxyProtocol),
            Self::Idle => Some(Limit::KeepAlive),
            Self::Head => Some(Limit::HeadTimeout),
            Self::Preface => Some(Limit::PrefaceTimeout),
            Self::Write => Some(Limit::WriteTimeout),
            Self::Rate => Some(Limit::MinRate),
            // Counted where the descriptor was missing.
            Self::Shed | Self::Goodbye => None,
        }
    }
}

/// What one connection is doing. All times are on the coarse clock of its thread, and all but that thread only read.
#[derive(Debug)]
pub(super) struct Activity {
    clock: Arc<Clock>,
    limits: Arc<Limits>,
    opened: u32,
    /// Requests in flight, and tunnels through HTTP/2.
    busy: AtomicU32,
    stage: AtomicU8,
    /// When the stage began, or the last request ended.
    since: AtomicU32,
    /// Since when the client takes nothing; `NEVER` if it does.
    blocked: AtomicU32,
    /// Since when its rate is measured; `NEVER` if everything is out.
    measured: AtomicU32,
    /// The bytes it has taken since.
    taken: AtomicU32,
    /// Whether answers are kept back for those that are about to follow.
    kept: AtomicBool,
    /// How often they have been in this poll of the connection.
    turns: AtomicU8,
    /// They are not, since hyper may give the stream away.
    direct: AtomicBool,
    /// Whether it speaks HTTP/2.
    http2: AtomicBool,
    /// The answers from now on are the last ones.
    last: AtomicBool,
    /// More may come from the client than anybody will read.
    leftover: AtomicBool,
    /// What is not sent yet shall not be sent.
    cut: AtomicBool,
    /// Whether to look at the limits.
    due: AtomicU8,
}

const NEVER: u32 = u32::MAX;

/// The length of some frames of HTTP/2 that carry nothing of an answer.
const LARGEST_CONTROL: usize = 64;

/// As many requests of a connection as hyper answers before it has others go first.
const TURNS: u8 = 16;

/// Values of `due`.
const NOTHING: u8 = 0;
const TIME: u8 = 1;
const SHED: u8 = 2;

impl Activity {
    pub(super) fn new(clock: &Arc<Clock>, limits: &Arc<Limits>) -> Self {
        let now = clock.now();
        Self {
            clock: Arc::clone(clock),
            limits: Arc::clone(limits),
            opened: now,
            busy: AtomicU32::new(0),
            stage: AtomicU8::new(Stage::Idle as u8),
            since: AtomicU32::new(now),
            blocked: AtomicU32::new(NEVER),
            measured: AtomicU32::new(NEVER),
            taken: AtomicU32::new(0),
            kept: AtomicBool::new(false),
            turns: AtomicU8::new(0),
            direct: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            last: AtomicBool::new(false),
            leftover: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            due: AtomicU8::new(NOTHING),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.clock.phase()
    }

    pub(super) fn line(&self) -> &LoopLine {
        self.clock.line()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a request is in flight, or a tunnel open.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Relaxed) > 0
    }

    pub(super) fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Relaxed) == stage as u8
    }

    /// Whether a request head is being read.
    pub(super) fn reads_head(&self) -> bool {
        self.is_at(Stage::Head) && !self.is_busy()
    }

    /// Goes on with another stage, which begins now.
    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
        self.since.store(self.clock.now(), Relaxed);
    }

    /// Goes on with another stage, whose time began with the one before.
    pub(super) fn turns_out_to_be(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
    }

    /// The connection speaks HTTP/2 from now on.
    pub(super) fn speaks_http2(&self) {
        self.http2.store(true, Relaxed);
        self.enter(Stage::Http2);
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        if self.is_at(Stage::Idle) && !self.is_busy() {
            self.enter(Stage::Head);
        }
    }

    /// The client took some of what is ready for it.
    pub(super) fn took(&self, bytes: usize) {
        if self.measured.load(Relaxed) != NEVER {
            self.blocked.store(NEVER, Relaxed);
            let taken = self.taken.load(Relaxed);
            self.taken.store(taken.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX)), Relaxed);
        }
        // HTTP/2 goes on with an answer after its request has ended here. Its frames of control are no sign of that.
        if bytes > LARGEST_CONTROL && self.http2.load(Relaxed) {
            self.since.store(self.clock.now(), Relaxed);
        }
    }

    /// Whether what is written is the rest of an answer of HTTP/1, or all of it, and may be kept back: the application has given everything.
    pub(super) fn is_between_answers(&self) -> bool {
        self.is_at(Stage::Idle) && !self.is_busy() && !self.direct.load(Relaxed)
    }

    /// A client would like another protocol: from then on hyper may end by giving the stream away, flushed or not, whatever the answer is.
    pub(super) fn may_become_a_tunnel(&self) {
        self.direct.store(true, Relaxed);
    }

    /// Answers are kept back, or no longer.
    pub(super) fn keeps(&self, kept: bool) {
        self.kept.store(kept, Relaxed);
    }

    /// A poll of the connection begins, in which answers may be kept back.
    pub(super) fn takes_turn(&self) {
        self.turns.store(0, Relaxed);
    }

    /// Whether the poll of the connection has ended with answers that ought to go. Nothing is kept back until the next one begins.
    pub(super) fn lets_go(&self) -> bool {
        // What the client does not take goes when it does.
        let lets_go = self.kept.load(Relaxed) && self.blocked.load(Relaxed) == NEVER;
        if lets_go {
            self.turns.store(TURNS, Relaxed);
        }
        lets_go
    }

    /// Whether the answers that are kept back may wait for the next one: not if that takes its time, nor if it is another poll that
    /// answers it.
    pub(super) fn may_keep(&self) -> bool {
        let turns = self.turns.load(Relaxed).saturating_add(1);
        self.turns.store(turns, Relaxed);
        turns < TURNS && self.is_between_answers()
    }

    /// Whether a connection of HTTP/2 moves nothing, for as long as a client may take nothing.
    pub(super) fn stands_still(&self) -> bool {
        self.clock.now().saturating_sub(self.since.load(Relaxed)) > self.limits.write
    }

    /// The client takes nothing more for now.
    pub(super) fn blocks(&self) {
        let now = self.clock.now();
        if self.measured.load(Relaxed) == NEVER {
            self.measured.store(now, Relaxed);
            self.taken.store(0, Relaxed);
        }
        if self.blocked.load(Relaxed) == NEVER {
            self.blocked.store(now, Relaxed);
        }
    }

    /// The client has taken all that was ready.
    pub(super) fn flushed(&self) {
        if self.measured.load(Relaxed) != NEVER && self.blocked.load(Relaxed) == NEVER {
            self.measured.store(NEVER, Relaxed);
            // What was still on its way when the request ended is out now.
            self.since.store(self.clock.now(), Relaxed);
        }
    }

    /// No answer will follow those to the requests that are here.
    pub(super) fn ends_soon(&self, limit: Limit) {
        if !self.last.swap(true, Relaxed) {
            self.line().reached(limit);
        }
    }

    /// Whether the connection is to end once what is in flight has been answered: it has had its share.
    pub(super) fn is_last(&self) -> bool {
        self.last.load(Relaxed)
    }

    /// Whether answers say that they are the last one, in the manner of HTTP/1.
    pub(super) fn says_close(&self) -> bool {
        (self.is_last() || self.phase() > Phase::Running) && !self.http2.load(Relaxed)
    }

    /// Whether the last request has a body.
    pub(super) fn has_body(&self) -> bool {
        self.leftover.load(Relaxed)
    }

    /// Whether the client may be sending what nobody will read.
    pub(super) fn has_leftover(&self) -> bool {
        self.leftover.load(Relaxed) || self.is_at(Stage::Head) || self.http2.load(Relaxed)
    }

    /// The connection is closed, but for what the client may still be sending.
    pub(super) fn lingers(&self) {
        self.leftover.store(self.has_leftover(), Relaxed);
        self.enter(Stage::Goodbye);
    }

    /// Whether a connection that lingers has done so for long enough.
    pub(super) fn has_lingered(&self) -> bool {
        self.is_at(Stage::Goodbye) && self.judge(self.clock.now()).is_some()
    }

    /// Nothing more is sent; what the system still holds for the client is thrown away.
    pub(super) fn cut(&self) {
        self.cut.store(true, Relaxed);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Relaxed)
    }

    /// Marks the connection if its time is up, or it is old enough. Gives whether there is something to do about it.
    pub(super) fn expire(&self, now: u32) -> bool {
        let old = !self.is_last() && now.saturating_sub(self.opened) > self.limits.age;
        if old {
            self.ends_soon(Limit::MaxConnectionAge);
        }
        let due = self.judge(now).is_some();
        if due {
            self.due.store(TIME, Relaxed);
        }
        old || due
    }

    /// Since when there is nothing to do here, if that may be ended at any time.
    pub(super) fn idle_since(&self) -> Option<u32> {
        let is_idle =
            (self.is_at(Stage::Idle) || self.is_at(Stage::Http2)) && !self.is_busy() && !self.is_sending();
        is_idle.then(|| self.since.load(Relaxed))
    }

    /// Marks an idle connection: its descriptor is wanted.
    pub(super) fn shed(&self) {
        self.due.store(SHED, Relaxed);
    }

    /// Why the connection has to end now, if it was marked and nothing has changed since. It is counted.
    pub(super) fn due(&self) -> Option<Due> {
        let mark = self.due.load(Relaxed);
        if mark == NOTHING {
            return None;
        }
        self.due.store(NOTHING, Relaxed);
        let due = match mark {
            SHED if self.idle_since().is_some() => Some(Due::Shed),
            _ => self.judge(self.clock.now()),
        };
        if let Some(limit) = due.and_then(Due::limit) {
            self.line().reached(limit);
        }
        due
    }

    fn is_sending(&self) -> bool {
        self.measured.load(Relaxed) != NEVER
    }

    fn stage(&self) -> Stage {
        const STAGES: [Stage; 8] = [
            Stage::ProxyHeader,
            Stage::Idle,
            Stage::Head,
            Stage::Preface,
            Stage::Http2,
            Stage::Tunnel,
            Stage::Goodbye,
            Stage::Handshake,
        ];
        STAGES[usize::from(self.stage.load(Relaxed))]
    }

    fn judge(&self, now: u32) -> Option<Due> {
        let stage = self.stage();
        let waits = now.saturating_sub(self.since.load(Relaxed));
        if stage == Stage::Goodbye && !self.is_busy() {
            return (waits > self.limits.linger).then_some(Due::Goodbye);
        }
        if self.is_sending() {
            return self.judge_client(now);
        }
        if self.is_busy() {
            return None;
        }
        let (limit, due) = match stage {
            Stage::ProxyHeader => (self.limits.preface, Due::ProxyHeader),
            Stage::Idle | Stage::Http2 => (self.limits.keep_alive, Due::Idle),
            Stage::Head => (self.limits.head, Due::Head),
            Stage::Preface => (self.limits.preface, Due::Preface),
            Stage::Tunnel | Stage::Goodbye | Stage::Handshake => return None,
        };
        (waits > limit).then_some(due)
    }

    /// Judges a client for which something is ready.
    fn judge_client(&self, now: u32) -> Option<Due> {
        let blocked = self.blocked.load(Relaxed);
        if blocked != NEVER && now.saturating_sub(blocked) > self.limits.write {
            return Some(Due::Write);
        }
        let rate = self.limits.rate?;
        let measured = now.saturating_sub(self.measured.load(Relaxed));
        if measured <= rate.ticks {
            return None;
        }
        let (taken, asked) = (u64::from(self.taken.load(Relaxed)), u64::from(rate.bytes));
        if taken * u64::from(rate.ticks) < asked * u64::from(measured) {
            return Some(Due::Rate);
        }
        self.measured.store(now, Relaxed);
        self.taken.store(0, Relaxed);
        None
    }
}

/// Keeps a connection from being idle.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        // Only one thread writes here, so that no locked instruction is needed.
        activity.busy.store(activity.busy.load(Relaxed) + 1, Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let left = self.0.busy.load(Relaxed).saturating_sub(1);
        self.0.busy.store(left, Relaxed);
        if left == 0 {
            self.0.since.store(self.0.clock.now(), Relaxed);
        }
    }
}

/// A request in flight: from its head until the last byte of its answer was handed over.
#[derive(Debug)]
pub(super) struct InFlight(Busy);

impl InFlight {
    /// Has the connection end in a reset when it is closed.
    pub(super) fn cut_connection(&self) {
        self.0.0.cut();
    }

    /// Begins request number `number` of the connection, counted from 0. One with a body may leave some of it unread.
    pub(super) fn begin(activity: &Arc<Activity>, number: u64, has_body: bool) -> Self {
        activity.line().request_begins();
        activity.leftover.store(has_body, Relaxed);
        if activity.is_at(Stage::Head) {
            activity.turns_out_to_be(Stage::Idle);
        }
        if number + 1 >= activity.limits.requests {
            activity.ends_soon(Limit::MaxConnectionRequests);
        }
        Self(Busy::begin(activity))
    }

    /// Tells answers that do not end by themselves that the thread drains.
    pub(super) fn drain(&self) -> &Drain {
        self.0.0.clock.drain()
    }

    /// Whether the answer has to say `Connection: close`.
    pub(super) fn says_close(&self) -> bool {
        self.0.0.says_close()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.line().request_ends();
    }
}
