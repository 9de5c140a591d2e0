//! From the name of a message to its handler.
//!
//! It knows no sender and no way to one: whoever receives a message calls [`Handlers::dispatch`] and sends back what comes. The
//! rule it keeps: whatever a handler does, there is an answer or a reason.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    body::BoxFuture,
    cluster::{Answered, Cluster, MOST_BYTES, Refusal, built_in},
    context::Context,
    error::Chain,
    finding::{Finding, Kind, Spot, counted},
    order::sort_by,
    pool::caught,
    registry::{Message, Refused, Registry},
    worker::Worker,
};

/// The handlers of a program. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers(Arc<BTreeMap<&'static str, Message>>);

impl Handlers {
    /// The handlers that are registered; the second half is what is wrong with them.
    pub(crate) fn of(registry: &Registry) -> (Self, Vec<Finding>) {
        let mut by_name: BTreeMap<&'static str, Vec<Message>> = BTreeMap::new();
        for message in &registry.messages {
            by_name.entry(message.name).or_default().push(*message);
        }
        let doubled = by_name.iter().filter(|(_, handlers)| handlers.len() > 1);
        let problems = doubled.map(|(name, handlers)| {
            let message = format!("{} functions handle the message `{name}`", counted(handlers.len()));
            let help = "give each a name of its own";
            let help = if handlers.len() == 2 { "give one of them another name" } else { help };
            let spots = handlers.iter().map(|handler| {
                Spot::new(handler.place).function(format!("{}::{}", handler.place.module(), handler.function))
            });
            Finding::new(Kind::TwoHandlers, message).help(help).at_all(spots)
        });
        let problems = problems.collect();
        let by_name = by_name.into_iter().map(|(name, handlers)| (name, handlers[0])).collect();
        (Self(Arc::new(by_name)), problems)
    }

    /// Runs the handler of this name: JSON in, JSON out. It does not panic, whatever the handler does.
    pub(crate) fn dispatch<'a>(
        &self,
        context: &'a Context,
        name: &str,
        payload: &'a [u8],
    ) -> BoxFuture<'a, Answered> {
        if let Some(message) = self.0.get(name).copied() {
            return Box::pin(run(message, context, payload));
        }
        let worker = context.get::<Worker>();
        let built_in = worker.and_then(|worker| built_in::answer(&worker, name, payload));
        let answered = built_in.unwrap_or_else(|| Err(Refusal::NoHandler { known: self.known() }));
        Box::pin(async move { answered })
    }

    /// Has a worker's messages to itself answered from this state.
    pub(crate) fn attach(&self, cluster: &Cluster, context: &Context) {
        // The context owns the cluster: were it the other way round as well, neither would ever go away.
        let (handlers, context) = (self.clone(), context.downgrade());
        cluster.answer_with(Box::new(move |name, payload| {
            let (handlers, context) = (handlers.clone(), context.upgrade());
            Box::pin(async move {
                match context {
                    Some(context) => handlers.dispatch(&context, &name, &payload).await,
                    None => Err(Refusal::Gone),
                }
            })
        }));
    }

    /// Every name that is answered, sorted.
    fn known(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.keys().copied().chain(built_in::NAMES).map(str::to_owned).collect();
        sort_by(&mut names, Ord::cmp);
        names
    }
}

