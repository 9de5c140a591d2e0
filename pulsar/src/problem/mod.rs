//! What a client is told when something went wrong: a problem document (RFC 9457), or the same as text or as a page.
//!
//! Every error of pulsar's own, a rejected argument, an unknown path or an [`Error`](crate::Error) from a handler, becomes a
//! [`Problem`] here, and nowhere else. The answer carries the problem along in its extensions, so that the router can log
//! its cause and an application may render it in its own way. The rule it keeps: what is the program's fault is never
//! described to a client.
//!
//! Lowest first: `document`; `accept`, which form a client prefers; `render`, the one place where a form is given to it.

mod accept;
mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod render;

pub use self::document::{FieldError, Problem};
pub(crate) use self::{
    accept::Accept,
    render::{negotiate, render},
};
