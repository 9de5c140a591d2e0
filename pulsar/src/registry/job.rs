//! What a hook or a task comes to: nothing, or an error.

use std::panic::resume_unwind;

use super::requirement::Requirement;
use crate::{
    body::{BoxError, BoxFuture},
    context::Context,
    pool::PoolError,
};

/// How a hook or a task went.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
pub type Outcome = Result<(), BoxError>;

/// A function of the state of a worker.
pub(crate) type Run = for<'a> fn(&'a Context) -> BoxFuture<'a, Outcome>;

/// What a function asks for.
pub(crate) type Needs = fn() -> Vec<Requirement>;

/// Runs a hook or a task that may block on the worker's pool. It waits for a place: the worker itself is who calls it.
///
/// Not public API. Used by generated code.
///
/// # Errors
///
/// Passes on the function's own.
#[doc(hidden)]
pub async fn in_pool<F>(context: &Context, job: F) -> Outcome
where
    F: FnOnce() -> Outcome + Send + 'static,
{
    match context.pool().run_more(job).await {
        Ok(outcome) => outcome,
        Err(PoolError::Full) => Err("the thread pool takes no more work".into()),
        // It is a panic of the function wherever it ran: whoever catches those gets this one too.
        Err(PoolError::Panicked(message)) => resume_unwind(Box::new(message)),
    }
}
