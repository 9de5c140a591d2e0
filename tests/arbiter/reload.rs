//! HUP: new workers with new settings, no lost request, and the old ones if the new ones fail.

use std::{
    net::TcpStream,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use pulsar_tests::{until, wire::Client};

use crate::support::{Instance, Load, Setup, Target, effort, proc};

/// Runs something, and says which was the smallest number of ready workers meanwhile.
fn fewest_ready(instance: &Instance, work: impl FnOnce()) -> usize {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut fewest = usize::MAX;
            while !done.load(Ordering::Relaxed) {
                fewest = fewest.min(instance.info().apps[0].ready().len());
            }
            fewest
        });
        // Set also if the work panics: a scope waits for its threads.
        let set = SetOnDrop(&done);
        work();
        drop(set);
        sampler.join().expect("it only asks")
    })
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// 9.
#[test]
fn a_reload_under_load_replaces_every_worker_and_loses_no_request() {
    let instance = Setup::faults(&["--workers", "3"]).start_ready(3);
    let load = Load::on(&instance.target());
    load.wait_for_more(20);
    for generation in 2..=4 {
        let before = instance.workers();
        let fewest = fewest_ready(&instance, || instance.reload());
        assert!(fewest >= 3, "there were only {fewest} workers for a while");
        let info = instance.info();
        assert_eq!(info.arbiter.generation, generation);
        assert_eq!(info.apps[0].ready(), instance.workers(), "the old ones are gone");
        assert!(instance.workers().is_disjoint(&before), "all are new");
        assert!(instance.get("/whoami").text().contains(&format!(r#""generation":{generation},"#)));
        load.wait_for_more(10);
    }
    // The same by signal.
    instance.signal("HUP");
    until("the signal reloads as well", || instance.info().arbiter.generation == 5);
    instance.wait_ready(3);
    load.wait_for_more(10);
    load.stop().assert_clean();
    assert_eq!(instance.log().matches("listening on").count(), 1, "no address has changed");
    instance.stop();
}

/// 10.
#[test]
fn a_reload_whose_workers_do_not_start_changes_nothing() {
    let instance = Setup::faults(&["--workers", "2", "--boot-timeout", "2"]).boot_file().start_ready(2);
    let load = Load::on(&instance.target());
    let before = instance.workers();
    for (fault, why) in [
        ("panic", "FAULTS_BOOT says so"),
        ("exit:5", "exited with code 5"),
        ("exit:0", "exited with code 0"),
        ("nonsense", "`nonsense` is no fault"),
        ("hang", "boot_timeout"),
    ] {
        instance.boot(fault);
        let finished = instance.command(&["reload", "--wait"]);
        finished.assert_code(1).assert_stderr(&[why]);
        // One that was killed may still be on its way out.
        until(&format!("{fault}: the old workers serve on alone"), || instance.workers() == before);
        assert_eq!(instance.info().arbiter.generation, 1, "{fault}: {finished}");
        load.wait_for_more(5);
    }
    instance.boot("slow:0.5");
    instance.reload();
    assert!(instance.workers().is_disjoint(&before));
    assert_eq!(instance.info().arbiter.generation, 2);
    load.wait_for_more(5);
    load.stop().assert_clean();
    instance.stop();
}

/// 11.
#[test]
fn a_reload_with_settings_that_cannot_be_read_changes_nothing() {
    let setup = Setup::faults(&["-c", "pulsar.toml"]);
    setup.folder().write("pulsar.toml", "workers = 2\n");
    let instance = setup.start_ready(2);
    let load = Load::on(&instance.target());
    let before = instance.workers();
    for (text, part) in [
        ("workers = = 2\n", "pulsar.toml:1"),
        ("wrokers = 2\n", "wrokers"),
        ("workers = 2\nkeep_alive = \"never\"\n", "keep_alive"),
    ] {
        instance.folder().write("pulsar.toml", text);
        instance.command(&["reload", "--wait"]).assert_code(1).assert_stderr(&[part]);
        assert_eq!(instance.workers(), before, "{text}");
        let seen = instance.log().matches(part).count();
        instance.signal("HUP");
        until(&format!("the log says {part}"), || instance.log().matches(part).count() > seen);
        load.wait_for_more(5);
    }
    assert_eq!((instance.workers(), instance.info().arbiter.generation), (before, 1));
    instance.folder().write("pulsar.toml", "workers = 3\n");
    instance.reload();
    instance.wait_ready(3);
    assert_eq!(instance.info().apps[0].target, 3);
    load.stop().assert_clean();
    instance.stop();
}

/// 12.
#[test]
fn a_reload_binds_new_addresses_before_it_closes_old_ones() {
    let setup = Setup::example("faults", &["-c", "pulsar.toml"]);
    let file = |binds: &str| format!("workers = 2\nbind = [\"127.0.0.1:0\"{binds}]\ngraceful_timeout = 5\n");
    setup.folder().write("pulsar.toml", &file(""));
    let instance = setup.start_ready(2);
    let load = Load::on(&instance.target());
    let rebind = |binds: &str| instance.folder().write("pulsar.toml", &file(binds));

    rebind(", \"unix:second.sock\"");
    instance.reload();
    let path = instance.folder().join("second.sock");
    Client::unix(&path).get("/whoami").assert_status(200);
    instance.running().stderr.wait_for_text("listening on unix:");
    let with_second = instance.workers();

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (address, taken)).unwrap();
    for (bind, part) in [
        (format!(", \"{}\"", taken.0), taken.0.to_string()),
        (", \"192.0.2.1:0\"".into(), "192.0.2.1".into()),
        (", \"unix:no/such/folder/a.sock\"".into(), "no/such/folder".into()),
    ] {
        rebind(&bind);
        instance.command(&["reload", "--wait"]).assert_code(1).assert_stderr(&[&part]);
        assert_eq!(instance.workers(), with_second, "{bind}: nothing has changed");
        Client::unix(&path).get("/whoami").assert_status(200);
    }

    rebind("");
    instance.reload();
    assert!(!path.exists(), "the address that is no longer wanted is gone");
    load.wait_for_more(10);
    load.stop().assert_clean();
    instance.stop();
}

/// 13: one after the other.
#[test]
fn reloads_leave_nothing_behind() {
    let reloads = effort("PULSAR_TEST_RELOADS", 25);
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    let load = Load::start(&instance.target(), 1, 1);
    for _ in 0..3 {
        instance.reload();
    }
    let measure = || (proc::files(instance.pid()).len(), proc::threads(instance.pid()));
    // A command may still have its connection when it has ended.
    let (files, threads) = measure();
    let rss = proc::rss(instance.pid());
    for _ in 0..reloads {
        instance.reload();
    }
    load.wait_for_more(5);
    load.stop().assert_clean();
    assert_eq!(instance.info().arbiter.generation, 4 + reloads);
    until("no file and no thread is left over", || measure().0 <= files && measure().1 <= threads);
    until("every worker that ended was waited for", || proc::zombies(instance.pid()).is_empty());
    assert_eq!(instance.workers().len(), 2);
    let grown = proc::rss(instance.pid()).saturating_sub(rss);
    eprintln!("{reloads} reloads: {grown} KiB more");
    assert!(grown < 4096, "{reloads} reloads took {grown} KiB");
    instance.stop();
}

/// 13: all at once.
#[test]
fn a_burst_of_reloads_is_two() {
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    let load = Load::on(&instance.target());
    load.wait_for_more(5);
    let burst = format!("for i in $(seq 100); do kill -HUP {}; done", instance.pid());
    assert!(Command::new("sh").args(["-c", &burst]).status().unwrap().success());
    until("the burst has been heard", || instance.info().arbiter.generation > 1);
    instance.wait_ready(2);
    // Whatever is pending comes before this one, which is asked for last.
    instance.reload();
    let generation = instance.info().arbiter.generation;
    // One that the burst began, one for all the others; a third if the burst took longer than the first reload.
    assert!((3..=5).contains(&generation), "100 signals were {} reloads", generation - 2);
    load.wait_for_more(5);
    load.stop().assert_clean();
    instance.stop();
}

/// 14.
#[test]
fn a_stop_during_a_reload_wins_at_once_and_requests_are_finished() {
    let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "20"]).boot_file().start_ready(2);
    let mut busy = instance.running().connect();
    busy.send("GET /slow/4 HTTP/1.1\r\nHost: a\r\n\r\n");
    instance.wait_in_flight(1);
    let before = instance.workers();
    // The new workers never become ready, so that the reload is under way for sure.
    instance.boot("hang");
    instance.signal("HUP");
    until("the reload has begun", || instance.workers().difference(&before).count() > 0);
    instance.signal("TERM");
    instance.wait_for_closed();
    busy.answer().assert(200, "slow\n");
    instance.wait().assert_code(0);
}

