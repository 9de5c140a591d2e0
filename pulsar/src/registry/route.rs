//! Routes and scopes, as the route attributes and `scope!` register them.

use std::fmt;

use pulsar_pattern::{ParseError, Pattern};

use super::requirement::{Asks, Requirement};
use crate::{handler::Serve, place::Place};

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
    pub(crate) handler: &'static dyn Serve,
    pub(crate) function: &'static str,
    pub(crate) name: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) doc: &'static str,
    pub(crate) asks: &'static [Asks],
    pub(crate) blocking: bool,
    pub(crate) built_for_tests: bool,
}

/// The builder is not public API; generated code uses it. The getters are for tools that list routes.
impl Route {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        methods: &'static [&'static str],
        rule: &'static str,
        function: &'static str,
        handler: &'static dyn Serve,
        place: Place,
    ) -> Self {
        Self {
            methods,
            rule,
            handler,
            function,
            name: None,
            place,
            doc: "",
            asks: &[],
            blocking: false,
            built_for_tests: false,
        }
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
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn asks(mut self, asks: &'static [Asks]) -> Self {
        self.asks = asks;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn built_for_tests(mut self, built_for_tests: bool) -> Self {
        self.built_for_tests = built_for_tests;
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

    /// Whether it is there in tests alone: it was compiled for tests, in a module `test` or `tests` or in a folder `tests`.
    ///
    /// A program that serves never mounts such a route; a [`Client`](crate::testing::Client) does.
    pub fn is_only_in_tests(&self) -> bool {
        self.built_for_tests && is_for_tests(self.place)
    }

    /// The state that its arguments ask for.
    pub fn requirements(&self) -> Vec<Requirement> {
        self.asks.iter().flatten().map(|asks| asks()).collect()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({} {} at {})", self.methods.join(","), self.rule, self.place)
    }
}

/// Whether what stands there is meant for tests, if it was compiled for them: then everything else was as well.
fn is_for_tests(place: Place) -> bool {
    // A package may stand below a folder `tests`; its own source is in `src`.
    let folders: Vec<_> = place.file().split(['/', '\\']).rev().skip(1).collect();
    let in_folder = folders.iter().take_while(|folder| **folder != "src").any(|folder| *folder == "tests");
    in_folder || place.module().split("::").skip(1).any(|module| matches!(module, "test" | "tests"))
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

    /// The scope that holds for a place, of all that are linked: those of other crates hold for none of ours.
    pub(crate) fn around(place: Place) -> Option<Self> {
        nearest(place, inventory::iter::<Self>)
    }
}

/// The scope with the longest module path that the place is within.
pub(super) fn nearest<'a>(place: Place, scopes: impl IntoIterator<Item = &'a Scope>) -> Option<Scope> {
    scopes
        .into_iter()
        .filter(|scope| place.is_within(scope.place.module()))
        .max_by_key(|scope| scope.place.module().len())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Nothing;

    #[test]
    fn what_is_meant_for_tests_is_told_by_its_place() {
        for (module, file, only_in_tests) in [
            ("shop", "src/main.rs", false),
            ("shop::users", "src/users.rs", false),
            ("shop::users::tests", "src/users.rs", true),
            ("shop::test::doubles", "src/test/doubles.rs", true),
            ("shop::testing", "src/testing.rs", false),
            ("tests", "src/main.rs", false),
            ("api", "tests/api.rs", true),
            ("api", "shop/tests/api/main.rs", true),
            ("api", "shop\\tests\\api.rs", true),
            ("blog", "tests/fixtures/blog/src/lib.rs", false),
        ] {
            let place = Place::new(module, file, 1, 1);
            let route = Route::new(&["GET"], "/", "", &Nothing, place);
            assert!(!route.is_only_in_tests(), "{module} in {file}, as it serves");
            assert_eq!(route.built_for_tests(true).is_only_in_tests(), only_in_tests, "{module} in {file}");
        }
    }
}
