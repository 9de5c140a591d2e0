//! The workers of one application: what is done, and when, in a world without processes.

use std::collections::BTreeMap;

use super::*;
use crate::{
    arbiter::supervisor::tests::world::{Behaviour, Boot, GOOD, World, boots, policy, seconds},
    worker::Cause,
};

/// What happens in a world after something was done to it.
#[track_caller]
fn story(world: &mut World, for_seconds: f64, expected: &[&str]) {
    world.run(for_seconds);
    let log = world.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines, expected, "\n{log}");
}

fn failing(boot: Boot) -> World {
    let mut world = World::new(&[("a", policy(1))]);
    world.let_be("a", 1, boots(boot));
    world
}

// The start.

#[test]
fn a_program_is_ready_when_every_worker_is() {
    let mut world = World::new(&[("a", policy(2))]);
    let expected =
        ["0.0 spawn a1 in 0 of 1", "0.0 spawn a2 in 1 of 1", "1.0 ready a1", "1.0 ready a2", "1.0 all ready"];
    story(&mut world, 100.0, &expected);
}

#[test]
fn an_application_that_never_comes_up_is_given_up() {
    let refused = "failed to start: no more processes";
    let rows: [(Boot, f64, String); 4] = [
        // Five starts, with 0.5, 0.75, 1.1 and 1.7 seconds between them.
        (Boot::Dies(0.0), 4.1, "5 starts failed in a row; the last one: exited with code 1".to_owned()),
        (Boot::Refused, 5.1, format!("5 starts failed in a row; the last one: {refused}")),
        (
            Boot::Never,
            20.0,
            "no worker was ready within 20 s: killed because it was not ready within boot_timeout".to_owned(),
        ),
        (Boot::Dies(8.0), 20.0, "no worker was ready within 20 s: exited with code 1".to_owned()),
    ];
    for (boot, at, why) in rows {
        let mut world = failing(boot);
        world.run(at - 1.2);
        assert!(world.notices.is_empty(), "{boot:?} is given up too early:\n{}", world.log());
        world.run(3.0);
        let log = world.log();
        assert!(log.contains(&format!("{at:.1} given up a: {why}")), "{boot:?} until {at}:\n{log}");
        assert!(log.ends_with("stopped"), "{log}");
    }
}

#[test]
fn an_application_that_was_ready_once_is_never_given_up() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.crash("a1");
    world.run(1000.0);
    assert!(!world.log().contains("given up"));
    world.let_all_be_good();
    world.run(35.0);
    assert_eq!(world.workers("a"), [(0, 1)]);
}

#[test]
fn a_worker_that_is_not_ready_in_time_is_killed_and_its_slot_waits() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 1, boots(Boot::Never));
    world.crash("a1");
    let expected = [
        "10.0 end a1: signal",
        "10.0 spawn a2 in 0 of 1",
        "20.0 kill a2",
        "20.0 end a2: boot_timeout",
        "20.5 spawn a3 in 0 of 1",
        "30.5 kill a3",
        "30.5 end a3: boot_timeout",
        "31.2 spawn a4 in 0 of 1",
    ];
    story(&mut world, 25.0, &expected);
}

// The respawn.

#[test]
fn a_slot_waits_before_it_is_tried_again() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.crash("a1");
    world.run(200.0);
    let log = world.log();
    let starts: Vec<f64> = log
        .lines()
        .filter(|line| line.contains("spawn"))
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    let waits: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((starts[0] - 10.0).abs() < 0.01, "the first one was ready for long");
    for (n, wait) in waits.iter().enumerate() {
        let expected = (0.5 * 1.5_f64.powi(i32::try_from(n).unwrap())).min(30.0);
        assert!((wait - expected).abs() < 0.11, "wait {n} is {wait}, not {expected}:\n{log}");
    }
    assert!(waits.ends_with(&[30.0, 30.0]), "{waits:?}");
}

