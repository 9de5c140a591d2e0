//! The whole program: reloads that take over or leave no trace, and stops that come first.

mod properties;
pub(in crate::arbiter) mod world;

use super::*;
use crate::arbiter::{
    monitor::State,
    supervisor::tests::world::{Behaviour, Boot, GOOD, World, apps, boots, policy, seconds},
};

#[track_caller]
fn story(world: &mut World, for_seconds: f64, expected: &[&str]) {
    world.run(for_seconds);
    let log = world.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines, expected, "\n{log}");
}

/// Two applications with so many workers each, which serve.
fn two(a: usize, b: usize) -> World {
    let mut world = World::new(&[("a", policy(a)), ("b", policy(b))]);
    world.run(10.0);
    world.log();
    world.floor = [("a".to_owned(), a), ("b".to_owned(), b)].into();
    world
}

fn names(world: &World) -> Vec<String> {
    world.supervisor.apps().iter().map(|app| app.name.clone()).collect()
}

fn generation_of_all(generation: u64, workers: usize) -> Vec<(usize, u64)> {
    (0..workers).map(|slot| (slot, generation)).collect()
}

#[test]
fn a_reload_tries_one_worker_of_every_application_before_any_goes() {
    let mut world = two(2, 1);
    world.let_be("b", 2, boots(Boot::Ready(3.0)));
    world.reload(&[("a", policy(2)), ("b", policy(1))]);
    let expected = [
        "10.0 spawn a4 in 0 of 2",
        "10.0 spawn b5 in 0 of 2",
        "11.0 ready a4",
        "13.0 ready b5",
        "13.0 spawn a6 in 1 of 2",
        "13.0 drain a1",
        "13.0 drain b3",
        "13.2 end a1: requested",
        "13.2 end b3: requested",
        "14.0 ready a6",
        "14.0 drain a2",
        "14.0 committed 2",
        "14.2 end a2: requested",
        "14.2 settled 2",
    ];
    story(&mut world, 100.0, &expected);
}

#[test]
fn a_reload_goes_on_with_as_many_at_a_time_as_surge_says() {
    let rows = [(1, 6.0), (2, 4.0), (5, 2.0), (100, 2.0)];
    for (surge, takes) in rows {
        let mut world = World::serving(policy(6));
        world.floor.insert("a".to_owned(), 6);
        world.reload(&[("a", Policy { surge, ..policy(6) })]);
        let start = world.now;
        while world.supervisor.generation() == 1 {
            world.run(0.1);
            let booting = world.supervisor.apps()[0].monitor.members().values();
            let booting = booting.filter(|member| member.state == State::Booting).count();
            assert!(booting <= surge, "{booting} boot at a time");
        }
        let took = world.now.saturating_sub(start).as_secs_f64();
        assert!((took - takes).abs() < 0.11, "surge {surge} took {took} s:\n{}", world.log());
        world.run(10.0);
        assert_eq!(world.workers("a"), generation_of_all(2, 6));
    }
}

#[test]
fn a_canary_that_fails_is_all_that_a_bad_reload_brings() {
    let rows: [(&str, Behaviour, f64, &str); 5] = [
        ("dies", boots(Boot::Dies(0.5)), 0.5, "exited with code 1"),
        ("hangs", boots(Boot::Never), 10.0, "killed because it was not ready within boot_timeout"),
        ("is refused", boots(Boot::Refused), 1.0, "failed to start: no more processes"),
        (
            "dies when it is ready",
            Behaviour { life: Some(0.5), ..GOOD },
            1.5,
            "ended by SIGSEGV, which the arbiter did not send",
        ),
        (
            "dies long after, before the others are tried",
            Behaviour { life: Some(6.0), ..GOOD },
            7.0,
            "ended by SIGSEGV, which the arbiter did not send",
        ),
    ];
    for (what, behaviour, after, why) in rows {
        let mut world = two(2, 2);
        world.let_be("a", 2, boots(Boot::Ready(9.0)));
        world.let_be("b", 2, behaviour);
        world.reload(&[("a", policy(3)), ("b", policy(1))]);
        world.run(100.0);
        let log = world.log();
        let told = format!("{:.1} rolled back: b: {why}", 10.0 + after);
        assert!(log.contains(&told), "a canary that {what}:\n{log}");
        assert_eq!(log.matches("spawn").count(), 2, "a canary that {what}:\n{log}");
        for old in ["a1", "a2", "b3", "b4"] {
            assert!(!log.contains(old), "a canary that {what}:\n{log}");
        }
        assert_eq!(world.supervisor.generation(), 1);
        assert_eq!(
            (world.workers("a"), world.workers("b")),
            (generation_of_all(1, 2), generation_of_all(1, 2))
        );
    }
}

