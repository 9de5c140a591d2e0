//! USR2: the file at the start path takes over, with the same process and the same sockets; or it does not, and nothing changes.

use std::{fs, os::unix::fs::MetadataExt};

use pulsar_tests::until;

use crate::support::{Image, Instance, Load, Notify, Setup, effort, proc};

/// A copy of `faults` that serves, and the file that it was started from.
fn start(arguments: &[&str], workers: usize) -> (Instance, Image) {
    let setup = Setup::faults(arguments).boot_file();
    let image = Image::of("faults", setup.folder());
    let setup = setup.at(&image.path);
    (setup.start_ready(workers), image)
}

/// Asks for an upgrade, and waits for its failure; what the log says since.
fn failed_upgrade(instance: &Instance) -> String {
    let seen = instance.log().len();
    instance.signal("USR2");
    let failed = |log: &str| {
        log.lines().any(|line| line.contains("upgrade") && (line.contains("ERROR") || line.contains("WARN")))
    };
    until("the log says that the upgrade failed", || failed(&instance.log()[seen..]));
    instance.log()[seen..].to_owned()
}

/// 29.
#[test]
fn upgrades_under_load_lose_nothing_and_keep_process_and_sockets() {
    let upgrades = effort("PULSAR_TEST_UPGRADES", 4);
    let (instance, image) = start(&["--workers", "2"], 2);
    let sockets = proc::listening(instance.pid());
    assert!(!sockets.is_empty());
    let load = Load::on(&instance.target());
    load.wait_for_more(10);
    let mut files = None;
    for n in 1..=upgrades {
        let before = instance.workers();
        let inode = image.replace();
        instance.signal("USR2");
        until("the upgrade is through", || {
            proc::image(instance.pid()) == Some(inode) && instance.info().arbiter.generation == 1 + n
        });
        instance.wait_ready(2);
        let workers = instance.workers();
        assert!(workers.is_disjoint(&before), "all workers are new");
        assert!(workers.iter().all(|pid| proc::image(*pid) == Some(inode)), "and run the new file");
        assert_eq!(instance.info().arbiter.pid, instance.pid());
        let now = proc::listening(instance.pid());
        assert!(sockets.is_subset(&now), "{sockets:?} are not all in {now:?}");
        load.wait_for_more(10);
        // What the first upgrade has opened, such as the new image, may stay; the next ones may add nothing.
        until("no file is left over", || {
            proc::files(instance.pid()).len() <= *files.get_or_insert(proc::files(instance.pid()).len())
        });
    }
    until("every worker that ended was waited for", || proc::zombies(instance.pid()).is_empty());
    load.stop().assert_clean();
    assert_eq!(instance.log().matches("listening on").count(), 1);
    instance.stop();
}

/// 29: what systemd is told.
#[test]
fn an_upgrade_is_told_as_a_reload_and_then_ready() {
    let setup = Setup::faults(&["--workers", "1"]);
    let image = Image::of("faults", setup.folder());
    let notify = Notify::path(setup.folder());
    let variable = notify.variable.to_str().expect("a path of ours").to_owned();
    let instance = setup.at(&image.path).variable("NOTIFY_SOCKET", &variable).start_ready(1);
    notify.wait_for("READY=1", 1);
    image.replace();
    instance.signal("USR2");
    let reloading = notify.wait_for("RELOADING=1", 1);
    assert!(reloading.contains("MONOTONIC_USEC="), "in one datagram: {reloading}");
    notify.wait_for("READY=1", 2);
    instance.stop();
}

/// 30.
#[test]
fn an_upgrade_to_a_file_that_is_no_program_of_ours_changes_nothing() {
    let (instance, image) = start(&["--workers", "2", "--boot-timeout", "2"], 2);
    let load = Load::on(&instance.target());
    let (workers, running) = (instance.workers(), proc::image(instance.pid()));
    let shell = |text: &str| format!("#!/bin/sh\n{text}\n").into_bytes();
    let cases: [(&str, Vec<u8>, u32); 8] = [
        ("a script that fails", shell("echo 'no, thanks' >&2; exit 1"), 0o755),
        ("a script that succeeds", shell("exit 0"), 0o755),
        ("a script that hangs", shell("exec sleep 600"), 0o755),
        // Its channel is its standard input.
        ("a script that talks nonsense", shell("echo 'this is no message' >&0; exec sleep 600"), 0o755),
        ("a script that never stops talking", shell("exec yes >&0"), 0o755),
        ("a program of others", fs::read("/bin/true").unwrap(), 0o755),
        ("garbage", vec![0x5a; 5000], 0o755),
        ("a file that is not executable", shell("exit 1"), 0o644),
    ];
    for (what, bytes, mode) in &cases {
        image.replace_by(bytes, *mode);
        let log = failed_upgrade(&instance);
        until(&format!("{what}: only the workers are left: {log}"), || instance.workers() == workers);
        assert_eq!(proc::image(instance.pid()), running, "{what}: {log}");
        assert_eq!(instance.info().arbiter.generation, 1, "{what}: {log}");
        load.wait_for_more(5);
    }
    image.remove();
    failed_upgrade(&instance);
    until("only the workers are left", || instance.workers() == workers);
    // And a good one is still possible.
    let inode = image.replace();
    instance.signal("USR2");
    until("the upgrade is through", || {
        instance.info().arbiter.generation == 2 && proc::image(instance.pid()) == Some(inode)
    });
    load.wait_for_more(5);
    load.stop().assert_clean();
    instance.stop();
}