#[test]
fn whoever_was_ready_for_five_seconds_is_replaced_at_once_and_forgives_its_slot() {
    let rows = [
        // Crashes after so many seconds of being ready; the waits that follow.
        (4.9, [0.5, 0.75, 1.125, 1.6875]),
        (5.0, [0.0, 0.0, 0.0, 0.0]),
    ];
    for (life, waits) in rows {
        let mut world = World::new(&[("a", policy(1))]);
        world.let_be("a", 1, Behaviour { life: Some(life), ..GOOD });
        world.run(0.0);
        for (n, wait) in waits.iter().enumerate() {
            world.run(1.0 + life);
            if *wait > 0.0 {
                world.run(wait - 0.01);
                assert_eq!(world.starts("a", 0), n + 1, "ready for {life} s:\n{}", world.log());
                world.run(0.01);
            }
            assert_eq!(world.starts("a", 0), n + 2, "ready for {life} s:\n{}", world.log());
        }
    }
}

#[test]
fn a_slot_is_forgiven_while_its_worker_is_ready_and_not_only_when_it_ends() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.crash("a1");
    world.run(30.0);
    world.let_all_be_good();
    world.run(60.0);
    assert_eq!(world.ready("a"), 1);
    // Its successor is ready for a second when it dies: the first failure after a long time.
    let serving = world.supervisor.apps()[0].monitor.leader().unwrap();
    world.supervisor.recycle(serving, Mark::MaxRss);
    world.let_be("a", 1, Behaviour { life: Some(0.5), ..GOOD });
    world.run(1.2);
    world.log();
    world.run(0.9);
    assert!(world.log().contains("spawn"), "it waits for half a second:\n{}", world.log());
}

/// Whatever is wrong with the workers of a slot, not too many are started.
#[test]
fn no_slot_starts_more_workers_than_its_waits_allow() {
    // In 300 seconds: 11 waits until they are 30 seconds long, and then one each.
    let most = 22;
    let rows = [
        ("dies at its start", boots(Boot::Dies(0.0))),
        ("is refused", boots(Boot::Refused)),
        ("dies when it is ready", Behaviour { boot: Boot::Ready(0.0), life: Some(0.0), ..GOOD }),
        ("dies soon after", Behaviour { life: Some(2.0), ..GOOD }),
        ("blocks when it is ready", Behaviour { boot: Boot::Ready(0.0), blocks: Some(0.0), ..GOOD }),
        ("is never ready", boots(Boot::Never)),
    ];
    for (what, behaviour) in rows {
        let short = Policy { timeout: seconds(1.0), boot_timeout: seconds(1.0), ..policy(1) };
        let mut world = World::serving(short);
        world.let_be("a", 1, behaviour);
        world.crash("a1");
        world.run(300.0);
        let spawns = world.starts("a", 0);
        assert!(spawns <= most, "a worker that {what} was started {spawns} times:\n{}", world.log());
        assert!(spawns > 8, "a worker that {what} was started {spawns} times:\n{}", world.log());
    }
}

// Workers that do not react.

#[test]
fn a_worker_whose_event_loop_is_blocked_is_told_to_abort_and_then_killed() {
    let mut world = World::serving(policy(2));
    world.block(world.id("a1"));
    let expected = ["13.0 abort a1", "13.0 spawn a3 in 0 of 1", "13.0 end a1: timeout", "14.0 ready a3"];
    story(&mut world, 10.0, &expected);

    // One that is stopped gets no signal but the last.
    let mut world = World::serving(policy(2));
    world.stop_process(world.id("a1"));
    let expected =
        ["13.0 abort a1", "13.0 spawn a3 in 0 of 1", "14.0 ready a3", "14.0 kill a1", "14.0 end a1: timeout"];
    world.run(10.0);
    let mut lines: Vec<String> = world.log().lines().map(str::to_owned).collect();
    lines.sort();
    let mut sorted = expected.to_vec();
    sorted.sort_unstable();
    assert_eq!(lines, sorted);
}