/// The canary is judged by its own settings. A due time that no step resolves is a panic of the world.
#[test]
fn a_canary_has_the_boot_timeout_of_its_generation() {
    for (timeout, boot, generation) in [(20.0, 15.0, 2), (5.0, 7.0, 1)] {
        let mut world = World::serving(policy(1));
        world.let_be("a", 2, boots(Boot::Ready(boot)));
        world.reload(&[("a", Policy { boot_timeout: seconds(timeout), ..policy(1) })]);
        world.run(40.0);
        assert_eq!(world.supervisor.generation(), generation, "{}", world.log());
    }
}

#[test]
fn a_worker_ends_by_the_deadline_that_it_was_started_with() {
    for (before, after) in [(10.0, 2.0), (2.0, 10.0)] {
        let drain = |drain| Policy { drain: seconds(drain), ..policy(1) };
        let mut world = World::serving(drain(before));
        world.hang(world.id("a1"));
        world.reload(&[("a", drain(after))]);
        world.run(40.0);
        let log = world.log();
        assert!(log.contains(&format!("{:.1} kill a1", 11.0 + before)), "{log}");
    }
}

/// Slot 0 has the canary. In slot 1 the new generation fails, which is tried three times.
#[test]
fn a_failure_in_the_middle_of_the_roll_returns_to_the_old_generation() {
    let rows = [
        ("dies", boots(Boot::Dies(0.1))),
        ("hangs", boots(Boot::Never)),
        ("is refused", boots(Boot::Refused)),
        ("dies when it is ready", Behaviour { life: Some(0.1), ..GOOD }),
    ];
    for (what, behaviour) in rows {
        let mut world = World::serving(policy(3));
        let is_ready_first = matches!(behaviour.boot, Boot::Ready(_));
        if !is_ready_first {
            world.floor.insert("a".to_owned(), 3);
        }
        world.reload(&[("a", policy(3))]);
        world.run(0.5);
        world.let_be("a", 2, behaviour);
        world.run(100.0);
        let log = world.log();
        assert_eq!(log.matches("rolled back").count(), 1, "a worker that {what}:\n{log}");
        assert!(!log.contains("committed"), "a worker that {what}:\n{log}");
        assert_eq!(world.supervisor.generation(), 1);
        assert_eq!(world.workers("a"), generation_of_all(1, 3), "a worker that {what}:\n{log}");
    }
}

/// The number of a generation that was given up is that of the next one, but its workers are not.
#[test]
fn the_workers_of_a_failed_reload_are_no_canaries_of_the_next() {
    let mut world = World::serving(policy(3));
    world.floor.insert("a".to_owned(), 3);
    world.reload(&[("a", policy(3))]);
    world.run(0.5);
    world.let_be("a", 2, boots(Boot::Dies(0.0)));
    while world.notices.len() < 2 {
        world.run(0.1);
    }
    assert!(world.workers("a").contains(&(0, 2)), "one of the failed generation still serves");
    world.log();
    world.let_be("a", 2, boots(Boot::Never));
    world.reload(&[("a", policy(3))]);
    world.run(100.0);
    let log = world.log();
    assert_eq!((log.matches("rolled back").count(), log.matches("committed").count()), (1, 0), "{log}");
    assert_eq!(world.workers("a"), generation_of_all(1, 3));
    world.let_all_be_good();
    world.reload(&[("a", policy(3))]);
    world.run(100.0);
    assert_eq!((world.supervisor.generation(), world.workers("a")), (2, generation_of_all(2, 3)));
}

#[test]
fn a_changed_number_of_workers_comes_and_goes_with_its_reload() {
    for (before, after) in [(2, 4), (4, 2), (1, 8)] {
        for is_good in [true, false] {
            let mut world = World::serving(policy(before));
            world.floor.insert("a".to_owned(), before.min(after));
            world.reload(&[("a", policy(after))]);
            world.run(0.5);
            if !is_good {
                world.let_be("a", 2, boots(Boot::Dies(0.1)));
            }
            world.run(100.0);
            let (generation, workers) = if is_good { (2, after) } else { (1, before) };
            // With one worker the canary is all of it, unless there shall be more.
            assert_eq!(world.workers("a"), generation_of_all(generation, workers), "{}", world.log());
            assert_eq!(world.supervisor.apps()[0].monitor.target(), workers);
        }
    }
}

#[test]
fn a_number_that_was_asked_for_during_a_reload_survives_it() {
    for (at, is_good) in [(0.5, true), (0.5, false), (1.5, true), (1.5, false)] {
        let mut world = World::serving(policy(3));
        world.reload(&[("a", policy(2))]);
        world.run(at);
        if !is_good {
            world.let_be("a", 2, boots(Boot::Dies(0.1)));
        }
        world.supervisor.scale(0, 5);
        world.run(100.0);
        let generation = if is_good { 2 } else { 1 };
        assert_eq!(world.workers("a"), generation_of_all(generation, 5), "after {at} s:\n{}", world.log());
    }
}

