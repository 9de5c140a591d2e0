//! The floors of the runtime crate.
