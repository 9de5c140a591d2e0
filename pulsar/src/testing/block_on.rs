//! The event loop of a test.

use std::cell::RefCell;

use tokio::runtime::{Builder, Handle, Runtime};

thread_local! {
    /// The event loop of the test that runs on this thread, while another thread keeps it going.
    static LOOP: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Runs a future to its end on this thread, for a test that has no runtime.
///
/// In a [`#[pulsar::test]`](macro@crate::test) that is no `async fn` all calls share the event loop of the test, so that what one of
/// them opens the next one can use. Elsewhere each call has an event loop of its own.
///
/// # Panics
///
/// Panics if the operating system refuses what an event loop needs.
///
/// ```
/// assert_eq!(pulsar::testing::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    match LOOP.with_borrow(Clone::clone) {
        Some(running) => running.block_on(future),
        None => event_loop().block_on(future),
    }
}

/// Calls a function whose calls of [`block_on`] share an event loop, which another thread keeps going.
pub(super) fn sharing<T>(running: Handle, call: impl FnOnce() -> T) -> T {
    /// Also after a panic: the thread of a test may run another one.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            LOOP.take();
        }
    }
    LOOP.set(Some(running));
    let _reset = Reset;
    call()
}

/// One event loop, as a worker has.
pub(super) fn event_loop() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system gives what an event loop needs")
}
