//! What the macros register: routes, scopes, providers, WSGI applications, static files, hooks, periodic tasks and handlers of
//! messages, collected over the whole program.
//!
//! The entries arrive in no order, from every crate that is linked. [`Registry::of`] sorts them by place and keeps those of
//! the crates that the program names, so that a dependency cannot add an endpoint silently; the rest is kept apart, to
//! be reported. It knows nothing of routing.

mod hook;
mod job;
mod message;
mod provider;
mod requirement;
mod route;
mod static_files;
mod task;
mod wsgi_app;

use std::collections::BTreeMap;

pub(crate) use self::{hook::Event, message::Refused};
pub use self::{
    hook::Hook,
    job::{Outcome, in_pool},
    message::{Message, Returns, answered, answered_in_pool, payload},
    provider::{Built, Provider, Returned, ReturnedValue},
    requirement::{NoRequirement, Probe, Requirement},
    route::{Route, Scope},
    static_files::StaticFiles,
    task::Task,
    wsgi_app::WsgiApp,
};
use crate::{finding::Spot, order::sort_by_key, place::Place};

inventory::collect!(Route);
inventory::collect!(Scope);
inventory::collect!(Provider);
inventory::collect!(WsgiApp);
inventory::collect!(Hook);
inventory::collect!(Task);
inventory::collect!(Message);
inventory::collect!(StaticFiles);

/// The registrations of the crates that a program names, sorted by place.
///
/// Only for tools that list routes: a [`Program`](crate::Program) reads it by itself.
///
/// ```standalone_crate
/// #[pulsar::get("/users/<int:id>")]
/// async fn user(id: u32) {
///     let _ = id;
/// }
///
/// # fn main() {
/// let registry = pulsar::Registry::of(&[module_path!()]);
/// let rules: Vec<_> = registry.routes().map(|route| route.rule()).collect();
/// assert_eq!(rules, ["/users/<int:id>"]);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The routes, each with the prefix of its scope, if it has one.
    pub(crate) routes: Vec<(Route, Option<Scope>)>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) scopes: Vec<Scope>,
    /// The WSGI applications, each with the prefix of its scope, if it has one.
    pub(crate) wsgi_apps: Vec<(WsgiApp, Option<Scope>)>,
    /// The folders of static files, each with the prefix of its scope, if it has one.
    pub(crate) static_files: Vec<(StaticFiles, Option<Scope>)>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) messages: Vec<Message>,
    /// The routes, WSGI applications and folders of each crate that the program does not name.
    pub(crate) unmounted: BTreeMap<&'static str, Vec<Spot>>,
}

impl Registry {
    /// The registrations of these crates.
    ///
    /// ```
    /// let registry = pulsar::Registry::of(&["a_crate_without_routes"]);
    /// assert_eq!(registry.routes().count(), 0);
    /// ```
    pub fn of<S: AsRef<str>>(crates: &[S]) -> Self {
        let mut registry = Self::select(
            crates,
            inventory::iter::<Route>.into_iter().copied(),
            inventory::iter::<Scope>.into_iter().copied(),
            inventory::iter::<Provider>.into_iter().copied(),
            inventory::iter::<WsgiApp>.into_iter().copied(),
        );
        let named = |place: Place| is_named(crates, place);
        for files in inventory::iter::<StaticFiles>.into_iter().filter(|files| !named(files.place())) {
            let spot = Spot::new(files.place()).text(files.to_string());
            registry.unmounted.entry(files.place().krate()).or_default().push(spot);
        }
        for spots in registry.unmounted.values_mut() {
            sort_by_key(spots, |spot| spot.source);
        }
        let files = sorted(inventory::iter::<StaticFiles>.into_iter().copied(), StaticFiles::place, named);
        let files = files.into_iter().map(|files| (files, route::nearest(files.place(), &registry.scopes)));
        Self {
            static_files: files.collect(),
            hooks: sorted(inventory::iter::<Hook>.into_iter().copied(), |hook| hook.place, named),
            tasks: sorted(inventory::iter::<Task>.into_iter().copied(), |task| task.place, named),
            messages: sorted(inventory::iter::<Message>.into_iter().copied(), |entry| entry.place, named),
            ..registry
        }
    }

    /// Without the routes that exist only in tests: what a program that serves has.
    pub(crate) fn without_tests(mut self) -> Self {
        self.routes.retain(|(route, _)| !route.is_only_in_tests());
        self
    }

