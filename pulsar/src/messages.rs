//! From the name of a message to its handler.
//!
//! It knows no sender and no way to one: whoever receives a message calls [`Handlers::dispatch`] and sends back what comes. The
//! rule it keeps: whatever a handler does, there is an answer or a reason.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    body::BoxFuture,
    cluster::{Answered, Cluster, MOST_BYTES, Refusal, built_in},
    context::Context,
    pool::caught,
    registry::{Message, Registry},
    worker::Worker,
};

/// The handlers of a program. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers(Arc<BTreeMap<&'static str, Message>>);

impl Handlers {
    /// The handlers that are registered; the second half is what is wrong with them.
    pub(crate) fn of(registry: &Registry) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut by_name: BTreeMap<&'static str, Message> = BTreeMap::new();
        for message in &registry.messages {
            if let Some(first) = by_name.get(message.name) {
                problems.push(format!(
                    "two functions handle the message `{}`; give one of them another name\n    {}\n    {}",
                    message.name,
                    first.described(),
                    message.described()
                ));
            } else {
                by_name.insert(message.name, *message);
            }
        }
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
        names.sort();
        names
    }
}

async fn run(message: Message, context: &Context, payload: &[u8]) -> Answered {
    let by = message.described();
    match caught((message.handle)(context, payload)).await {
        Ok(Ok(answer)) if answer.len() > MOST_BYTES => {
            Err(Refusal::TooLarge { handler: by, bytes: answer.len() })
        }
        Ok(answered) => answered.map_err(|refusal| refusal.by(&by)),
        Err(why) => Err(Refusal::Panicked { handler: by, why }),
    }
}