/// 14: the other order of the two, when the new workers are ready and the old ones drain.
#[test]
fn a_stop_while_old_workers_drain_waits_for_their_requests() {
    let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "20"]).start_ready(2);
    let mut busy = instance.running().connect();
    busy.send("GET /slow/4 HTTP/1.1\r\nHost: a\r\n\r\n");
    instance.wait_in_flight(1);
    let before = instance.workers();
    instance.signal("HUP");
    until("the new workers serve", || {
        instance.info().arbiter.generation == 2 || {
            instance.info().apps[0].ready().difference(&before).count() == 2
        }
    });
    instance.signal("TERM");
    instance.wait_for_closed();
    busy.answer().assert(200, "slow\n");
    instance.wait().assert_code(0);
}

/// 9: over a unix socket, which stays the same file.
#[test]
fn a_unix_socket_is_the_same_after_a_reload() {
    use std::os::unix::fs::MetadataExt;
    let instance = Setup::faults(&["--workers", "2", "-b", "unix:app.sock"]).addresses(2).start_ready(2);
    let path = instance.folder().join("app.sock");
    let inode = |path: &std::path::Path| std::fs::metadata(path).map(|file| file.ino()).ok();
    let before = inode(&path);
    let load = Load::on(&Target::Unix(path.clone()));
    for _ in 0..3 {
        load.wait_for_more(5);
        instance.reload();
    }
    load.wait_for_more(5);
    load.stop().assert_clean();
    assert_eq!(inode(&path), before);
    let address = instance.address();
    instance.stop();
    assert!(!path.exists());
    assert!(TcpStream::connect(address).is_err());
}