async fn run(message: Message, context: &Context, payload: &[u8]) -> Answered {
    let by = message.described();
    match caught((message.handle)(context, payload)).await {
        Ok(Ok(answer)) if answer.len() > MOST_BYTES => {
            Err(Refusal::TooLarge { handler: by, bytes: answer.len() })
        }
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match error.downcast::<Refused>() {
            Ok(refused) => refused.0.by(&by),
            Err(error) => Refusal::Failed { handler: by, why: Chain(error.as_ref()).to_string() },
        }),
        Err(why) => Err(Refusal::Panicked { handler: by, why }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        cluster::{ClusterError, Target},
        place::Place,
        registry::{answered, answered_in_pool, payload},
        settings::{PoolSize, Settings},
    };

    fn at(message: Message, function: &'static str, line: u32) -> Message {
        message.function(function).at(Place::new("shop::cache", "src/cache.rs", line, 1))
    }

    fn messages() -> Vec<Message> {
        let doubles = Message::new("double", Vec::new, |_, bytes| {
            Box::pin(async move {
                let number: u32 = payload(serde_json::from_slice(bytes))?;
                answered(serde_json::to_vec(&(number * 2)))
            })
        });
        let fails = Message::new("fail", Vec::new, |_, _| {
            Box::pin(async { Err(crate::Error::new("disk on fire").into()) })
        });
        let panics = Message::new("panic", Vec::new, |_, _| Box::pin(async { panic!("a {}", "bug") }));
        let panics_in_pool = Message::new("panic.pool", Vec::new, |context, _| {
            Box::pin(async { answered_in_pool(context, || panic!("a bug")).await })
        });
        let grows = Message::new("grow", Vec::new, |_, _| Box::pin(async { Ok(vec![b' '; MOST_BYTES + 1]) }));
        let sleeps = Message::new("sleep", Vec::new, |_, _| {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(b"null".to_vec())
            })
        });
        let blocks = Message::new("block", Vec::new, |context, _| {
            Box::pin(async { answered_in_pool(context, || Ok(b"null".to_vec())).await })
        });
        vec![
            at(doubles, "double", 1),
            at(fails, "fail", 2),
            at(panics, "panic", 3),
            at(panics_in_pool, "panic_in_pool", 4),
            at(grows, "grow", 5),
            at(sleeps, "sleep", 6),
            at(blocks, "block", 7),
        ]
    }

    /// A worker that is alone, with these handlers. The state has to stay: the cluster does not hold it.
    fn alone() -> (Context, Cluster) {
        let registry = Registry { messages: messages(), ..Registry::default() };
        let (handlers, problems) = Handlers::of(&registry);
        assert!(problems.is_empty(), "{problems:?}");
        let cluster = Cluster::alone(Worker::new("shop", 2, 1));
        let settings = Settings {
            thread_workers: PoolSize::Threads(std::num::NonZeroUsize::MIN),
            ..Settings::default()
        };
        let context = Context::new(settings).unwrap().with(cluster.me().clone()).with(cluster.clone());
        handlers.attach(&cluster, &context);
        (context, cluster)
    }

    async fn told(cluster: &Cluster, target: Target, name: &str) -> String {
        cluster.ask::<u32>(target, name, &"text").await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_worker_answers_itself() {
        let (_context, cluster) = alone();
        for target in [Target::Me, Target::Slot(2), Target::App("shop".to_owned(), 2)] {
            assert_eq!(cluster.ask::<u32>(target, "double", &21).await.unwrap(), 42);
        }
        assert_eq!(cluster.ask::<String>(Target::Me, "ping", &()).await.unwrap(), "pong");
        assert_eq!(
            cluster.ask::<(u8, String)>(Target::Me, "echo", &(1, "x")).await.unwrap(),
            (1, "x".to_owned())
        );
        assert_eq!(cluster.ask::<Worker>(Target::Me, "info", &()).await.unwrap(), *cluster.me());
        cluster.ask::<()>(Target::Me, "block", &()).await.unwrap();
        cluster.send(Target::Me, "fail", &()).await.unwrap();
        assert_eq!(cluster.broadcast("double", &1).await.unwrap(), 0);
        assert_eq!(cluster.workers().await.unwrap(), [cluster.me().clone()]);
    }

    #[tokio::test]
    async fn every_error_says_whose_fault_it_is() {
        let (_context, cluster) = alone();
        for (target, name, expected) in [
            (
                Target::Me,
                "duoble",
                "the worker has no handler of the message `duoble`; did you mean `double`?",
            ),
            (
                Target::Me,
                "double",
                "the payload of `double` is not what its handler takes: invalid type: string \"text\", expected u32 at line \
                 1 column 6. The handler is shop::cache::double  at src/cache.rs:1",
            ),
            (
                Target::Me,
                "echo",
                "the answer to `echo` is not what its sender asked for: invalid type: string \"text\", expected u32 at line 1 \
                 column 6. Ask for the type that the handler returns",
            ),
            (
                Target::Me,
                "fail",
                "the handler of `fail` failed: disk on fire. The handler is shop::cache::fail  at src/cache.rs:2",
            ),
            (
                Target::Me,
                "panic",
                "the handler of `panic` panicked: a bug. The handler is shop::cache::panic  at src/cache.rs:3",
            ),
            (
                Target::Me,
                "panic.pool",
                "the handler of `panic.pool` panicked: a bug. The handler is shop::cache::panic_in_pool  at src/cache.rs:4",
            ),
            (
                Target::Me,
                "grow",
                "the answer of `grow` has 262145 bytes of JSON, and 262144 is the most; put it where both workers can read \
                 it, and send its key",
            ),
            (
                Target::Slot(7),
                "ping",
                "the worker in slot 7 is not there or not ready; `workers()` lists who is: 2",
            ),
            (Target::Any, "ping", "another worker is not there or not ready; `workers()` lists who is: 2"),
            (
                Target::App("shpo".to_owned(), 0),
                "ping",
                "there is no application `shpo`; did you mean `shop`?",
            ),
        ] {
            assert_eq!(told(&cluster, target, name).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_no_longer_than_it_was_said() {
        let (_context, cluster) = alone();
        let quick = cluster.timeout(Duration::from_secs(2));
        assert_eq!(
            told(&quick, Target::Me, "sleep").await,
            "there was no answer to `sleep` within 2s; `timeout(..)` waits longer. Whether the handler has run is not known"
        );
        // Those that go on have all places: a message more waits for one, and in the end hears that there is none.
        for _ in 1..64 {
            cluster.send(Target::Me, "sleep", &()).await.unwrap();
        }
        assert!(matches!(quick.send(Target::Me, "ping", &()).await, Err(ClusterError::Busy { .. })));
        cluster.timeout(Duration::from_secs(100)).ask::<String>(Target::Me, "ping", &()).await.unwrap();
    }

    #[tokio::test]
    async fn the_state_of_a_worker_goes_away_with_its_last_owner() {
        let (context, cluster) = alone();
        let weak = context.downgrade();
        drop(context);
        assert!(weak.upgrade().is_none());
        assert!(matches!(cluster.ask::<u32>(Target::Me, "double", &1).await, Err(ClusterError::Gone)));
    }

    #[test]
    fn two_handlers_of_one_name_are_a_problem() {
        let twice = |name, line| {
            let message = Message::new(name, Vec::new, |_, _| Box::pin(async { Ok(Vec::new()) }));
            at(message, "clear", line)
        };
        let messages = vec![twice("clear", 3), twice("other", 4), twice("clear", 5)];
        let (_, problems) = Handlers::of(&Registry { messages, ..Registry::default() });
        assert_eq!(
            problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "two functions handle the message `clear`; give one of them another name\n    shop::cache::clear  at \
              src/cache.rs:3\n    shop::cache::clear  at src/cache.rs:5"
            ]
        );
    }
}
