//! What the tests of the arbiter have in common: a program with workers, load on it, and a look at its processes.
//!
//! The rule it keeps: everything is seen from outside, by sockets, signals, commands and `/proc`.

mod instance;
mod load;
mod notify;
mod random;
mod spawned;
mod upgrade;

pub(crate) mod proc;

use std::{
    env, thread,
    time::{Duration, Instant},
};

pub(crate) use instance::{Instance, Setup};
pub(crate) use load::{Load, Tally, Target};
pub(crate) use notify::Notify;
pub(crate) use random::Random;
pub(crate) use spawned::Spawned;
pub(crate) use upgrade::Image;

/// How often, how many, how long: the first value in CI, another one by an environment variable for those who have time.
pub(crate) fn effort(variable: &str, usual: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}: `{text}` is no number")),
        Err(_) => usual,
    }
}

/// Lets time pass where its passing is what is tested: that something does *not* happen, and at random points of a start.
pub(crate) fn let_pass(time: Duration) {
    let begun = Instant::now();
    while let Some(left) = time.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

/// Says why a test does nothing here.
pub(crate) fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    proc::ids(std::process::id(), "Uid").contains(&0)
}

/// The newest line of a log that has all of these parts.
pub(crate) fn line<'a>(log: &'a str, parts: &[&str]) -> Option<&'a str> {
    log.lines().rev().find(|line| parts.iter().all(|part| line.contains(part)))
}
