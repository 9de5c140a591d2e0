//! Workers that die, hang or never become ready: what it costs, and what comes after.

use std::time::Duration;

use pulsar_tests::until;

use crate::support::{Instance, Load, Setup, let_pass, line, proc};

/// Waits until a worker is gone and so many others are ready.
fn wait_for_replacement(instance: &Instance, dead: u32, workers: usize) {
    until("the worker is gone", || !proc::is_alive(dead));
    instance.wait_ready(workers);
    assert!(!instance.workers().contains(&dead), "{dead} is listed, and dead");
}

/// The line about the death of a worker.
fn death(instance: &Instance, pid: u32, cause: &str) -> String {
    let parts = ["faults", &pid.to_string(), cause];
    until(&format!("the log has a line with {parts:?}"), || line(&instance.log(), &parts).is_some());
    line(&instance.log(), &parts).expect("it has just been seen").to_owned()
}

/// 1.
#[test]
fn a_killed_worker_costs_no_more_than_it_had_in_flight() {
    let instance = Setup::faults(&["--workers", "4"]).start_ready(4);
    let load = Load::on(&instance.target());
    load.wait_for_more(20);
    let before = instance.workers();
    assert_eq!(before.len(), 4);
    let killed = *before.first().expect("there are four");
    assert!(proc::signal(killed, "KILL"));
    wait_for_replacement(&instance, killed, 4);
    load.wait_for_more(50);
    let clients = load.clients();
    load.stop().assert_lost_at_most(clients);
    let after = instance.workers();
    assert_eq!(before.intersection(&after).count(), 3, "the others go on: {before:?} {after:?}");
    let info = instance.info();
    assert_eq!(info.arbiter.generation, 1, "a replacement is of the generation of the one it replaces");
    assert!(info.apps[0].workers.iter().all(|worker| worker.generation == 1), "{info:?}");
    death(&instance, killed, "KILL");
    instance.stop();
}

/// 2.
#[test]
fn connections_wait_while_all_workers_are_dead() {
    let instance = Setup::faults(&["--workers", "3"]).start_ready(3);
    let load = Load::on(&instance.target());
    load.wait_for_more(20);
    let before = instance.workers();
    for pid in &before {
        proc::signal(*pid, "KILL");
    }
    until("all are dead", || before.iter().all(|pid| !proc::is_alive(*pid)));
    // It is connected while nobody serves, or while the first replacement does: both have to be fine.
    instance.get("/whoami").assert_status(200);
    until("all are replaced", || {
        let after = instance.workers();
        after.len() == 3 && after.is_disjoint(&before)
    });
    load.wait_for_more(20);
    let clients = load.clients();
    // Two for each client: a connection may also have been taken by a worker that died only then.
    load.stop().assert_lost_at_most(2 * clients);
    instance.wait_ready(3);
    instance.stop();
}

/// 3.
#[test]
fn a_stopped_worker_is_found_and_replaced() {
    let instance = Setup::faults(&["--workers", "3", "--timeout", "1.5"]).start_ready(3);
    let load = Load::on(&instance.target());
    load.wait_for_more(20);
    let stopped = *instance.workers().first().expect("there are three");
    proc::signal(stopped, "STOP");
    wait_for_replacement(&instance, stopped, 3);
    load.wait_for_more(20);
    let clients = load.clients();
    load.stop().assert_lost_at_most(clients);
    death(&instance, stopped, "timeout");
    instance.stop();
}

