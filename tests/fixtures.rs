//! Registration across crates.
