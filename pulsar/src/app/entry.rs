//! What `main!` registers, so that a test finds the program of its crate.

use super::program::Program;
use crate::place::Place;

/// Not public API. Used by generated code: the program that the `main!` of a crate describes.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Main {
    program: fn() -> Program,
    place: Place,
}

impl Main {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(program: fn() -> Program, place: Place) -> Self {
        Self { program, place }
    }
}

inventory::collect!(Main);

/// The program of the crate that a module path begins with, if there is a `main!` in it.
pub(crate) fn main_of(module: &str) -> Option<Program> {
    let name = module.split("::").next().unwrap_or(module);
    let mains = inventory::iter::<Main>.into_iter().filter(|main| main.place.krate() == name);
    // There is one, but for those that stand in modules, where nothing runs them.
    mains.min_by_key(|main| main.place).map(|main| (main.program)())
}
