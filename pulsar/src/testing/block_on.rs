//! The event loop of a test.

/// Runs a future to its end on this thread, for a test that has no runtime.
///
/// # Panics
///
/// Panics if the operating system refuses what an event loop needs.
///
/// ```
/// assert_eq!(pulsar::testing::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    event_loop().block_on(future)
}

/// One event loop, as a worker has.
pub(super) fn event_loop() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system gives what an event loop needs")
}