// Applications that come and go.

#[test]
fn applications_join_and_leave_with_the_reload() {
    let mut world = two(1, 1);
    world.floor.remove("b");
    world.reload(&[("a", policy(1)), ("c", policy(2))]);
    let expected = [
        "10.0 spawn a3 in 0 of 2",
        "10.0 spawn c4 in 0 of 2",
        "10.0 spawn c5 in 1 of 2",
        "11.0 ready a3",
        "11.0 ready c4",
        "11.0 ready c5",
        "11.0 drain a1",
        "11.0 drain with delay b2",
        "11.0 committed 2",
        "11.2 end a1: requested",
        "11.2 end b2: requested",
        "11.2 settled 2",
    ];
    story(&mut world, 100.0, &expected);
    assert_eq!(names(&world), ["a", "c"]);
}

#[test]
fn an_application_that_cannot_join_leaves_no_trace_and_finishes_what_it_serves() {
    let mut world = two(1, 1);
    world.let_be("a", 2, boots(Boot::Dies(5.0)));
    world.reload(&[("a", policy(1)), ("c", policy(1))]);
    let expected = [
        "10.0 spawn a3 in 0 of 2",
        "10.0 spawn c4 in 0 of 2",
        "11.0 ready c4",
        "15.0 end a3: exit",
        "15.0 drain c4",
        "15.0 rolled back: a: exited with code 1",
        "15.2 end c4: requested",
    ];
    story(&mut world, 100.0, &expected);
    assert_eq!(names(&world), ["a", "b"]);
}

#[test]
fn an_application_can_come_back_while_it_leaves() {
    for is_good in [true, false] {
        let mut world = two(1, 1);
        world.floor.remove("b");
        world.hang(world.id("b2"));
        world.reload(&[("a", policy(1))]);
        world.run(2.0);
        assert_eq!(world.supervisor.generation(), 2);
        if !is_good {
            world.let_be("b", 3, boots(Boot::Dies(0.0)));
        }
        world.reload(&[("a", policy(1)), ("b", policy(2))]);
        world.run(100.0);
        let expected = if is_good { generation_of_all(3, 2) } else { Vec::new() };
        assert_eq!(world.workers("b"), expected, "{}", world.log());
        assert_eq!(world.supervisor.apps().len(), if is_good { 2 } else { 1 });
    }
}

#[test]
fn an_application_that_has_left_stays_away_when_a_later_reload_fails() {
    let mut world = two(1, 1);
    world.floor.remove("b");
    world.hang(world.id("b2"));
    world.reload(&[("a", policy(1))]);
    world.run(2.0);
    world.let_be("a", 3, boots(Boot::Dies(0.0)));
    world.reload(&[("a", policy(1))]);
    world.run(100.0);
    assert_eq!((names(&world), world.workers("a")), (vec!["a".to_owned()], vec![(0, 2)]), "{}", world.log());
}

#[test]
fn an_application_that_has_left_stays_away_after_an_upgrade() {
    let mut world = two(1, 1);
    world.floor.remove("b");
    world.hang(world.id("b2"));
    world.reload(&[("a", policy(1))]);
    world.run(2.0);
    world.log();
    let saved = serde_json::to_string(&world.supervisor.save()).unwrap();
    let saved = serde_json::from_str(&saved).unwrap();
    world.supervisor = Supervisor::restore(&apps(&[("a", policy(1))]), saved);
    // Its deadline is the one that it had.
    story(&mut world, 100.0, &["21.0 kill b2", "21.0 end b2: deadline", "21.0 settled 2"]);
    assert_eq!(world.supervisor.apps().len(), 1);
}

// What else happens during a reload.

#[test]
fn an_old_worker_that_dies_during_the_canary_is_replaced_from_its_own_generation() {
    let mut world = World::serving(policy(2));
    world.let_be("a", 2, boots(Boot::Ready(8.0)));
    world.reload(&[("a", policy(2))]);
    world.run(1.0);
    world.crash("a2");
    world.log();
    world.run(3.0);
    let log = world.log();
    assert!(log.contains("11.0 spawn a4 in 1 of 1") && log.contains("12.0 ready a4"), "{log}");
    world.run(100.0);
    assert_eq!(world.workers("a"), generation_of_all(2, 2));
}

#[test]
fn a_canary_that_fails_does_not_have_the_old_generation_wait() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 2, boots(Boot::Dies(0.5)));
    world.reload(&[("a", policy(1))]);
    world.run(0.5);
    world.crash("a1");
    world.run(0.1);
    assert!(world.log().ends_with("10.5 end a1: signal\n10.5 spawn a3 in 0 of 1"));
}

