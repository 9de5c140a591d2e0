//! What is true of every supervisor, whatever happens to it.
//!
//! The [world](World) asserts at every step that no action names a worker that is gone, that none is told to end in order twice, that
//! nothing is due which no step does, that nobody drains after the deadline. Here it is driven by events of any kind; then the
//! processes behave, time passes, and everything has to be as it shall be.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{Notice, Reload},
    world::{Behaviour, Boot, GOOD, World, boots, policy},
};
use crate::arbiter::monitor::{Ended, Mark, Policy};

/// Something that happens, or is wanted.
#[derive(Clone, Debug)]
enum Event {
    Passes(f64),
    Crashes(usize),
    Exits(usize),
    IsStopped(usize),
    Blocks(usize),
    Hangs(usize),
    Panics(usize),
    Misbehaves(usize),
    IsRecycled(usize),
    Scale(usize, usize),
    /// The numbers of workers of the applications that the next generation has, and how that generation behaves.
    Reload([usize; 3], Behaviour),
    Behave(Behaviour),
    Pause,
    Stop,
    Quick,
    Kill,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        4 => Just(GOOD),
        2 => (0.0..12.0).prop_map(|after| boots(Boot::Ready(after))),
        1 => (0.0..12.0).prop_map(|after| boots(Boot::Dies(after))),
        1 => Just(boots(Boot::Never)),
        1 => Just(boots(Boot::Refused)),
        1 => (0.0..8.0).prop_map(|life| Behaviour { life: Some(life), ..GOOD }),
        1 => (0.0..8.0).prop_map(|blocks| Behaviour { blocks: Some(blocks), ..GOOD }),
        1 => Just(Behaviour { end: None, ..GOOD }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let process = || 0..20_usize;
    prop_oneof![
        12 => (0.0..6.0).prop_map(Event::Passes),
        2 => process().prop_map(Event::Crashes),
        1 => process().prop_map(Event::Exits),
        1 => process().prop_map(Event::IsStopped),
        1 => process().prop_map(Event::Blocks),
        1 => process().prop_map(Event::Hangs),
        1 => process().prop_map(Event::Panics),
        1 => process().prop_map(Event::Misbehaves),
        3 => process().prop_map(Event::IsRecycled),
        2 => (0..3_usize, 1..5_usize).prop_map(|(app, workers)| Event::Scale(app, workers)),
        5 => ([1..4_usize, 0..4_usize, 0..4_usize], behaviour())
            .prop_map(|(workers, behaviour)| Event::Reload(workers, behaviour)),
        2 => behaviour().prop_map(Event::Behave),
        1 => Just(Event::Pause),
    ]
}

fn ending() -> impl Strategy<Value = Option<Event>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Event::Stop)),
        1 => Just(Some(Event::Quick)),
        1 => Just(Some(Event::Kill)),
    ]
}

fn happens(world: &mut World, event: &Event) {
    let generation = world.supervisor.generation();
    let process = match *event {
        Event::Crashes(number)
        | Event::Exits(number)
        | Event::IsStopped(number)
        | Event::Blocks(number)
        | Event::Hangs(number)
        | Event::Panics(number)
        | Event::Misbehaves(number)
        | Event::IsRecycled(number) => match world.any(number) {
            Some(id) => id,
            None => return,
        },
        _ => crate::arbiter::monitor::Id(0),
    };
    match event {
        Event::Passes(for_seconds) => world.run(*for_seconds),
        Event::Crashes(_) => {
            world.end(process, Ended::Signal { name: "SIGSEGV".to_owned(), by_oom: false });
        }
        Event::Exits(_) => world.end(process, Ended::Exit(0)),
        Event::IsStopped(_) => world.stop_process(process),
        Event::Blocks(_) => world.block(process),
        Event::Hangs(_) => world.hang(process),
        Event::Panics(_) => world.supervisor.says(process, true, "oh".to_owned()),
        Event::Misbehaves(_) => {
            let actions = world.supervisor.misbehaved(world.now, process, "garbage");
            world.perform(actions);
        }
        Event::IsRecycled(_) => world.supervisor.recycle(process, Mark::MaxRequests),
        Event::Scale(app, workers) => world.supervisor.scale(*app, *workers),
        Event::Reload(workers, behaviour) => {
            // As the arbiter asks before it begins one.
            let is_free = world.supervisor.is_ready()
                && world.supervisor.reload.is_none_or(|reload| reload == Reload::Settling);
            if is_free {
                let kept = NAMES.iter().zip(workers).filter(|(_, workers)| **workers > 0);
                let next: Vec<(&str, Policy)> =
                    kept.map(|(name, workers)| (*name, policy(*workers))).collect();
                for name in NAMES {
                    world.let_be(name, generation + 1, *behaviour);
                }
                world.reload(&next);
            }
        }
        Event::Behave(behaviour) => NAMES.iter().for_each(|name| world.let_be(name, generation, *behaviour)),
        Event::Pause => world.supervisor.pause(),
        Event::Stop => world.stop(false),
        Event::Quick => world.stop(true),
        Event::Kill => world.kill(),
    }
    world.settle();
}

