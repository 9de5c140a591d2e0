//! `serve --reload`: a program that is built again, and templates that are written, come in by themselves; and whoever asks meanwhile
//! is answered by the old or the new, never refused.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    time::Duration,
};

use pulsar_tests::{profile_folder, until, wire::Client};
use serde_json::Value;

use crate::support::{Instance, Load, Setup, effort, let_pass, line, proc};

/// The bytes of an edition of the program.
fn bytes(edition: &str) -> Vec<u8> {
    let mut bytes =
        fs::read(profile_folder().join("examples/editions")).expect("the examples have been built");
    bytes.extend(format!("{:>40}edition {edition}", "").into_bytes());
    bytes
}

/// How a new program comes to its place.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As cargo does it: the old link is removed, then there is a new one to a file that is complete.
    Link,
    Rename,
    /// As `cp` does it: piece by piece, under the eyes of whoever looks.
    Copy,
}

/// Puts an edition to where the program was started from.
fn place(setup: &Setup, edition: &str, way: Way) {
    place_bytes(setup, &bytes(edition), way);
}

fn place_bytes(setup: &Setup, bytes: &[u8], way: Way) {
    let (path, new) = (program(setup), setup.folder().join("built"));
    let _ = fs::remove_file(&new);
    let executable = |path: &PathBuf| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    };
    if !matches!(way, Way::Copy) {
        fs::write(&new, bytes).expect("there is room for it");
        executable(&new);
    }
    match way {
        Way::Rename => fs::rename(&new, &path).expect("both are in one folder"),
        Way::Link => {
            fs::remove_file(&path).expect("there is one");
            fs::hard_link(&new, &path).expect("both are on one file system");
        }
        Way::Copy => {
            use std::io::Write;
            fs::remove_file(&path).expect("there is one");
            let mut file = fs::File::create(&path).expect("there is room for it");
            executable(&path);
            let (first, rest) = bytes.split_at(bytes.len() / 100);
            file.write_all(first).expect("there is room for it");
            // It looks the same for a while, could be executed, and is not complete.
            let_pass(Duration::from_millis(400));
            file.write_all(rest).expect("there is room for it");
        }
    }
}

fn program(setup: &Setup) -> PathBuf {
    setup.folder().join("bin/editions")
}

/// The first edition with one template, not yet started.
fn setup(arguments: &[&str]) -> Setup {
    let setup = Setup::example("editions", &["-b", "127.0.0.1:0", "--reload"]).with(arguments);
    fs::create_dir(setup.folder().join("bin")).expect("the folder is new");
    fs::create_dir(setup.folder().join("templates")).expect("the folder is new");
    setup.folder().write("templates/greeting", "hello");
    let path = program(&setup);
    fs::write(&path, bytes("1")).expect("there is room for it");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    setup.at(&path)
}

fn start(arguments: &[&str], workers: usize) -> Instance {
    let instance = setup(arguments).start_ready(workers);
    instance.get("/").assert(200, "1 hello");
    instance
}

#[track_caller]
fn wait_for(instance: &Instance, answer: &str) {
    until(&format!("the answer is `{answer}`"), || {
        let got = instance.get("/");
        got.assert_status(200);
        got.text() == answer
    });
}

fn arbiter(instance: &Instance) -> Value {
    let finished = instance.command(&["info", "--json"]);
    finished.assert_code(0);
    let info: Value = serde_json::from_str(&finished.stdout).expect("it is JSON");
    info["arbiter"].clone()
}

#[test]
fn nobody_is_refused_while_programs_and_templates_change() {
    let editions = effort("PULSAR_TEST_EDITIONS", 5);
    let instance = start(&["--workers", "2"], 2);
    let sockets = proc::listening(instance.pid());
    let load = Load::start(&instance.target(), 8, 4);
    load.wait_for_more(5);
    for n in 2..=editions {
        let way = [Way::Link, Way::Rename, Way::Copy][usize::try_from(n).expect("few") % 3];
        place(instance.setup(), &n.to_string(), way);
        wait_for(&instance, &format!("{n} hello"));
        until("it is told why", || arbiter(&instance)["cause"] == "a new binary");
        instance.folder().write("templates/greeting", &format!("{n}"));
        wait_for(&instance, &format!("{n} {n}"));
        // And one that starts and fails, and one that is no program, before the next one comes.
        place(instance.setup(), "broken", way);
        until("it is refused", || instance.log().matches("until the next build").count() as u64 == n - 1);
        instance.folder().write("templates/greeting", "hello");
        wait_for(&instance, &format!("{n} hello"));
        load.wait_for_more(2);
    }
    load.stop().assert_clean();
    let now = proc::listening(instance.pid());
    assert!(sockets.is_subset(&now), "{sockets:?} are not all in {now:?}");
    assert_eq!(instance.info().arbiter.pid, instance.pid());
    until("every worker that ended was waited for", || proc::zombies(instance.pid()).is_empty());
    let log = instance.log();
    assert_eq!(log.matches("listening on").count(), 1, "{log}");
    assert!(line(&log, &["serves: changed templates/greeting"]).is_some(), "{log}");
    instance.stop();
}

