//! What every event loop tells about itself: its beat, its requests, its connections.
//!
//! A board is a table of counters that only their owners write and everybody reads: the loops of one process, or of all workers of
//! an application if the table is memory that processes share. It does not know where that memory comes from, nor what its
//! readers conclude. The rule it keeps: to tell something costs one store, and no lock.

use std::{
    fmt, iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// A limit that a client ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Limit {
    MaxTarget,
    MaxHead,
    MaxHeaders,
    MaxBody,
    HeadTimeout,
    BodyTimeout,
    WriteTimeout,
    MinRate,
    KeepAlive,
    MaxConnectionRequests,
    MaxConnectionAge,
    MaxConnections,
    PrefaceTimeout,
    ProxyProtocol,
    TlsHandshakeTimeout,
    MaxTlsHandshakes,
    Http2,
    ThreadQueue,
    WebSocket,
    OpenFiles,
}

impl Limit {
    /// Every limit, in the order of their numbers.
    pub(crate) const ALL: [Self; 20] = [
        Self::MaxTarget,
        Self::MaxHead,
        Self::MaxHeaders,
        Self::MaxBody,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::WriteTimeout,
        Self::MinRate,
        Self::KeepAlive,
        Self::MaxConnectionRequests,
        Self::MaxConnectionAge,
        Self::MaxConnections,
        Self::PrefaceTimeout,
        Self::ProxyProtocol,
        Self::TlsHandshakeTimeout,
        Self::MaxTlsHandshakes,
        Self::Http2,
        Self::ThreadQueue,
        Self::WebSocket,
        Self::OpenFiles,
    ];

    /// The name, mostly that of the setting.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MaxTarget => "max_target",
            Self::MaxHead => "max_head",
            Self::MaxHeaders => "max_headers",
            Self::MaxBody => "max_body",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::MinRate => "min_rate",
            Self::KeepAlive => "keep_alive",
            Self::MaxConnectionRequests => "max_connection_requests",
            Self::MaxConnectionAge => "max_connection_age",
            Self::MaxConnections => "max_connections",
            Self::PrefaceTimeout => "preface_timeout",
            Self::ProxyProtocol => "proxy_protocol",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::MaxTlsHandshakes => "max_tls_handshakes",
            Self::Http2 => "http2",
            Self::ThreadQueue => "thread_queue",
            Self::WebSocket => "websocket",
            Self::OpenFiles => "open_files",
        }
    }
}

/// The counters of one loop, on cache lines of their own. Zero bytes are a line on which nothing has happened.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Line {
    /// Grows as long as the loop turns.
    beat: AtomicU64,
    /// Requests begun.
    begun: AtomicU64,
    /// Requests ended.
    ended: AtomicU64,
    /// Connections accepted.
    accepted: AtomicU64,
    /// Connections that are open.
    open: AtomicU64,
    /// 1 while the loop accepts.
    accepting: AtomicU64,
    /// On the first line of a board: how many seats have ever been taken.
    seats: AtomicU64,
    _reserved: AtomicU64,
    /// How often each [`Limit`] was reached. There is room for more of them.
    limits: [AtomicU64; 24],
}

/// The table: a line for the board, then for each seat one for the worker itself and one for each of its loops.
///
/// It stays for the rest of the process: a loop reaches its line without asking who else does, and there are few.
pub(crate) struct Board {
    lines: &'static [Line],
    loops: usize,
}

/// What the loops of one seat tell, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) in_flight: u64,
    pub(crate) accepted: u64,
    pub(crate) open: u64,
}

impl Board {
    /// How many lines a board has.
    pub(crate) const fn lines(seats: usize, loops: usize) -> usize {
        1 + seats * (1 + loops)
    }

    /// A board for the loops of this process alone: one seat.
    pub(crate) fn own(loops: usize) -> Arc<Self> {
        let lines: Vec<Line> = iter::repeat_with(Line::default).take(Self::lines(1, loops)).collect();
        let board = Self::shared(lines.leak(), loops);
        board.take(0);
        board
    }

    /// A board in memory that others see as well.
    pub(crate) fn shared(lines: &'static [Line], loops: usize) -> Arc<Self> {
        Arc::new(Self { lines, loops })
    }

    /// How many loops a seat has.
    pub(crate) fn loops(&self) -> usize {
        self.loops
    }

    /// How many seats there are.
    pub(crate) fn seats(&self) -> usize {
        (self.lines.len() - 1) / (1 + self.loops)
    }

