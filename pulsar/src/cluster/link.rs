//! What a worker hands to whatever connects it with others. It is bounded, and knows no socket.

use tokio::sync::oneshot;

use super::{
    refusal::{Answered, Refusal},
    target::Target,
};
use crate::worker::Worker;

/// The most that a payload or an answer may have, as JSON. What is larger belongs into a store that workers share.
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// How many messages may wait on their way out, and how many may wait for the handlers of one worker.
pub(crate) const PLACES: usize = 64;

/// Something for another worker, with the place of its answer. Whoever has it no longer wanted has dropped the other end.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Runs a handler in one worker.
    Call { target: Target, name: String, payload: Vec<u8>, answer: oneshot::Sender<Answered> },
    /// Puts a message into the queue of one worker. Nobody waits for its handler.
    Send { target: Target, name: String, payload: Vec<u8>, delivered: Reply<()> },
    /// Puts a message into the queues of all other ready workers of the application; the answer is their number.
    Broadcast { name: String, payload: Vec<u8>, reached: Reply<usize> },
    /// Asks for the ready workers of the application.
    Workers { ready: Reply<Vec<Worker>> },
}

/// Where the outcome goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;