#[test]
fn what_is_watched_is_told_at_the_start() {
    let setup = setup(&["--reload-watch", "templates", "--reload-watch", "views"]);
    setup.folder().write("pulsar.toml", "");
    let path = program(&setup);
    let instance = setup.start();
    let log = instance.log();
    let watched = format!("watching {}, templates, pulsar.toml (2 files beside the program)", path.display());
    assert!(line(&log, &["INFO", &watched]).is_some(), "{log}");
    assert!(line(&log, &["WARN", "`views` of --reload-watch is not there"]).is_some(), "{log}");
    // It may come later.
    fs::create_dir(instance.folder().join("views")).expect("the folder is new");
    instance.folder().write("views/new", "");
    until("it is seen", || arbiter(&instance)["cause"] == "changed views/new");
    instance.stop();
}

#[test]
fn a_build_that_is_no_good_is_refused_once_and_the_next_one_comes() {
    let instance = start(&["--boot-timeout", "2"], 1);
    let workers = instance.workers();
    let cut = bytes("2");
    let cases: [(&[u8], &str); 4] = [
        (&bytes("broken"), "the provider of `Edition` failed: this edition does not start"),
        (&cut[..300_000], "the new program cannot take over"),
        (b"this is no program", "cannot execute"),
        (b"#!/bin/sh\nexit 7\n", "the new program cannot take over: it exited with code 7"),
    ];
    for (number, (bytes, why)) in (1..).zip(cases) {
        let seen = instance.log().len();
        place_bytes(instance.setup(), bytes, Way::Link);
        until(&format!("it is told that {why}"), || {
            let log = &instance.log()[seen..];
            let expected =
                ["ERROR", "the upgrade failed, generation 1 goes on serving until the next build: ", why];
            line(log, &expected).is_some()
        });
        instance.get("/").assert(200, "1 hello");
        until("only the old worker is left", || instance.workers() == workers);
        assert_eq!(arbiter(&instance)["failed_reloads"], number, "{}", instance.log());
    }
    // While there is none nothing is wrong.
    fs::remove_file(program(instance.setup())).expect("it is there");
    instance.folder().write("templates/greeting", "still there");
    wait_for(&instance, "1 still there");
    fs::write(program(instance.setup()), "").expect("there is room for it");
    place(instance.setup(), "2", Way::Rename);
    wait_for(&instance, "2 still there");
    assert_eq!(arbiter(&instance)["failed_reloads"], cases.len(), "{}", instance.log());
    instance.stop();
}

#[test]
fn a_program_that_was_refused_for_its_templates_comes_with_them() {
    let instance = start(&[], 1);
    place(instance.setup(), "demanding", Way::Link);
    until("it is refused", || instance.log().contains("until the next build: editions: failed to start"));
    // What can come meanwhile does.
    instance.folder().write("templates/greeting", "good morning");
    wait_for(&instance, "1 good morning");
    until("it is told why", || arbiter(&instance)["cause"] == "changed templates/greeting");
    instance.folder().write("templates/demanded", "");
    wait_for(&instance, "demanding good morning");
    until("it is told why", || arbiter(&instance)["cause"] == "changed templates/demanded");
    instance.stop();
}

#[test]
fn a_newer_program_does_not_wait_for_one_that_hangs() {
    let instance = start(&["--boot-timeout", "600"], 1);
    let workers = instance.workers();
    place(instance.setup(), "hanging", Way::Link);
    until("its first worker starts", || {
        let title = "generation 2";
        instance.workers().difference(&workers).any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|text| text.contains(title))
        })
    });
    instance.get("/").assert(200, "1 hello");
    place(instance.setup(), "2", Way::Link);
    wait_for(&instance, "2 hello");
    let log = instance.log();
    assert!(
        line(&log, &["a new binary: not waiting for it, as there is something newer"]).is_some(),
        "{log}"
    );
    instance.wait_ready(1);
    instance.stop();
}

#[test]
fn what_is_open_does_not_hold_the_new_program_back() {
    let instance = start(&["--graceful-timeout", "20"], 1);
    let mut idle = Client::tcp(instance.address());
    idle.get("/").assert(200, "1 hello");
    let open = |path: &str, headers: &str| {
        let mut client = Client::tcp(instance.address());
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"));
        client
    };
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut held = open("/held", "");
    let mut streams: Vec<_> = ["/endless", "/events"].map(|path| open(path, "")).into();
    streams.push(open("/ws", upgrade));
    for stream in &mut streams {
        assert!([200, 101].contains(&stream.head().status), "it has begun");
    }
    instance.wait_in_flight(3);
    place(instance.setup(), "2", Way::Link);
    wait_for(&instance, "2 hello");
    // The old worker is still there for what it has begun.
    until("it is told that the new program serves", || arbiter(&instance)["generation"] == 2);
    instance.folder().write("release", "");
    held.answer().assert(200, "held\n");
    // The next one does not wait for the one before it either.
    place(instance.setup(), "3", Way::Link);
    wait_for(&instance, "3 hello");
    drop((streams, idle));
    instance.wait_ready(1);
    instance.stop();
}

