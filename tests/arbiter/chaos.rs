//! Faults by chance, and what has to be true all the same.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use pulsar_tests::until;

use crate::support::{Load, Random, Setup, effort, let_pass, proc};

/// 42.
#[test]
fn whatever_happens_the_workers_are_there_again_and_nobody_was_refused() {
    let seed = effort("PULSAR_TEST_CHAOS_SEED", 42);
    let time = Duration::from_secs(effort("PULSAR_TEST_CHAOS_SECONDS", 10));
    eprintln!("seed {seed}, {time:?}");
    let mut random = Random::new(seed);
    let instance = Setup::faults(&["--workers", "3", "--timeout", "3"]).start_ready(3);
    let load = Load::on(&instance.target());
    let mut excused = 0;
    let mut history = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let workers: Vec<_> = instance.workers().into_iter().collect();
        let victim = if workers.is_empty() { None } else { Some(*random.choice(&workers)) };
        let fault =
            *random.choice(&["KILL", "STOP", "CONT", "HUP", "HUP", "TTIN", "TTOU", "USR2", "arbiter"]);
        history.push((fault, victim));
        match (fault, victim) {
            ("KILL", Some(pid)) => {
                excused += load.clients();
                proc::signal(pid, "KILL");
            }
            ("STOP", Some(pid)) => {
                // It goes on, or is killed for its silence.
                excused += load.clients();
                proc::signal(pid, "STOP");
            }
            ("CONT", _) => {
                for pid in &workers {
                    proc::signal(*pid, "CONT");
                }
            }
            ("arbiter", _) => {
                instance.signal("STOP");
                let_pass(Duration::from_millis(random.below(300)));
                instance.signal("CONT");
            }
            (name @ ("HUP" | "TTIN" | "TTOU" | "USR2"), _) => instance.signal(name),
            _ => {}
        }
        let_pass(Duration::from_millis(random.below(400)));
    }
    for pid in instance.workers() {
        proc::signal(pid, "CONT");
    }
    let what = format!("seed {seed}: {history:?}");
    let quiet = || {
        let info = instance.info();
        let app = &info.apps[0];
        let ready: BTreeSet<_> = app.ready();
        ready.len() == app.target && app.workers.len() == app.target && ready == instance.workers()
    };
    until(&format!("the workers are as many as they should be after {what}"), quiet);
    load.wait_for_more(10);
    let tally = load.stop();
    eprintln!("{what}\n{tally}");
    tally.assert_lost_at_most(excused);
    assert_eq!(instance.info().arbiter.pid, instance.pid());
    until(&format!("{what}: every worker that ended was waited for"), || {
        proc::zombies(instance.pid()).is_empty()
    });
    // No other process of this instance but the arbiter and its workers.
    let mut expected: Vec<_> = instance.workers().into_iter().chain([instance.pid()]).collect();
    expected.sort_unstable();
    let mut processes = instance.processes();
    processes.sort_unstable();
    assert_eq!(processes, expected, "{what}");
    instance.stop().assert_calm();
}