/// 30: the program is good, and its workers do not start.
#[test]
fn an_upgrade_whose_workers_do_not_start_is_taken_back() {
    let (instance, image) = start(&["--workers", "2", "--boot-timeout", "2"], 2);
    let load = Load::on(&instance.target());
    let workers = instance.workers();
    for fault in ["panic", "exit:6", "hang"] {
        instance.boot(fault);
        image.replace();
        let log = failed_upgrade(&instance);
        assert_eq!(instance.info().apps[0].ready(), workers, "{fault}: {log}");
        load.wait_for_more(5);
    }
    // A worker that dies now is replaced, and the replacement has the old image: the boot file is good again.
    instance.boot("");
    let killed = *workers.first().expect("there are two");
    let clients = load.clients();
    proc::signal(killed, "KILL");
    until("it is gone", || !proc::is_alive(killed));
    instance.wait_ready(2);
    load.stop().assert_lost_at_most(clients);
    image.replace();
    instance.signal("USR2");
    until("the upgrade is through", || instance.info().arbiter.generation == 2);
    instance.stop();
}

/// 31: the new side is killed.
#[test]
fn an_upgrade_whose_new_side_is_killed_changes_nothing() {
    let (instance, image) = start(&["--workers", "2", "--boot-timeout", "30"], 2);
    let load = Load::on(&instance.target());
    let workers = instance.workers();
    let running = proc::image(instance.pid());
    // While the new file is tried.
    image.replace_by(b"#!/bin/sh\nexec sleep 600\n", 0o755);
    let seen = instance.log().len();
    instance.signal("USR2");
    let mut tried = None;
    until("the new file is tried", || {
        tried = instance.workers().difference(&workers).next().copied();
        tried.is_some()
    });
    proc::signal(tried.expect("it has just been seen"), "KILL");
    until("the log says that the upgrade failed", || instance.log()[seen..].contains("upgrade"));
    until("only the old workers are there", || instance.workers() == workers);
    assert_eq!(proc::image(instance.pid()), running);
    // While its first workers start.
    instance.boot("hang");
    image.replace();
    instance.signal("USR2");
    let mut canary = None;
    until("a worker of the new file starts", || {
        let new = instance.workers().difference(&workers).copied().collect::<Vec<_>>();
        let inode = fs::metadata(&image.path).map(|file| file.ino()).ok();
        canary = new.into_iter().find(|pid| proc::image(*pid) == inode);
        canary.is_some()
    });
    proc::signal(canary.expect("it has just been seen"), "KILL");
    instance.boot("");
    load.wait_for_more(10);
    instance.wait_ready(2);
    load.stop().assert_clean();
    instance.stop();
}

/// 31: the arbiter is killed in the middle.
#[test]
fn an_upgrade_whose_arbiter_is_killed_leaves_the_addresses_to_the_next_one() {
    let (mut instance, image) =
        start(&["--workers", "2", "--boot-timeout", "30", "--graceful-timeout", "3"], 2);
    let address = instance.address();
    let before = instance.workers();
    instance.boot("hang");
    image.replace();
    instance.signal("USR2");
    until("a process of the new file is there", || instance.workers().difference(&before).count() > 0);
    instance.kill_arbiter();
    until("no process is left", || instance.processes().is_empty());
    let next = Setup::example("faults", &["-b", &address.to_string()]).start();
    next.get("/whoami").assert_status(200);
    next.stop();
}

/// 25, 29: a worker that dies while another file stands at the path.
#[test]
fn a_worker_is_replaced_from_the_running_image_whatever_has_become_of_the_file() {
    let (instance, image) = start(&["--workers", "2"], 2);
    let running = proc::image(instance.pid());
    for what in ["removed", "garbage", "not executable"] {
        match what {
            "removed" => image.remove(),
            "garbage" => drop(image.replace_by(&[0x5a; 5000], 0o755)),
            _ => drop(image.replace_by(b"", 0o600)),
        }
        let killed = *instance.workers().first().expect("there are two");
        proc::signal(killed, "KILL");
        until("it is gone", || !proc::is_alive(killed));
        instance.wait_ready(2);
        let images: Vec<_> = instance.workers().into_iter().map(proc::image).collect();
        assert_eq!(images, [running, running], "{what}");
        instance.get("/whoami").assert_status(200);
    }
    instance.stop();
}

/// 31: a stop while a new program is asked, which does not answer.
#[test]
fn a_stop_during_an_upgrade_leaves_nobody_behind() {
    let (instance, image) = start(&["--workers", "1"], 1);
    image.replace_by(b"#!/bin/sh\nexec sleep 600\n", 0o755);
    instance.signal("USR2");
    until("it is asked", || instance.processes().len() == 3);
    instance.stop();
}