#[test]
fn a_connection_that_is_kept_is_told_to_close_by_the_old_program() {
    let instance = start(&[], 1);
    let mut kept = Client::tcp(instance.address());
    kept.get("/").assert(200, "1 hello");
    place(instance.setup(), "2", Way::Link);
    // Asked until the answer says so: what comes before is an answer of the old program as well.
    until("it is told to close", || {
        let answer = kept.get("/");
        answer.assert(200, "1 hello");
        answer.header("connection") == Some("close")
    });
    wait_for(&instance, "2 hello");
    until("people are told why it is there", || {
        instance.command(&["info"]).stdout.contains("  generation 2 (a new binary)  running  ")
    });
    assert!(line(&instance.log(), &["INFO", "generation 2 serves: a new binary"]).is_some());
    instance.stop();
}

#[test]
fn a_program_that_the_shell_finds_is_watched_at_its_link() {
    let setup = setup(&[]);
    let folder = |name: &str| setup.folder().join(name);
    fs::create_dir(folder("path")).expect("the folder is new");
    symlink("../bin/editions", folder("path/editions")).expect("a link can be made");
    let path = format!("{}:/usr/bin:/bin", folder("path").display());
    fs::write(folder("two"), bytes("2")).expect("there is room for it");
    fs::set_permissions(folder("two"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let instance = setup.at("editions".as_ref()).variable("PATH", &path).start_ready(1);
    let log = instance.log();
    let link = instance.folder().join("path/editions");
    assert!(line(&log, &[&format!("watching {}, templates", link.display())]).is_some(), "{log}");
    instance.get("/").assert(200, "1 hello");
    symlink("../two", instance.folder().join("path/new")).expect("a link can be made");
    fs::rename(instance.folder().join("path/new"), &link).expect("both are in one folder");
    wait_for(&instance, "2 hello");
    // The upgraded program knows its start path still.
    symlink("../bin/editions", instance.folder().join("path/new")).expect("a link can be made");
    fs::rename(instance.folder().join("path/new"), &link).expect("both are in one folder");
    wait_for(&instance, "1 hello");
    instance.stop();
}

#[test]
fn the_settings_file_is_watched_as_well() {
    let instance = start(&["--graceful-timeout", "1"], 1);
    instance.folder().write("pulsar.toml", "workers = 2");
    instance.wait_ready(2);
    assert_eq!(arbiter(&instance)["cause"], "changed pulsar.toml");
    instance.folder().write("pulsar.toml", "wrokers = 2");
    until("it is refused", || {
        let expected =
            ["ERROR", "the reload failed, generation 2 goes on serving until the next change: ", ""];
        line(&instance.log(), &expected).is_some()
    });
    assert!(instance.log().contains("unknown setting `wrokers`"), "{}", instance.log());
    // What is watched can change.
    fs::create_dir(instance.folder().join("views")).expect("the folder is new");
    instance.folder().write("views/a", "");
    instance.folder().write("pulsar.toml", "reload_watch = 'views'");
    until("it watches something else", || instance.log().contains("editions, views, pulsar.toml"));
    instance.folder().write("views/a", "changed");
    until("that has an effect", || arbiter(&instance)["cause"] == "changed views/a");
    place(instance.setup(), "2", Way::Link);
    wait_for(&instance, "2 hello");
    instance.stop();
}

#[test]
fn an_order_goes_before_what_is_watched() {
    let instance = start(&[], 1);
    for n in 2..6_u32 {
        // Whatever comes first, both are done, and the command is told how its own went.
        instance.folder().write("templates/greeting", &n.to_string());
        instance.reload();
        wait_for(&instance, &format!("1 {n}"));
    }
    place(instance.setup(), "2", Way::Link);
    instance.signal("USR2");
    wait_for(&instance, "2 5");
    instance.signal("TERM");
    instance.stop();
}

#[test]
fn a_stop_while_the_new_program_takes_over_is_heard() {
    for n in 0..effort("PULSAR_TEST_TAKE_OVERS", 5) {
        let instance = start(&[], 1);
        place(instance.setup(), "2", Way::Rename);
        wait_for(&instance, "2 hello");
        // Its arbiter is executed within the next milliseconds.
        let_pass(Duration::from_millis(n));
        instance.stop();
    }
}
