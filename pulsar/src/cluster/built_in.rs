//! What every worker answers without a handler.

use super::refusal::{Answered, Refusal};
use crate::worker::Worker;

/// The names, sorted.
pub(crate) const NAMES: [&str; 3] = ["echo", "info", "ping"];

/// The answer, if the name is one of these.
pub(crate) fn answer(worker: &Worker, name: &str, payload: &[u8]) -> Option<Answered> {
    let answer = match name {
        "echo" => Ok(payload.to_vec()),
        "info" => serde_json::to_vec(worker),
        "ping" => serde_json::to_vec("pong"),
        _ => return None,
    };
    Some(answer.map_err(|error| Refusal::Unwritable { handler: name.to_owned(), why: error.to_string() }))
}
