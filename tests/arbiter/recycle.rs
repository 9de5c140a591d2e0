//! Workers that have served or grown enough, and more or fewer of them on demand: always without a lost request.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use pulsar_tests::until;

use crate::support::{Load, Setup, proc};

/// 32: `--max-requests`.
#[test]
fn workers_that_have_served_enough_are_replaced_one_after_the_other() {
    let instance = Setup::faults(&["--workers", "3", "--max-requests", "60", "--max-requests-jitter", "30"])
        .start_ready(3);
    let load = Load::on(&instance.target());
    let enough = AtomicBool::new(false);
    let fewest = thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut fewest = usize::MAX;
            while !enough.load(Ordering::Relaxed) {
                let ready = instance.info().apps[0].ready().len();
                fewest = fewest.min(ready);
            }
            fewest
        });
        let begun = std::time::Instant::now();
        while load.so_far().pids.len() < 9 && begun.elapsed() < pulsar_tests::PATIENCE {
            thread::park_timeout(std::time::Duration::from_millis(5));
        }
        enough.store(true, Ordering::Relaxed);
        sampler.join().expect("it only asks")
    });
    let tally = load.stop();
    assert!(tally.pids.len() >= 9, "two workers in each slot were replaced: {tally}");
    tally.assert_clean();
    assert!(fewest >= 3, "there were only {fewest} workers for a while");
    assert_eq!(instance.info().arbiter.generation, 1);
    assert!(instance.log().contains("max_requests"), "the log says why:\n{}", instance.log());
    until("every worker that ended was waited for", || proc::zombies(instance.pid()).is_empty());
    instance.wait_ready(3);
    instance.stop();
}

/// 32: `--max-rss`.
#[test]
fn a_worker_that_has_grown_is_replaced() {
    let instance = Setup::faults(&["--workers", "2", "--max-rss", "150"]).start_ready(2);
    let load = Load::on(&instance.target());
    let before = instance.workers();
    instance.get("/leak/200").assert(200, "200 MiB\n");
    until("one worker is another one", || {
        let now = instance.info().apps[0].ready();
        now.len() == 2 && now.difference(&before).count() == 1
    });
    instance.wait_ready(2);
    assert_eq!(before.intersection(&instance.workers()).count(), 1, "the other one stays");
    load.wait_for_more(5);
    load.stop().assert_clean();
    assert!(instance.log().contains("max_rss"), "the log says why:\n{}", instance.log());
    instance.stop();
}

/// 33.
#[test]
fn the_number_of_workers_changes_by_signal_and_by_command() {
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    let load = Load::on(&instance.target());
    let first: BTreeSet<_> = instance.workers();
    // Signals of one kind that are pending are one, so each has to be heard before the next is sent.
    for target in 3..=6 {
        instance.signal("TTIN");
        until("one more is wanted", || instance.info().apps[0].target == target);
    }
    instance.wait_ready(6);
    for target in (4..=5).rev() {
        instance.signal("TTOU");
        until("one less is wanted", || instance.info().apps[0].target == target);
    }
    instance.wait_ready(4);
    assert!(first.is_disjoint(&instance.workers()), "the oldest have gone");
    for (words, workers) in [
        (&["workers", "6"][..], 6),
        (&["workers", "-2"], 4),
        (&["workers", "+1"], 5),
        (&["workers", "faults", "3"], 3),
    ] {
        instance.command(words).assert_code(0);
        instance.wait_ready(workers);
        load.wait_for_more(5);
    }
    // It holds: the settings have not changed.
    instance.reload();
    instance.wait_ready(3);
    // There is always one.
    for _ in 0..4 {
        instance.signal("TTOU");
        load.wait_for_more(5);
    }
    instance.wait_ready(1);
    load.wait_for_more(5);
    load.stop().assert_clean();
    for wrong in [&["workers", "x"][..], &["workers", "nobody", "2"]] {
        let finished = instance.command(wrong);
        assert!(matches!(finished.code, Some(1 | 2)), "{finished}");
    }
    instance.stop();
}
