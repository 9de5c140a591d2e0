//! What the macros register: routes, scopes, providers and WSGI applications, collected over the whole program.
//!
//! The entries arrive in no order, from every crate that is linked. [`Registry::of`] sorts them by place and keeps those of
//! the crates that the program names, so that a dependency cannot add an endpoint silently; the rest is kept apart, to
//! be reported. It knows nothing of routing.

use std::{
    any::{Any, TypeId, type_name},
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use pulsar_pattern::{ParseError, Pattern};

use crate::{
    body::{BoxError, BoxFuture},
    context::{Context, missing, short_type_name},
    extract::State,
    handler::Handler,
    place::Place,
    wsgi::Application,
};

inventory::collect!(Route);
inventory::collect!(Scope);
inventory::collect!(Provider);
inventory::collect!(WsgiApp);

/// A route, as the attribute on its function registered it.
///
/// ```standalone_crate
/// /// The first page.
/// #[pulsar::get("/", name = "index")]
/// async fn home() {}
///
/// # fn main() {
/// let registry = pulsar::Registry::of(&[module_path!()]);
/// let route = registry.routes().next().unwrap();
/// assert_eq!((route.methods(), route.rule(), route.route_name()), (&["GET"][..], "/", "index"));
/// assert!(route.function_path().ends_with("::home"));
/// assert_eq!(route.doc_comment(), "The first page.");
/// assert!(!route.is_blocking());
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Route {
    pub(crate) methods: &'static [&'static str],
    pub(crate) rule: &'static str,
    pub(crate) handler: Handler,
    pub(crate) function: &'static str,
    pub(crate) name: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) doc: &'static str,
    pub(crate) requirements: fn() -> Vec<Requirement>,
    pub(crate) extracts: bool,
    pub(crate) blocking: bool,
}

/// The builder is not public API; generated code uses it. The getters are for tools that list routes.
impl Route {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(methods: &'static [&'static str], rule: &'static str, handler: Handler) -> Self {
        Self {
            methods,
            rule,
            handler,
            function: "",
            name: None,
            place: Place::new("", "", 0, 0),
            doc: "",
            requirements: Vec::new,
            extracts: false,
            blocking: false,
        }
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn function(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn requires(mut self, requirements: fn() -> Vec<Requirement>) -> Self {
        self.requirements = requirements;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn extracts(mut self, extracts: bool) -> Self {
        self.extracts = extracts;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn blocking(mut self, blocking: bool) -> Self {
        self.blocking = blocking;
        self
    }

    /// The methods, as they were written.
    pub fn methods(&self) -> &'static [&'static str] {
        self.methods
    }

    /// The rule as it was written, without the prefix of a scope.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The rule parsed into its segments.
    ///
    /// # Errors
    ///
    /// Fails for a rule that is no rule, which the attribute has already refused.
    pub fn pattern(&self) -> Result<Pattern, ParseError> {
        self.rule.parse()
    }

    /// The path of the function, beginning with its crate.
    pub fn function_path(&self) -> String {
        format!("{}::{}", self.place.module(), self.function)
    }

    /// The name: the one given in the attribute, else that of the function.
    pub fn route_name(&self) -> &'static str {
        self.name.unwrap_or(self.function)
    }

    /// Where the attribute stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The doc comment of the function.
    pub fn doc_comment(&self) -> &'static str {
        self.doc
    }

    /// Whether the function runs on the thread pool, as a `fn` does that is not `inline`.
    pub fn is_blocking(&self) -> bool {
        self.blocking
    }

    /// The state that its arguments ask for.
    pub fn requirements(&self) -> Vec<Requirement> {
        (self.requirements)()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({} {} at {})", self.methods.join(","), self.rule, self.place)
    }
}

/// A prefix for the routes of a module and of those below it, as `scope!` registered it.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub(crate) prefix: &'static str,
    pub(crate) place: Place,
}

impl Scope {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(prefix: &'static str, place: Place) -> Self {
        Self { prefix, place }
    }
}

/// A WSGI application, as `#[wsgi_app]` registered it.
#[derive(Clone, Copy)]
pub struct WsgiApp {
    application: fn() -> Application,
    function: &'static str,
    path: Option<&'static str>,
    pub(crate) name: Option<&'static str>,
    pub(crate) binds: &'static [&'static str],
    pub(crate) workers: Option<&'static str>,
    place: Place,
    doc: &'static str,
}

