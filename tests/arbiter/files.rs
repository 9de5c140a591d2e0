//! Files that an arbiter writes: the pidfile, which only one may hold, and logs, which may fail without harm.

use std::{
    fs::{self, OpenOptions},
    process::{Command, Stdio},
};

use pulsar_tests::{until, wire::Client};

use crate::support::{Load, Setup, Spawned, Target, proc};

/// 27.
#[test]
fn a_pidfile_blocks_as_long_as_its_owner_lives() {
    let setup = Setup::faults(&["--workers", "1"]);
    let path = setup.folder().join("pid");
    let file = path.display().to_string();
    let instance = setup.with(&["--pidfile", &file]).start_ready(1);
    assert_eq!(fs::read_to_string(&path).unwrap().trim(), instance.pid().to_string());
    let second = Setup::faults(&["--pidfile", &file]).finish();
    second.assert_code(2).assert_calm().assert_stderr(&[&file, &instance.pid().to_string()]);
    assert_eq!(fs::read_to_string(&path).unwrap().trim(), instance.pid().to_string(), "it is untouched");
    instance.reload();
    Setup::faults(&["--pidfile", &file]).finish().assert_code(2);
    instance.stop();
    assert!(!path.exists(), "its owner takes it away");
}

/// 27: what stands in the file of a dead owner means nothing, also when another process has its number now.
#[test]
fn what_is_written_in_a_pidfile_does_not_matter() {
    let stranger = std::process::id().to_string();
    for content in ["", "garbage\n", "-1\n", "999999999\n", &stranger, "\0\0\0", &"9".repeat(5000)] {
        let setup = Setup::faults(&["--workers", "1", "--pidfile", "pid"]);
        let path = setup.folder().write("pid", content);
        let instance = setup.start_ready(1);
        assert_eq!(fs::read_to_string(&path).unwrap().trim(), instance.pid().to_string(), "{content:?}");
        instance.stop();
        assert!(!path.exists());
    }
}

/// 27: killed owners leave the file and not the lock.
#[test]
fn the_pidfile_of_a_killed_program_blocks_nobody() {
    let setup = Setup::faults(&["--workers", "2"]);
    let path = setup.folder().join("pid");
    let file = path.display().to_string();
    let mut instance = setup.with(&["--pidfile", &file]).start_ready(2);
    instance.kill_arbiter();
    // Its workers may still be there: the lock is not theirs.
    let next = Setup::faults(&["--workers", "1", "--pidfile", &file]).start_ready(1);
    assert_eq!(fs::read_to_string(&path).unwrap().trim(), next.pid().to_string());
    next.stop();
}

/// 27: two at once.
#[test]
fn of_two_that_start_at_once_one_has_the_pidfile() {
    for _ in 0..5 {
        let shared = pulsar_tests::Folder::new();
        let file = shared.join("pid").display().to_string();
        let mut racing: Vec<_> = (0..2)
            .map(|_| {
                let setup = Setup::faults(&["--workers", "1", "--pidfile", &file]);
                let mut command = setup.command();
                command.stdout(Stdio::null()).stderr(Stdio::null());
                (Spawned::of(command), setup)
            })
            .collect();
        let mut lost = None;
        until("one gives up", || {
            lost = racing.iter_mut().position(|(child, _)| child.try_wait().unwrap().is_some());
            lost.is_some()
        });
        let (mut loser, _setup) = racing.remove(lost.expect("it has just been seen"));
        assert_eq!(loser.wait().unwrap().code(), Some(2));
        let (mut winner, _setup) = racing.remove(0);
        until("the other one is written there", || {
            fs::read_to_string(&file).is_ok_and(|text| text.trim() == winner.id().to_string())
        });
        proc::signal(winner.id(), "TERM");
        until("it ends", || winner.try_wait().unwrap().is_some());
        assert_eq!(winner.wait().unwrap().code(), Some(0));
    }
}

/// 26: the pidfile.
#[test]
fn a_pidfile_that_cannot_be_written_is_told_before_anything_starts() {
    for path in ["/no/such/folder/pid", "/proc/pid", "."] {
        let setup = Setup::faults(&["--pidfile", path, "-b", "unix:app.sock"]);
        let finished = setup.finish();
        finished.assert_code(2).assert_calm().assert_stderr(&["pidfile"]);
        assert!(!finished.stderr.contains("listening on"), "{finished}");
        let left: Vec<_> = fs::read_dir(setup.folder().path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// 27: a symlink is followed or refused, and what it leads to is no victim.
#[test]
fn a_pidfile_that_is_a_link_harms_no_other_file() {
    let setup = Setup::faults(&["--workers", "1", "--pidfile", "pid"]);
    let other = setup.folder().write("precious", "precious");
    std::os::unix::fs::symlink(&other, setup.folder().join("pid")).unwrap();
    let finished = {
        let mut command = setup.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = Spawned::of(command);
        let link = setup.folder().join("pid");
        until("it has taken the place of the link, or given up", || {
            child.try_wait().unwrap().is_some()
                || fs::symlink_metadata(&link).is_ok_and(|file| file.is_file())
        });
        proc::signal(child.id(), "TERM");
        until("it ends", || child.try_wait().unwrap().is_some());
        child.wait().unwrap().code()
    };
    assert!(matches!(finished, Some(0 | 2) | None), "{finished:?}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
}

/// 26: an access log that nobody reads.
#[test]
fn an_access_log_that_is_stuck_holds_no_request() {
    let setup = Setup::faults(&["--workers", "2", "--timeout", "3", "--access-log", "fifo"]);
    let path = setup.folder().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Open for reading, and never read: the pipe is full after 64 KiB.
    let _full = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let instance = setup.start_ready(2);
    let before = instance.workers();
    let load = Load::start(&instance.target(), 4, 0);
    load.wait_for_more(600);
    load.stop().assert_clean();
    assert_eq!(instance.workers(), before, "no heartbeat was late");
    instance.stop();
}

/// 26: a standard error that nobody reads.
#[test]
fn a_standard_error_that_is_stuck_holds_no_request() {
    let setup = Setup::example("faults", &["-b", "unix:app.sock", "--workers", "2", "--timeout", "3"])
        .with(&["--log-level", "debug"]);
    let path = setup.folder().join("app.sock");
    let mut command = setup.command();
    // The other end is open, and never read.
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = Spawned::of(command);
    until("it serves", || std::os::unix::net::UnixStream::connect(&path).is_ok());
    let mut client = Client::unix(&path);
    for _ in 0..300 {
        client.get("/panic").assert_status(500);
    }
    let load = Load::start(&Target::Unix(path), 2, 0);
    load.wait_for_more(20);
    load.stop().assert_clean();
    proc::signal(child.id(), "TERM");
    until("it ends", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// 26: no standard error at all.
#[test]
fn a_closed_standard_error_is_no_reason_to_fail() {
    let setup = Setup::example("faults", &["-b", "unix:app.sock", "--workers", "2"]);
    let path = setup.folder().join("app.sock");
    let command = setup.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>&-", "sh"]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(setup.folder().path()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = Spawned::of(shell);
    until("it serves", || std::os::unix::net::UnixStream::connect(&path).is_ok());
    let mut client = Client::unix(&path);
    client.get("/panic").assert_status(500);
    client.get("/whoami").assert_status(200);
    let workers = proc::workers(child.id());
    proc::signal(*workers.first().expect("there are workers"), "KILL");
    until("it is replaced", || {
        let now = proc::workers(child.id());
        now.len() == 2 && now != workers
    });
    proc::signal(child.id(), "TERM");
    until("it ends", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
