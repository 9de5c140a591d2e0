//! What a router holds before it is compiled: routes and mounted services, each with the place that added it.

use std::{fmt, panic::Location, sync::Arc};

use http::Method;
use pulsar_pattern::Pattern;

use crate::{context::Context, handler::Endpoint, middleware::BoxService, place::Place};

/// A route with all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) methods: Vec<Method>,
    pub(super) pattern: Pattern,
    pub(super) endpoint: Endpoint,
    pub(super) name: Option<String>,
    /// The path of the function, if a macro registered it.
    pub(super) function: Option<String>,
    pub(super) source: Source,
    pub(super) place: Option<Place>,
}

#[derive(Clone)]
pub(super) struct MountEntry {
    pub(super) prefix: Pattern,
    pub(super) target: Mounted,
    pub(super) source: Source,
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

/// Where something was added, for messages: `file:line`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    file: &'static str,
    line: u32,
}

impl Source {
    #[track_caller]
    pub(super) fn caller() -> Self {
        let location = Location::caller();
        Self { file: location.file(), line: location.line() }
    }
}

impl From<Place> for Source {
    fn from(place: Place) -> Self {
        Self { file: place.file(), line: place.line() }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
