//! The worker's thread pool, where `fn` handlers run so that they cannot stall the event loop.
//!
//! A queue that can only grow turns an overload into an outage, so a job is refused at once when the queue is full. The way to
//! another thread and back costs more than most handlers, most of it for waking: that is done once for all the jobs that an event
//! loop hands over in one round, and once for all the results that wait for it (see `mailbox`). tokio's blocking threads
//! wake for every job and every result.

use std::{
    any::Any,
    cell::Cell,
    collections::VecDeque,
    fmt,
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tracing::Span;

use crate::{
    body::BoxFuture,
    mailbox::{Kick, Mailbox},
};

thread_local! {
    /// Whether this thread is one of a pool.
    static IN_POOL: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread may wait: it is one of a pool, or none that runs an event loop.
pub(crate) fn may_block() -> bool {
    IN_POOL.get() || Handle::try_current().is_err()
}

/// A bounded pool of threads for work that blocks.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Owner>);

/// Ends the threads when the last clone of a pool is gone; they themselves hold only what is shared.
struct Owner(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// A job is there, or the pool is closed.
    changed: Condvar,
    /// As many as jobs may run and wait.
    places: Arc<Semaphore>,
    most_threads: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

/// Why a job has no result.
#[derive(Debug)]
pub(crate) enum PoolError {
    /// Every thread is busy and the queue is full. Nothing has run.
    Full,
    /// The job panicked, with this message.
    Panicked(String),
}

impl Pool {
    /// A pool of `threads` threads, where `queue` more jobs may wait. All threads but the first are started when they are
    /// needed.
    ///
    /// # Errors
    ///
    /// Fails when the operating system refuses the first one; what is queued later will have at least that one.
    pub(crate) fn new(threads: usize, queue: usize) -> io::Result<Self> {
        let most_threads = threads.max(1);
        let places = most_threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            places: Arc::new(Semaphore::new(places)),
            most_threads,
        });
        shared.start_thread(&mut shared.state())?;
        Ok(Self(Arc::new(Owner(shared))))
    }

    /// How many threads it has at most.
    pub(crate) fn most_threads(&self) -> usize {
        self.0.0.most_threads
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
        match Arc::clone(&self.0.0.places).try_acquire_owned() {
            Ok(place) => self.submit(Some(place), job).await,
            Err(_) => Err(PoolError::Full),
        }
    }

    /// Runs one more job of a request that the pool has taken already: it waits for a place rather than be refused.
    pub(crate) async fn run_more<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match Arc::clone(&self.0.0.places).acquire_owned().await {
            Ok(place) => self.submit(Some(place), job).await,
            // Nobody closes the semaphore.
            Err(_) => Err(PoolError::Full),
        }
    }

    /// Drops a value on a thread of the pool, since what it does then may block.
    pub(crate) fn release<T: Send + 'static>(&self, value: T) {
        drop(self.submit(None, move || drop(value)));
    }

    fn submit<T, F>(&self, place: Option<OwnedSemaphorePermit>, job: F) -> Running<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = &self.0.0;
        let mailbox = Mailbox::of_this_thread();
        let result = Arc::new(Mutex::new(Slot::Waiting(None)));
        // What a job logs belongs to its request on whichever thread it runs.
        let span = Span::current();
        let (sender, post) = (Arc::clone(&result), mailbox.clone());
        let job = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| span.in_scope(job)));
            // Free before the result is seen: whoever has seen it finds the place free.
            drop(place);
            let mut slot = lock(&sender);
            let waiting = std::mem::replace(&mut *slot, Slot::Done(outcome));
            drop(slot);
            match (waiting, post) {
                (Slot::Waiting(Some(waker)), Some(mailbox)) => mailbox.deliver(waker),
                (Slot::Waiting(Some(waker)), None) => waker.wake(),
                _ => {}
            }
        });
        shared.state().jobs.push_back(job);
        match mailbox {
            Some(mailbox) => mailbox.kick_later(shared),
            None => Arc::clone(shared).kick(),
        }
        Running(result)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("most_threads", &self.most_threads()).finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock, so that nothing can panic there.
        lock(&self.state)
    }

    /// What one thread of the pool does.
    fn work(self: &Arc<Self>) {
        IN_POOL.set(true);
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                // This job may take long: what waits behind it is for others.
                drop(self.wake_another(state));
                job();
                state = self.state();
            } else if state.closed {
                return;
            } else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    /// Sees to it that somebody comes for the jobs that wait: one thread, which in turn calls the next one.
    fn wake_another<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if state.jobs.is_empty() {
            return state;
        }
        if state.idle > 0 {
            self.changed.notify_one();
        } else if state.threads < self.most_threads
            && let Err(error) = self.start_thread(&mut state)
        {
            // Those that there are will come to it, and the next job tries again.
            tracing::error!(%error, threads = state.threads, "a thread of the pool cannot be started");
        }
        state
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new().name("pulsar-pool".into()).spawn(move || shared.work())?;
        state.threads += 1;
        Ok(())
    }
}

impl Kick for Shared {
    fn kick(self: Arc<Self>) {
        drop(self.wake_another(self.state()));
    }
}

/// A job on its way.
struct Running<T>(Arc<Mutex<Slot<T>>>);

enum Slot<T> {
    Waiting(Option<Waker>),
    Done(Result<T, Box<dyn Any + Send>>),
    Taken,
}

impl<T> Future for Running<T> {
    type Output = Result<T, PoolError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.0);
        if let Slot::Waiting(waker) = &mut *slot {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Done(Ok(value)) => Poll::Ready(Ok(value)),
            Slot::Done(Err(panic)) => Poll::Ready(Err(PoolError::Panicked(panic_message(&*panic)))),
            Slot::Waiting(_) | Slot::Taken => Poll::Pending,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said, as far as it is text.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

/// Awaits what may panic; a panic is then its message, wherever it came from.
pub(crate) async fn caught<T>(mut future: BoxFuture<'_, T>) -> Result<T, String> {
    // Nothing of the future is used after its panic, so that no broken state of it can be seen.
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic_message(&*panic))),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
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
            while pool.0.0.places.available_permits() > 0 {
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
