//! What the other side says instead of an answer. It crosses processes, so that it is facts and no error type.

use serde::{Deserialize, Serialize};

/// An answer as it crosses processes: JSON, or why there is none.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
pub type Answered = Result<Vec<u8>, Refusal>;

/// Why a message has no answer.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// There is no application of this name; there are these.
    NoApp { app: String, known: Vec<String> },
    /// No ready worker is where the message was sent; ready are these slots.
    NoWorker { ready: Vec<usize> },
    /// The worker has no handler of this name; it has these.
    NoHandler { known: Vec<String> },
    /// The payload is not what the handler takes; serde says why.
    Payload { handler: String, why: String },
    /// The handler returned an error.
    Failed { handler: String, why: String },
    /// The handler panicked.
    Panicked { handler: String, why: String },
    /// The answer cannot be written as JSON; serde says why.
    Unwritable { handler: String, why: String },
    /// The answer is larger than the limit.
    TooLarge { handler: String, bytes: usize },
    /// The worker, or the arbiter, has as much to do as it takes.
    Busy,
    /// The worker ended before it answered.
    Lost,
    /// The arbiter is gone.
    Gone,
}

impl Refusal {
    /// Says which handler it was: generated code knows the name of the function, not where it stands.
    pub(crate) fn by(mut self, by: &str) -> Self {
        match &mut self {
            Self::Payload { handler, .. }
            | Self::Failed { handler, .. }
            | Self::Panicked { handler, .. }
            | Self::Unwritable { handler, .. }
            | Self::TooLarge { handler, .. } => by.clone_into(handler),
            Self::NoApp { .. }
            | Self::NoWorker { .. }
            | Self::NoHandler { .. }
            | Self::Busy
            | Self::Lost
            | Self::Gone => {}
        }
        self
    }
}
