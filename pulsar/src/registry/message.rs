//! Handlers of messages, as `#[on(message = "name")]` registers them.

use std::{fmt, panic::resume_unwind};

use super::job::Needs;
use crate::{
    body::{BoxError, BoxFuture},
    cluster::Refusal,
    context::Context,
    place::Place,
    pool::PoolError,
};

/// A handler of messages, as `#[on(message = "name")]` registered it.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Message {
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    pub(crate) handle: Handle,
    pub(crate) function: &'static str,
    pub(crate) place: Place,
}

/// From the JSON of a payload to that of an answer.
pub(crate) type Handle = for<'a> fn(&'a Context, &'a [u8]) -> BoxFuture<'a, Returns>;

/// Not public API. Used by generated code.
#[allow(missing_docs)] // each is named like the field that it sets
impl Message {
    #[must_use]
    pub const fn new(name: &'static str, needs: Needs, handle: Handle) -> Self {
        Self { name, needs, handle, function: "", place: Place::new("", "", 0, 0) }
    }

    #[must_use]
    pub const fn function(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    #[must_use]
    pub const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}

impl Message {
    /// The function and its place, as messages name them.
    pub(crate) fn described(&self) -> String {
        format!("{}::{}  at {}", self.place.module(), self.function, self.place)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} {} at {})", self.name, self.function, self.place)
    }
}

/// What a handler comes to: the JSON of its answer, or its error.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
pub type Returns = Result<Vec<u8>, BoxError>;

/// An error that is not the handler's: what stood in its way.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Refusal);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Refused {}

/// The argument of a handler as it was read. Not public API. Used by generated code.
///
/// # Errors
///
/// When the payload is not of its type.
#[doc(hidden)]
pub fn payload<T>(read: serde_json::Result<T>) -> Result<T, BoxError> {
    read.map_err(|error| Refused(Refusal::Payload { handler: String::new(), why: error.to_string() }).into())
}

/// The answer of a handler as it was written. Not public API. Used by generated code.
///
/// # Errors
///
/// When the value could not be written as JSON.
#[doc(hidden)]
pub fn answered(written: serde_json::Result<Vec<u8>>) -> Returns {
    written.map_err(|error| {
        Refused(Refusal::Unwritable { handler: String::new(), why: error.to_string() }).into()
    })
}

/// Runs a handler that may block on the worker's pool. Not public API. Used by generated code.
///
/// # Errors
///
/// Passes on the handler's own; a full pool refuses the message.
#[doc(hidden)]
pub async fn answered_in_pool<F>(context: &Context, job: F) -> Returns
where
    F: FnOnce() -> Returns + Send + 'static,
{
    match context.pool().run(job).await {
        Ok(returned) => returned,
        Err(PoolError::Full) => Err(Refused(Refusal::Busy).into()),
        // It is a panic of the handler wherever it ran: whoever catches those gets this one too.
        Err(PoolError::Panicked(message)) => resume_unwind(Box::new(message)),
    }
}
