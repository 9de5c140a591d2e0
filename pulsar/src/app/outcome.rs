//! What is said of a hook or a task that did not go well.

use crate::{error::Chain, registry::Outcome};

/// Its error, or its panic.
pub(super) fn settled(outcome: Result<Outcome, String>) -> Result<(), String> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("failed: {}", Chain(error.as_ref()))),
        Err(message) => Err(format!("panicked: {message}")),
    }
}
