//! What can go wrong between workers. Each message says whose fault it is and what to do.

use std::{error::Error, fmt, time::Duration};

use super::{link::MOST_BYTES, refusal::Refusal, target::Target};
use crate::settings::nearest;

/// Why a message has no answer.
///
/// ```
/// use pulsar::{
///     Worker,
///     cluster::{Cluster, ClusterError, Target},
///     testing::block_on,
/// };
///
/// let cluster = Cluster::alone(Worker::new("shop", 0, 1));
/// let error = block_on(cluster.ask::<String>(Target::Me, "pnig", &())).unwrap_err();
/// assert!(matches!(error, ClusterError::NoHandler { .. }));
/// assert_eq!(error.to_string(), "no worker has a handler of the message `pnig`; did you mean `ping`?");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// The sender's fault: there is no application of this name.
    NoApp {
        /// The name.
        app: String,
        /// The applications that there are.
        known: Vec<String>,
    },
    /// No ready worker is there. It may be the sender's fault, or the worker may be about to be replaced.
    NoWorker {
        /// Whom the message was for.
        target: Target,
        /// The slots whose workers are ready.
        ready: Vec<usize>,
    },
    /// The sender's fault: the worker has no handler of this name.
    NoHandler {
        /// The name of the message.
        name: String,
        /// The names that the worker has handlers of.
        known: Vec<String>,
    },
    /// The sender's fault: the payload cannot be written as JSON.
    Payload {
        /// The name of the message.
        name: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The sender's fault: the payload is not what the handler takes.
    Unfit {
        /// The name of the message.
        name: String,
        /// The handler and its place.
        handler: String,
        /// What serde says.
        why: String,
    },
    /// The sender's fault: the answer is not what it asked for.
    Answer {
        /// The name of the message.
        name: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The handler's fault: it returned an error, or an answer that cannot be written as JSON.
    Failed {
        /// The name of the message.
        name: String,
        /// The handler and its place.
        handler: String,
        /// What the handler says.
        why: String,
    },
    /// The handler's fault: it panicked.
    Panicked {
        /// The name of the message.
        name: String,
        /// The handler and its place.
        handler: String,
        /// What the panic says.
        why: String,
    },
    /// The payload, or the answer, is larger than a message may be: 256 KiB of JSON.
    TooLarge {
        /// The name of the message.
        name: String,
        /// What is too large.
        what: &'static str,
        /// How large it is.
        bytes: usize,
    },
    /// Nobody's fault but that of the load: a queue is full.
    Busy {
        /// The name of the message.
        name: String,
    },
    /// There was no answer in time. Whether the handler has run is not known.
    TimedOut {
        /// The name of the message.
        name: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The worker ended before it answered. Whether the handler has run is not known.
    Lost {
        /// The name of the message.
        name: String,
    },
    /// The arbiter is gone, and this worker is about to end.
    Gone,
}

impl ClusterError {
    /// What the other side said, in the words of this one.
    pub(super) fn refused(refusal: Refusal, target: &Target, name: &str) -> Self {
        let name = name.to_owned();
        match refusal {
            Refusal::NoApp { app, known } => Self::NoApp { app, known },
            Refusal::NoWorker { ready } => Self::NoWorker { target: target.clone(), ready },
            Refusal::NoHandler { known } => Self::NoHandler { name, known },
            Refusal::Payload { handler, why } => Self::Unfit { name, handler, why },
            Refusal::Failed { handler, why } => Self::Failed { name, handler, why },
            Refusal::Panicked { handler, why } => Self::Panicked { name, handler, why },
            Refusal::Unwritable { handler, why } => {
                Self::Failed { name, handler, why: format!("its answer cannot be written as JSON: {why}") }
            }
            Refusal::TooLarge { bytes, .. } => Self::TooLarge { name, what: "answer", bytes },
            Refusal::Busy => Self::Busy { name },
            Refusal::Lost => Self::Lost { name },
            Refusal::Gone => Self::Gone,
        }
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoApp { app, known } => {
                write!(f, "there is no application `{app}`; {}", meant(app, known, "the program has"))
            }
            Self::NoWorker { target, ready } if ready.is_empty() => {
                write!(f, "{target} is not ready, and no other one is; try again when one has started")
            }
            Self::NoWorker { target, ready } => {
                let slots: Vec<_> = ready.iter().map(ToString::to_string).collect();
                let slots = slots.join(", ");
                write!(f, "{target} is not there or not ready; `workers()` lists who is: {slots}")
            }
            Self::NoHandler { name, known } => {
                write!(
                    f,
                    "no worker has a handler of the message `{name}`; {}",
                    meant(name, known, "there are")
                )
            }
            Self::Payload { name, source } => write!(
                f,
                "the payload of `{name}` cannot be written as JSON: {source}. Its sender has to pass another type"
            ),
            Self::Unfit { name, handler, why } => {
                write!(
                    f,
                    "the payload of `{name}` is not what its handler takes: {why}. The handler is {handler}"
                )
            }
            Self::Answer { name, source } => write!(
                f,
                "the answer to `{name}` is not what its sender asked for: {source}. Ask for the type that the handler \
                 returns"
            ),
            Self::Failed { name, handler, why } => {
                write!(f, "the handler of `{name}` failed: {why}. The handler is {handler}")
            }
            Self::Panicked { name, handler, why } => {
                write!(f, "the handler of `{name}` panicked: {why}. The handler is {handler}")
            }
            Self::TooLarge { name, what, bytes } => write!(
                f,
                "the {what} of `{name}` has {bytes} bytes of JSON, and {MOST_BYTES} is the most; put it where both \
                 workers can read it, and send its key"
            ),
            Self::Busy { name } => write!(
                f,
                "`{name}` found no place in a queue: more is sent than workers handle; send less, or try again later"
            ),
            Self::TimedOut { name, after } => write!(
                f,
                "there was no answer to `{name}` within {after:?}; `timeout(..)` waits longer. Whether the handler has \
                 run is not known"
            ),
            Self::Lost { name } => write!(
                f,
                "the worker ended before it answered `{name}`; whether the handler has run is not known"
            ),
            Self::Gone => {
                f.write_str("the arbiter is gone, and this worker is about to end: nothing can be sent")
            }
        }
    }
}

impl Error for ClusterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Payload { source, .. } | Self::Answer { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The nearest name, or all of them.
fn meant(name: &str, known: &[String], have: &str) -> String {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{have} `{}`", known.join("`, `")),
    }
}
