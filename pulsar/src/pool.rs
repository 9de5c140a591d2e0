//! The worker's thread pool, where `fn` handlers run so that they cannot stall the event loop.
//!
//! The threads are tokio's blocking threads. What tokio lacks is a bound on what waits for them: a queue that can only
//! grow turns an overload into an outage. Here a job is refused at once when the queue is full.

use std::{cell::Cell, sync::Arc};

use tokio::{
    runtime::{self, Handle},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tracing::Span;

thread_local! {
    /// Whether this thread is running a job of a pool.
    static IN_JOB: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread may wait: it is one of a pool, or none that runs an event loop.
pub(crate) fn may_block() -> bool {
    IN_JOB.get() || Handle::try_current().is_err()
}

/// A bounded pool of threads for work that blocks.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    // Never driven: only its blocking threads are used, one set for all I/O threads of a worker.
    runtime: Option<runtime::Runtime>,
    places: Arc<Semaphore>,
}

/// Why a job has no result.
#[derive(Debug)]
pub(crate) enum PoolError {
    /// Every thread is busy and the queue is full. Nothing has run.
    Full,
    /// The job panicked, with this message.
    Panicked(String),
}

impl Pool {
    /// A pool of `threads` threads, started as they are needed, where `queue` more jobs may wait.
    pub(crate) fn new(threads: usize, queue: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let runtime = runtime::Builder::new_current_thread()
            .max_blocking_threads(threads)
            .thread_name("pulsar-pool")
            .build()?;
        let places = Arc::new(Semaphore::new(threads.saturating_add(queue).min(Semaphore::MAX_PERMITS)));
        Ok(Self(Arc::new(Inner { runtime: Some(runtime), places })))
    }

    /// Runs `job` on a thread of the pool and waits for its result. A full queue refuses it.
    ///
    /// The place in the pool is held until the job ends, also when the caller has gone away: a thread cannot be
    /// interrupted.
    pub(crate) async fn run<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match Arc::clone(&self.0.places).try_acquire_owned() {
            Ok(place) => self.spawn(place, job).await,
            Err(_) => Err(PoolError::Full),
        }
    }

    /// Runs one more job of a request that the pool has taken already: it waits for a place rather than be refused.
    pub(crate) async fn run_more<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match Arc::clone(&self.0.places).acquire_owned().await {
            Ok(place) => self.spawn(place, job).await,
            // Nobody closes the semaphore.
            Err(_) => Err(PoolError::Full),
        }
    }

    /// Drops a value on a thread of the pool, since what it does then may block.
    pub(crate) fn release<T: Send + 'static>(&self, value: T) {
        self.runtime().spawn_blocking(move || drop(value));
    }

    async fn spawn<T, F>(&self, place: OwnedSemaphorePermit, job: F) -> Result<T, PoolError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // What a job logs belongs to its request on whichever thread it runs.
        let span = Span::current();
        let task = self.runtime().spawn_blocking(move || {
            // Held until the job is over, also if it panics; a thread of the pool runs nothing but jobs.
            let _place = place;
            IN_JOB.set(true);
            span.in_scope(job)
        });
        task.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => PoolError::Panicked(panic_message(&*panic)),
            Err(_) => PoolError::Full, // the pool is shutting down
        })
    }

    fn runtime(&self) -> &runtime::Runtime {
        self.0.runtime.as_ref().expect("the runtime is taken only by drop")
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The default drop waits for the threads, which must not happen on an event loop.
            runtime.shutdown_background();
        }
    }
}

/// What a panic said, as far as it is text.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_job_runs_on_another_thread() {
        let pool = Pool::new(1, 0).unwrap();
        let here = std::thread::current().id();
        let there = block_on(pool.run(move || std::thread::current().id())).unwrap();
        assert_ne!(here, there);
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_takes_again_later() {
        let pool = Pool::new(1, 1).unwrap();
        block_on(async {
            let (release, wait) = mpsc::channel::<()>();
            let running = tokio::task::spawn({
                let pool = pool.clone();
                async move { pool.run(move || wait.recv()).await }
            });
            let queued = tokio::task::spawn({
                let pool = pool.clone();
                async move { pool.run(|| 2).await }
            });
            while pool.0.places.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            assert!(matches!(pool.run(|| 3).await, Err(PoolError::Full)));
            release.send(()).unwrap();
            running.await.unwrap().unwrap().unwrap();
            assert_eq!(queued.await.unwrap().unwrap(), 2);
            assert_eq!(pool.run(|| 4).await.unwrap(), 4);
        });
    }

    #[test]
    fn a_panic_gives_its_message_and_its_place_back() {
        let pool = Pool::new(1, 0).unwrap();
        block_on(async {
            for _ in 0..3 {
                match pool.run(|| panic!("no {}", "luck")).await {
                    Err(PoolError::Panicked(message)) => assert_eq!(message, "no luck"),
                    other => panic!("{other:?}"),
                }
            }
        });
    }
}
