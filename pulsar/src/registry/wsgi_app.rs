//! WSGI applications, as `#[wsgi_app]` registers them.

use std::fmt;

use crate::{place::Place, wsgi::Application};

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
