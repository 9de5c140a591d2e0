//! The control socket and its commands: what they say, and what a bad client can do to it.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    process::Stdio,
    time::Duration,
};

use pulsar_tests::{program::example, until, wire};

use crate::support::{Instance, Load, Setup, let_pass, proc};

#[test]
fn info_tells_which_limits_clients_ran_into() {
    // By settings as texts, all the way from the command line to a worker process.
    let instance =
        Setup::faults(&["--proxy-protocol", "127.0.0.0/8", "--proxy-protocol", "::1"]).start_ready(1);
    let workers = |instance: &Instance| instance.info().apps.remove(0).workers;
    assert!(workers(&instance).iter().all(|worker| worker.limits.is_empty()));
    let mut client = wire::Client::tcp(instance.address());
    client.send("GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.rest().is_empty(), "it is no PROXY header");
    let mut client = wire::Client::tcp(instance.address());
    client.send("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n");
    client.get("/whoami").assert_status(200);
    until("it is counted", || {
        workers(&instance).iter().any(|worker| worker.limits.get("proxy_protocol") == Some(&1))
    });
    instance.stop();
}

#[test]
fn info_tells_what_runs() {
    let setup = Setup::example("two_apps", &["-b", "127.0.0.1:0", "--wsgi2-bind", "127.0.0.1:0"]);
    let instance = setup.with(&["--workers", "2", "--wsgi2-workers", "3"]).addresses(2).start_ready(2);
    instance.wait_ready_of(1, 3);
    for _ in 0..10 {
        instance.get("/").assert(200, "wsgi1\n");
    }
    let info = instance.info();
    assert_eq!(info.arbiter.pid, instance.pid());
    assert_eq!(info.arbiter.generation, 1);
    assert!(!info.arbiter.version.is_empty() && info.arbiter.uptime >= 0.0, "{info:?}");
    let names: Vec<_> = info.apps.iter().map(|app| (app.name.as_str(), app.target)).collect();
    assert_eq!(names, [("wsgi1", 2), ("wsgi2", 3)]);
    let mut pids = Vec::new();
    for (n, app) in info.apps.iter().enumerate() {
        assert!(
            app.binds.iter().any(|bind| bind.contains(&instance.running().tcp(n).to_string())),
            "{app:?}"
        );
        assert!(!app.state.is_empty());
        let mut slots: Vec<_> = app.workers.iter().map(|worker| worker.slot).collect();
        slots.sort_unstable();
        assert_eq!(slots, (0..app.target).collect::<Vec<_>>(), "{app:?}");
        assert!(
            app.workers.iter().all(|worker| worker.state == "ready" && worker.generation == 1),
            "{app:?}"
        );
        assert!(app.workers.iter().all(|worker| worker.uptime >= 0.0 && worker.in_flight == 0), "{app:?}");
        pids.extend(app.workers.iter().map(|worker| worker.pid));
    }
    pids.sort_unstable();
    assert_eq!(pids, instance.workers().into_iter().collect::<Vec<_>>());
    // What workers count and measure comes with their heartbeats.
    until("the memory is measured", || {
        instance.info().apps.iter().flat_map(|app| &app.workers).all(|worker| worker.rss > 0)
    });
    until("the requests are counted", || {
        instance.info().apps[0].workers.iter().map(|worker| worker.requests).sum::<u64>() == 10
    });
    let text = instance.command(&["info"]);
    text.assert_code(0);
    assert!(text.stdout.contains("wsgi2"), "for people as well: {text}");
    instance.stop();
}

#[test]
fn commands_ping_and_stop() {
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    instance.command(&["ping"]).assert_code(0);
    instance.command(&["stop"]).assert_code(0);
    instance.wait().assert_code(0);

    let instance = Setup::faults(&["--workers", "2", "--graceful-timeout", "20"]).start_ready(2);
    let mut busy = instance.running().connect();
    busy.send("GET /slow/600 HTTP/1.1\r\nHost: a\r\n\r\n");
    instance.command(&["quit"]).assert_code(0);
    instance.wait().assert_code(0);
    assert_eq!(busy.rest(), b"");
}

#[test]
fn commands_find_the_one_instance_of_their_program() {
    let instance = Setup::faults(&["--workers", "1"]).without_control().start();
    until("it answers", || instance.command(&["ping"]).code == Some(0));
    assert_eq!(instance.info().arbiter.pid, instance.pid());
    let folder = pulsar_tests::Folder::new();
    let mut elsewhere = example("faults");
    elsewhere.args(["ping"]).env("XDG_RUNTIME_DIR", folder.path());
    let finished = pulsar_tests::program::finish(elsewhere);
    finished.assert_code(1).assert_calm();
    instance.stop();
}

/// 38: who may.
#[test]
fn the_control_socket_is_for_its_owner() {
    let instance = Setup::faults(&["--workers", "1"]).start_ready(1);
    let path = instance.folder().join("control");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    instance.stop();
    assert!(!path.exists());
}

/// 38: a second instance.
#[test]
fn a_control_socket_that_is_in_use_is_left_to_its_owner() {
    let first = Setup::faults(&["--workers", "1"]).start_ready(1);
    let path = first.folder().join("control").display().to_string();
    let second = Setup::faults(&["--workers", "1", "--control-socket", &path]).without_control().start();
    until("it says so", || second.log().contains(&path));
    second.get("/whoami").assert_status(200);
    assert_eq!(first.info().arbiter.pid, first.pid());
    second.stop();
    assert_eq!(first.info().arbiter.pid, first.pid(), "it took nothing away");
    first.stop();
}

/// 38: no place for it.
#[test]
fn a_control_socket_that_cannot_be_made_is_a_warning() {
    let instance = Setup::faults(&["--workers", "1", "--control-socket", "/no/such/folder/control"])
        .without_control()
        .start();
    until("it says so", || instance.log().contains("/no/such/folder/control"));
    instance.get("/whoami").assert_status(200);
    instance.stop().assert_calm();
}

/// 38: bad clients.
#[test]
fn a_bad_client_of_the_control_socket_disturbs_nobody() {
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    let load = Load::on(&instance.target());
    let path = instance.folder().join("control");
    let connect = || {
        let stream = UnixStream::connect(&path).unwrap();
        stream.set_read_timeout(Some(pulsar_tests::PATIENCE)).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        stream
    };
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for bytes in [
        &garbage[..],
        &[0xff; 64],
        &[0x7f, 0xff, 0xff, 0xff, b'x'],
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"{\"command\":",
        b"\n\n\n",
        "[".repeat(50_000).as_bytes(),
    ] {
        let mut stream = connect();
        // It may close before it has all of it.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(instance.info().arbiter.pid, instance.pid());
    }
    // Those who only connect, and those who send a byte now and then.
    let mut silent: Vec<_> = (0..200).filter_map(|_| UnixStream::connect(&path).ok()).collect();
    for stream in silent.iter_mut().step_by(3) {
        let _ = stream.write_all(b"{");
    }
    load.wait_for_more(20);
    // Their turn is over when they are gone, or have had their time.
    drop(silent);
    assert_eq!(instance.info().arbiter.pid, instance.pid());
    load.wait_for_more(5);
    load.stop().assert_clean();
    instance.stop().assert_calm();
}

/// 38: a client that goes while it waits.
#[test]
fn a_reload_goes_on_without_the_one_who_asked_for_it() {
    let instance = Setup::faults(&["--workers", "2"]).boot_file().start_ready(2);
    instance.boot("slow:1");
    let before = instance.workers();
    let mut command = instance.command_line(&["reload", "--wait"]);
    let mut asking = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the reload has begun", || instance.workers().difference(&before).count() > 0);
    asking.kill().unwrap();
    asking.wait().unwrap();
    instance.boot("");
    until("it is through", || instance.info().arbiter.generation == 2);
    instance.wait_ready(2);
    assert!(instance.workers().is_disjoint(&before));
    instance.stop();
}

/// 38, 39: a worker that reads nothing any more holds up nobody who asks.
#[test]
fn a_stopped_worker_does_not_hold_up_the_commands() {
    let instance = Setup::faults(&["--workers", "2", "--timeout", "60"]).start_ready(2);
    let stopped = *instance.workers().first().expect("there are two");
    proc::signal(stopped, "STOP");
    for _ in 0..50 {
        assert_eq!(instance.info().apps[0].workers.len(), 2);
    }
    instance.command(&["workers", "3"]).assert_code(0);
    until("the third one serves", || instance.info().apps[0].workers.len() == 3);
    proc::signal(stopped, "CONT");
    let_pass(Duration::from_millis(50));
    instance.wait_ready(3);
    instance.stop();
}
