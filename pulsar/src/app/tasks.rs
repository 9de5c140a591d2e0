//! The clock of a periodic task.
//!
//! A run never overlaps with itself: what the clock says meanwhile is left out, and not made up for. The first run comes after one period, so that a
//! worker that is started again and again does not run its tasks again and again.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::outcome::settled;
use crate::{context::Context, pool::caught, registry::Task};

/// Runs a task until the worker is stopping. It holds the sender too, so that dropping every handle is not taken for a stop.
pub(super) async fn repeat(
    task: Task,
    context: Context,
    leader: watch::Receiver<bool>,
    stopping: watch::Sender<bool>,
) {
    let mut stopped = stopping.subscribe();
    let mut next = Instant::now() + task.period;
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopping| *stopping) => return,
            () = sleep_until(next) => {}
        }
        if (!task.once || *leader.borrow())
            && let Err(why) = settled(caught((task.run)(&context)).await)
        {
            let (module, function, place) = (task.place.module(), task.function, task.place);
            tracing::error!("a periodic task {why}\n    {module}::{function}  at {place}");
        }
        next = following(next, task.period);
    }
}

/// The next beat after now of a clock that beats at `last`. tokio's interval would beat at once after a run that took long.
fn following(last: Instant, period: Duration) -> Instant {
    let into_the_period = last.elapsed().as_nanos() % period.as_nanos();
    Instant::now() + period - Duration::from_nanos(u64::try_from(into_the_period).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        time::Duration,
    };

    use tokio::time::sleep;

    use super::*;
    use crate::{app::hooks::Hooks, registry::Registry, settings::Settings};

    #[derive(Default)]
    struct Runs(AtomicUsize);

    #[derive(Default)]
    struct Begun(Mutex<Vec<u128>>);

    fn context() -> Context {
        Context::new(Settings::default())
            .unwrap()
            .with(Runs::default())
            .with(Begun::default())
            .with(Instant::now())
    }

    fn hooks(task: Task) -> Hooks {
        Hooks::of(&Registry { tasks: vec![task], ..Registry::default() })
    }

    fn runs(context: &Context) -> usize {
        context.need::<Runs>().0.load(Relaxed)
    }

    const COUNTS: Task = Task::new(1000, Vec::new, |context| {
        Box::pin(async move {
            context.need::<Runs>().0.fetch_add(1, Relaxed);
            Ok(())
        })
    });

    async fn seconds(seconds: f64) {
        sleep(Duration::from_secs_f64(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_run_comes_after_one_period() {
        let context = context();
        hooks(COUNTS).spawn_tasks(&context, watch::channel(false).1);
        seconds(0.9).await;
        assert_eq!(runs(&context), 0);
        seconds(0.2).await;
        assert_eq!(runs(&context), 1);
        seconds(3.0).await;
        assert_eq!(runs(&context), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn one_worker_runs_what_is_run_once() {
        let context = context();
        let (leader, is_leader) = watch::channel(false);
        hooks(COUNTS.once()).spawn_tasks(&context, is_leader);
        seconds(3.5).await;
        assert_eq!(runs(&context), 0);
        leader.send_replace(true);
        seconds(2.0).await;
        assert_eq!(runs(&context), 2);
        leader.send_replace(false);
        seconds(2.0).await;
        assert_eq!(runs(&context), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_does_not_overlap_with_itself_and_missed_ones_are_left_out() {
        let slow = Task::new(1000, Vec::new, |context| {
            Box::pin(async move {
                let begun = context.need::<Instant>().elapsed().as_millis();
                context.need::<Begun>().0.lock().unwrap().push(begun);
                seconds(2.5).await;
                Ok(())
            })
        });
        let context = context();
        hooks(slow).spawn_tasks(&context, watch::channel(true).1);
        seconds(9.9).await;
        let begun: Vec<_> = context.need::<Begun>().0.lock().unwrap().iter().map(|ms| ms / 1000).collect();
        assert_eq!(begun, [1, 4, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_goes_on_after_a_panic_and_after_an_error() {
        let fails = Task::new(1000, Vec::new, |context| {
            Box::pin(async move {
                match context.need::<Runs>().0.fetch_add(1, Relaxed) {
                    0 => panic!("no {}", "luck"),
                    1 => Err("no luck".into()),
                    _ => Ok(()),
                }
            })
        });
        let context = context();
        hooks(fails).spawn_tasks(&context, watch::channel(true).1);
        seconds(3.5).await;
        assert_eq!(runs(&context), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_run_begins_when_the_worker_is_stopping() {
        let context = context();
        let hooks = hooks(COUNTS);
        hooks.spawn_tasks(&context, watch::channel(true).1);
        seconds(1.5).await;
        hooks.worker_stopping(&context).await;
        seconds(5.0).await;
        assert_eq!(runs(&context), 1);
    }
}
