//! How a server is told to stop: the [`Shutdown`] handle, and the signals that pull it.
//!
//! It says *that* the server shall stop; how connections end is the business of the threads that hold them.
//! A request to stop is never taken back, and only grows: from draining to force.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::task;

/// Tells running servers to stop. Clones act as one.
///
/// ```
/// let shutdown = pulsar::server::Shutdown::new();
/// shutdown.drain();
/// assert!(shutdown.is_requested());
/// ```
#[derive(Clone, Debug)]
pub struct Shutdown {
    demand: Arc<watch::Sender<Demand>>,
}

/// What has been asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    Run,
    /// Accept for as long as `drain_delay` says, then drain.
    Drain,
    /// Accept no more.
    DrainNow,
    /// As before, with no more than [`QUICK`] to end.
    Quick,
    Force,
}

impl Shutdown {
    /// A handle that has not been used yet.
    ///
    /// ```
    /// assert!(!pulsar::server::Shutdown::new().is_requested());
    /// ```
    pub fn new() -> Self {
        Self { demand: Arc::new(watch::Sender::new(Demand::Run)) }
    }

    /// Begins the graceful stop: after [`drain_delay`](crate::server::ServerConfig::drain_delay), which is mostly zero, no new
    /// connections; requests in flight finish.
    ///
    /// ```
    /// let shutdown = pulsar::server::Shutdown::new();
    /// shutdown.drain();
    /// assert!(shutdown.is_requested());
    /// ```
    pub fn drain(&self) {
        self.raise(Demand::Drain);
    }

    /// Like [`drain`](Self::drain), without the delay: for a server whose listeners are served by another one.
    ///
    /// ```
    /// let shutdown = pulsar::server::Shutdown::new();
    /// shutdown.drain_now();
    /// assert!(shutdown.is_requested());
    /// ```
    pub fn drain_now(&self) {
        self.raise(Demand::DrainNow);
    }

    /// Ends quickly: idle connections are closed at once, what is in flight has two seconds.
    ///
    /// ```
    /// let shutdown = pulsar::server::Shutdown::new();
    /// shutdown.quick();
    /// assert!(shutdown.is_requested());
    /// ```
    pub fn quick(&self) {
        self.raise(Demand::Quick);
    }

    /// Ends at once; what is in flight is cut.
    ///
    /// ```
    /// let shutdown = pulsar::server::Shutdown::new();
    /// shutdown.force();
    /// assert!(shutdown.is_requested());
    /// ```
    pub fn force(&self) {
        self.raise(Demand::Force);
    }

    /// Whether a stop of either kind was asked for.
    pub fn is_requested(&self) -> bool {
        *self.demand.borrow() > Demand::Run
    }

    pub(super) fn is_forced(&self) -> bool {
        *self.demand.borrow() == Demand::Force
    }

    pub(super) fn subscribe(&self) -> Watch {
        Watch { demand: self.demand.subscribe(), _sender: Arc::clone(&self.demand) }
    }

    fn raise(&self, demand: Demand) {
        self.demand.send_if_modified(|current| {
            let raised = *current < demand;
            *current = demand.max(*current);
            raised
        });
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

/// How long requests in flight have at a quick stop.
pub(super) const QUICK: Duration = Duration::from_secs(2);

/// The waiting side. It holds the sender too, so that dropping every handle is not taken for a demand.
#[derive(Clone)]
pub(super) struct Watch {
    demand: watch::Receiver<Demand>,
    _sender: Arc<watch::Sender<Demand>>,
}

impl Watch {
    /// Returns when at least `demand` is asked for.
    pub(super) async fn reached(&mut self, demand: Demand) {
        if self.demand.wait_for(|current| *current >= demand).await.is_err() {
            unreachable!("the watch holds a sender of its own channel");
        }
    }
}

/// Maps signals to the handle, for the rest of the process: TERM drains, QUIT and the first INT end quickly, the second INT
/// forces.
///
/// A thread of its own waits for them, so that a second INT is heard even if a handler blocks every I/O thread.
/// The exit code stays with the caller: see [`Stop`](crate::server::Stop).
///
/// # Errors
///
/// When the system refuses a signal handler, or a thread.
///
/// ```
/// use pulsar::server::{Shutdown, signals};
/// let shutdown = Shutdown::new();
/// signals(shutdown.clone())?;
/// // From here on TERM and INT stop what is served with `shutdown`.
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn signals(shutdown: Shutdown) -> io::Result<()> {
    signals_and_reopen(shutdown, Box::new(|| {}))
}

/// Like [`signals`]; USR1 calls `reopen`, and the other signals that an arbiter understands do nothing, instead of ending the process.
pub(crate) fn signals_and_reopen(shutdown: Shutdown, reopen: Box<dyn Fn() + Send>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt, mut quit, mut user, mut hang_up, mut upgrade) = {
        // Registered before this function returns: a signal that comes right after it is not lost.
        let _context = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
            signal(SignalKind::user_defined1())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::user_defined2())?,
        )
    };
    let wait = async move {
        let mut interrupts = 0;
        loop {
            let has_no_arbiter = |name| tracing::warn!("{name} has no effect: there are no worker processes");
            tokio::select! {
                _ = terminate.recv() => {
                    tracing::info!("TERM: finishing what is in flight");
                    shutdown.drain();
                }
                _ = interrupt.recv() => {
                    interrupts += 1;
                    if interrupts == 1 {
                        tracing::info!("INT: stopping quickly; once more to stop at once");
                        shutdown.quick();
                    } else {
                        shutdown.force();
                    }
                }
                _ = quit.recv() => {
                    tracing::info!("QUIT: stopping quickly");
                    shutdown.quick();
                }
                _ = user.recv() => {
                    tracing::info!("USR1: opening the logs anew");
                    reopen();
                }
                _ = hang_up.recv() => has_no_arbiter("HUP"),
                _ = upgrade.recv() => has_no_arbiter("USR2"),
            }
        }
    };
    thread::Builder::new()
        .name("pulsar-signals".into())
        .spawn(move || task::block_on(&runtime, wait))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_only_grows() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.is_requested());
        shutdown.clone().force();
        shutdown.drain();
        assert_eq!(*shutdown.demand.borrow(), Demand::Force);
    }
}
