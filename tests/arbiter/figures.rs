//! What four workers cost: until they are ready, and while nobody asks anything of them.
//!
//! Asserted in a release build only: `cargo test --release -p pulsar-tests --test arbiter figures -- --nocapture`.

use std::time::{Duration, Instant};

use crate::support::{Setup, let_pass, proc};

/// How long a start may take until all workers are ready.
const START: Duration = Duration::from_millis(500);

/// How much memory an idle program may take: the arbiter and four workers.
const PSS_KIB: u64 = 30 * 1024;

/// How often an idle process may wake up in a second.
const WAKE_UPS: u64 = 10;

#[test]
fn four_workers_start_soon_and_cost_little_while_idle() {
    let begun = Instant::now();
    let instance = Setup::faults(&["--workers", "4"]).start_ready(4);
    let start = begun.elapsed();
    // What the start and the questions above have caused is over.
    let_pass(Duration::from_secs(1));
    let processes: Vec<_> = instance.workers().into_iter().chain([instance.pid()]).collect();
    let waits = || processes.iter().map(|pid| proc::waits(*pid)).collect::<Vec<_>>();
    let before = waits();
    let seconds = 3;
    let_pass(Duration::from_secs(seconds));
    let after = waits();
    let wake_ups: Vec<_> =
        after.iter().zip(&before).map(|(after, before)| (after - before) / seconds).collect();
    let pss: u64 = processes.iter().map(|pid| proc::pss(*pid)).sum();
    eprintln!("ready after {start:?}; idle: {pss} KiB; wake-ups per second {wake_ups:?}, the arbiter's last");
    if !cfg!(debug_assertions) {
        assert!(start < START, "ready after {start:?}");
        assert!(pss < PSS_KIB, "{pss} KiB");
        assert!(wake_ups.iter().all(|count| *count <= WAKE_UPS), "{wake_ups:?}");
    }
    instance.stop();
}
