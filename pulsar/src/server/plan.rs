//! What one I/O thread does: it accepts until the stop, then ends its own connections, phase by phase.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    server::{
        clock::Phase,
        io_thread::IoThread,
        limits::ticks,
        shutdown::{Demand, QUICK, Watch},
        tick::Ticks,
    },
    task,
};

/// What one I/O thread shall do.
pub(super) struct Plan {
    pub(super) index: usize,
    pub(super) thread: Arc<IoThread>,
    pub(super) work: Vec<Work>,
    pub(super) tick: Duration,
    pub(super) drain_delay: Duration,
    pub(super) drain_grace: Duration,
    pub(super) graceful_timeout: Duration,
}

/// The work of accepting from one listener.
pub(super) type Work = Box<dyn FnOnce(Watch) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> + Send>;

/// How much longer than its deadline a thread may take before it is given up as blocked.
pub(super) const SLACK: Duration = Duration::from_millis(500);

impl Plan {
    /// Runs the thread until every connection has ended, and tells how many had to be cut.
    pub(super) async fn run(self, mut watch: Watch) -> io::Result<usize> {
        let thread = self.thread;
        let mut accepting = JoinSet::new();
        for work in self.work {
            accepting.spawn(work(watch.clone()));
        }
        task::spawn(keep_time(Arc::clone(&thread), self.tick));
        tokio::select! {
            () = watch.reached(Demand::Drain) => {}
            Some(failed) = accepting.join_next() => failed.unwrap_or_else(|error| Err(io::Error::other(error)))?,
        }
        thread.enter(Phase::Draining);
        delayed(&mut watch, self.drain_delay).await;
        let mut deadline = Instant::now() + self.graceful_timeout;
        let mut grace = deadline.min(Instant::now() + self.drain_grace);
        while let Some(finished) = accepting.join_next().await {
            if let Ok(Err(error)) = finished {
                tracing::error!(%error, "cannot serve what was still waiting to be accepted");
            }
        }
        // Not before: whoever comes back at once must not come to these sockets.
        thread.drain().begin();
        let mut hurry = watch.clone();
        let (mut forced, mut hurried) = (pin!(watch.reached(Demand::Force)), false);
        while thread.phase() < Phase::Cut {
            let closing = thread.phase() == Phase::Closing;
            let (phase, until) = if closing { (Phase::Cut, deadline) } else { (Phase::Closing, grace) };
            tokio::select! {
                biased;
                () = &mut forced => break,
                () = emptied(&thread) => break,
                () = hurry.reached(Demand::Quick), if !hurried => {
                    hurried = true;
                    deadline = deadline.min(Instant::now() + QUICK);
                    grace = Instant::now();
                }
                () = sleep_until(until) => thread.enter(phase),
            }
        }
        let cut = thread.open();
        thread.enter(Phase::Cut);
        // Their tasks end as soon as they run, except for what a handler does when it is dropped.
        let _ = timeout(SLACK / 2, emptied(&thread)).await;
        Ok(cut)
    }
}

/// Waits while a server that is told to stop shall still accept.
pub(super) async fn delayed(watch: &mut Watch, delay: Duration) {
    if delay.is_zero() {
        return;
    }
    // Whoever cannot wait says so.
    let _ = timeout(delay, watch.reached(Demand::DrainNow)).await;
}

async fn emptied(thread: &IoThread) {
    while thread.open() > 0 {
        thread.emptied.notified().await;
    }
}

async fn keep_time(thread: Arc<IoThread>, tick: Duration) {
    let begun = Instant::now();
    let mut clock = Ticks::every(tick);
    loop {
        thread.expire(ticks(begun.elapsed(), tick));
        clock.next().await;
    }
}
