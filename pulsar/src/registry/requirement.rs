//! What handlers and providers ask the state of a worker for: values, by their types.

use std::{
    any::{TypeId, type_name},
    marker::PhantomData,
};

use crate::{
    context::{missing_and_way_out, short_type_name},
    extract::State,
    finding::{Finding, Kind},
};

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

    /// What is said to those who ask for it if nobody provides it.
    pub(crate) fn missing(&self) -> Finding {
        let (message, help) = missing_and_way_out(self.type_name);
        Finding::new(Kind::MissingProvider, message).help(help)
    }
}

/// What an argument asks for, if it asks for state.
pub(crate) type Asks = Option<fn() -> Requirement>;

/// Finds out whether an argument's type asks for state: the inherent constant of `Probe<State<T>>` goes before the trait's.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Send + Sync + 'static> Probe<State<T>> {
    /// Not public API. Used by generated code.
    pub const ASKS: Asks = Some(Requirement::of::<T>);
}

/// The other case of [`Probe`]. Not public API. Used by generated code.
#[doc(hidden)]
pub trait NoRequirement {
    /// Not public API. Used by generated code.
    const ASKS: Asks = None;
}

impl<T> NoRequirement for Probe<T> {}