/// As many workers as there shall be, each in its slot and all of the generation that serves.
fn check_all_is_well(world: &World) {
    let generation = world.supervisor.generation();
    for app in world.supervisor.apps() {
        let monitor = &app.monitor;
        let target = if monitor.is_paused() { 0 } else { monitor.target() };
        assert_eq!((monitor.ready(), monitor.members().len()), (target, target), "workers of {}", app.name);
        assert!(monitor.members().values().all(|member| member.generation == generation));
        let slots: std::collections::BTreeSet<_> = monitor.members().values().map(|m| m.slot).collect();
        assert_eq!(slots.len(), target, "two workers are in one slot");
    }
    assert!(world.supervisor.reload.is_none(), "a reload is neither over nor given up");
}

/// More of them with `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_all_is_well_when_the_processes_are(
        first in behaviour(), events in vec(event(), 1..40), ending in ending(), later in vec(event(), 0..6),
    ) {
        let mut world = World::new(&[("a", policy(2)), ("b", policy(1))]);
        world.let_be("b", 1, first);
        for event in &events {
            happens(&mut world, event);
        }
        if let Some(ending) = ending {
            let from = world.now;
            happens(&mut world, &ending);
            world.log();
            for event in &later {
                happens(&mut world, event);
            }
            world.run(12.0);
            let log = world.log();
            prop_assert!(!log.contains("spawn"), "something is started after the stop:\n{}", log);
            // Ten seconds is what a worker has to end in order, a second what it has from the abort to the kill.
            prop_assert!(world.is_empty(), "not all have ended {:?} after {:?}:\n{}", world.now.saturating_sub(from), ending, log);
        }
        world.let_all_be_good();
        world.run(400.0);
        let stops = world.notices.iter().filter(|notice| **notice == Notice::Stopped).count();
        prop_assert_eq!(stops, usize::from(world.supervisor.is_stopping()));
        if world.supervisor.is_stopping() {
            prop_assert!(world.is_empty());
        } else {
            check_all_is_well(&world);
        }
        world.log();
        world.run(1000.0);
        prop_assert_eq!(world.log(), "", "it does not come to rest");
    }

    /// Good reloads, recycling and scaling never take a ready worker away before there is another.
    #[test]
    fn a_good_program_always_has_the_workers_that_it_shall_have(
        surge in 1..4_usize, boot in 0.0..5.0_f64, events in vec(gentle(), 1..30),
    ) {
        let policy = Policy { surge, ..policy(3) };
        let mut world = World::new(&[("a", policy.clone())]);
        world.run(5.0);
        for event in &events {
            match event {
                Event::Scale(_, workers) => {
                    // What was asked for is there after a while; meanwhile, no fewer than before or than wanted.
                    let least = world.supervisor.apps()[0].monitor.target().min(*workers);
                    let least = least.min(world.ready("a"));
                    world.supervisor.scale(0, *workers);
                    world.floor.insert("a".to_owned(), least);
                    world.run(30.0);
                    world.floor.insert("a".to_owned(), *workers);
                }
                Event::Reload(_, behaviour) => {
                    let generation = world.supervisor.generation();
                    let is_free =
                        world.supervisor.reload.is_none_or(|reload| reload == Reload::Settling);
                    if is_free {
                        world.let_be("a", generation + 1, Behaviour { boot: Boot::Ready(boot), ..*behaviour });
                        let workers = world.supervisor.apps()[0].monitor.target();
                        world.reload(&[("a", Policy { workers, ..policy.clone() })]);
                    }
                }
                event => happens(&mut world, event),
            }
            world.settle();
        }
        world.run(100.0);
        check_all_is_well(&world);
    }

    #[test]
    fn no_slot_is_tried_more_often_than_its_waits_allow(
        behaviour in behaviour().prop_filter("it fails", |behaviour| {
            !matches!(behaviour.boot, Boot::Ready(_)) || behaviour.life.is_some_and(|life| life < 5.0)
        }),
        workers in 1..4_usize,
    ) {
        let mut world = World::serving(policy(workers));
        world.let_be("a", 1, behaviour);
        for number in 0..workers {
            world.end(world.any(number).unwrap(), Ended::Exit(1));
        }
        world.run(300.0);
        for slot in 0..workers {
            prop_assert!(world.starts("a", slot) <= 22, "{}", world.log());
        }
    }
}

fn gentle() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0.0..6.0).prop_map(Event::Passes),
        3 => (0..20_usize).prop_map(Event::IsRecycled),
        1 => (1..6_usize).prop_map(|workers| Event::Scale(0, workers)),
        4 => Just(Event::Reload([3, 0, 0], GOOD)),
    ]
}
