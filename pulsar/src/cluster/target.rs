//! Which worker a message is for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The worker that a message is for.
///
/// ```
/// use pulsar::cluster::Target;
/// assert_eq!(Target::Slot(2).to_string(), "the worker in slot 2");
/// assert_eq!(Target::App("admin".to_owned(), 0).to_string(), "the worker in slot 0 of `admin`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Target {
    /// The worker of this application in the slot of this number.
    Slot(usize),
    /// The worker of the application of this name in the slot of this number.
    App(String, usize),
    /// Some other ready worker of this application.
    Any,
    /// The worker that sends.
    Me,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => write!(f, "the worker in slot {slot}"),
            Self::App(app, slot) => write!(f, "the worker in slot {slot} of `{app}`"),
            Self::Any => f.write_str("another worker"),
            Self::Me => f.write_str("this worker"),
        }
    }
}
