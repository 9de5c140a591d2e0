//! Runs a test: starts its program, gives it its arguments, and stops the program whatever comes of it.
//!
//! The rule it keeps: what a test leaves behind, such as a task that never ends, does not keep the next one waiting.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    task::Poll,
    thread,
};

use tokio::{
    runtime::{Handle, Runtime},
    sync::oneshot,
    time::timeout,
};

use crate::testing::{
    block_on::{event_loop, sharing},
    test::{FromTest, Setup, Test},
};

/// Not public API. Used by `#[pulsar::test]` on an `async fn`.
#[doc(hidden)]
pub fn run_async<A, T>(
    setup: impl AsyncFnOnce() -> Setup,
    arguments: impl AsyncFnOnce(&Test) -> A,
    test: impl AsyncFnOnce(A) -> T,
) -> T {
    let running = Loop::new();
    let outcome = running.block_on(async {
        let started = setup().await.start().await;
        let outcome = caught(async { test(arguments(&started).await).await }).await;
        started.stop().await;
        outcome
    });
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Not public API. Used by `#[pulsar::test]` on an `fn`, which runs on the thread of the test while the event loop goes on on
/// another one.
#[doc(hidden)]
pub fn run_sync<A, T>(
    setup: impl AsyncFnOnce() -> Setup,
    arguments: impl AsyncFnOnce(&Test) -> A,
    test: impl FnOnce(A) -> T,
) -> T {
    let running = Loop::new();
    let (started, arguments) = running.block_on(async {
        let started = setup().await.start().await;
        let arguments = caught(async { arguments(&started).await }).await;
        (started, arguments)
    });
    let handle = running.handle();
    let (done, is_done) = oneshot::channel::<()>();
    let driver = thread::spawn(move || {
        // Whether it is sent or dropped, the test is over.
        let _ = running.block_on(is_done);
        running
    });
    let outcome = arguments
        .and_then(|arguments| catch_unwind(AssertUnwindSafe(|| sharing(handle, || test(arguments)))));
    drop(done);
    match driver.join() {
        Ok(running) => running.block_on(started.stop()),
        Err(panic) => resume_unwind(panic),
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Not public API. Used by `#[pulsar::test]`. The type of the future does not depend on the trait: the compiler complains once of
/// a type that is no argument.
#[doc(hidden)]
pub fn argument<'a, T: FromTest + 'a>(test: &'a Test) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(T::from_test(test))
}

/// Not public API. Used by `#[pulsar::test]` on an `async fn` that asks for nothing: no program is started.
#[doc(hidden)]
pub fn run_alone<T>(test: impl AsyncFnOnce() -> T) -> T {
    Loop::new().block_on(test())
}

impl Test {
    /// Stops as a worker does: its server takes no more requests, and the hooks run, no longer than requests may take.
    async fn stop(self) {
        let limit = self.context().settings().graceful_timeout;
        let hooks = async {
            if timeout(limit, self.started.stop()).await.is_err() {
                tracing::error!("what an application does when it stops is cut at the deadline");
            }
        };
        tokio::join!(self.client.stop(), hooks);
    }
}

/// An event loop that waits for nobody when it is dropped: a task of tokio's that blocks has no end.
struct Loop(Option<Runtime>);

impl Loop {
    fn new() -> Self {
        Self(Some(event_loop()))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }

    fn handle(&self) -> Handle {
        self.runtime().handle().clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Awaits a test that may panic, so that its program is stopped all the same.
async fn caught<T>(test: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut test = pin!(test);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| test.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
