//! The state of a worker: what its providers made, its settings, its thread pool.
//!
//! [`Context`] is the state parameter `S` of axum-core's extractor traits. It is made once per worker and application, before the worker
//! accepts, and never changes after that, so reading it takes no lock.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::{Arc, Weak},
};

use crate::{pool::Pool, settings::Settings};

/// The state of a worker, shared by its handlers.
///
/// Handlers read it by naming a type, `db: State<Db>`; an extractor of your own takes it from its second argument.
///
/// ```
/// use pulsar::{Context, FromRequestParts, Problem, http::{StatusCode, request::Parts}};
///
/// struct Tenant(String);
///
/// struct Tenants(Vec<String>);
///
/// impl FromRequestParts<Context> for Tenant {
///     type Rejection = Problem;
///
///     async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
///         let known = context.get::<Tenants>().ok_or(Problem::new(StatusCode::SERVICE_UNAVAILABLE))?;
///         let name = parts.headers.get("x-tenant").and_then(|value| value.to_str().ok()).unwrap_or("");
///         if known.0.iter().any(|tenant| tenant == name) {
///             Ok(Tenant(name.to_owned()))
///         } else {
///             Err(Problem::new(StatusCode::FORBIDDEN))
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    names: Vec<&'static str>,
    settings: Arc<Settings>,
    pool: Pool,
}

impl Context {
    /// A context with these settings and no state; its thread pool has the size that they give.
    ///
    /// # Errors
    ///
    /// Fails when the operating system refuses what the pool needs.
    ///
    /// ```
    /// use pulsar::{Context, Settings};
    /// let context = Context::new(Settings::default())?.with(7_u32);
    /// assert_eq!(context.get::<u32>().as_deref(), Some(&7));
    /// assert!(context.get::<String>().is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(settings: Settings) -> std::io::Result<Self> {
        let pool = Pool::new(settings.thread_workers.threads(), settings.thread_queue)?;
        let settings = Arc::new(settings);
        let inner =
            Inner { values: HashMap::new(), names: Vec::new(), settings: Arc::clone(&settings), pool };
        Ok(Self(Arc::new(inner)).with_shared(settings))
    }

    /// Adds a value, which `State<T>` will give; it replaces one of the same type.
    ///
    /// ```
    /// use pulsar::{Context, Settings};
    /// let context = Context::new(Settings::default())?.with("first").with("second");
    /// assert_eq!(*context.get::<&str>().unwrap(), "second");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.with_shared(Arc::new(value))
    }

    /// The value of this type, if a provider made one.
    ///
    /// ```
    /// use pulsar::{Context, Settings};
    /// let context = Context::new(Settings::default())?;
    /// assert!(context.get::<Settings>().is_some(), "the settings are always there");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.values.get(&TypeId::of::<T>()).and_then(|value| Arc::clone(value).downcast().ok())
    }

    /// The settings of the program.
    ///
    /// ```
    /// use pulsar::{Context, Settings};
    /// let context = Context::new(Settings::default())?;
    /// assert_eq!(context.settings().threads, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Not public API. Used by generated code, which asks only for what its provider declared.
    ///
    /// # Panics
    ///
    /// Panics if there is no such value.
    #[doc(hidden)]
    #[must_use]
    pub fn need<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.get().unwrap_or_else(|| panic!("{}", missing(type_name::<T>())))
    }

    pub(crate) fn with_shared<T: Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.with_any(TypeId::of::<T>(), type_name::<T>(), value)
    }

    pub(crate) fn with_any(
        mut self,
        id: TypeId,
        name: &'static str,
        value: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        // A context that is being built is not shared; one that is shared is copied, which only tests do.
        if Arc::get_mut(&mut self.0).is_none() {
            self.0 = Arc::new(Inner {
                values: self.0.values.clone(),
                names: self.0.names.clone(),
                settings: Arc::clone(&self.0.settings),
                pool: self.0.pool.clone(),
            });
        }
        let inner = Arc::get_mut(&mut self.0).expect("made just above, or not shared");
        if inner.values.insert(id, value).is_none() {
            inner.names.push(name);
        }
        self
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// For what the context itself owns.
    pub(crate) fn downgrade(&self) -> WeakContext {
        WeakContext(Arc::downgrade(&self.0))
    }
}

/// A context, as long as somebody else has it.
#[derive(Clone)]
pub(crate) struct WeakContext(Weak<Inner>);

impl WeakContext {
    pub(crate) fn upgrade(&self) -> Option<Context> {
        self.0.upgrade().map(Context)
    }
}

/// The default settings and no state.
///
/// # Panics
///
/// Panics when the operating system refuses what the thread pool needs; [`Context::new`] gives an error instead.
impl Default for Context {
    fn default() -> Self {
        Self::new(Settings::default()).expect("the operating system gives what a thread pool needs")
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("values", &self.0.names).finish_non_exhaustive()
    }
}

/// What a person is told who asks for state that nobody provides.
pub(crate) fn missing(type_name: &str) -> String {
    let (missing, way_out) = missing_and_way_out(type_name);
    format!("{missing}; {way_out}")
}

/// The same in its two halves.
pub(crate) fn missing_and_way_out(type_name: &str) -> (String, String) {
    let short = short_type_name(type_name);
    let way_out = format!("write `#[provide] fn ..() -> {short}` in a crate that the program mounts");
    (format!("nobody provides `{short}`"), way_out)
}

/// A type name without its module paths: `alloc::vec::Vec<my::Db>` is `Vec<Db>`.
pub(crate) fn short_type_name(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut start = 0;
    for (at, c) in name.char_indices() {
        if !(c.is_alphanumeric() || c == '_' || c == ':') {
            short.push_str(last_part(&name[start..at]));
            short.push(c);
            start = at + c.len_utf8();
        }
    }
    short.push_str(last_part(&name[start..]));
    short
}

fn last_part(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_are_shortened_everywhere() {
        for (long, short) in [
            ("u32", "u32"),
            ("app::db::Db", "Db"),
            ("alloc::vec::Vec<app::Db>", "Vec<Db>"),
            ("(app::A, core::option::Option<&str>)", "(A, Option<&str>)"),
            ("dyn app::Store + core::marker::Send", "dyn Store + Send"),
        ] {
            assert_eq!(short_type_name(long), short);
        }
    }

    #[test]
    fn a_shared_context_is_not_changed_by_its_copy() {
        let one = Context::new(Settings::default()).unwrap().with(1_u8);
        let two = one.clone().with(2_u8);
        assert_eq!((*one.need::<u8>(), *two.need::<u8>()), (1, 2));
    }
}