    /// The routes, in the order of their places.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().map(|(route, _)| route)
    }

    /// Everything that asks for state, but for the providers, which ask one another.
    pub(crate) fn asking(&self) -> impl Iterator<Item = Asking> {
        let routes = self.routes().map(|route| Asking {
            needs: route.requirements(),
            function: route.function_path(),
            place: route.place(),
        });
        let of = |needs: fn() -> Vec<Requirement>, function: &str, place: Place| Asking {
            needs: needs(),
            function: format!("{}::{function}", place.module()),
            place,
        };
        let hooks = self.hooks.iter().map(move |hook| of(hook.needs, hook.function, hook.place));
        let tasks = self.tasks.iter().map(move |task| of(task.needs, task.function, task.place));
        let messages = self.messages.iter().map(move |entry| of(entry.needs, entry.function, entry.place));
        routes.chain(hooks).chain(tasks).chain(messages)
    }

    fn select<S: AsRef<str>>(
        crates: &[S],
        routes: impl Iterator<Item = Route>,
        scopes: impl Iterator<Item = Scope>,
        providers: impl Iterator<Item = Provider>,
        wsgi_apps: impl Iterator<Item = WsgiApp>,
    ) -> Self {
        let named = |place: Place| is_named(crates, place);
        let scopes = sorted(scopes, |scope| scope.place, named);
        let providers = sorted(providers, |provider| provider.place, named);
        let mut unmounted: BTreeMap<_, Vec<Spot>> = BTreeMap::new();
        let mut applications = Vec::new();
        for app in wsgi_apps {
            if named(app.place()) {
                applications.push((app, route::nearest(app.place(), &scopes)));
            } else {
                let text = match app.own_name() {
                    Some(name) => format!("app {name}"),
                    None => format!("* {}", app.path().unwrap_or("/")),
                };
                let spot = Spot::new(app.place()).text(text).function(app.function_path());
                unmounted.entry(app.place().krate()).or_default().push(spot);
            }
        }
        sort_by_key(&mut applications, |(app, _)| (app.place().krate(), app.place()));
        let mut mounted = Vec::new();
        for route in routes {
            if named(route.place) {
                mounted.push((route, route::nearest(route.place, &scopes)));
            } else {
                let text = format!("{} {}", route.methods.join(","), route.rule);
                let spot = Spot::new(route.place).text(text).function(route.function_path());
                let spot = spot.only_in_tests(route.is_only_in_tests());
                unmounted.entry(route.place.krate()).or_default().push(spot);
            }
        }
        sort_by_key(&mut mounted, |(route, _)| (route.place.krate(), route.place));
        Self { routes: mounted, providers, scopes, wsgi_apps: applications, unmounted, ..Self::default() }
    }
}

/// A function and the state that it asks for.
pub(crate) struct Asking {
    pub(crate) needs: Vec<Requirement>,
    /// Its path, beginning with its crate.
    pub(crate) function: String,
    pub(crate) place: Place,
}

fn is_named<S: AsRef<str>>(crates: &[S], place: Place) -> bool {
    crates.iter().any(|name| name.as_ref() == place.krate())
}

/// The entries of the crates that are named, in the order of their places.
fn sorted<T>(
    entries: impl Iterator<Item = T>,
    place: impl Fn(&T) -> Place,
    named: impl Fn(Place) -> bool,
) -> Vec<T> {
    let mut entries: Vec<_> = entries.filter(|entry| named(place(entry))).collect();
    sort_by_key(&mut entries, place);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{extract::State, handler::Nothing};

    fn route(rule: &'static str, module: &'static str, line: u32) -> Route {
        Route::new(&["GET"], rule, "", &Nothing, Place::new(module, "src/lib.rs", line, 1))
    }

    #[test]
    fn entries_are_filtered_by_crate_and_sorted_by_place() {
        let routes = [
            route("/c", "blog::x", 30),
            route("/a", "blog", 10),
            route("/x", "other", 5),
            route("/b", "blog", 20),
        ];
        let registry = Registry::select(
            &["blog"],
            routes.into_iter(),
            std::iter::empty(),
            std::iter::empty(),
            std::iter::empty(),
        );
        assert_eq!(registry.routes().map(Route::rule).collect::<Vec<_>>(), ["/a", "/b", "/c"]);
        let unmounted = Spot::new(Place::new("other", "src/lib.rs", 5, 1)).text("GET /x").function("other::");
        assert_eq!(registry.unmounted, BTreeMap::from([("other", vec![unmounted])]));
    }

    #[test]
    fn the_scope_with_the_longest_module_path_applies() {
        let scopes = [
            Scope::new("/all", Place::new("blog", "src/lib.rs", 1, 1)),
            Scope::new("/api/v1", Place::new("blog::api::v1", "src/v1.rs", 1, 1)),
            Scope::new("/api", Place::new("blog::api", "src/api.rs", 1, 1)),
        ];
        for (module, prefix) in [
            ("blog", "/all"),
            ("blog::pages", "/all"),
            ("blog::api", "/api"),
            ("blog::apiary", "/all"),
            ("blog::api::v1", "/api/v1"),
            ("blog::api::v1::users", "/api/v1"),
            ("blog::api::v2", "/api"),
        ] {
            let scope = route::nearest(Place::new(module, "x.rs", 9, 1), &scopes).unwrap();
            assert_eq!(scope.prefix, prefix, "{module}");
        }
        assert!(route::nearest(Place::new("shop", "x.rs", 9, 1), &scopes).is_none());
    }

    #[test]
    fn requirements_are_found_behind_a_type_alias() {
        type Db = State<String>;
        let asks = <Probe<Db>>::ASKS.expect("it is state");
        assert_eq!(asks(), Requirement::of::<String>());
        assert!(<Probe<Option<u8>>>::ASKS.is_none());
    }

    #[test]
    fn a_provider_may_return_a_value_or_a_result() {
        assert_eq!(Returned::<u8>::new().provides(), Requirement::of::<u8>());
        assert_eq!(Returned::<crate::Result<u8>>::new().provides(), Requirement::of::<u8>());
        let failed = Returned::<crate::Result<u8>>::new().split(Err(crate::Error::new("no luck")));
        assert!(failed.unwrap_err().to_string().contains("no luck"));
        assert!(Returned::<u8>::new().split(7) == Ok(7));
    }
}
