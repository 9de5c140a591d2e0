//! Handlers of messages, as `#[on(message = "name")]` registers them.

use std::{fmt, panic::resume_unwind};

use serde::{Serialize, de::DeserializeOwned};

use super::{job::Needs, provider::Returned};
use crate::{
    body::{BoxError, BoxFuture},
    cluster::{Answered, Refusal},
    context::Context,
    error::Chain,
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
pub(crate) type Handle = for<'a> fn(&'a Context, &'a [u8]) -> BoxFuture<'a, Answered>;

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

/// What serde can read. Not public API. Used by generated code.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a message",
    label = "serde cannot read it",
    note = "derive `serde::Deserialize` for it; what a provider makes is taken as `&{Self}` or `State<{Self}>`"
)]
pub trait Payload: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Payload for T {}

/// What serde can write. Not public API. Used by generated code.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer to a message",
    label = "serde cannot write it",
    note = "derive `serde::Serialize` for it; an error has to turn into a `Box<dyn std::error::Error + Send + Sync>`"
)]
pub trait Answer: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Answer for T {}

/// Reads the argument of a handler. Not public API. Used by generated code.
///
/// # Errors
///
/// When the payload is not of this type.
#[doc(hidden)]
pub fn payload<T: Payload>(payload: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(payload)
        .map_err(|error| Refusal::Payload { handler: String::new(), why: error.to_string() })
}

impl<T: Serialize, E: Into<BoxError>> Returned<Result<T, E>> {
    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// Passes on the handler's own.
    pub fn answer(&self, value: Result<T, E>) -> Answered {
        match value {
            Ok(value) => written(&value),
            Err(error) => {
                let error = error.into();
                Err(Refusal::Failed { handler: String::new(), why: Chain(error.as_ref()).to_string() })
            }
        }
    }
}

/// The other case of [`Returned`], for what is sent back. Not public API. Used by generated code.
#[doc(hidden)]
pub trait ReturnedAnswer<T> {
    /// Not public API. Used by generated code.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    fn answer(&self, value: T) -> Answered
    where
        T: Answer;
}

// The bound is the method's and not the impl's: the compiler says then what it lacks, and not that there is no method.
impl<T> ReturnedAnswer<T> for Returned<T> {
    fn answer(&self, value: T) -> Answered
    where
        T: Answer,
    {
        written(&value)
    }
}

fn written(value: &impl Serialize) -> Answered {
    serde_json::to_vec(value)
        .map_err(|error| Refusal::Unwritable { handler: String::new(), why: error.to_string() })
}

/// Runs a handler that may block on the worker's pool. Not public API. Used by generated code.
///
/// # Errors
///
/// Passes on the handler's own; a full pool refuses the message.
#[doc(hidden)]
pub async fn answered_in_pool<F>(context: &Context, job: F) -> Answered
where
    F: FnOnce() -> Answered + Send + 'static,
{
    match context.pool().run(job).await {
        Ok(answered) => answered,
        Err(PoolError::Full) => Err(Refusal::Busy),
        // It is a panic of the handler wherever it ran: whoever catches those gets this one too.
        Err(PoolError::Panicked(message)) => resume_unwind(Box::new(message)),
    }
}
