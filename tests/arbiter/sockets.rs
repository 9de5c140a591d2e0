//! Unix sockets that are there already, sockets from systemd, and what systemd is told.

use std::{
    fs,
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use pulsar_tests::{
    Folder,
    program::{Finished, Running, finish},
    until,
    wire::Client,
};

use crate::support::{Notify, Setup, Spawned, let_pass, proc, skip};

/// 28.
#[test]
fn a_unix_socket_takes_the_place_of_a_dead_one_and_of_nothing_else() {
    // Left behind by somebody who was killed.
    let setup = Setup::example("faults", &["-b", "unix:app.sock", "--workers", "2"]);
    let path = setup.folder().join("app.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let instance = setup.start_ready(2);
    Client::unix(&path).get("/whoami").assert_status(200);
    // A second one on the same path is refused, and takes nothing away when it ends.
    let bind = format!("unix:{}", path.display());
    let second = Setup::example("faults", &["-b", &bind]);
    second.finish().assert_code(1).assert_calm().assert_stderr(&["app.sock"]);
    Client::unix(&path).get("/whoami").assert_status(200);
    instance.stop();
    assert!(!path.exists());

    // What is no socket, and what cannot be made.
    let file = second.folder().write("file", "precious");
    let missing = second.folder().join("missing/app.sock");
    for path in [&file, &missing] {
        let bind = format!("unix:{}", path.display());
        let finished = Setup::example("faults", &["-b", &bind]).finish();
        let name = path.display().to_string();
        finished.assert_code(1).assert_calm().assert_stderr(&[&name]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

/// 28: one socket of several that fails leaves none of the others behind.
#[test]
fn addresses_are_bound_all_or_none() {
    let setup = Setup::example("faults", &["-b", "unix:app.sock", "-b", "unix:missing/app.sock"]);
    setup.finish().assert_code(1).assert_calm();
    assert!(!setup.folder().join("app.sock").exists());
}

/// Passes a socket as number 3, as systemd would: a shell moves it there, and is the process that `LISTEN_PID` names.
fn activated(setup: &Setup, socket: impl Into<OwnedFd>, variables: &str) -> Command {
    let command = setup.command();
    let script = format!("exec 3<&0 </dev/null; export LISTEN_FDS=1 {variables}; exec \"$@\"");
    let mut shell = pulsar_tests::program::program(Path::new("sh"));
    shell.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.current_dir(setup.folder().path()).stdin(Stdio::from(socket.into()));
    shell
}

/// 35: one socket.
#[test]
fn a_socket_from_systemd_is_served() {
    for variables in ["LISTEN_PID=$$", "LISTEN_PID=$$ LISTEN_FDNAMES=faults"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let waiting = TcpStream::connect(address).unwrap();
        let setup = Setup::example("faults", &["-b", "fd://3", "--workers", "2"]);
        let running = Running::start(activated(&setup, listener, variables), 1);
        assert_eq!(running.address(), address, "{variables}");
        let mut waiting = Client::of(waiting);
        waiting.get("/whoami").assert_status(200);
        until("the workers are there", || proc::workers(running.pid()).len() == 2);
        for pid in proc::workers(running.pid()) {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
            let environment = String::from_utf8_lossy(&environment);
            assert!(!environment.contains("LISTEN_"), "{pid} would take them for its own: {environment}");
        }
        // It survives a reload and is not bound again.
        proc::signal(running.pid(), "HUP");
        until("the reload is through", || running.get("/whoami").text().contains(r#""generation":2"#));
        running.stop();
    }
}

/// 35: what is no socket to listen on.
#[test]
fn a_wrong_socket_from_systemd_is_named() {
    fn refused(socket: impl Into<OwnedFd>, variables: &str) -> Finished {
        let setup = Setup::example("faults", &["-b", "fd://3"]);
        finish(activated(&setup, socket, variables))
    }
    let file = fs::File::open("/dev/null").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (connected, _other) = UnixStream::pair().unwrap();
    for finished in
        [refused(file, "LISTEN_PID=$$"), refused(udp, "LISTEN_PID=$$"), refused(connected, "LISTEN_PID=$$")]
    {
        assert!(matches!(finished.code, Some(1 | 2)), "{finished}");
        finished.assert_calm().assert_stderr(&["descriptor 3"]);
    }
    let nothing = Setup::example("faults", &["-b", "fd://77"]).finish();
    assert!(matches!(nothing.code, Some(1 | 2)), "{nothing}");
    nothing.assert_calm().assert_stderr(&["77"]);
}

/// 35: two applications, each with the socket of its name.
#[test]
fn sockets_from_systemd_go_to_the_applications_of_their_names() {
    let python = Command::new("python3").arg("-c").arg("").status();
    if !python.is_ok_and(|status| status.success()) {
        return skip("there is no python3 to pass several sockets with");
    }
    // The order of the sockets is not that of the applications.
    let script = "\
import os, socket, sys
listeners = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]
print(*(listener.getsockname()[1] for listener in listeners), file=sys.stderr, flush=True)
high = [os.dup2(listener.fileno(), 50 + n) for n, listener in enumerate(listeners)]
for n, number in enumerate(high): os.dup2(number, 3 + n)
for number in high: os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='wsgi2:wsgi1')
os.execv(sys.argv[1], sys.argv[1:])
";
    let setup = Setup::example("two_apps", &[]).under(&["python3", "-c", script]);
    let running = Running::start(setup.command(), 2);
    let log = running.stderr.so_far();
    let ports: Vec<u16> = log
        .lines()
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(|port| port.parse().unwrap_or_else(|_| panic!("{log}")))
        .collect();
    for (port, text) in [(ports[0], "wsgi2\n"), (ports[1], "wsgi1\n")] {
        Client::tcp(([127, 0, 0, 1], port).into()).get("/").assert(200, text);
    }
    running.stop();
}

/// 36.
#[test]
fn systemd_is_told_what_is_so() {
    let folder = Folder::new();
    for notify in [Notify::path(&folder), Notify::named(&folder)] {
        let variable = notify.variable.to_str().expect("a path of ours").to_owned();
        let setup = Setup::faults(&["--workers", "2"]).boot_file().variable("NOTIFY_SOCKET", &variable);
        fs::write(setup.folder().join("boot"), "slow:1").unwrap();
        let mut command = setup.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = Spawned::of(command);
        let arbiter = child.id();
        until("the workers are starting", || proc::workers(arbiter).len() == 2);
        assert_eq!(notify.count("READY=1"), 0, "no worker is ready yet: {:?}", notify.so_far());
        notify.wait_for("READY=1", 1);
        proc::signal(arbiter, "HUP");
        let reloading = notify.wait_for("RELOADING=1", 1);
        assert!(
            reloading.lines().any(|line| line.starts_with("MONOTONIC_USEC=")),
            "in the same datagram: {reloading}"
        );
        notify.wait_for("READY=1", 2);
        proc::signal(arbiter, "TERM");
        notify.wait_for("STOPPING=1", 1);
        until("it ends", || child.try_wait().unwrap().is_some());
        let order = ["READY=1", "RELOADING=1", "STOPPING=1"].map(|line| notify.position(line));
        assert!(order.is_sorted(), "{:?}", notify.so_far());
    }
}

/// 36: a reload that fails is over as well.
#[test]
fn systemd_is_told_that_a_failed_reload_is_over() {
    let folder = Folder::new();
    let notify = Notify::path(&folder);
    let variable = notify.variable.to_str().expect("a path of ours").to_owned();
    let setup = Setup::faults(&["--workers", "1"]).boot_file().variable("NOTIFY_SOCKET", &variable);
    let instance = setup.start_ready(1);
    notify.wait_for("READY=1", 1);
    instance.boot("exit:1");
    instance.command(&["reload", "--wait"]).assert_code(1);
    notify.wait_for("RELOADING=1", 1);
    notify.wait_for("READY=1", 2);
    instance.stop();
}

/// 36: nobody there to be told.
#[test]
fn a_systemd_that_cannot_be_told_is_no_reason_to_fail() {
    for variable in ["/no/such/socket", "", "nonsense", "@pulsar-nobody-listens"] {
        let setup = Setup::faults(&["--workers", "1"]).variable("NOTIFY_SOCKET", variable);
        let instance = setup.start_ready(1);
        instance.get("/whoami").assert_status(200);
        instance.reload();
        let finished = instance.stop();
        finished.assert_calm();
    }
}

/// 36: the watchdog.
#[test]
fn the_watchdog_is_fed_while_the_loop_runs_and_not_while_it_is_stopped() {
    let folder = Folder::new();
    let notify = Notify::path(&folder);
    let variable = notify.variable.to_str().expect("a path of ours").to_owned();
    let setup = Setup::faults(&["--workers", "1"])
        .variable("NOTIFY_SOCKET", &variable)
        .variable("WATCHDOG_USEC", "400000");
    let instance = setup.start_ready(1);
    notify.wait_for("WATCHDOG=1", 3);
    instance.reload();
    let seen = notify.count("WATCHDOG=1");
    notify.wait_for("WATCHDOG=1", seen + 2);
    instance.signal("STOP");
    until("it is stopped", || proc::state(instance.pid()) == Some('T'));
    let seen = notify.count("WATCHDOG=1");
    let_pass(Duration::from_millis(900));
    // What was on its way when it stopped may still have come.
    assert!(notify.count("WATCHDOG=1") <= seen + 1, "{:?}", notify.so_far());
    instance.signal("CONT");
    notify.wait_for("WATCHDOG=1", seen + 2);
    instance.stop();
}
