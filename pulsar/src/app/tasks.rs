//! The clock of a periodic task.
//!
//! A run never overlaps with itself: what the clock says meanwhile is left out. The first run comes after one period, so that a
//! worker that is started again and again does not run its tasks again and again.

use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};

use super::outcome::settled;
use crate::{context::Context, pool::caught, registry::Task};

/// Runs a task until the worker is stopping.
pub(super) async fn repeat(
    task: Task,
    context: Context,
    leader: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut clock = interval_at(Instant::now() + task.period, task.period);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            // Whoever could say that it stops is gone: then it has stopped.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = clock.tick() => {}
        }
        if task.once && !*leader.borrow() {
            continue;
        }
        if let Err(why) = settled(caught((task.run)(&context)).await) {
            let (module, function, place) = (task.place.module(), task.function, task.place);
            tracing::error!("a periodic task {why}\n    {module}::{function}  at {place}");
        }
    }
}