/// The builder is not public API; generated code uses it. The getters are for tools that list applications.
impl WsgiApp {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(application: fn() -> Application, function: &'static str, place: Place) -> Self {
        Self { application, function, path: None, name: None, binds: &[], workers: None, place, doc: "" }
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn at_path(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn binds(mut self, binds: &'static [&'static str]) -> Self {
        self.binds = binds;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn workers(mut self, workers: &'static str) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// The application.
    pub fn application(&self) -> Application {
        (self.application)()
    }

    /// Where it is mounted, without the prefix of a scope; `None` if it is the application.
    pub fn path(&self) -> Option<&'static str> {
        self.path
    }

    /// The path of the function, beginning with its crate.
    pub fn function_path(&self) -> String {
        format!("{}::{}", self.place.module(), self.function)
    }

    /// Where the attribute stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The doc comment of the function.
    pub fn doc_comment(&self) -> &'static str {
        self.doc
    }

    /// The name that it has as an application of its own, if it is one.
    pub(crate) fn own_name(&self) -> Option<&'static str> {
        let is_own = self.name.is_some() || !self.binds.is_empty() || self.workers.is_some();
        is_own.then(|| self.name.unwrap_or(self.function))
    }
}

impl fmt::Debug for WsgiApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WsgiApp({} at {})", self.function, self.place)
    }
}

/// A value that a handler or a provider asks for, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub(crate) id: TypeId,
    pub(crate) type_name: &'static str,
}

impl Requirement {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), type_name: type_name::<T>() }
    }

    /// The type, without the paths of its modules.
    pub fn short_name(&self) -> String {
        short_type_name(self.type_name)
    }

    pub(crate) fn missing(&self) -> String {
        missing(self.type_name)
    }
}

/// Finds out whether an argument's type asks for state: the inherent method of `Probe<State<T>>` goes before the trait's.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// Not public API. Used by generated code.
    #[allow(clippy::new_without_default)] // generated code calls `new`
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + Sync + 'static> Probe<State<T>> {
    /// Not public API. Used by generated code.
    #[allow(clippy::unnecessary_wraps)] // the trait's method of the same name says `None`
    #[must_use]
    pub fn requirement(&self) -> Option<Requirement> {
        Some(Requirement::of::<T>())
    }
}

/// The other case of [`Probe`]. Not public API. Used by generated code.
#[doc(hidden)]
pub trait NoRequirement {
    /// Not public API. Used by generated code.
    fn requirement(&self) -> Option<Requirement> {
        None
    }
}

impl<T> NoRequirement for Probe<T> {}

/// A value that a provider made.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
pub type Built = Arc<dyn Any + Send + Sync>;

/// A provider, as `#[provide]` registered it.
#[derive(Clone, Copy)]
pub struct Provider {
    pub(crate) provides: fn() -> Requirement,
    pub(crate) needs: fn() -> Vec<Requirement>,
    pub(crate) build: Build,
    pub(crate) function: &'static str,
    pub(crate) place: Place,
}

type Build = for<'a> fn(&'a Context) -> BoxFuture<'a, Result<Built, BoxError>>;

/// Not public API. Used by generated code.
impl Provider {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(provides: fn() -> Requirement, needs: fn() -> Vec<Requirement>, build: Build) -> Self {
        Self { provides, needs, build, function: "", place: Place::new("", "", 0, 0) }
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn function(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({} at {})", self.function, self.place)
    }
}

/// Takes a provider's return type apart: the inherent methods of `Returned<Result<T, E>>` go before the trait's.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Returned<R>(PhantomData<R>);

impl<R> Returned<R> {
    /// Not public API. Used by generated code.
    #[allow(clippy::new_without_default)] // generated code calls `new`
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + Sync + 'static, E: Into<BoxError>> Returned<Result<T, E>> {
    /// Not public API. Used by generated code.
    #[must_use]
    pub fn provides(&self) -> Requirement {
        Requirement::of::<T>()
    }

    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// Passes on the provider's own.
    pub fn finish(&self, value: Result<T, E>) -> Result<Built, BoxError> {
        value.map(|value| Arc::new(value) as Built).map_err(Into::into)
    }
}

/// The other case of [`Returned`]. Not public API. Used by generated code.
#[doc(hidden)]
pub trait ReturnedValue<T> {
    /// Not public API. Used by generated code.
    fn provides(&self) -> Requirement;

    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// Never.
    fn finish(&self, value: T) -> Result<Built, BoxError>;
}

impl<T: Send + Sync + 'static> ReturnedValue<T> for Returned<T> {
    fn provides(&self) -> Requirement {
        Requirement::of::<T>()
    }