    fn seat(&self, seat: usize) -> &'static [Line] {
        let first = Self::lines(seat, self.loops);
        &self.lines[first..=first + self.loops]
    }

    /// Clears a seat for a new worker.
    pub(crate) fn take(&self, seat: usize) {
        self.clear(seat);
        self.lines[0].seats.fetch_max(seat as u64 + 1, Relaxed);
    }

    /// Clears a seat whose worker is gone.
    pub(crate) fn clear(&self, seat: usize) {
        for line in self.seat(seat) {
            for counter in [&line.beat, &line.begun, &line.ended, &line.accepted, &line.open, &line.accepting]
            {
                counter.store(0, Relaxed);
            }
            for counter in &line.limits {
                counter.store(0, Relaxed);
            }
        }
    }

    /// Says that a thread of the worker that runs no event loop is alive.
    pub(crate) fn beat(&self, seat: usize) {
        self.seat(seat)[0].beat.fetch_add(1, Relaxed);
    }

    /// The beat of the worker's own thread, and those of its loops.
    pub(crate) fn beats(&self, seat: usize) -> (u64, Vec<u64>) {
        let mut beats = self.seat(seat).iter().map(|line| line.beat.load(Relaxed));
        (beats.next().unwrap_or_default(), beats.collect())
    }

    /// What the loops of a seat have done so far.
    pub(crate) fn totals(&self, seat: usize) -> Totals {
        self.seat(seat)[1..].iter().fold(Totals::default(), |sum, line| {
            // Read first, so that a request that ends in between does not make it negative.
            let ended = line.ended.load(Relaxed);
            let begun = line.begun.load(Relaxed);
            Totals {
                requests: sum.requests + begun,
                in_flight: sum.in_flight + begun.saturating_sub(ended),
                accepted: sum.accepted + line.accepted.load(Relaxed),
                open: sum.open + line.open.load(Relaxed),
            }
        })
    }

    /// How often clients of this seat ran into each limit, those alone that anybody ran into.
    pub(crate) fn limits(&self, seat: usize) -> impl Iterator<Item = (Limit, u64)> {
        let lines = self.seat(seat);
        let counts = Limit::ALL.into_iter().map(move |limit| {
            (limit, lines.iter().map(|line| line.limits[limit as usize].load(Relaxed)).sum())
        });
        counts.filter(|(_, count)| *count > 0)
    }

    /// The fewest connections that an accepting loop has; none if no loop accepts.
    fn fewest_open(&self) -> Option<u64> {
        let taken = usize::try_from(self.lines[0].seats.load(Relaxed)).unwrap_or(0).min(self.seats());
        let lines = (0..taken).flat_map(|seat| &self.seat(seat)[1..]);
        lines.filter(|line| line.accepting.load(Relaxed) == 1).map(|line| line.open.load(Relaxed)).min()
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board")
            .field("seats", &self.seats())
            .field("loops", &self.loops)
            .finish_non_exhaustive()
    }
}

/// A loop's place on a board. Only that loop writes there.
#[derive(Clone, Debug)]
pub(crate) struct LoopLine {
    board: Arc<Board>,
    line: &'static Line,
}

impl LoopLine {
    /// The line of the loop with this number in a seat.
    pub(crate) fn new(board: &Arc<Board>, seat: usize, number: usize) -> Self {
        Self { board: Arc::clone(board), line: &board.seat(seat)[1 + number] }
    }

    pub(crate) fn beat(&self) {
        grow(&self.line.beat);
    }

    pub(crate) fn request_begins(&self) {
        grow(&self.line.begun);
    }

    pub(crate) fn request_ends(&self) {
        grow(&self.line.ended);
    }

    pub(crate) fn connection_opens(&self) {
        grow(&self.line.accepted);
        grow(&self.line.open);
    }

    pub(crate) fn connection_closes(&self) {
        let open = &self.line.open;
        open.store(open.load(Relaxed).saturating_sub(1), Relaxed);
    }

    /// A client ran into a limit. It is rare, and other threads than the loop's may learn of it.
    pub(crate) fn reached(&self, limit: Limit) {
        self.line.limits[limit as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn accepts(&self, yes: bool) {
        self.line.accepting.store(u64::from(yes), Relaxed);
    }

    /// Requests begun, and connections accepted.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.line.begun.load(Relaxed), self.line.accepted.load(Relaxed))
    }

    /// How many more connections this loop has than the one that accepts and has fewest.
    pub(crate) fn lead(&self) -> u64 {
        self.board.fewest_open().map_or(0, |fewest| self.open().saturating_sub(fewest))
    }

    /// How many connections this loop has.
    pub(crate) fn open(&self) -> u64 {
        self.line.open.load(Relaxed)
    }
}

/// A counter that only one thread writes needs no locked instruction.
fn grow(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_knows_whether_others_have_fewer_connections() {
        let board = Board::own(2);
        let (one, two) = (LoopLine::new(&board, 0, 0), LoopLine::new(&board, 0, 1));
        one.accepts(true);
        two.accepts(true);
        assert_eq!(one.lead(), 0);
        one.connection_opens();
        assert_eq!((one.lead(), two.lead()), (1, 0));
        two.accepts(false);
        assert_eq!(one.lead(), 0, "who does not accept does not count");
    }

    #[test]
    fn every_limit_has_its_counter() {
        let names: std::collections::BTreeSet<_> = Limit::ALL.iter().map(|limit| limit.name()).collect();
        assert_eq!(names.len(), Limit::ALL.len());
        for (number, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, number, "{}", limit.name());
        }
    }

    #[test]
    fn a_seat_adds_its_loops_up_and_is_cleared_for_the_next_worker() {
        let lines: Vec<Line> = iter::repeat_with(Line::default).take(Board::lines(3, 2)).collect();
        let board = Board::shared(lines.leak(), 2);
        board.take(1);
        for number in 0..2 {
            let line = LoopLine::new(&board, 1, number);
            line.connection_opens();
            line.request_begins();
            line.request_begins();
            line.request_ends();
            line.beat();
        }
        LoopLine::new(&board, 1, 1).reached(Limit::MaxBody);
        assert_eq!(board.limits(1).collect::<Vec<_>>(), [(Limit::MaxBody, 1)]);
        board.beat(1);
        let totals = Totals { requests: 4, in_flight: 2, accepted: 2, open: 2 };
        assert_eq!((board.totals(1), board.beats(1)), (totals, (1, vec![1, 1])));
        assert_eq!(board.totals(0), Totals::default());
        board.clear(1);
        assert_eq!((board.totals(1), board.beats(1)), (Totals::default(), (0, vec![0, 0])));
        assert_eq!((board.seats(), board.limits(1).count()), (3, 0));
    }
}
