//! What the connections of one application may use of one I/O thread: time on its coarse clock, and how many there may be.
//!
//! Plain numbers, made once from the configuration. What is done about them is the business of `activity` and `accept`.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use tokio::sync::Notify;

use crate::server::config::ServerConfig;

/// The limits of the connections of one application on one thread. Times are in ticks of its clock.
#[derive(Debug)]
pub(super) struct Limits {
    /// How long nothing may come between two requests.
    pub(super) keep_alive: u32,
    /// How long a request head may take from its first byte on.
    pub(super) head: u32,
    /// How long the first bytes of HTTP/2, or a PROXY header, may take.
    pub(super) preface: u32,
    /// How long a client may take nothing of what is ready for it.
    pub(super) write: u32,
    /// What it has to take in a while, if anything.
    pub(super) rate: Option<Rate>,
    /// How old a connection may get.
    pub(super) age: u32,
    /// How long a connection that is closed waits for the client to close as well.
    pub(super) linger: u32,
    /// How many requests a connection may have.
    pub(super) requests: u64,
    pub(super) places: Places,
}

/// The fewest bytes in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) ticks: u32,
    pub(super) bytes: u32,
}

/// A limit that is never reached: no time is longer.
pub(super) const FOREVER: u32 = u32::MAX;

/// How long a client's rate is measured until it is judged, at least.
const RATE_TIME: Duration = Duration::from_secs(10);
/// How long a closed connection lingers.
const LINGER: Duration = Duration::from_secs(1);

impl Limits {
    /// The limits that a configuration asks for, on thread number `thread` of `threads`.
    pub(super) fn new(config: &ServerConfig, tick: Duration, thread: usize, threads: usize) -> Self {
        let limit = |time: Option<Duration>| time.map_or(FOREVER, |time| ticks(time, tick));
        let rate = config.min_rate.map(|bytes| Rate {
            ticks: ticks(RATE_TIME, tick).max(1),
            bytes: bytes.saturating_mul(u32::try_from(RATE_TIME.as_secs()).unwrap_or(u32::MAX)),
        });
        Self {
            keep_alive: ticks(idle(config), tick),
            head: limit(config.head_timeout),
            preface: limit(config.preface_timeout),
            write: limit(config.write_timeout),
            rate,
            age: limit(config.max_connection_age),
            linger: ticks(LINGER, tick),
            requests: config.max_connection_requests.unwrap_or(u64::MAX),
            places: Places::new(config.max_connections.map(|most| share(most, thread, threads))),
        }
    }

    /// The shortest time that a configuration limits.
    pub(super) fn shortest(config: &ServerConfig) -> Duration {
        let times = [config.head_timeout, config.preface_timeout, config.write_timeout];
        times.into_iter().flatten().chain([idle(config), LINGER * 8]).min().unwrap_or(LINGER * 8)
    }
}

/// How long a connection may stand without a byte of a request.
fn idle(config: &ServerConfig) -> Duration {
    // Without keep-alive it is only the first request that is waited for, which may take a while all the same.
    if config.keep_alive.is_zero() { ServerConfig::KEEP_ALIVE } else { config.keep_alive }
}

/// The part of `most` that falls to thread number `thread`; every thread may have one.
fn share(most: u64, thread: usize, threads: usize) -> usize {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    (most / threads + usize::from(thread < most % threads)).max(1)
}

/// A duration on the coarse clock. It is never the greatest value, which is no limit.
pub(super) fn ticks(duration: Duration, tick: Duration) -> u32 {
    u32::try_from(duration.as_nanos() / tick.as_nanos()).map_or(FOREVER - 1, |ticks| ticks.min(FOREVER - 1))
}

/// Room for so many connections.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: AtomicUsize,
    /// Told when one gets free.
    pub(super) freed: Notify,
}

impl Places {
    fn new(most: Option<usize>) -> Self {
        Self { most: most.unwrap_or(usize::MAX), taken: AtomicUsize::new(0), freed: Notify::new() }
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn are_taken(&self) -> bool {
        self.taken.load(Relaxed) >= self.most
    }

    pub(super) fn take(&self) {
        self.taken.fetch_add(1, Relaxed);
    }

    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Relaxed);
        self.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_out_among_the_threads() {
        for (most, threads, expected) in
            [(10, 1, vec![10]), (10, 3, vec![4, 3, 3]), (2, 2, vec![1, 1]), (1, 2, vec![1, 1])]
        {
            let shares: Vec<_> = (0..threads).map(|thread| share(most, thread, threads)).collect();
            assert_eq!(shares, expected, "{most} for {threads}");
        }
    }

    #[test]
    fn no_limit_is_longer_than_any() {
        let second = Duration::from_secs(1);
        assert_eq!(ticks(Duration::from_secs(30), second / 2), 60);
        assert_eq!(ticks(Duration::MAX, second), FOREVER - 1);
        let config = ServerConfig { head_timeout: None, min_rate: Some(500), ..ServerConfig::default() };
        let limits = Limits::new(&config, second, 0, 1);
        assert_eq!((limits.head, limits.write), (FOREVER, 30));
        assert_eq!(limits.rate, Some(Rate { ticks: 10, bytes: 5000 }));
    }
}
