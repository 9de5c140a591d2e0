//! How serving went: what ended it, or why it did not begin.

use std::{fmt, io};

/// How serving went: what [`Bound::serve`](crate::server::Bound::serve) gives, as its example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What ended it.
    pub stop: Stop,
    /// Connections that were cut, because the deadline had come or the stop was forced.
    pub cut: usize,
    /// Connections that were accepted.
    pub connections: u64,
    /// Requests that reached an application.
    pub requests: u64,
}

/// What ended a server.
///
/// ```
/// use pulsar::server::Stop;
///
/// fn exit_code(stop: Stop) -> u8 {
///     match stop {
///         Stop::Requested | Stop::Deadline => 0,
///         Stop::Forced => 130,
///     }
/// }
/// assert_eq!(exit_code(Stop::Deadline), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A drain, in which everything in flight finished.
    Requested,
    /// A drain that cut connections at its deadline.
    Deadline,
    /// [`Shutdown::force`](crate::server::Shutdown::force).
    Forced,
}

/// Why serving did not begin or broke off.
///
/// ```
/// use pulsar::server::ServeError;
/// assert_eq!(ServeError::Start("no database").to_string(), "no database");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError<E> {
    /// The start-up failed, with an error of its own.
    Start(E),
    /// The system refused a thread, an event loop, or to watch a socket.
    Io(io::Error),
}

impl<E: fmt::Display> fmt::Display for ServeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Io(error) => write!(
                f,
                "the system refuses to run the server's threads: {error}. Check the limits on open files and \
                 processes (ulimit -n, ulimit -u)"
            ),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ServeError<E> {}
