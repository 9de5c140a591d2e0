//! The commands that print: `routes`, `check`, `config`, help and version.

use std::{os::unix::net::UnixStream, path::Path, process::Stdio};

use pulsar_tests::{
    Folder,
    program::{Finished, example, finish},
    until,
    wire::Client,
};
use serde_json::{Value, json};

fn run(name: &str, arguments: &[&str]) -> Finished {
    let mut command = example(name);
    command.args(arguments);
    finish(command)
}

/// Runs in a folder, with these variables.
fn run_in(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let mut command = example("bench");
    command.current_dir(folder).envs(variables.iter().copied()).args(arguments);
    finish(command)
}

#[test]
fn routes_is_a_table() {
    let finished = run("bench", &["routes"]);
    finished.assert_code(0);
    assert_eq!(
        finished.stdout,
        "\
GET   /plaintext                  bench::plaintext     examples/bench.rs:20
GET   /json                       bench::json          examples/bench.rs:30
GET   /user/<int:id>/post/<slug>  bench::post_of_user  examples/bench.rs:36
POST  /echo                       bench::echo          examples/bench.rs:57
*     /wsgi                       bench::wsgi          examples/bench.rs:63
*     /awsgi                      bench::awsgi         examples/bench.rs:70
"
    );
    assert_eq!(finished.stderr, "");
}

#[test]
fn routes_is_json_for_programs() {
    let finished = run("state", &["routes", "--json"]);
    finished.assert_code(0);
    let routes: Value = serde_json::from_str(&finished.stdout).unwrap();
    let routes = routes.as_array().unwrap();
    assert_eq!(routes.len(), 3, "{finished}");
    let show = routes.iter().find(|route| route["name"] == "show").unwrap();
    assert_eq!(show["methods"], json!(["GET"]));
    assert_eq!(show["rule"], "/notes/<int(min=1):number>");
    assert_eq!((&show["app"], &show["handler"]), (&json!("state"), &json!("state::show")));
    assert_eq!((&show["pool"], &show["state"]), (&json!(false), &json!(["Notes"])));
    let place = show["place"].as_str().unwrap();
    let (file, line) = place.split_once(':').unwrap();
    let source = std::fs::read_to_string(pulsar_tests::workspace().join(file)).unwrap();
    let line: usize = line.parse().unwrap();
    assert_eq!(source.lines().nth(line - 1), Some("#[get(\"/notes/<int(min=1):number>\")]"), "{place}");

    let tour: Value = serde_json::from_str(&run("router", &["routes", "--json"]).stdout).unwrap();
    let blocking = tour.as_array().unwrap().iter().find(|route| route["name"] == "blocking").unwrap();
    assert_eq!(blocking["pool"], true);
    assert_eq!(blocking["doc"], "A plain `fn` may block: it runs on a thread of the pool and stalls nobody.");
}

#[test]
fn check_says_that_all_is_well() {
    let finished = run("state", &["check"]);
    finished.assert_code(0);
    assert_eq!(finished.stdout, "no problems found (3 routes, 2 providers)\n");
    let finished = run("state", &["check", "--json"]);
    finished.assert_code(0);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(
        report,
        json!({"ok": true, "routes": 3, "providers": 2, "errors": [], "warnings": [], "hints": [], "findings": []})
    );
}

#[test]
fn every_example_passes_the_check() {
    for name in ["bench", "errors", "hello_route", "middleware", "mounted_axum", "router", "state"] {
        run(name, &["check"]).assert_code(0);
    }
}

#[test]
fn the_higher_source_wins_and_is_named() {
    let folder = Folder::new();
    folder.write(
        "pulsar.toml",
        "# shared\nbacklog = 99\nthreads = 2\nkeep_alive = 4.5\nbind = [\n  '127.0.0.1:1',\n  ':2',\n]\n",
    );
    let variables = [("PULSAR_THREADS", "3"), ("PULSAR_KEEP_ALIVE", "5"), ("PULSAR_LOG_LEVEL", "warn")];
    let by_command = run_in(folder.path(), &variables, &["config", "--keep-alive", "6", "--access-log", "-"]);
    by_command.assert_code(0);
    let line = |name: &str| {
        let line = by_command.stdout.lines().find(|line| line.starts_with(&format!("{name} ")));
        let columns = line.unwrap_or_default().split("  ").map(str::trim).filter(|column| !column.is_empty());
        columns.collect::<Vec<_>>()
    };
    for expected in [
        ["bind", "127.0.0.1:1, :2", "file (pulsar.toml:5)"],
        ["backlog", "99", "file (pulsar.toml:2)"],
        ["workers", "1", "default"],
        ["threads", "3", "environment (PULSAR_THREADS)"],
        ["keep_alive", "6", "command line (--keep-alive)"],
        ["log_level", "warn", "environment (PULSAR_LOG_LEVEL)"],
        ["access_log", "-", "command line (--access-log)"],
        ["config", "pulsar.toml", "default"],
    ] {
        assert_eq!(line(expected[0]), expected, "{by_command}");
    }
    let by_switch =
        run_in(folder.path(), &variables, &["--print-config", "--keep-alive", "6", "--access-log", "-"]);
    assert_eq!(by_switch, by_command);
    // Flags before the command mean the same.
    let before = run_in(folder.path(), &variables, &["--keep-alive", "6", "--access-log", "-", "config"]);
    assert_eq!(before, by_command);

    let named = folder.write("other.toml", "threads = 7\n");
    let named = named.to_str().unwrap();
    let finished = run_in(folder.path(), &[("PULSAR_CONFIG", named)], &["config"]);
    assert!(finished.stdout.contains(&format!("file ({named}:1)")), "{finished}");
    let finished = run_in(folder.path(), &[], &["config", "-c", named]);
    assert!(finished.stdout.contains(&format!("file ({named}:1)")), "{finished}");
    let finished = run_in(&folder.path().join(".."), &[], &["config"]);
    assert!(finished.stdout.ends_with("default, no such file\n"), "{finished}");
}