/// 4.
#[test]
fn a_worker_whose_event_loop_is_blocked_is_replaced() {
    let instance = Setup::faults(&["--workers", "2", "--timeout", "1.5"]).start_ready(2);
    let before = instance.workers();
    let mut client = instance.running().connect();
    client.send("GET /block/600 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.rest(), b"", "the worker is killed with its connections");
    until("a worker is replaced", || instance.workers().difference(&before).count() == 1);
    instance.wait_ready(2);
    let blocked = *before.difference(&instance.workers()).next().expect("one has been replaced");
    death(&instance, blocked, "timeout");
    instance.stop();
}

/// 5.
#[test]
fn a_slow_request_is_no_reason_to_kill_a_worker() {
    let instance =
        Setup::faults(&["--workers", "2", "--timeout", "1.5", "--thread-workers", "4"]).start_ready(2);
    let before = instance.workers();
    let mut clients = ["/slow/4", "/pool/4"].map(|path| {
        let mut client = instance.running().connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        client
    });
    for client in &mut clients {
        client.answer().assert_status(200);
    }
    assert_eq!(instance.workers(), before);
    instance.stop();
}

/// 6, 20: the first start.
#[test]
fn a_program_whose_first_workers_do_not_start_gives_up_and_says_why() {
    let cases = [
        ("exit:0", "exited with code 0", "10"),
        ("exit:1", "exited with code 1", "10"),
        ("panic", "FAULTS_BOOT says so", "10"),
        ("hang", "boot_timeout", "0.5"),
    ];
    // They are waited for side by side: most of the time passes between two attempts.
    std::thread::scope(|scope| {
        for (fault, cause, timeout) in cases {
            scope.spawn(move || {
                let setup = Setup::faults(&["--workers", "1", "--boot-timeout", timeout])
                    .variable("FAULTS_BOOT", fault);
                let finished = setup.finish();
                finished.assert_code(3).assert_stderr(&[cause]);
                assert!(!finished.stderr.contains("listening on"), "{fault}: {finished}");
                let deaths = finished.stderr.lines().filter(|line| {
                    line.contains("worker 0 of faults") && (line.contains("WARN") || line.contains("ERROR"))
                });
                assert!((1..=6).contains(&deaths.count()), "{fault}: at most five attempts: {finished}");
            });
        }
    });
}

/// 20: later, a bad start is waited out.
#[test]
fn a_worker_that_cannot_start_again_is_tried_with_pauses_and_ends_nothing() {
    let instance = Setup::faults(&["--workers", "2"]).boot_file().start_ready(2);
    instance.boot("exit:7");
    let killed = *instance.workers().first().expect("there are two");
    proc::signal(killed, "KILL");
    instance.running().stderr.wait_for_text("exited with code 7");
    // 0.5 s, 0.75 s, 1.1 s, 1.7 s, 2.5 s: four attempts more in four seconds at most, where a loop would make hundreds.
    let_pass(Duration::from_secs(4));
    let attempts = instance.log().matches("exited with code 7").count();
    assert!((2..=7).contains(&attempts), "{attempts} attempts:\n{}", instance.log());
    instance.get("/whoami").assert_status(200);
    instance.boot("");
    instance.wait_ready(2);
    instance.stop();
}

/// 21.
#[test]
fn an_application_that_dies_again_and_again_disturbs_no_other() {
    let setup = Setup::example("two_apps", &["-b", "127.0.0.1:0", "--wsgi2-bind", "127.0.0.1:0"]);
    let instance = setup.with(&["--workers", "2", "--wsgi2-workers", "2"]).addresses(2).start_ready(2);
    instance.wait_ready_of(1, 2);
    let steady = instance.info().apps[0].ready();
    let mut killed = 0;
    while killed < 8 {
        for pid in instance.info().apps[1].ready() {
            killed += usize::from(proc::signal(pid, "KILL"));
        }
        instance.get("/").assert(200, "wsgi1\n");
    }
    assert_eq!(instance.info().apps[0].ready(), steady, "the workers of the first application are the same");
    instance.wait_ready_of(1, 2);
    let mut second = pulsar_tests::wire::Client::tcp(instance.running().tcp(1));
    second.get("/").assert(200, "wsgi2\n");
    instance.stop();
}

/// 22.
#[test]
fn a_worker_that_crashes_after_it_was_ready_is_replaced_and_the_cause_is_told() {
    let instance = Setup::faults(&["--workers", "1"]).start_ready(1);
    for (path, cause) in [("/exit/9", "exited with code 9"), ("/abort", "ABRT"), ("/exit/0", "code 0")] {
        let pid = *instance.workers().first().expect("one is ready");
        let mut client = instance.running().connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.rest(), b"");
        death(&instance, pid, cause);
        wait_for_replacement(&instance, pid, 1);
    }
    instance.get("/whoami").assert_status(200);
    instance.stop();
}
