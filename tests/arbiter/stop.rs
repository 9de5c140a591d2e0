//! TERM and INT: what is finished, what is cut, and which code comes out.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use pulsar_tests::until;

use crate::support::{Load, Random, Setup, Spawned, effort, let_pass, proc};

/// 15: under load.
#[test]
fn a_stop_under_load_loses_nothing_that_was_accepted() {
    let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "10"]).start_ready(2);
    let load = Load::on(&instance.target());
    load.wait_for_more(20);
    instance.signal("TERM");
    load.wait_until_refused();
    let finished = instance.wait();
    finished.assert_code(0).assert_calm();
    let tally = load.stop();
    assert_eq!(
        (tally.closed, tally.cut, tally.timeout, tally.failed, &*tally.other),
        (0, 0, 0, 0, &[][..]),
        "{tally}"
    );
    // A connection that comes between the last look at the queue and its end is reset by the kernel; one client takes new
    // connections one after the other, so there is one at most.
    assert!(tally.reset <= 1, "{tally}");
}

/// 15: shorter and longer than the deadline.
#[test]
fn requests_have_until_the_deadline() {
    for (timeout, seconds, served) in [("20", "2", true), ("1", "600", false)] {
        let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", timeout]).start_ready(2);
        let mut busy = instance.running().connect();
        busy.send(format!("GET /slow/{seconds} HTTP/1.1\r\nHost: a\r\n\r\n"));
        instance.wait_in_flight(1);
        instance.signal("TERM");
        let begun = Instant::now();
        instance.wait_for_closed();
        if served {
            busy.answer().assert(200, "slow\n");
        } else {
            assert_eq!(busy.rest(), b"");
            assert!(begun.elapsed() >= Duration::from_millis(900), "cut after {:?}", begun.elapsed());
        }
        let finished = instance.wait();
        finished.assert_code(0).assert_calm();
        if !served {
            finished.assert_stderr(&["deadline"]);
        }
    }
}

/// 15: a handler that holds its thread.
#[test]
fn a_worker_that_does_not_listen_any_more_is_killed_at_the_deadline() {
    let instance =
        Setup::faults(&["--workers", "1", "--graceful-timeout", "1", "--timeout", "60"]).start_ready(1);
    let mut busy = instance.running().connect();
    busy.send("GET /block/600 HTTP/1.1\r\nHost: a\r\n\r\n");
    let worker = *instance.workers().first().expect("there is one");
    // It is in the call when its thread sleeps for the request; until then a TERM would find it idle.
    until("the worker has read the request", || proc::state(worker) == Some('S'));
    let_pass(Duration::from_millis(200));
    instance.signal("TERM");
    let finished = instance.wait();
    finished.assert_code(0).assert_stderr(&["deadline"]);
    assert_eq!(busy.rest(), b"");
}