#[test]
fn a_failed_reload_does_not_forgive_a_slot_of_the_old_generation() {
    let mut world = World::serving(policy(2));
    world.let_be("a", 1, boots(Boot::Dies(0.0)));
    world.crash("a2");
    world.run(100.0);
    let starts = world.starts("a", 1);
    for _ in 0..20 {
        world.let_be("a", 2, boots(Boot::Dies(0.0)));
        world.reload(&[("a", policy(2))]);
        world.run(1.0);
    }
    assert!(world.starts("a", 1) <= starts + 1, "{}", world.log());
}

#[test]
fn a_reload_that_leaves_nothing_behind_is_over_at_once() {
    let mut world = World::serving(policy(1));
    world.supervisor.pause();
    world.run(10.0);
    world.reload(&[("b", policy(1))]);
    world.run(1.5);
    // Nothing happens after its worker was ready.
    assert!(world.log().ends_with("21.0 committed 2\n21.0 settled 2"));
}

#[test]
fn a_stop_wins_at_once_in_every_stage_of_a_reload() {
    let rows =
        [("canary", 0.5), ("rolling", 1.5), ("rolling on", 2.5), ("settling", 3.1), ("rolling back", 2.1)];
    for (stage, at) in rows {
        for abandon in [false, true] {
            let mut world = World::new(&[("a", policy(3)), ("b", policy(1))]);
            world.run(10.0);
            world.reload(&[("a", policy(3)), ("c", policy(1))]);
            world.run(0.9);
            if stage == "rolling back" {
                world.let_be("a", 2, boots(Boot::Dies(0.1)));
            }
            world.run(1.2);
            world.run((at - 2.1_f64).max(0.0));
            world.log();
            if abandon {
                let actions = world.supervisor.abandon_reload();
                world.perform(actions);
            }
            world.stop(false);
            world.run(100.0);
            let log = world.log();
            assert!(!log.contains("spawn"), "{stage}:\n{log}");
            assert_eq!(log.matches("stopped").count(), 1, "{stage}:\n{log}");
            assert!(!log.contains("deadline"), "{stage}:\n{log}");
            let end: f64 = log.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
            assert!(end < 10.0 + at.max(2.1) + 0.4, "{stage}: {end}\n{log}");
        }
    }
}

#[test]
fn a_stop_during_a_reload_finishes_what_a_joining_application_serves() {
    let mut world = World::serving(policy(1));
    world.let_be("a", 2, boots(Boot::Never));
    world.reload(&[("a", policy(1)), ("c", policy(1))]);
    world.run(2.0);
    world.log();
    let actions = world.supervisor.abandon_reload();
    world.perform(actions);
    world.stop(false);
    let expected = [
        "12.0 drain with delay a1",
        "12.0 kill a2",
        "12.0 drain with delay c3",
        "12.0 end a2: requested",
        "12.2 end a1: requested",
        "12.2 end c3: requested",
        "12.2 stopped",
    ];
    story(&mut world, 100.0, &expected);
}

#[test]
fn what_has_stopped_stops_once_and_begins_nothing() {
    let mut world = World::serving(policy(1));
    world.stop(false);
    world.run(10.0);
    world.kill();
    world.stop(true);
    world.reload(&[("a", policy(1))]);
    world.run(10.0);
    assert_eq!(world.notices, [Notice::Ready, Notice::Stopped]);
    assert!(world.is_empty());
}

#[test]
fn a_reload_ends_a_pause_if_it_succeeds() {
    for is_good in [true, false] {
        let mut world = World::serving(policy(2));
        world.supervisor.pause();
        world.run(10.0);
        world.log();
        if !is_good {
            world.let_be("a", 2, boots(Boot::Dies(0.1)));
        }
        world.reload(&[("a", policy(2))]);
        world.run(100.0);
        let log = world.log();
        assert!(!log.contains("of 1"), "none of the old generation is started:\n{log}");
        let workers = if is_good { generation_of_all(2, 2) } else { Vec::new() };
        assert_eq!((world.workers("a"), world.supervisor.apps()[0].monitor.is_paused()), (workers, !is_good));
    }
}

#[test]
fn a_pause_in_any_stage_of_a_reload_is_one_when_that_is_over() {
    for at in [0.0, 0.5, 1.5, 2.5, 3.5] {
        let mut world = World::serving(policy(2));
        world.reload(&[("a", policy(2)), ("c", policy(2))]);
        world.run(at);
        world.supervisor.pause();
        world.run(100.0);
        let log = world.log();
        assert_eq!(log.matches("committed 2").count(), 1, "paused after {at} s:\n{log}");
        assert!(world.is_empty(), "paused after {at} s:\n{log}");
        world.supervisor.scale(0, 1);
        world.run(10.0);
        assert_eq!(world.workers("a"), [(0, 2)]);
    }
}
