//! In which order the providers of a worker run, and running them.
//!
//! The order is found from what they need, before any of them runs; a cycle, two providers of one type and a need that
//! nobody meets are told together, with their places.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    body::BoxError,
    cluster::Cluster,
    context::Context,
    error::Chain,
    pool::caught,
    registry::{Asking, Provider, Requirement},
    settings::Settings,
    worker::Worker,
};

/// A value that stands in for a provider, as tests give it.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) what: Requirement,
    pub(super) value: Arc<dyn Any + Send + Sync>,
}

/// The providers in an order in which each finds what it needs.
#[derive(Clone, Default)]
pub(super) struct Order {
    pub(super) providers: Vec<Provider>,
    given: Vec<Given>,
}

impl Order {
    /// Orders the providers; the second half of the result is everything that is wrong with them.
    pub(super) fn of(providers: &[Provider], given: &[Given]) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let overridden: HashSet<TypeId> = given.iter().map(|given| given.what.id).collect();
        let mut by_type: HashMap<TypeId, &Provider> = HashMap::new();
        for provider in providers {
            let provides = (provider.provides)();
            if let Some(first) = by_type.get(&provides.id) {
                problems.push(format!(
                    "two providers make `{}`; keep one of them\n    {}\n    {}",
                    provides.short_name(),
                    described(first),
                    described(provider)
                ));
            } else if !overridden.contains(&provides.id) {
                by_type.insert(provides.id, provider);
            }
        }
        let known =
            |id: &TypeId| always_there().contains(id) || overridden.contains(id) || by_type.contains_key(id);
        for provider in providers.iter().filter(|provider| !overridden.contains(&(provider.provides)().id)) {
            for need in (provider.needs)() {
                if !known(&need.id) {
                    problems.push(format!("{}\n    needed by {}", need.missing(), described(provider)));
                }
            }
        }
        let mut walk =
            Walk { by_type: &by_type, done: HashSet::new(), path: Vec::new(), order: Vec::new(), problems };
        for provider in providers {
            walk.visit((provider.provides)().id);
        }
        (Self { providers: walk.order, given: given.to_vec() }, walk.problems)
    }

    /// What is asked for and nobody provides.
    pub(super) fn missing_for(&self, asking: impl Iterator<Item = Asking>) -> Vec<String> {
        let mut known: HashSet<TypeId> = self.given.iter().map(|given| given.what.id).collect();
        known.extend(self.providers.iter().map(|provider| (provider.provides)().id));
        known.extend(always_there());
        let mut problems = Vec::new();
        for Asking { needs, function, place } in asking {
            for need in needs.iter().filter(|need| !known.contains(&need.id)) {
                problems.push(format!("{}\n    needed by {function}  at {place}", need.missing()));
            }
        }
        problems
    }

    /// Runs the providers. What was given goes first.
    ///
    /// # Errors
    ///
    /// Stops at the first provider that fails, and says which one it was.
    pub(super) async fn build(&self, settings: Settings, cluster: Cluster) -> Result<Context, BoxError> {
        let mut context = Context::new(settings)?.with(cluster.me().clone()).with(cluster);
        for given in &self.given {
            context = context.with_any(given.what.id, given.what.type_name, Arc::clone(&given.value));
        }
        for provider in &self.providers {
            let provides = (provider.provides)();
            let built = caught((provider.build)(&context)).await;
            let built = built.unwrap_or_else(|message| Err(format!("it panicked: {message}").into()));
            match built {
                Ok(value) => context = context.with_any(provides.id, provides.type_name, value),
                Err(error) => {
                    let error = Chain(error.as_ref());
                    return Err(format!(
                        "the provider of `{}` failed: {error}\n    {}",
                        provides.short_name(),
                        described(provider)
                    )
                    .into());
                }
            }
        }
        Ok(context)
    }
}

struct Walk<'a> {
    by_type: &'a HashMap<TypeId, &'a Provider>,
    done: HashSet<TypeId>,
    path: Vec<TypeId>,
    order: Vec<Provider>,
    problems: Vec<String>,
}

impl Walk<'_> {
    fn visit(&mut self, id: TypeId) {
        let Some(&provider) = self.by_type.get(&id) else {
            return; // given, or reported as missing
        };
        if let Some(start) = self.path.iter().position(|on_path| *on_path == id) {
            let mut text = String::from("these providers need one another, so that none can run first");
            for id in &self.path[start..] {
                text.push_str("\n    ");
                text.push_str(&described(self.by_type[id]));
            }
            self.problems.push(text);
            return;
        }
        if !self.done.insert(id) {
            return;
        }
        self.path.push(id);
        for need in (provider.needs)() {
            // What is done and still on the path is a cycle; what is only done is in the order already.
            if self.path.contains(&need.id) || !self.done.contains(&need.id) {
                self.visit(need.id);
            }
        }
        self.path.pop();
        self.order.push(*provider);
    }
}

/// What is state without a provider.
fn always_there() -> [TypeId; 3] {
    [TypeId::of::<Settings>(), TypeId::of::<Worker>(), TypeId::of::<Cluster>()]
}

fn described(provider: &Provider) -> String {
    format!("{}::{}  at {}", provider.place.module(), provider.function, provider.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    #[tokio::test]
    async fn a_provider_that_panics_fails_like_one_that_returns_an_error() {
        let provider =
            Provider::new(Requirement::of::<u8>, Vec::new, |_| Box::pin(async { panic!("no {}", "luck") }))
                .function("number")
                .at(Place::new("shop::state", "src/state.rs", 7, 1));
        let order = Order { providers: vec![provider], given: Vec::new() };
        let error =
            order.build(Settings::default(), Cluster::alone(Worker::new("shop", 0, 1))).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the provider of `u8` failed: it panicked: no luck\n    shop::state::number  at src/state.rs:7"
        );
    }
}
