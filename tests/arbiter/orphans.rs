//! An arbiter that is killed or stopped: what its workers do alone.

use std::{net::TcpStream, time::Duration};

use pulsar_tests::{until, wire::Client};

use crate::support::{Load, Setup, Target, let_pass, proc};

/// 7.
#[test]
fn workers_without_an_arbiter_finish_what_they_have_and_free_the_addresses() {
    let mut instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "10", "-b", "unix:app.sock"])
        .addresses(2)
        .start_ready(2);
    let (address, path) = (instance.address(), instance.folder().join("app.sock"));
    let old = instance.workers();
    let mut busy = instance.running().connect();
    busy.send("GET /slow/2 HTTP/1.1\r\nHost: a\r\n\r\n");
    instance.wait_in_flight(1);
    let load = Load::start(&Target::Tcp(address), 2, 1);
    load.wait_for_more(20);
    instance.kill_arbiter();
    load.wait_until_refused();
    until("the address is free", || TcpStream::connect(address).is_err());
    // A new one starts at once, on both addresses, while the old workers still have a request.
    let text = address.to_string();
    let unix = format!("unix:{}", path.display());
    let next =
        Setup::example("faults", &["-b", &text, "-b", &unix, "--workers", "2"]).addresses(2).start_ready(2);
    let seen = load.so_far();
    load.wait_for_more(20);
    let late: Vec<_> =
        old.iter().filter(|pid| load.so_far().pids.get(pid) != seen.pids.get(pid)).copied().collect();
    assert!(late.is_empty(), "{late:?} answered after the new one was ready");
    let tally = load.stop();
    assert_eq!((tally.cut, tally.failed, tally.timeout), (0, 0, 0), "{tally}");
    busy.answer().assert(200, "slow\n");
    until("the old workers are gone", || instance.processes().is_empty());
    Client::unix(&path).get("/whoami").assert_status(200);
    next.stop();
    assert!(!path.exists(), "the last owner removed its socket");
}

/// 8.
#[test]
fn a_stopped_arbiter_disturbs_nobody_and_kills_nobody_when_it_goes_on() {
    let instance = Setup::faults(&["--workers", "2", "--timeout", "1"]).start_ready(2);
    let before = instance.workers();
    let load = Load::on(&instance.target());
    instance.signal("STOP");
    let_pass(Duration::from_secs(3));
    load.wait_for_more(5);
    instance.signal("CONT");
    // It has looked at every heartbeat once it answers.
    instance.wait_ready(2);
    load.wait_for_more(20);
    load.stop().assert_clean();
    assert_eq!(instance.workers(), before);
    until("every worker that ended was waited for", || proc::zombies(instance.pid()).is_empty());
    instance.stop();
}