    fn finish(&self, value: T) -> Result<Built, BoxError> {
        Ok(Arc::new(value))
    }
}

/// The requirements that the probes of a handler found. Not public API. Used by generated code.
#[doc(hidden)]
#[must_use]
pub fn found<const N: usize>(probes: [Option<Requirement>; N]) -> Vec<Requirement> {
    probes.into_iter().flatten().collect()
}

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
    /// How many routes and WSGI applications each crate registered that the program does not name.
    pub(crate) unmounted: BTreeMap<&'static str, usize>,
}

impl Registry {
    /// The registrations of these crates.
    ///
    /// ```
    /// let registry = pulsar::Registry::of(&["a_crate_without_routes"]);
    /// assert_eq!(registry.routes().count(), 0);
    /// ```
    pub fn of<S: AsRef<str>>(crates: &[S]) -> Self {
        Self::select(
            crates,
            inventory::iter::<Route>.into_iter().copied(),
            inventory::iter::<Scope>.into_iter().copied(),
            inventory::iter::<Provider>.into_iter().copied(),
            inventory::iter::<WsgiApp>.into_iter().copied(),
        )
    }

    /// The routes, in the order of their places.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().map(|(route, _)| route)
    }

    fn select<S: AsRef<str>>(
        crates: &[S],
        routes: impl Iterator<Item = Route>,
        scopes: impl Iterator<Item = Scope>,
        providers: impl Iterator<Item = Provider>,
        wsgi_apps: impl Iterator<Item = WsgiApp>,
    ) -> Self {
        let named = |place: Place| crates.iter().any(|name| name.as_ref() == place.krate());
        let mut scopes: Vec<_> = scopes.filter(|scope| named(scope.place)).collect();
        scopes.sort_by_key(|scope| scope.place);
        let mut providers: Vec<_> = providers.filter(|provider| named(provider.place)).collect();
        providers.sort_by_key(|provider| provider.place);
        let mut unmounted = BTreeMap::new();
        let mut applications = Vec::new();
        for app in wsgi_apps {
            if named(app.place) {
                applications.push((app, scope_of(app.place, &scopes)));
            } else {
                *unmounted.entry(app.place.krate()).or_default() += 1;
            }
        }
        applications.sort_by_key(|(app, _)| (app.place.krate(), app.place));
        let mut mounted = Vec::new();
        for route in routes {
            if named(route.place) {
                mounted.push((route, scope_of(route.place, &scopes)));
            } else {
                *unmounted.entry(route.place.krate()).or_default() += 1;
            }
        }
        mounted.sort_by(|(a, _), (b, _)| (a.place.krate(), a.place).cmp(&(b.place.krate(), b.place)));
        Self { routes: mounted, providers, scopes, wsgi_apps: applications, unmounted }
    }
}

/// The scope with the longest module path that the place is within.
fn scope_of(place: Place, scopes: &[Scope]) -> Option<Scope> {
    scopes
        .iter()
        .filter(|scope| place.is_within(scope.place.module()))
        .max_by_key(|scope| scope.place.module().len())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Reply;

    fn route(rule: &'static str, module: &'static str, line: u32) -> Route {
        Route::new(&["GET"], rule, |_, _, _| Reply::now(http::Response::default())).at(Place::new(
            module,
            "src/lib.rs",
            line,
            1,
        ))
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
        assert_eq!(registry.unmounted, BTreeMap::from([("other", 1)]));
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
            let scope = scope_of(Place::new(module, "x.rs", 9, 1), &scopes).unwrap();
            assert_eq!(scope.prefix, prefix, "{module}");
        }
        assert!(scope_of(Place::new("shop", "x.rs", 9, 1), &scopes).is_none());
    }

    #[test]
    fn requirements_are_found_behind_a_type_alias() {
        type Db = State<String>;
        let found = Probe::<Db>::new().requirement();
        assert_eq!(found, Some(Requirement::of::<String>()));
        let none = Probe::<Option<u8>>::new().requirement();
        assert_eq!(none, None);
    }

    #[test]
    fn a_provider_may_return_a_value_or_a_result() {
        assert_eq!(Returned::<u8>::new().provides(), Requirement::of::<u8>());
        assert_eq!(Returned::<crate::Result<u8>>::new().provides(), Requirement::of::<u8>());
        let failed = Returned::<crate::Result<u8>>::new().finish(Err(crate::Error::new("no luck")));
        assert!(failed.unwrap_err().to_string().contains("no luck"));
        assert!(Returned::<u8>::new().finish(7).unwrap().downcast_ref::<u8>() == Some(&7));
    }
}
