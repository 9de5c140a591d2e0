//! What everything on one I/O thread knows: the phase it is in, a coarse time, where the thread tells how it does, and
//! how it tells others that it ends.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

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

/// The clock of one I/O thread. It advances with [`IoThread::expire`](crate::server::io_thread::IoThread::expire).
#[derive(Debug)]
pub(super) struct Clock {
    phase: AtomicU8,
    now: AtomicU32,
    line: LoopLine,
    /// For answers that do not end by themselves.
    drain: Drain,
}

impl Clock {
    pub(super) fn new(line: LoopLine) -> Self {
        Self { phase: AtomicU8::new(Phase::Running as u8), now: AtomicU32::new(0), line, drain: Drain::new() }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Running,
            1 => Phase::Draining,
            2 => Phase::Closing,
            _ => Phase::Cut,
        }
    }

    /// Enters a phase, unless a later one has begun.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Relaxed);
    }

    /// The ticks in which the thread was there to hear its connections.
    pub(super) fn now(&self) -> u32 {
        self.now.load(Relaxed)
    }

    /// Lets time pass, and gives the time that it is then.
    pub(super) fn advance(&self, ticks: u32) -> u32 {
        let now = self.now().saturating_add(ticks);
        self.now.store(now, Relaxed);
        now
    }

    /// Tells what is open that it shall end, and has others know that it will.
    pub(super) fn drain(&self) -> &Drain {
        &self.drain
    }

    pub(super) fn line(&self) -> &LoopLine {
        &self.line
    }
}
