//! What an event loop and the threads of a pool have to tell one another, told once for many.
//!
//! Waking a thread is a system call, and two switches of the processor. An event loop that hands several jobs over in one round
//! says so once, at the end of the round; and of several results that wait for a loop only the first one wakes it. One task
//! on each event loop does both. It knows neither jobs nor results.

use std::{
    cell::RefCell,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use tokio::runtime::{Handle, Id};

/// Somebody who has work and may need to be woken.
pub(crate) trait Kick: Send + Sync + 'static {
    /// Wakes whoever does the work, if that is needed.
    fn kick(self: Arc<Self>);
}

thread_local! {
    /// That of the event loop that this thread ran last.
    static MAILBOX: RefCell<Option<(Id, Mailbox)>> = const { RefCell::new(None) };
}

/// The mailbox of one event loop.
#[derive(Clone)]
pub(crate) struct Mailbox(Arc<Mutex<Letters>>);

#[derive(Default)]
struct Letters {
    /// The tasks of this loop whose result is there.
    tasks: Vec<Waker>,
    /// Who is to be kicked at the end of this round.
    kicks: Vec<Arc<dyn Kick>>,
    /// The task that reads the mailbox.
    reader: Option<Waker>,
    /// The event loop has ended, and its tasks with it.
    closed: bool,
}

impl Mailbox {
    /// The mailbox of the event loop that this thread runs; none, if it runs none.
    pub(crate) fn of_this_thread() -> Option<Self> {
        let handle = Handle::try_current().ok()?;
        MAILBOX.with_borrow_mut(|known| {
            // A thread may run one event loop after the other, and the first one need not have ended.
            if let Some((id, mailbox)) = known
                && *id == handle.id()
                && !mailbox.letters().closed
            {
                return Some(mailbox.clone());
            }
            let mailbox = Self(Arc::default());
            // It holds the mailbox only as long as the loop runs: then its drop closes it.
            let reader = Reader(mailbox.clone());
            handle.spawn(poll_fn(move |cx| {
                reader.0.read(cx.waker());
                Poll::<()>::Pending
            }));
            *known = Some((handle.id(), mailbox.clone()));
            Some(mailbox)
        })
    }

    /// Wakes a task of this loop, from any thread.
    pub(crate) fn deliver(&self, task: Waker) {
        let mut letters = self.letters();
        letters.tasks.push(task);
        if letters.tasks.len() == 1 {
            letters.wake_reader();
        }
    }

    /// Kicks somebody once this loop has run what it has to run now.
    pub(crate) fn kick_later<K: Kick>(&self, somebody: &Arc<K>) {
        let mut letters = self.letters();
        let same = |known: &Arc<dyn Kick>| std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(somebody));
        if !letters.kicks.iter().any(same) {
            letters.kicks.push(Arc::clone(somebody) as Arc<dyn Kick>);
            letters.wake_reader();
        }
    }

    fn read(&self, reader: &Waker) {
        let mut letters = self.letters();
        if !letters.reader.as_ref().is_some_and(|known| known.will_wake(reader)) {
            letters.reader = Some(reader.clone());
        }
        let (tasks, kicks) = (std::mem::take(&mut letters.tasks), std::mem::take(&mut letters.kicks));
        drop(letters);
        for task in tasks {
            task.wake();
        }
        for somebody in kicks {
            somebody.kick();
        }
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Letters {
    fn wake_reader(&self) {
        // Before its first turn it has none, and will look at everything then.
        if let Some(reader) = &self.reader {
            reader.wake_by_ref();
        }
    }
}

struct Reader(Mailbox);

impl Drop for Reader {
    fn drop(&mut self) {
        let mut letters = self.0.letters();
        letters.closed = true;
        // It is the waker of the very task that is dropped here.
        letters.reader = None;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn event_loop() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }

    /// Is woken through the mailbox by another thread, which has nothing else to wake it with.
    async fn round_trip() {
        let mailbox = Mailbox::of_this_thread().expect("an event loop runs");
        let mut sent = false;
        let done = Arc::new(AtomicUsize::new(0));
        poll_fn(|cx| {
            if !sent {
                sent = true;
                let (mailbox, waker, done) = (mailbox.clone(), cx.waker().clone(), Arc::clone(&done));
                thread::spawn(move || {
                    done.store(1, Ordering::SeqCst);
                    mailbox.deliver(waker);
                });
            }
            if done.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[test]
    fn every_event_loop_of_a_thread_has_a_mailbox_that_somebody_reads() {
        let (one, other) = (event_loop(), event_loop());
        one.block_on(round_trip());
        // The first one lives on, and nobody runs it.
        other.block_on(round_trip());
        one.block_on(round_trip());
        drop(other);
        event_loop().block_on(round_trip());
        assert!(Mailbox::of_this_thread().is_none(), "no event loop runs here now");
    }

    #[test]
    fn somebody_is_kicked_once_for_all_that_was_handed_over_in_one_round() {
        struct Counter(AtomicUsize);
        impl Kick for Counter {
            fn kick(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (one, other) = (Arc::new(Counter(AtomicUsize::new(0))), Arc::new(Counter(AtomicUsize::new(0))));
        event_loop().block_on(async {
            for round in 1..=3 {
                let mailbox = Mailbox::of_this_thread().unwrap();
                for _ in 0..10 {
                    mailbox.kick_later(&one);
                    mailbox.kick_later(&other);
                }
                assert_eq!(one.0.load(Ordering::SeqCst), round - 1, "not before the round is over");
                while one.0.load(Ordering::SeqCst) < round {
                    tokio::task::yield_now().await;
                }
            }
        });
        assert_eq!((one.0.load(Ordering::SeqCst), other.0.load(Ordering::SeqCst)), (3, 3));
    }
}
