//! The arbiter as the first process of a container: it inherits the orphans of everybody.

use std::process::{Command, Stdio};

use pulsar_tests::{program::Running, until};

use crate::support::{Load, Setup, Target, effort, proc, skip};

/// 34.
#[test]
fn the_first_process_of_a_container_reaps_orphans_and_counts_them_for_nothing() {
    let allowed =
        Command::new("unshare").args(["-pfr", "--mount-proc", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return skip("this machine allows no pid namespaces (unshare -pfr --mount-proc)");
    }
    let setup = Setup::faults(&["--workers", "2", "--graceful-timeout", "5"]).under(&[
        "unshare",
        "-pfr",
        "--mount-proc",
        "--kill-child",
    ]);
    let running = Running::start(setup.command(), 1);
    let arbiter = *proc::children(running.pid()).first().expect("unshare has one child");
    assert_eq!(
        proc::status(arbiter, "NSpid").unwrap_or_default().split_whitespace().last(),
        Some("1"),
        "it is the first process"
    );
    let load = Load::on(&Target::Tcp(running.address()));
    load.wait_for_more(10);
    let workers = proc::workers(arbiter);
    assert_eq!(workers.len(), 2);
    // Codes that mean something when a worker ends with them. Whose parent ends is the child of process 1.
    let orphans = effort("PULSAR_TEST_ORPHANS", 200);
    let script = format!("for i in $(seq {orphans}); do (sleep 0.2; exit $((i % 5))) & done");
    let entered = Command::new("nsenter")
        .args(["-t", &arbiter.to_string(), "-U", "--preserve-credentials", "-p", "sh", "-c", &script])
        .stdin(Stdio::null())
        .status();
    if entered.is_ok_and(|status| status.success()) {
        until("all orphans are reaped", || proc::children(arbiter).len() == 2);
    } else {
        skip("nsenter cannot enter the namespace: no orphans");
    }
    assert_eq!(proc::workers(arbiter), workers, "the workers are the same");
    load.wait_for_more(10);
    load.stop().assert_clean();
    // What has no handler is ignored by a first process, so each of these has to have one.
    proc::signal(arbiter, "HUP");
    until("HUP reloads", || {
        let now = proc::workers(arbiter);
        now.len() == 2 && now.is_disjoint(&workers)
    });
    proc::signal(arbiter, "TERM");
    running.wait().assert_code(0);
}
