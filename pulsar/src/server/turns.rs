//! Which event loop takes the next connection, when all wait at one queue.

use std::time::Duration;

use tokio::time::Instant;

use crate::board::LoopLine;

/// Who may take the next connection: whoever has fewest, if it is there.
#[derive(Default)]
pub(super) struct Turns {
    waited: bool,
    /// Head starts in a row that nobody used.
    unused: u32,
    /// No more of them until then, and how long that was.
    alone: Option<(Instant, Duration)>,
}

impl Turns {
    /// Longer than it takes to wake a loop, on a busy machine too.
    const HEAD_START: Duration = Duration::from_millis(2);
    /// After so many that nobody used, the others are taken to be stuck,
    const PATIENCE: u32 = 10;
    /// for so long at first, and for twice as long each time up to the most.
    const ALONE: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(3);

    /// How long to wait before taking what is there.
    pub(super) fn before(&mut self, line: &LoopLine) -> Option<Duration> {
        let is_alone = self.alone.is_some_and(|(until, _)| until > Instant::now());
        self.waited = !is_alone && line.lead() > 0;
        self.waited.then_some(Self::HEAD_START)
    }

    /// A connection is taken: if the others had a head start and still are behind by more than one, they did not want it.
    pub(super) fn after_taking(&mut self, line: &LoopLine) {
        if !self.waited {
            return;
        }
        if line.lead() <= 1 {
            self.after_missing();
            return;
        }
        self.unused += 1;
        if self.unused >= Self::PATIENCE {
            self.unused = 0;
            let before = self.alone.map(|(_, time)| (time * 2).min(Self::LONGEST));
            let time = before.unwrap_or(Self::ALONE);
            self.alone = Some((Instant::now() + time, time));
        }
    }

    /// The others took what was there.
    pub(super) fn after_missing(&mut self) {
        self.unused = 0;
        self.alone = None;
    }
}