#[test]
fn when_all_workers_are_late_the_machine_gets_one_more_timeout() {
    let mut world = World::serving(policy(2));
    for name in ["a1", "a2"] {
        world.stop_process(world.id(name));
    }
    world.run(5.9);
    assert_eq!(world.log().lines().filter(|line| line.contains("no worker reacts")).count(), 1);
    world.run(0.2);
    let log = world.log();
    assert!(log.contains("16.0 abort a1") && log.contains("16.0 abort a2"), "{log}");

    // The machine goes on: nobody is to blame.
    let mut world = World::serving(policy(2));
    for name in ["a1", "a2"] {
        world.stop_process(world.id(name));
    }
    world.run(5.0);
    world.let_all_be_good();
    world.log();
    story(&mut world, 100.0, &[]);
}

#[test]
fn what_is_late_is_told_by_what_has_not_moved() {
    let rows = [
        // Thread, loops, timeout; what the worker ends of, if it is ended.
        (0.0, 2.9, 3.0, None),
        (0.0, 3.0, 3.0, Some("an event loop has been blocked for 3.0 s")),
        (3.0, 3.5, 3.0, Some("its process has not run for 3.5 s")),
        // Its thread is busy, and its loops serve.
        (9.0, 0.0, 3.0, None),
        (90.0, 90.0, 0.0, None),
    ];
    for (thread, loops, timeout, expected) in rows {
        let mut monitor = Monitor::new(Policy { timeout: seconds(timeout), ..policy(2) }, 1, Time::ZERO);
        monitor.converge(Time::ZERO, &mut 1);
        for id in [Id(1), Id(2)] {
            monitor.became_ready(Time::ZERO, id);
        }
        let quiet = BTreeMap::from([(Id(1), (seconds(thread), seconds(loops)))]);
        let actions = monitor.quiet(seconds(100.0), &quiet);
        assert_eq!(actions.is_empty(), expected.is_none(), "{thread}, {loops}: {actions:?}");
        if let Some(expected) = expected {
            assert_eq!(actions, [Action::Abort { id: Id(1) }]);
            let ended = Ok(Ended::Signal { name: "SIGABRT".to_owned(), by_oom: false });
            let cause = monitor.exited(seconds(100.0), Id(1), &ended).unwrap().1;
            assert!(matches!(&cause, Cause::Timeout(what) if what.contains(expected)), "{cause}");
        }
    }
}

// Whoever ends in order.

#[test]
fn whoever_does_not_end_is_killed_at_the_deadline() {
    let mut world = World::new(&[("a", policy(1))]);
    world.let_be("a", 1, Behaviour { end: None, ..GOOD });
    world.run(10.0);
    world.log();
    world.stop(false);
    let expected = ["10.0 drain with delay a1", "20.0 kill a1", "20.0 end a1: deadline", "20.0 stopped"];
    story(&mut world, 100.0, &expected);
}

#[test]
fn a_worker_is_replaced_before_it_is_recycled_and_one_at_a_time() {
    let mut world = World::serving(policy(3));
    world.floor.insert("a".to_owned(), 3);
    for name in ["a1", "a2", "a3"] {
        world.recycle(name, Mark::MaxLifetime);
    }
    let expected = [
        "10.0 spawn a4 in 0 of 1",
        "11.0 ready a4",
        "11.0 spawn a5 in 1 of 1",
        "11.0 drain a1",
        "11.2 end a1: recycled",
        "12.0 ready a5",
        "12.0 spawn a6 in 2 of 1",
        "12.0 drain a2",
        "12.2 end a2: recycled",
        "13.0 ready a6",
        "13.0 drain a3",
        "13.2 end a3: recycled",
    ];
    story(&mut world, 100.0, &expected);
}

/// A slot that is tried again waits for its turn when another one is being replaced: a due time in the past has the loop spin.
#[test]
fn nothing_is_due_for_a_slot_that_waits_for_its_turn() {
    let mut world = World::serving(policy(2));
    for name in ["a1", "a2"] {
        world.recycle(name, Mark::MaxRequests);
    }
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.run(0.0);
    // It waits for half a second when the other slot has its turn, for a second.
    world.let_all_be_good();
    // The world panics if something is due that no step does.
    world.run(10.0);
    assert_eq!(world.workers("a"), [(0, 1), (1, 1)]);
}

// Scaling, pause.

