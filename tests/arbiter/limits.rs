//! Too few file descriptors, in a worker and in the arbiter; and what a machine will not keep of the settings, told at the start.

use std::{net::TcpStream, process::Command, time::Duration};

use pulsar_tests::{until, wire};

use crate::support::{Setup, let_pass, proc, skip};

/// Whether this machine can set limits of another program.
fn has_prlimit() -> bool {
    Command::new("prlimit").args(["--nofile", "--raw"]).output().is_ok_and(|output| output.status.success())
}

/// 24.
#[test]
fn a_worker_without_descriptors_waits_and_recovers() {
    if !has_prlimit() {
        return skip("there is no prlimit");
    }
    let instance = Setup::faults(&["--workers", "1", "--graceful-timeout", "5", "--timeout", "10"])
        .under(&["prlimit", "--nofile=64:64"])
        .start_ready(1);
    let worker = *instance.workers().first().expect("there is one");
    let address = instance.address();
    let flood: Vec<_> = (0..150).map(|_| TcpStream::connect(address).unwrap()).collect();
    until("it has no descriptor left", || proc::files(worker).len() >= 50);
    let before = proc::processor_ticks(worker);
    let_pass(Duration::from_secs(1));
    let ticks = proc::processor_ticks(worker) - before;
    assert!(ticks < 50, "it used {ticks} of 100 ticks to wait");
    assert_eq!(*instance.workers().first().expect("there is one"), worker, "it is the same one");
    drop(flood);
    instance.get("/whoami").assert_status(200);
    // And when it is to end while it has none.
    let _flood: Vec<_> = (0..150).map(|_| TcpStream::connect(address).unwrap()).collect();
    until("it has no descriptor left", || proc::files(worker).len() >= 50);
    instance.stop().assert_calm();
}

#[test]
fn a_worker_may_open_as_many_files_as_its_connections_need() {
    if !has_prlimit() {
        return skip("there is no prlimit");
    }
    for (limits, expected, told) in [("64:20000", "10256", false), ("64:100", "100", true)] {
        let instance = Setup::faults(&["--workers", "1"])
            .under(&["prlimit", &format!("--nofile={limits}")])
            .start_ready(1);
        let worker = *instance.workers().first().expect("there is one");
        let table = std::fs::read_to_string(format!("/proc/{worker}/limits")).unwrap();
        let line = table.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(line.split_whitespace().nth(3), Some(expected), "{limits}: {line}");
        let log = instance.log();
        let message = "`max_connections` is 10000, but the process may open only 100 files";
        assert_eq!(log.contains(message), told, "{log}");
        instance.stop();
    }
}

/// 24, with clients that stay.
#[test]
fn idle_connections_make_room_for_new_ones() {
    if !has_prlimit() {
        return skip("there is no prlimit");
    }
    let instance = Setup::faults(&["--workers", "1", "--graceful-timeout", "5"])
        .under(&["prlimit", "--nofile=64:64"])
        .start_ready(1);
    let worker = *instance.workers().first().expect("there is one");
    let address = instance.address();
    let mut kept = wire::Client::tcp(address);
    kept.get("/whoami").assert_status(200);
    let _flood: Vec<_> = (0..70).map(|_| TcpStream::connect(address).unwrap()).collect();
    until("it has no descriptor left", || proc::files(worker).len() >= 50);
    // Nobody of the flood leaves, and it stands before this client in the queue.
    instance.get("/whoami").assert_status(200);
    assert_eq!(kept.rest(), b"", "it was idle longest");
    let info = instance.info();
    assert!(info.apps[0].workers[0].limits["open_files"] > 0, "{info:?}");
    let log = instance.log();
    assert_eq!(log.matches("cannot accept connections").count(), 1, "{log}");
    instance.stop().assert_calm();
}

/// 25.
#[test]
fn a_worker_that_cannot_be_started_is_tried_again() {
    if !has_prlimit() {
        return skip("there is no prlimit");
    }
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    let limit = |soft: &str| {
        let arguments = ["--pid", &instance.pid().to_string(), &format!("--nofile={soft}:")];
        assert!(Command::new("prlimit").args(arguments).status().unwrap().success());
    };
    // So few that no socketpair can be made.
    limit("3");
    let killed = *instance.workers().first().expect("there are two");
    let seen = instance.log().len();
    proc::signal(killed, "KILL");
    until("the log says why nobody takes its place", || instance.log()[seen..].contains("failed to start"));
    instance.get("/whoami").assert_status(200);
    limit("512");
    until("there are two again", || instance.workers().len() == 2);
    instance.wait_ready(2);
    instance.stop().assert_calm();
}

/// Settings that the machine, or what runs the program, will overrule.
#[test]
fn what_the_machine_will_not_keep_is_told_at_the_start() {
    let somaxconn = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
    let somaxconn: u32 = somaxconn.trim().parse().unwrap_or(u32::MAX);
    let cases = [
        (&["--graceful-timeout", "29"][..], "Kubernetes", false),
        (&["--graceful-timeout", "30"], "a stop may take 30 s, and Kubernetes kills after 30 s", true),
        (&["--graceful-timeout", "25", "--drain-delay", "6"], "a stop may take 31 s", true),
        (&["--backlog", "65535"], "backlog is 65535, and this machine allows", somaxconn < 65_535),
    ];
    for (arguments, text, expected) in cases {
        let instance =
            Setup::faults(arguments).variable("KUBERNETES_SERVICE_HOST", "10.0.0.1").start_ready(1);
        let log = instance.log();
        assert_eq!(log.contains(text), expected, "{arguments:?}: {log}");
        instance.stop();
    }
}