#[test]
fn check_config_checks_and_no_more() {
    let folder = Folder::new();
    let finished = run_in(folder.path(), &[], &["--check-config", "-b", "unix:/no/such/folder/app.sock"]);
    finished.assert_code(0);
    assert_eq!(finished.stdout, "the settings are right\n");
    run_in(folder.path(), &[], &["--check-config", "--threads", "0"]).assert_code(2);
}

#[test]
fn help_names_every_flag_and_command() {
    let finished = run("bench", &["-h"]);
    finished.assert_code(0);
    for flag in [
        "-b, --bind",
        "--backlog",
        "-w, --workers",
        "--threads",
        "--thread-workers",
        "--thread-queue",
        "--keep-alive",
        "-t, --timeout",
        "--boot-timeout",
        "--graceful-timeout",
        "--max-requests",
        "--user",
        "--pidfile",
        "--control-socket",
        "--max-body",
        "--strict-slashes",
        "--log-level",
        "--log-format",
        "--access-log",
        "-c, --config",
        "--check-config",
        "--print-config",
        "-h, --help",
        "-V, --version",
    ] {
        assert!(
            finished.stdout.contains(&format!("{flag} ")) || finished.stdout.contains(&format!("{flag}\n")),
            "{flag}: {finished}"
        );
    }
    // Every setting that the program knows has its flag there.
    for line in run("bench", &["config"]).stdout.lines() {
        let name = line.split_whitespace().next().unwrap().replace('_', "-");
        let flags = [format!("--{name} <"), format!("--{name} [<")];
        assert!(flags.iter().any(|flag| finished.stdout.contains(flag)), "{name}: {finished}");
    }
    for command in
        ["serve", "routes", "check", "config", "info", "top", "ping", "reload", "workers", "stop", "quit"]
    {
        assert!(finished.stdout.contains(&format!("\n  {command} ")), "{command}: {finished}");
        run("bench", &[command, "-h"]).assert_code(0);
    }
    let long = run("bench", &["--help"]);
    for part in ["[variable: PULSAR_KEEP_ALIVE]", "[file: keep_alive]", "[default: 30]"] {
        assert!(long.stdout.contains(part), "{part}: {long}");
    }
}

#[test]
fn commands_to_an_instance_that_is_not_there() {
    let folder = Folder::new();
    // Nothing of what is wrong here must keep anybody from asking.
    folder.write("pulsar.toml", "threads = \nbnid = ':80'\n");
    let nowhere = folder.path().join("run").display().to_string();
    let variables = [("PULSAR_BNID", "x"), ("PULSAR_KEEP_ALIVE", "long"), ("XDG_RUNTIME_DIR", &nowhere)];
    for arguments in [
        &["info"][..],
        &["info", "--json", "--control-socket", "none.ctl"],
        &["top"],
        &["ping"],
        &["reload"],
        &["reload", "--wait"],
        &["workers", "4"],
        &["workers", "-1"],
        &["workers", "bench", "+1"],
        &["stop"],
        &["quit"],
    ] {
        let finished = run_in(folder.path(), &variables, arguments);
        let expected = if arguments.contains(&"none.ctl") {
            "pulsar: no instance answers at none.ctl: No such file"
        } else {
            "pulsar: no running instance of bench found; if it runs with a control socket of its own, name that with \
             --control-socket\n"
        };
        finished.assert_code(1).assert_stderr(&[expected]);
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
}

#[test]
fn version_is_that_of_the_program() {
    for flag in ["-V", "--version"] {
        let finished = run("bench", &[flag]);
        finished.assert_code(0);
        assert_eq!(finished.stdout, concat!("bench ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    // As `head` does: it closes the pipe before the program writes.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = example("router");
    let status = command.arg("routes").stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
    let finished = Finished::from(status);
    finished.assert_code(0);
    assert_eq!(finished.stderr, "");
}

#[test]
fn nobody_who_reads_what_is_wrong_is_no_trouble_either() {
    let folder = Folder::new();
    let taken = folder.write("taken", "");
    let taken = format!("unix:{}", taken.display());
    for (arguments, code) in
        [(&["--threads", "x"][..], 2), (&["--bnid"], 2), (&["-b", &taken], 1), (&["check"], 0)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = example("bench").args(arguments).stdout(Stdio::null()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_program_serves_when_nobody_reads_where_it_listens() {
    let folder = Folder::new();
    let path = folder.join("s");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = example("bench");
    let mut child = command
        .arg("-b")
        .arg(format!("unix:{}", path.display()))
        .stdout(Stdio::null())
        .stderr(writer)
        .spawn()
        .unwrap();
    until("it serves or ends", || UnixStream::connect(&path).is_ok() || child.try_wait().unwrap().is_some());
    let mut client = Client::unix(&path);
    client.get("/plaintext").assert(200, "Hello, World!");
    child.kill().unwrap();
    child.wait().unwrap();
}
