//! The signals of the arbiter, as one stream.
//!
//! Every signal that would end a process and is not meant to end this one is caught as well: as process 1 the arbiter would not hear
//! others, and elsewhere it would die of them. What a signal means is not said here.

use std::{
    future::poll_fn,
    io::{self, IsTerminal},
    task::Poll,
};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    Terminate,
    Interrupt,
    Quit,
    HangUp,
    Reopen,
    Upgrade,
    More,
    Fewer,
    Pause,
    Child,
}

/// All signals of the arbiter.
#[derive(Debug)]
pub(super) struct Signals {
    streams: Vec<(Arrived, Signal)>,
    /// Caught, and of no meaning.
    _others: Vec<Signal>,
}

impl Signals {
    /// Catches the signals from now on.
    pub(super) fn new() -> io::Result<Self> {
        use nix::libc::{SIGALRM, SIGIO, SIGPROF, SIGTTIN, SIGTTOU, SIGVTALRM, SIGWINCH};
        let known = [
            (Arrived::Terminate, SignalKind::terminate()),
            (Arrived::Interrupt, SignalKind::interrupt()),
            (Arrived::Quit, SignalKind::quit()),
            (Arrived::Child, SignalKind::child()),
            (Arrived::HangUp, SignalKind::hangup()),
            (Arrived::Reopen, SignalKind::user_defined1()),
            (Arrived::Upgrade, SignalKind::user_defined2()),
            (Arrived::More, SignalKind::from_raw(SIGTTIN)),
            (Arrived::Fewer, SignalKind::from_raw(SIGTTOU)),
            (Arrived::Pause, SignalKind::from_raw(SIGWINCH)),
        ];
        let streams = known.map(|(arrived, kind)| signal(kind).map(|stream| (arrived, stream)));
        let others = [SIGALRM, SIGVTALRM, SIGPROF, SIGIO].map(|number| signal(SignalKind::from_raw(number)));
        Ok(Self {
            streams: streams.into_iter().collect::<io::Result<_>>()?,
            _others: others.into_iter().collect::<io::Result<_>>()?,
        })
    }

    /// The next signal. Several of one kind may arrive as one.
    pub(super) async fn next(&mut self) -> Arrived {
        poll_fn(|cx| {
            for (arrived, stream) in &mut self.streams {
                if stream.poll_recv(cx).is_ready() {
                    return Poll::Ready(*arrived);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Whether somebody sits at a terminal, whose window may change its size.
    pub(super) fn has_terminal() -> bool {
        io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
    }
}
