//! What a router holds before it is compiled: routes and mounted services, each with the place that added it.

use std::sync::Arc;

use http::Method;
use pulsar_pattern::Pattern;

use crate::{
    context::Context,
    finding::{Source, Spot},
    handler::Endpoint,
    middleware::BoxService,
    place::Place,
};

/// A route with all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) methods: Vec<Method>,
    pub(super) pattern: Pattern,
    pub(super) endpoint: Endpoint,
    pub(super) name: Option<String>,
    /// Whether somebody has chosen the name; else it is that of the function.
    pub(super) is_named: bool,
    /// The path of the function, if a macro registered it.
    pub(super) function: Option<String>,
    pub(super) source: Source,
    pub(super) place: Option<Place>,
    /// Whether it exists in tests alone.
    pub(super) only_in_tests: bool,
}

impl Entry {
    /// The entry in a message about these methods.
    pub(super) fn spot(&self, methods: &[Method]) -> Spot {
        let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
        let spot = Spot::new(self.source).text(format!("{} {}", methods.join(","), self.pattern));
        let spot = spot.only_in_tests(self.only_in_tests);
        match &self.function {
            Some(function) => spot.function(function),
            None => spot,
        }
    }
}

#[derive(Clone)]
pub(super) struct MountEntry {
    pub(super) prefix: Pattern,
    pub(super) target: Mounted,
    /// The path of the function, or the macro as it was called.
    pub(super) function: Option<String>,
    /// Whether it is static files, which answer GET and HEAD.
    pub(super) is_files: bool,
    pub(super) source: Source,
}

impl MountEntry {
    /// The entry in a message.
    pub(super) fn spot(&self) -> Spot {
        let spot = Spot::new(self.source).text(format!("* {}", self.prefix));
        match &self.function {
            Some(function) => spot.function(function),
            None => spot,
        }
    }
}

/// Makes a service for the state of a worker.
pub(super) type Make = Arc<dyn Fn(&Context) -> BoxService + Send + Sync>;

#[derive(Clone)]
pub(super) enum Mounted {
    /// Sees the path without the prefix.
    Service(BoxService),
    /// The same, made for each worker.
    Made(Make),
    /// The fallback of a nested router.
    Fallback(Endpoint),
}
