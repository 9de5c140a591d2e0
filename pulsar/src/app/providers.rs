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
    finding::{Finding, Kind, Spot, counted},
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
    pub(super) fn of(providers: &[Provider], given: &[Given]) -> (Self, Vec<Finding>) {
        let overridden: HashSet<TypeId> = given.iter().map(|given| given.what.id).collect();
        let mut of_type: Vec<(Requirement, Vec<&Provider>)> = Vec::new();
        for provider in providers {
            let provides = (provider.provides)();
            match of_type.iter_mut().find(|(known, _)| known.id == provides.id) {
                Some((_, providers)) => providers.push(provider),
                None if overridden.contains(&provides.id) => {}
                None => of_type.push((provides, vec![provider])),
            }
        }
        let doubled = of_type.iter().filter(|(_, providers)| providers.len() > 1);
        let doubled = doubled.map(|(what, providers)| {
            let message = format!("{} providers make `{}`", counted(providers.len()), what.short_name());
            let spots = providers.iter().map(|provider| spot(provider));
            Finding::new(Kind::TwoProviders, message).help("keep one of them").at_all(spots)
        });
        let mut problems: Vec<_> = doubled.collect();
        let by_type: HashMap<TypeId, &Provider> =
            of_type.iter().map(|(what, providers)| (what.id, providers[0])).collect();
        let known =
            |id: &TypeId| always_there().contains(id) || overridden.contains(id) || by_type.contains_key(id);
        for provider in providers.iter().filter(|provider| !overridden.contains(&(provider.provides)().id)) {
            for need in (provider.needs)() {
                if !known(&need.id) {
                    problems.push(need.missing().at(spot(provider).text("needed by")));
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
    pub(super) fn missing_for(&self, asking: impl Iterator<Item = Asking>) -> Vec<Finding> {
        let mut known: HashSet<TypeId> = self.given.iter().map(|given| given.what.id).collect();
        known.extend(self.providers.iter().map(|provider| (provider.provides)().id));
        known.extend(always_there());
        let mut problems = Vec::new();
        for Asking { needs, function, place } in asking {
            for need in needs.iter().filter(|need| !known.contains(&need.id)) {
                let spot = Spot::new(place).text("needed by").function(&function);
                problems.push(need.missing().at(spot));
            }
        }
        problems
    }

    /// Providers that nobody asks for, neither by an argument nor for another provider.
    pub(super) fn unused(&self, asking: impl Iterator<Item = Asking>) -> Vec<Finding> {
        let needs = asking.flat_map(|asking| asking.needs);
        let of_providers = self.providers.iter().flat_map(|provider| (provider.needs)());
        let mut asked: HashSet<TypeId> = needs.chain(of_providers).map(|need| need.id).collect();
        asked.extend(asked_otherwise());
        let unused = self.providers.iter().map(|provider| ((provider.provides)(), provider));
        let unused = unused.filter(|(what, _)| !asked.contains(&what.id));
        let finding = |(what, provider): (Requirement, &Provider)| {
            let message = format!("no argument asks for `{}`", what.short_name());
            let help = "remove the provider, unless something takes the value from a `Context`";
            Finding::new(Kind::UnusedProvider, message).help(help).at(spot(provider))
        };
        unused.map(finding).collect()
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
                        spot(provider)
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
    problems: Vec<Finding>,
}

impl Walk<'_> {
    fn visit(&mut self, id: TypeId) {
        let Some(&provider) = self.by_type.get(&id) else {
            return; // given, or reported as missing
        };
        if let Some(start) = self.path.iter().position(|on_path| *on_path == id) {
            let message = "these providers need one another, so that none can run first";
            let spots = self.path[start..].iter().map(|id| spot(self.by_type[id]));
            self.problems.push(Finding::new(Kind::ProviderCycle, message).at_all(spots));
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

/// What extractors of other crates take from the state.
fn asked_otherwise() -> Option<TypeId> {
    #[cfg(feature = "signed-cookies")]
    let key = Some(TypeId::of::<cookie::Key>());
    #[cfg(not(feature = "signed-cookies"))]
    let key = None;
    key
}

fn spot(provider: &Provider) -> Spot {
    Spot::new(provider.place).function(format!("{}::{}", provider.place.module(), provider.function))
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