#[test]
fn more_workers_take_the_lowest_free_slots_and_fewer_end_the_oldest() {
    let mut world = World::serving(policy(3));
    world.crash("a1");
    world.run(10.0);
    assert!(world.log().contains("10.0 spawn a4 in 0 of 1"));
    // The one in slot 0 is the youngest now, and those in 1 and 2 are equally old: the higher slot goes.
    world.supervisor.scale(0, 2);
    story(&mut world, 1.0, &["20.0 drain a3", "20.2 end a3: requested"]);
    world.supervisor.scale(0, 1);
    story(&mut world, 1.0, &["21.0 drain a2", "21.2 end a2: requested"]);
    world.supervisor.scale(0, 4);
    let expected = [
        "22.0 spawn a5 in 1 of 1",
        "22.0 spawn a6 in 2 of 1",
        "22.0 spawn a7 in 3 of 1",
        "23.0 ready a5",
        "23.0 ready a6",
        "23.0 ready a7",
    ];
    story(&mut world, 10.0, &expected);
}

#[test]
fn a_slot_without_a_worker_goes_before_the_oldest_worker() {
    let mut world = World::serving(policy(3));
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.crash("a2");
    world.run(5.0);
    world.log();
    world.supervisor.scale(0, 2);
    story(&mut world, 100.0, &[]);
    assert_eq!(world.workers("a"), [(0, 1), (2, 1)]);
}

#[test]
fn a_pause_ends_all_workers_and_a_number_brings_them_back() {
    let mut world = World::serving(policy(2));
    world.supervisor.pause();
    let expected = ["10.0 drain a1", "10.0 drain a2", "10.2 end a1: requested", "10.2 end a2: requested"];
    story(&mut world, 10.0, &expected);
    world.supervisor.scale(0, 1);
    story(&mut world, 10.0, &["20.0 spawn a3 in 0 of 1", "21.0 ready a3"]);
}

// The end.

