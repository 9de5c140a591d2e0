//! Waiting for what may never come, with an end; and failing at the line of the test.

use std::{fmt, panic::Location, time::Duration};

/// The line of a test that asked for something.
pub(super) type Caller = &'static Location<'static>;

/// How long a piece, an event or a message is waited for, unless a test says otherwise.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Waits no longer than `limit`.
///
/// # Panics
///
/// Panics with `what` happened when the time is over.
pub(super) async fn within<T>(
    limit: Duration,
    caller: Caller,
    future: impl Future<Output = T>,
    what: impl FnOnce() -> String,
) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => fail(
            caller,
            format_args!("{} within {limit:?}; `Client::time_limit` sets how long is waited", what()),
        ),
    }
}

/// Fails the test.
///
/// # Panics
///
/// Always. An `async fn` knows no caller, so that the panic itself is not at the line of the test: its message names it.
pub(super) fn fail(caller: Caller, message: impl fmt::Display) -> ! {
    panic!("{message}\n    at {}:{}", caller.file(), caller.line())
}