/// 16.
#[test]
fn a_stop_ends_connections_that_would_never_end() {
    let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "3"]).start_ready(2);
    let mut idle = instance.running().connect();
    idle.get("/whoami").assert_status(200);
    let mut silent = instance.running().connect();
    let mut half_head = instance.running().connect();
    half_head.send("GET /whoami HTTP/1.1\r\nHo");
    let mut half_body = instance.running().connect();
    half_body.send("POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    half_body.answer().assert_status(100);
    half_body.send("12345");
    let mut events = instance.running().connect();
    events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    events.head().assert_status(200);
    events.chunk();
    let mut socket = instance.running().connect();
    socket.send(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    socket.head().assert_status(101);
    let begun = Instant::now();
    instance.signal("TERM");
    assert_eq!(idle.rest(), b"");
    assert_eq!(silent.rest(), b"");
    // What knows of the stop ends in order: the last chunk, and a close frame with code 1001.
    let last = events.rest();
    assert!(last.ends_with(b"0\r\n\r\n"), "{last:?}");
    let close = socket.rest();
    assert_eq!(
        (close.first(), close.get(2..4)),
        (Some(&0x88), Some(&1001_u16.to_be_bytes()[..])),
        "{close:?}"
    );
    for client in [&mut half_head, &mut half_body] {
        client.rest();
    }
    let finished = instance.wait();
    finished.assert_code(0).assert_calm();
    // Three seconds, and what a busy machine adds; without a deadline it would be for ever.
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
}

/// 16: a body that comes in time.
#[test]
fn an_upload_that_has_begun_may_end() {
    let instance = Setup::faults(&["--workers", "1", "--graceful-timeout", "20"]).start_ready(1);
    let mut client = instance.running().connect();
    client.send("POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    client.answer().assert_status(100);
    instance.signal("TERM");
    instance.wait_for_closed();
    client.send("0123456789");
    client.answer().assert(200, "10\n");
    instance.wait().assert_code(0);
}

/// 17.
#[test]
fn connections_that_wait_to_be_accepted_are_served_at_a_stop() {
    let instance =
        Setup::faults(&["--workers", "1", "--graceful-timeout", "20", "--timeout", "30"]).start_ready(1);
    let worker = *instance.workers().first().expect("there is one");
    proc::signal(worker, "STOP");
    let mut waiting: Vec<_> = (0..20).map(|_| instance.running().connect()).collect();
    for client in &mut waiting {
        client.send("GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    instance.signal("TERM");
    instance.running().stderr.wait_for_text("TERM");
    proc::signal(worker, "CONT");
    for client in &mut waiting {
        client.answer().assert_status(200);
    }
    instance.wait().assert_code(0);
}

/// 18.
#[test]
fn the_second_signal_decides_whether_a_stop_is_forced() {
    for (first, second, code, served) in [
        ("TERM", "TERM", 0, true),
        ("TERM", "INT", 0, true),
        ("INT", "TERM", 0, true),
        ("INT", "INT", 130, false),
    ] {
        let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "20"]).start_ready(2);
        let mut busy = instance.running().connect();
        let seconds = if served { "1.5" } else { "600" };
        busy.send(format!("GET /slow/{seconds} HTTP/1.1\r\nHost: a\r\n\r\n"));
        instance.wait_in_flight(1);
        instance.signal(first);
        instance.wait_for_closed();
        instance.signal(second);
        if served {
            busy.answer().assert(200, "slow\n");
        }
        let finished = instance.wait();
        finished.assert_code(code).assert_calm();
        if !served {
            assert_eq!(busy.rest(), b"");
        }
    }
}

/// 18: Ctrl-C reaches every process of the foreground group.
#[test]
fn an_interrupt_of_the_whole_group_is_one_to_the_arbiter() {
    let setup = Setup::faults(&["--workers", "2", "--graceful-timeout", "20"]);
    let mut command = setup.command();
    command.process_group(0);
    let running = pulsar_tests::program::Running::start(command, 1);
    until("the workers are there", || proc::workers(running.pid()).len() == 2);
    let mut busy = running.connect();
    busy.send("GET /slow/1.5 HTTP/1.1\r\nHost: a\r\n\r\n");
    // It is with a worker once the next one, behind it in the queue, has been answered.
    running.get("/whoami").assert_status(200);
    running.get("/whoami").assert_status(200);
    let group = format!("-{}", running.pid());
    assert!(std::process::Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    busy.answer().assert(200, "slow\n");
    let finished = running.wait();
    finished.assert_code(0).assert_calm();
}

/// 19.
#[test]
fn a_signal_at_any_moment_of_the_start_leaves_nothing_behind() {
    let mut random = Random::new(effort("PULSAR_TEST_SEED", 19));
    for round in 0..effort("PULSAR_TEST_SEEDS", 20) {
        let name = *random.choice(&["TERM", "INT", "HUP"]);
        let delay = Duration::from_micros(random.below(150_000));
        let setup = Setup::faults(&["--workers", "2", "-b", "unix:app.sock", "--pidfile", "pid"]);
        let what = format!("round {round}, {name} after {delay:?}");
        let log = setup.folder().join("log");
        let mut command = setup.command();
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = Spawned::of(command);
        let pid = child.id();
        let_pass(delay);
        proc::signal(pid, name);
        if name == "HUP" {
            // It is either dead, since nobody had told it yet what HUP is, or serves on, reloaded or not.
            until(&format!("{what}: it serves, or has ended"), || {
                ended(&mut child).is_some() || fs::read_to_string(&log).unwrap().contains("listening on unix")
            });
            proc::signal(pid, "TERM");
        }
        let mut status = None;
        until(&format!("{what}: it ends"), || {
            status = ended(&mut child);
            status.is_some()
        });
        let text = fs::read_to_string(&log).unwrap();
        let code = status.expect("it has just been seen").code();
        assert!(matches!(code, Some(0) | None), "{what}: {code:?}\n{text}");
        assert!(code.is_some() || text.is_empty(), "{what}: killed by its signal after it had begun\n{text}");
        assert!(!text.contains("panicked"), "{what}: {text}");
        let mark = format!("XDG_RUNTIME_DIR={}\0", setup.folder().path().display());
        until(&format!("{what}: no process is left"), || proc::with_text(&mark).is_empty());
        let mut left: Vec<_> = fs::read_dir(setup.folder().path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "log")
            .collect();
        left.retain(|name| !setup.folder().join(name).is_dir());
        assert!(left.is_empty(), "{what}: {left:?} is left\n{text}");
    }
}

fn ended(child: &mut Spawned) -> Option<ExitStatus> {
    child.try_wait().expect("a child can be waited for")
}
