//! The ticks of an I/O thread's coarse clock.
//!
//! On Linux they come by a descriptor, for which the loop waits as for a socket. With a timer of tokio's every wake-up of the loop
//! would work out anew how long it may sleep, which costs more than to take a request apart.

use std::time::Duration;
#[cfg(target_os = "linux")]
use std::{future::pending, io, os::fd::OwnedFd};

#[cfg(target_os = "linux")]
use nix::{
    sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    unistd::read,
};
#[cfg(target_os = "linux")]
use tokio::io::{Interest, unix::AsyncFd};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Ticks at equal distances; those that nobody waited for are missed.
pub(super) enum Ticks {
    #[cfg(target_os = "linux")]
    System(AsyncFd<OwnedFd>),
    Tokio(Interval),
}

impl Ticks {
    /// To be called on the event loop that waits for them.
    pub(super) fn every(tick: Duration) -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(timer) = timer(tick) {
            return Self::System(timer);
        }
        let mut ticks = interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self::Tokio(ticks)
    }

    pub(super) async fn next(&mut self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::System(timer) => {
                let mut count = [0; 8];
                loop {
                    // It fails when the event loop is about to end, and with it whoever waits.
                    let Ok(mut ready) = timer.readable().await else { return pending().await };
                    let took =
                        ready.try_io(|timer| read(timer.get_ref(), &mut count).map_err(io::Error::from));
                    if took.is_ok() {
                        return;
                    }
                }
            }
            Self::Tokio(ticks) => {
                ticks.tick().await;
            }
        }
    }
}

/// A timer of the system. There is none where no descriptor is left.
#[cfg(target_os = "linux")]
fn timer(tick: Duration) -> io::Result<AsyncFd<OwnedFd>> {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
    timer.set(Expiration::Interval(tick.into()), TimerSetTimeFlags::empty())?;
    // Deprecated because a type may change its descriptor under it, or lose it, which this one does not: see `accept`.
    #[allow(deprecated)]
    AsyncFd::with_interest(timer.into(), Interest::READABLE)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn ticks_come_at_their_distance_and_missed_ones_do_not() {
        let begun = Instant::now();
        let tick = Duration::from_millis(10);
        let mut ticks = Ticks::every(tick);
        for _ in 0..5 {
            ticks.next().await;
        }
        assert!(begun.elapsed() >= tick * 4, "{:?}", begun.elapsed());
        std::thread::sleep(tick * 5);
        ticks.next().await;
        let begun = Instant::now();
        for _ in 0..3 {
            ticks.next().await;
        }
        assert!(begun.elapsed() >= tick, "those that were missed do not come all at once");
    }
}
