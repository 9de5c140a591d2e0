//! Which event loop takes the next connection, when all wait at one queue.
//!
//! The one that has fewest, if it is there. Connections that come seldom are dealt out one by one; where they come fast nobody waits for
//! a difference of a few. Whoever waits looks again at whatever may have changed: a wait that goes on when it is over for nothing takes
//! longer than to serve a hundred short connections.

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

use crate::board::LoopLine;

/// Who may take the next connection.
#[derive(Default)]
pub(super) struct Turns {
    /// When the last one was taken.
    taken: Option<Instant>,
    /// How many more connections than another loop this one may have, if it has given that loop its head start.
    waited: Option<u64>,
    /// Head starts in a row that nobody used.
    unused: u32,
    /// No more of them until then, and how long that was.
    alone: Option<(Instant, Duration)>,
}

impl Turns {
    /// As long as it takes to wake a loop that has nothing to do: so long is looked again and again.
    const MOMENT: Duration = Duration::from_micros(100);
    /// Longer than it takes on a busy machine.
    const HEAD_START: Duration = Duration::from_millis(2);
    /// Connections come fast if one was taken no longer ago.
    const FAST: Duration = Duration::from_millis(5);
    /// After so many that nobody used, the others are taken to be stuck,
    const PATIENCE: u32 = 10;
    /// for so long at first, and for twice as long each time up to the most.
    const ALONE: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(3);

    /// Gives other loops a head start, if it is their turn to take what is there. It is over when they have caught up; `changed` says when
    /// that may be.
    pub(super) async fn give_way<F: Future<Output = ()>>(
        &mut self,
        line: &LoopLine,
        mut changed: impl FnMut() -> F,
    ) {
        self.waited = None;
        if line.lead() == 0 {
            return;
        }
        let now = Instant::now();
        if self.alone.is_some_and(|(until, _)| until > now) {
            return;
        }
        let is_fast = self.taken.is_some_and(|taken| now.duration_since(taken) < Self::FAST);
        let allowed = if is_fast { allowance(line.open()) } else { 0 };
        let began = std::time::Instant::now();
        while line.lead() > allowed {
            if began.elapsed() < Self::MOMENT {
                yield_now().await;
            } else if now.elapsed() < Self::HEAD_START {
                tokio::select! { () = sleep_until(now + Self::HEAD_START) => {} () = changed() => {} }
            } else {
                self.waited = Some(allowed);
                return;
            }
        }
    }

    /// A connection is taken: if the others had a head start and still are behind by more than one, they did not want it.
    pub(super) fn after_taking(&mut self, line: &LoopLine) {
        self.taken = Some(Instant::now());
        let Some(allowed) = self.waited else { return };
        if line.lead() <= allowed + 1 {
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

/// The lead that a loop with so many connections may have where they come fast: of 64 on two loops, one has 35 at most.
fn allowance(open: u64) -> u64 {
    2 + open / 8
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use super::*;
    use crate::board::Board;

    /// Two loops that accept, of which the first has so many connections more.
    fn loops(lead: u64) -> [LoopLine; 2] {
        let board: Arc<Board> = Board::own(2);
        let lines = [0, 1].map(|number| LoopLine::new(&board, 0, number));
        for line in &lines {
            line.accepts(true);
        }
        for _ in 0..lead {
            lines[0].connection_opens();
        }
        lines
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_come_seldom_are_dealt_out_one_by_one() {
        let [line, _] = loops(1);
        let (mut turns, began) = (Turns::default(), Instant::now());
        turns.give_way(&line, pending::<()>).await;
        assert!(began.elapsed() >= Turns::HEAD_START, "nobody else takes it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lead_of_a_few_holds_no_connection_up_that_comes_fast() {
        for (lead, waits) in [(1, false), (2, false), (3, true), (35, true)] {
            let [line, _] = loops(lead);
            let mut turns = Turns { taken: Some(Instant::now()), ..Turns::default() };
            let began = Instant::now();
            turns.give_way(&line, pending::<()>).await;
            assert_eq!(!began.elapsed().is_zero(), waits, "{lead}");
        }
        assert_eq!([0, 8, 35].map(allowance), [2, 3, 6]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_start_is_over_when_the_others_have_caught_up() {
        let [line, other] = loops(3);
        let (mut turns, began) = (Turns::default(), Instant::now());
        // One more connection at the other loop each time that something has changed.
        let changed = || {
            other.connection_opens();
            std::future::ready(())
        };
        turns.give_way(&line, changed).await;
        assert_eq!((line.lead(), began.elapsed()), (0, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn loops_that_are_stuck_are_not_waited_for() {
        let [line, _] = loops(9);
        let (mut turns, mut waits) = (Turns::default(), 0);
        for _ in 0..30 {
            let began = Instant::now();
            turns.give_way(&line, pending::<()>).await;
            waits += u32::from(!began.elapsed().is_zero());
            turns.after_taking(&line);
        }
        assert_eq!(waits, Turns::PATIENCE);
    }
}
