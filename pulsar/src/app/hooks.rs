//! Running the hooks of a program, each at its event.
//!
//! Not when an event happens: whoever knows calls. The rule it keeps: a hook that fails or panics is logged with its place
//! and stops nothing, but for `worker_start`, whose error keeps the worker from starting.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::sync::watch;

use super::{outcome::settled, tasks};
use crate::{
    context::Context,
    pool::{caught, panic_message},
    registry::{Event, Hook, Outcome, Registry, Task},
    worker::{Worker, WorkerExit},
};

/// The hooks and the periodic tasks of a program. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Hooks {
    hooks: Arc<[Hook]>,
    tasks: Arc<[Task]>,
    /// Whether the worker is stopping, so that no run of a task begins any more.
    stopping: watch::Sender<bool>,
}

#[allow(dead_code)] // the arbiter calls those of a worker's beginning and end
impl Hooks {
    /// Those that are registered, in the order of their places.
    pub(super) fn of(registry: &Registry) -> Self {
        Self {
            hooks: registry.hooks.as_slice().into(),
            tasks: registry.tasks.as_slice().into(),
            stopping: watch::Sender::new(false),
        }
    }

    /// The arbiter begins; there are no workers yet.
    pub(super) fn starting(&self) {
        self.each(|event| match event {
            Event::Starting(run) => Some(run()),
            _ => None,
        });
    }

    /// Every application accepts connections.
    pub(super) fn when_ready(&self) {
        self.each(|event| match event {
            Event::WhenReady(run) => Some(run()),
            _ => None,
        });
    }

    /// A worker is about to be started.
    pub(super) fn pre_spawn(&self, worker: &Worker) {
        self.each(|event| match event {
            Event::PreSpawn(run) => Some(run(worker)),
            _ => None,
        });
    }

    /// A worker has ended.
    pub(super) fn worker_exit(&self, exit: &WorkerExit) {
        self.each(|event| match event {
            Event::WorkerExit(run) => Some(run(exit)),
            _ => None,
        });
    }

    /// A reload begins.
    pub(super) fn reload(&self) {
        self.each(|event| match event {
            Event::Reload(run) => Some(run()),
            _ => None,
        });
    }

    /// The program ends with this code.
    pub(super) fn exit(&self, code: u8) {
        self.each(|event| match event {
            Event::Exit(run) => Some(run(code)),
            _ => None,
        });
    }

    /// The worker has its state, and is not ready yet.
    ///
    /// # Errors
    ///
    /// Stops at the first hook that fails, and says which one it was.
    pub(super) async fn worker_start(&self, context: &Context) -> Result<(), String> {
        for hook in &*self.hooks {
            if let Event::WorkerStart(run) = hook.event
                && let Err(why) = settled(caught(run(context)).await)
            {
                return Err(format!("the hook of `worker_start` {why}\n    {}", described(hook)));
            }
        }
        Ok(())
    }

    /// The worker begins to drain. No run of a task begins any more, and this does not wait for one that goes on.
    pub(super) async fn worker_stopping(&self, context: &Context) {
        self.stopping.send_replace(true);
        for hook in &*self.hooks {
            if let Event::WorkerStopping(run) = hook.event
                && let Err(why) = settled(caught(run(context)).await)
            {
                log(hook, &why);
            }
        }
    }

    /// Runs the periodic tasks on this event loop until the worker stops; those for one worker while `leader` says so.
    pub(super) fn spawn_tasks(&self, context: &Context, leader: watch::Receiver<bool>) {
        for task in self.tasks.iter().copied() {
            let stopping = self.stopping.subscribe();
            tokio::spawn(tasks::repeat(task, context.clone(), leader.clone(), stopping));
        }
    }

    /// Runs the hooks of an event of the arbiter.
    fn each(&self, run: impl Fn(Event) -> Option<Outcome>) {
        for hook in &*self.hooks {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(hook.event)));
            let outcome = outcome.map(|outcome| outcome.unwrap_or(Ok(())));
            if let Err(why) = settled(outcome.map_err(|panic| panic_message(&*panic))) {
                log(hook, &why);
            }
        }
    }
}

fn log(hook: &Hook, why: &str) {
    tracing::error!("the hook of `{}` {why}\n    {}", hook.event.word(), described(hook));
}

fn described(hook: &Hook) -> String {
    format!("{}::{}  at {}", hook.place.module(), hook.function, hook.place)
}
