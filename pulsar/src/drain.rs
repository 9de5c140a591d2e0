//! How an answer without an end of its own learns that the server stops.
//!
//! An event stream or a WebSocket would hold up a graceful stop until its deadline. Such an answer carries a [`Notice`] in its
//! extensions; the server that sends it connects the notice with its own [`Drain`]. The rule it keeps: whoever does not ask
//! pays nothing, and where there is no server, as in a test, nothing ever begins to drain.

use std::{
    future::pending,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Waker},
};

use tokio::sync::watch;

/// The server's end: says once that what is open shall end.
#[derive(Debug)]
pub(crate) struct Drain(watch::Sender<bool>);

impl Drain {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Connections are no longer accepted: whoever is told to come back comes to another server.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }
}

/// The answer's end. Clones are one: the answer's extensions have one of them, its body the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notice(Arc<OnceLock<watch::Receiver<bool>>>);

impl Notice {
    /// The first server that sends the answer is the one that counts.
    pub(crate) fn connect(&self, drain: &Drain) {
        self.0.get_or_init(|| drain.0.subscribe());
    }

    /// Ready as soon as the server drains. To be asked when the head of the answer is out, not before.
    pub(crate) fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let receiver = self.0.get().cloned();
        async {
            match receiver {
                // A server that is gone drains no less.
                Some(mut receiver) => drop(receiver.wait_for(|begun| *begun).await),
                None => pending().await,
            }
        }
    }
}

/// Who waits for a notice in a body, which is asked far more often than anything begins to drain.
#[derive(Default)]
pub(crate) struct Watching {
    begun: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Who is woken when it begins.
    waker: Option<Waker>,
}

impl Watching {
    /// Whether the drain has begun; if not, the task is woken when it does. To be asked when the head of the answer is out.
    pub(crate) fn has_begun(&mut self, notice: &Notice, cx: &mut Context<'_>) -> bool {
        // A server that is gone drains no less.
        let is_new = notice.0.get().is_some_and(|receiver| receiver.has_changed().unwrap_or(true));
        if !is_new && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return false;
        }
        self.waker = Some(cx.waker().clone());
        self.begun.get_or_insert_with(|| Box::pin(notice.begun())).as_mut().poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    fn is_ready(future: Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn a_notice_hears_of_the_server_that_sends_its_answer() {
        let (one, other, notice) = (Drain::new(), Drain::new(), Notice::default());
        notice.clone().connect(&one);
        notice.connect(&other);
        let mut begun = pin!(notice.begun());
        other.begin();
        assert!(!is_ready(begun.as_mut()));
        one.begin();
        assert!(is_ready(begun.as_mut()));
        assert!(is_ready(pin!(notice.begun())), "also for whoever asks later");
    }

    #[test]
    fn who_watches_is_woken_once_and_knows() {
        struct Woken(AtomicUsize);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (drain, notice) = (Drain::new(), Notice::default());
        notice.connect(&drain);
        let (first, second) = (Arc::new(Woken(0.into())), Arc::new(Woken(0.into())));
        let wakers = [Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second))];
        let mut watching = Watching::default();
        for waker in &wakers {
            for _ in 0..3 {
                assert!(!watching.has_begun(&notice, &mut Context::from_waker(waker)));
            }
        }
        drain.begin();
        assert_eq!(
            (first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)),
            (0, 1),
            "the last who asked"
        );
        assert!(watching.has_begun(&notice, &mut Context::from_waker(&wakers[1])));
        let mut late = Watching::default();
        assert!(late.has_begun(&notice, &mut Context::from_waker(&wakers[0])), "also for whoever asks later");
    }

    #[test]
    fn a_server_that_is_gone_drains_and_none_does_not() {
        let (drain, notice) = (Drain::new(), Notice::default());
        assert!(!is_ready(pin!(notice.begun())));
        notice.connect(&drain);
        drop(drain);
        assert!(is_ready(pin!(notice.begun())));
    }
}
