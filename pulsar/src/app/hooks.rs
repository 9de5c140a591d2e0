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
    task,
    worker::{Worker, WorkerExit},
};

/// The hooks and the periodic tasks of a program. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Hooks {
    entries: Arc<[Hook]>,
    tasks: Arc<[Task]>,
    /// Whether the worker is stopping, so that no run of a task begins any more.
    stopping: watch::Sender<bool>,
}

impl Hooks {
    /// Those that are registered, in the order of their places.
    pub(super) fn of(registry: &Registry) -> Self {
        Self {
            entries: registry.hooks.as_slice().into(),
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
        for hook in &*self.entries {
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
        for hook in &*self.entries {
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
            let stopping = self.stopping.clone();
            task::spawn(tasks::repeat(task, context.clone(), leader.clone(), stopping));
        }
    }

    /// Runs the hooks of an event of the arbiter.
    fn each(&self, run: impl Fn(Event) -> Option<Outcome>) {
        for hook in &*self.entries {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{cluster::Cluster, place::Place, settings::Settings};

    /// What ran in this context, in order.
    #[derive(Default)]
    struct Ran(Mutex<Vec<&'static str>>);

    fn context() -> Context {
        Context::new(Settings::default()).unwrap().with(Ran::default())
    }

    fn ran(context: &Context) -> Vec<&'static str> {
        context.need::<Ran>().0.lock().unwrap().clone()
    }

    fn note(context: &Context, what: &'static str) {
        context.need::<Ran>().0.lock().unwrap().push(what);
    }

    fn at(hook: Hook, function: &'static str, line: u32) -> Hook {
        hook.function(function).at(Place::new("shop::hooks", "src/hooks.rs", line, 1))
    }

    fn hooks(hooks: impl Into<Vec<Hook>>) -> Hooks {
        Hooks::of(&Registry { hooks: hooks.into(), ..Registry::default() })
    }

    #[tokio::test]
    async fn the_hooks_of_an_event_run_in_order_and_a_failure_ends_the_start() {
        let first = Hook::worker_start(Vec::new, |context| {
            Box::pin(async move {
                note(context, "first");
                Ok(())
            })
        });
        let stopping = Hook::worker_stopping(Vec::new, |context| {
            Box::pin(async move {
                note(context, "stopping");
                Ok(())
            })
        });
        let fails = Hook::worker_start(Vec::new, |_| Box::pin(async { Err("no luck".into()) }));
        let panics = Hook::worker_start(Vec::new, |_| Box::pin(async { panic!("no {}", "hope") }));
        let context = context();
        let of_start = hooks([
            at(stopping, "stop", 1),
            at(first, "first", 2),
            at(fails, "warm", 3),
            at(first, "late", 4),
        ]);
        assert_eq!(
            of_start.worker_start(&context).await.unwrap_err(),
            "the hook of `worker_start` failed: no luck\n    shop::hooks::warm  at src/hooks.rs:3"
        );
        assert_eq!(ran(&context), ["first"]);
        assert_eq!(
            hooks([at(panics, "hope", 9)]).worker_start(&context).await.unwrap_err(),
            "the hook of `worker_start` panicked: no hope\n    shop::hooks::hope  at src/hooks.rs:9"
        );
    }

    #[tokio::test]
    async fn a_worker_stops_in_spite_of_its_hooks() {
        let stopping = Hook::worker_stopping(Vec::new, |context| {
            Box::pin(async move {
                note(context, "stopping");
                Ok(())
            })
        });
        let panics = Hook::worker_stopping(Vec::new, |_| Box::pin(async { panic!("no luck") }));
        let fails = Hook::worker_stopping(Vec::new, |_| Box::pin(async { Err("no luck".into()) }));
        let context = context();
        let hooks = hooks([at(panics, "a", 1), at(fails, "b", 2), at(stopping, "c", 3)]);
        hooks.worker_stopping(&context).await;
        assert_eq!(ran(&context), ["stopping"]);
    }

    #[test]
    fn every_event_of_the_arbiter_reaches_its_hooks_and_no_others() {
        static RAN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        #[allow(clippy::unnecessary_wraps)] // the events want an outcome
        fn note(what: impl ToString) -> Outcome {
            RAN.lock().unwrap().push(what.to_string());
            Ok(())
        }
        let hooks = hooks([
            at(Hook::starting(|| panic!("no luck")), "a", 1),
            at(Hook::starting(|| Err("no luck".into())), "b", 2),
            at(Hook::starting(|| note("starting")), "c", 3),
            at(Hook::when_ready(|| note("ready")), "d", 4),
            at(Hook::pre_spawn(|worker| note(worker)), "e", 5),
            at(Hook::worker_exit(|exit| note(&exit.cause)), "f", 6),
            at(Hook::reload(|| note("reload")), "g", 7),
            at(Hook::exit(note), "h", 8),
        ]);
        let worker = Worker::new("shop", 2, 1);
        hooks.starting();
        hooks.when_ready();
        hooks.pre_spawn(&worker);
        let cause = crate::worker::Cause::Exit(3);
        hooks.worker_exit(&WorkerExit::new(worker, 7, cause, std::time::Duration::ZERO, true));
        hooks.reload();
        hooks.exit(4);
        let expected = ["starting", "ready", "shop worker 2", "exited with code 3", "reload", "4"];
        assert_eq!(*RAN.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn the_worker_and_the_cluster_are_there_when_the_worker_starts() {
        let start = crate::app::start::Start {
            providers: crate::app::providers::Order::default(),
            hooks: hooks([at(
                Hook::worker_start(Vec::new, |context| {
                    Box::pin(async move {
                        let cluster = context.need::<Cluster>();
                        assert_eq!(*cluster.me(), *context.need::<Worker>());
                        Ok(())
                    })
                }),
                "check",
                1,
            )]),
            handlers: crate::messages::Handlers::default(),
        };
        let cluster = Cluster::alone(Worker::new("shop", 0, 1));
        start.context(Settings::default(), cluster).await.unwrap();
    }
}
