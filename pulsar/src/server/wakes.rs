//! Wake-ups of a connection that would be for nothing, held back.
//!
//! Whoever takes a piece of the body of a request wakes the connection, so that hyper reads the next one. After the last piece there is
//! none: the connection would be polled once more, which costs more than to find the route and to call the handler. So the connection
//! has a waker of its own, and whoever takes a piece says afterwards whether it was the last one.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    task::{Wake, Waker},
};

/// Wakes the task of a connection, unless what wakes it is [held back](hold_back).
struct OfConnection {
    task: Waker,
}

thread_local! {
    static HOLDS: Cell<bool> = const { Cell::new(false) };
    static HELD: RefCell<Option<Arc<OfConnection>>> = const { RefCell::new(None) };
}

impl Wake for OfConnection {
    fn wake(self: Arc<Self>) {
        if !HOLDS.get() {
            return self.task.wake_by_ref();
        }
        // A piece is taken from one connection.
        if let Some(other) = HELD.replace(Some(self)) {
            other.task.wake_by_ref();
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if HOLDS.get() { Arc::clone(self).wake() } else { self.task.wake_by_ref() }
    }
}

/// The waker of a connection, made when it is first asked for.
#[derive(Default)]
pub(super) struct ConnectionWaker(Option<(Waker, Arc<OfConnection>)>);

impl ConnectionWaker {
    /// The one that wakes `task`.
    pub(super) fn of(&mut self, task: &Waker) -> &Waker {
        if self.0.as_ref().is_some_and(|(_, own)| !own.task.will_wake(task)) {
            self.0 = None;
        }
        let (waker, _) = self.0.get_or_insert_with(|| {
            let own = Arc::new(OfConnection { task: task.clone() });
            (Waker::from(Arc::clone(&own)), own)
        });
        waker
    }
}

/// Takes a piece of a body. The wake-up of its connection that comes of that, if any, is dropped if `take` says that it was for nothing.
pub(super) fn hold_back<T>(take: impl FnOnce() -> (T, bool)) -> T {
    /// Ends the holding back, also if `take` panics.
    struct Holds;

    impl Drop for Holds {
        fn drop(&mut self) {
            HOLDS.set(false);
        }
    }

    HOLDS.set(true);
    let holds = Holds;
    let (taken, for_nothing) = take();
    drop(holds);
    if let Some(held) = HELD.take()
        && !for_nothing
    {
        held.task.wake_by_ref();
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::{
        panic::catch_unwind,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn nothing_but_what_is_for_nothing_is_dropped() {
        let (one, other) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let counts = || (one.0.load(Relaxed), other.0.load(Relaxed));
        let (mut first, mut second) = (ConnectionWaker::default(), ConnectionWaker::default());
        let waker = first.of(&Waker::from(Arc::clone(&one))).clone();
        let of_other = second.of(&Waker::from(Arc::clone(&other))).clone();
        waker.wake_by_ref();
        assert_eq!(counts(), (1, 0), "nobody holds it back");
        assert_eq!(hold_back(|| (waker.wake_by_ref(), true)), ());
        assert_eq!(counts(), (1, 0));
        let another = waker.clone();
        hold_back(|| (another.wake(), false));
        assert_eq!(counts(), (2, 0), "there is another piece");
        hold_back(|| ((), false));
        assert_eq!(counts(), (2, 0), "nothing was to be woken");
        hold_back(|| ([of_other.wake_by_ref(), waker.wake_by_ref()], true));
        assert_eq!(counts(), (2, 1), "one piece, one connection");
        assert!(catch_unwind(|| hold_back(|| -> ((), bool) { panic!("on purpose") })).is_err());
        waker.wake();
        assert_eq!(counts(), (3, 1), "a panic is the end of it");
    }

    #[test]
    fn a_task_is_woken_that_has_changed() {
        let (one, other) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut own = ConnectionWaker::default();
        let (first, second) = (Waker::from(Arc::clone(&one)), Waker::from(Arc::clone(&other)));
        let waker = own.of(&first).clone();
        assert!(own.of(&first).will_wake(&waker), "it is made once");
        own.of(&second).wake_by_ref();
        assert_eq!((one.0.load(Relaxed), other.0.load(Relaxed)), (0, 1));
    }
}
