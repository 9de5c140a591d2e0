//! What the arbiter costs: how soon four workers are ready, what it takes while nobody asks anything of it, and how soon a program
//! that was built anew answers.
//!
//! The bounds hold for a release build, `cargo test --release -p pulsar-tests --test arbiter figures`; a debug build has to keep the
//! same wake-ups and is given more time and memory. What is measured is printed with `--nocapture`.

use std::{
    fs,
    time::{Duration, Instant},
};

use pulsar_tests::until;

use crate::support::{Image, Setup, let_pass, proc};

/// How long it may take from the start to the line that says that the program serves.
const START: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1500 } else { 150 });

/// How much memory an idle arbiter may take, in KiB: its own, and its share of what it shares with its workers.
const PSS_KIB: u64 = if cfg!(debug_assertions) { 12 * 1024 } else { 3 * 1024 };

/// How often an idle arbiter may wake up in a second.
const WAKE_UPS: f64 = 2.0;

/// For how long it is watched.
const WATCHED: Duration = Duration::from_secs(5);

#[test]
fn four_workers_are_ready_soon_and_an_idle_arbiter_costs_little() {
    let begun = Instant::now();
    // It is started when its line has come, which is when all workers are ready.
    let instance = Setup::faults(&["--workers", "4"]).start();
    let start = begun.elapsed();
    instance.wait_ready(4);
    // What the start and the questions above have caused is over.
    let_pass(Duration::from_secs(1));
    let before = proc::waits(instance.pid());
    let_pass(WATCHED);
    #[allow(clippy::cast_precision_loss)] // They are few.
    let wake_ups = (proc::waits(instance.pid()) - before) as f64 / WATCHED.as_secs_f64();
    let pss = proc::pss(instance.pid());
    eprintln!(
        "four workers ready after {start:?}; idle arbiter: {pss} KiB PSS, {wake_ups} wake-ups a second"
    );
    assert!(start < START, "ready after {start:?}");
    assert!(pss < PSS_KIB, "{pss} KiB");
    assert!(wake_ups <= WAKE_UPS, "{wake_ups} wake-ups a second");
    instance.stop();
}

/// How long it may take from a new program to its first answer; half of them are faster.
const NEW_PROGRAM: Duration = Duration::from_millis(if cfg!(debug_assertions) { 3000 } else { 750 });

/// What part of a processor an arbiter may take that watches a thousand files.
const WATCHING: f64 = 0.03;

#[test]
fn a_new_program_answers_soon_and_watching_costs_little() {
    let setup = Setup::faults(&["--reload"]);
    let image = Image::of("faults", setup.folder());
    for folder in 0..10 {
        let folder = format!("templates/{folder}");
        fs::create_dir_all(setup.folder().join(&folder)).expect("the folder is new");
        for file in 0..100 {
            setup.folder().write(&format!("{folder}/{file}.html"), "text");
        }
    }
    let instance = setup.at(&image.path).start_ready(1);
    let_pass(Duration::from_secs(1));
    let before = proc::processor_ticks(instance.pid());
    let_pass(WATCHED);
    #[allow(clippy::cast_precision_loss)] // They are few, and a hundred are a second.
    let share = (proc::processor_ticks(instance.pid()) - before) as f64 / 100.0 / WATCHED.as_secs_f64();
    let mut times: Vec<Duration> = (2..12)
        .map(|generation| {
            image.replace();
            let begun = Instant::now();
            let answer = format!("\"generation\":{generation},");
            until("the new program answers", || instance.get("/whoami").text().contains(&answer));
            let time = begun.elapsed();
            // Its arbiter is the new one as well, and nothing else is going on.
            instance.wait_ready(1);
            time
        })
        .collect();
    times.sort();
    let median = times[times.len() / 2];
    eprintln!("watching 1000 files takes {share:.4} of a processor; a new program answers after {times:?}");
    assert!(share < WATCHING, "{share} of a processor");
    assert!(median < NEW_PROGRAM, "{times:?}");
    instance.stop();
}