/// What it is called, how it is done, what is to be seen of it.
type Stop = (&'static str, fn(&mut World), &'static [&'static str]);

#[test]
fn a_stop_ends_workers_in_every_state() {
    // One is ready, one boots, one drains, one is being aborted.
    let prepared = || {
        let mut world = World::serving(policy(4));
        world.let_be("a", 1, boots(Boot::Never));
        world.stop_process(world.id("a1"));
        world.run(3.0);
        for name in ["a2", "a4"] {
            world.hang(world.id(name));
        }
        world.supervisor.scale(0, 3);
        world.run(0.5);
        world.log();
        world
    };
    let rows: [Stop; 3] = [
        (
            "stop",
            |world| world.stop(false),
            &[
                "13.5 drain with delay a2",
                "13.5 drain with delay a3",
                "13.5 kill a5",
                "13.5 end a5: requested",
                "13.7 end a3: requested",
                "14.0 kill a1",
                "14.0 end a1: timeout",
                "23.0 kill a4",
                "23.0 end a4: deadline",
                "23.5 kill a2",
                "23.5 end a2: deadline",
                "23.5 stopped",
            ],
        ),
        (
            "quick",
            |world| world.stop(true),
            &[
                "13.5 quick a2",
                "13.5 quick a3",
                "13.5 quick a4",
                "13.5 kill a5",
                "13.5 end a5: requested",
                "13.7 end a3: requested",
                "14.0 kill a1",
                "14.0 end a1: timeout",
                "16.5 kill a2",
                "16.5 kill a4",
                "16.5 end a2: deadline",
                "16.5 end a4: deadline",
                "16.5 stopped",
            ],
        ),
        (
            "kill",
            World::kill,
            &[
                "13.5 kill a1",
                "13.5 kill a2",
                "13.5 kill a3",
                "13.5 kill a4",
                "13.5 kill a5",
                "13.5 end a1: timeout",
                "13.5 end a2: requested",
                "13.5 end a3: requested",
                "13.5 end a4: requested",
                "13.5 end a5: requested",
                "13.5 stopped",
            ],
        ),
    ];
    for (what, stop, expected) in rows {
        let mut world = prepared();
        stop(&mut world);
        world.run(100.0);
        assert_eq!(world.log().lines().collect::<Vec<_>>(), expected, "{what}");
    }
}

#[test]
fn with_a_delay_the_deadline_is_later() {
    let delayed = Policy { delay: seconds(5.0), ..policy(1) };
    let mut world = World::serving(delayed);
    world.hang(world.id("a1"));
    world.stop(false);
    let expected = ["10.0 drain with delay a1", "25.0 kill a1", "25.0 end a1: deadline", "25.0 stopped"];
    story(&mut world, 100.0, &expected);
}

/// What is left to wait for is told to people.
#[test]
fn nothing_is_due_when_all_have_been_killed() {
    let mut world = World::serving(policy(2));
    world.kill();
    assert_eq!(world.supervisor.due(), None);
}

// The cause.

/// What is done to a worker, how its process ended, what is told of it.
type Row = (&'static [Deed], Result<Ended, String>, Cause);

/// What we did to a worker; what it said; how its process ended; what is told of it.
#[test]
fn every_cause_is_what_ended_the_worker() {
    let exit = |code| Ok(Ended::Exit(code));
    let signal = |name: &str| Ok(Ended::Signal { name: name.to_owned(), by_oom: false });
    let oom = || Ok(Ended::Signal { name: "SIGKILL".to_owned(), by_oom: true });
    let by_signal = |name: &str| Cause::Signal(name.to_owned());
    let timeout = || {
        Cause::Timeout(
            "an event loop has been blocked for 3.0 s; an async handler does something that blocks"
                .to_owned(),
        )
    };
    let channel = || Cause::Channel("garbage".to_owned());
    let why = || Cause::NotStarted("no database".to_owned());
    let panic = || Cause::Panic("oh".to_owned());
    let rows: Vec<Row> = vec![
        (&[], exit(0), Cause::Exit(0)),
        (&[], exit(3), Cause::Exit(3)),
        (&[], signal("SIGSEGV"), by_signal("SIGSEGV")),
        (&[], signal("SIGKILL"), by_signal("SIGKILL")),
        (&[], signal("SIGABRT"), by_signal("SIGABRT")),
        (&[], oom(), Cause::OutOfMemory),
        (&[], Err("no more processes".to_owned()), Cause::NotStarted("no more processes".to_owned())),
        (&[Deed::SaysWhy], exit(1), why()),
        (&[Deed::SaysWhy], oom(), Cause::OutOfMemory),
        (&[Deed::SaysWhy, Deed::Kill], signal("SIGKILL"), why()),
        (&[Deed::SaysWhy, Deed::Stop], signal("SIGKILL"), why()),
        (&[Deed::SaysWhy, Deed::BootTimeout], signal("SIGKILL"), Cause::BootTimeout),
        (&[Deed::SaysWhy, Deed::BootTimeout], exit(1), why()),
        (&[Deed::BootTimeout], signal("SIGKILL"), Cause::BootTimeout),
        (&[Deed::BootTimeout], exit(1), Cause::Exit(1)),
        (&[Deed::Stop], signal("SIGKILL"), Cause::Requested),
        (&[Deed::Ready, Deed::Panics], exit(101), panic()),
        (&[Deed::Ready, Deed::Panics], signal("SIGABRT"), panic()),
        (&[Deed::Ready, Deed::Panics, Deed::Stop], exit(101), panic()),
        (&[Deed::Ready, Deed::Stop, Deed::Panics], exit(101), panic()),
        (&[Deed::Ready, Deed::Stop, Deed::Panics, Deed::Deadline], signal("SIGKILL"), Cause::Deadline),
        (&[Deed::Ready, Deed::Stop], exit(0), Cause::Requested),
        (&[Deed::Ready, Deed::Stop], exit(1), Cause::Exit(1)),
        (&[Deed::Ready, Deed::Stop], signal("SIGSEGV"), by_signal("SIGSEGV")),
        (&[Deed::Ready, Deed::Stop], signal("SIGKILL"), by_signal("SIGKILL")),
        (&[Deed::Ready, Deed::Stop], oom(), Cause::OutOfMemory),
        (&[Deed::Ready, Deed::Stop, Deed::Kill], signal("SIGKILL"), Cause::Requested),
        // The counter of the kernel is that of the whole container: it was we who sent this one.
        (&[Deed::Ready, Deed::Stop, Deed::Kill], oom(), Cause::Requested),
        (&[Deed::Ready, Deed::Stop, Deed::Kill], signal("SIGSEGV"), by_signal("SIGSEGV")),
        (&[Deed::Ready, Deed::Kill], signal("SIGKILL"), Cause::Requested),
        (&[Deed::Ready, Deed::Stop, Deed::Deadline], signal("SIGKILL"), Cause::Deadline),
        // It was done in the last moment.
        (&[Deed::Ready, Deed::Stop, Deed::Deadline], exit(0), Cause::Requested),
        (&[Deed::Ready, Deed::Recycle], exit(0), Cause::Recycled("max_rss")),
        (&[Deed::Ready, Deed::Recycle], exit(1), Cause::Exit(1)),
        (&[Deed::Ready, Deed::Recycle, Deed::Deadline], exit(0), Cause::Recycled("max_rss")),
        (&[Deed::Ready, Deed::Recycle, Deed::Deadline], signal("SIGKILL"), Cause::Deadline),
        (&[Deed::Ready, Deed::Late], signal("SIGABRT"), timeout()),
        (&[Deed::Ready, Deed::Late], signal("SIGSEGV"), by_signal("SIGSEGV")),
        (&[Deed::Ready, Deed::Late], exit(0), Cause::Exit(0)),
        (&[Deed::Ready, Deed::Late], oom(), Cause::OutOfMemory),
        (&[Deed::Ready, Deed::Late, Deed::Deadline], signal("SIGKILL"), timeout()),
        (&[Deed::Ready, Deed::Late, Deed::Kill], signal("SIGKILL"), timeout()),
        (&[Deed::Garbage], signal("SIGKILL"), channel()),
        (&[Deed::Ready, Deed::Garbage], signal("SIGKILL"), channel()),
        (&[Deed::Ready, Deed::Garbage], exit(0), Cause::Exit(0)),
        (&[Deed::Ready, Deed::Stop, Deed::Garbage], signal("SIGKILL"), channel()),
        (&[Deed::Ready, Deed::Stop, Deed::Garbage], exit(0), Cause::Requested),
    ];
    for (deeds, ended, expected) in rows {
        let mut now = Time::ZERO;
        let (id, mut next_id) = (Id(1), 1);
        let mut monitor = Monitor::new(policy(1), 1, now);
        monitor.converge(now, &mut next_id);
        for deed in deeds {
            match deed {
                Deed::Ready => assert!(monitor.became_ready(now, id)),
                Deed::SaysWhy => monitor.says(id, false, "no database".to_owned()),
                Deed::Panics => monitor.says(id, true, "oh".to_owned()),
                Deed::Garbage => {
                    monitor.misbehaved(now, id, "garbage".to_owned());
                }
                Deed::Late => {
                    monitor.quiet(now, &BTreeMap::from([(id, (Duration::ZERO, seconds(3.0)))]));
                }
                Deed::BootTimeout | Deed::Deadline => {
                    now += seconds(10.0);
                    monitor.tick(now);
                }
                Deed::Recycle => {
                    monitor.recycle(id, Mark::MaxRss);
                    monitor.converge(now, &mut next_id);
                    monitor.became_ready(now, Id(2));
                    monitor.converge(now, &mut next_id);
                }
                Deed::Stop => {
                    monitor.stop(now, false);
                }
                Deed::Kill => {
                    monitor.kill();
                }
            }
        }
        let (_, cause) = monitor.exited(now, id, &ended).unwrap();
        assert_eq!(cause, expected, "after {deeds:?} it ended by {ended:?}");
    }
}

/// What is done to a worker before it ends.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Ready,
    SaysWhy,
    Panics,
    Garbage,
    Late,
    /// Its time to become ready passes.
    BootTimeout,
    /// Its time to end passes.
    Deadline,
    Recycle,
    Stop,
    Kill,
}
