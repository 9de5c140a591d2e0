//! Providers, as `#[provide]` registers them.

use std::{any::Any, convert::Infallible, fmt, marker::PhantomData, sync::Arc};

use super::requirement::Requirement;
use crate::{
    body::{BoxError, BoxFuture},
    context::Context,
    place::Place,
};

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

/// Takes a return type apart: the inherent methods of `Returned<Result<T, E>>` go before the trait's. Neither asks anything of
/// the types, so that what they lack is said by the traits of [`bounds`](crate::bounds).
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

impl<T, E> Returned<Result<T, E>> {
    /// Not public API. Used by generated code.
    #[must_use]
    pub fn provides(&self) -> Requirement
    where
        T: 'static,
    {
        Requirement::of::<T>()
    }

    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// Passes on the function's own.
    pub fn split(&self, value: Result<T, E>) -> Result<T, E> {
        value
    }
}

/// The other case of [`Returned`]. Not public API. Used by generated code.
#[doc(hidden)]
pub trait ReturnedValue<T> {
    /// Not public API. Used by generated code.
    fn provides(&self) -> Requirement
    where
        T: 'static;

    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// Never.
    fn split(&self, value: T) -> Result<T, Infallible>;
}

impl<T> ReturnedValue<T> for Returned<T> {
    fn provides(&self) -> Requirement
    where
        T: 'static,
    {
        Requirement::of::<T>()
    }

    fn split(&self, value: T) -> Result<T, Infallible> {
        Ok(value)
    }
}
