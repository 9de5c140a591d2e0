//! What a program writes about itself: its log, the access log, the ids of requests.

use std::fs;

use pulsar_tests::{Folder, program::Running, until};
use serde_json::Value;

#[test]
fn the_access_log_on_the_standard_output_is_text() {
    let running = Running::example("bench", &["--access-log", "-"]);
    let mut client = running.connect();
    let made = client.get("/plaintext");
    let made = made.header("x-request-id").expect("with a log there is something to look up").to_owned();
    let given = client.request(
        "GET",
        "/no%22where?q=%1b[31m",
        &["X-Request-Id: mine-1", "User-Agent: \"quoted\""],
        "",
    );
    assert_eq!(given.header("x-request-id"), Some("mine-1"));
    let insane = client.request("HEAD", "/plaintext", &["X-Request-Id: not sane"], "");
    assert_ne!(insane.header("x-request-id"), Some("not sane"));
    client.send("GARB@GE\r\n\r\n");
    client.answer().assert_status(400);

    // A line is there while the program runs, not only at its end.
    running.stdout.wait_for_text("mine-1");
    let finished = running.stop();
    let lines: Vec<Vec<&str>> = finished.stdout.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 4, "{finished}");
    assert_eq!(
        lines[3][5..8],
        ["\"-\"", "400", "-"],
        "what is no request has neither method nor path: {finished}"
    );
    for (line, (request, status, bytes)) in lines.iter().zip([
        ("\"GET /plaintext HTTP/1.1\"", "200", "13"),
        ("\"GET /no%22where?q=%1b[31m HTTP/1.1\"", "404", ""),
        ("\"HEAD /plaintext HTTP/1.1\"", "200", "-"),
    ]) {
        assert_eq!(line.len(), 12, "{finished}");
        assert_eq!(line[..3].join(" "), "127.0.0.1 - -");
        assert_eq!((line[5..8].join(" ").as_str(), line[8]), (request, status), "{finished}");
        assert!(bytes.is_empty() || line[9] == bytes, "{finished}");
        assert!(line[10].parse::<u64>().is_ok(), "microseconds: {finished}");
    }
    assert_eq!((lines[0][11], lines[1][11]), (made.as_str(), "mine-1"));
    assert!(!finished.stdout.contains('\u{1b}'));
}

#[test]
fn the_access_log_in_a_file_is_json_if_the_log_is() {
    let folder = Folder::new();
    let file = folder.write("access.log", "{\"from\":\"the run before\"}\n");
    let path = file.to_str().unwrap();
    let running = Running::example("errors", &["--access-log", path, "--log-format", "json"]);
    let mut client = running.connect();
    client.request("GET", "/accounts/7", &["X-Request-Id: mine-2"], "").assert_status(404);
    client.get("/config").assert_status(500);
    until("the lines are written", || fs::read_to_string(&file).unwrap().lines().count() == 3);
    let finished = running.stop();

    let lines: Vec<Value> =
        fs::read_to_string(&file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["from"], "the run before", "a log is appended to");
    assert_eq!((&lines[1]["method"], &lines[1]["target"]), (&"GET".into(), &"/accounts/7".into()));
    assert_eq!((&lines[1]["status"], &lines[1]["request_id"]), (&404.into(), &"mine-2".into()));
    assert!(lines[1]["bytes"].as_u64().unwrap() > 0 && lines[1]["duration_us"].is_u64(), "{lines:?}");
    assert!(lines[1]["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{lines:?}");

    // The log of the program beside it: one object per line, but for the line that says where it listens.
    let mut logged = finished.stderr.lines().filter(|line| !line.starts_with("pulsar: "));
    let error: Value = serde_json::from_str(logged.next().unwrap()).unwrap();
    assert_eq!((&error["level"], &error["route"]), (&"ERROR".into(), &"/config".into()), "{finished}");
    assert_eq!(error["request_id"], lines[2]["request_id"], "the two logs can be joined");
    assert!(error["message"].as_str().unwrap().contains("No such file"), "{finished}");
    for line in logged {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_told_at_the_start() {
    let mut command = pulsar_tests::program::example("bench");
    command.args(["-b", "127.0.0.1:0", "--access-log", "/no/such/folder/access.log"]);
    let finished = pulsar_tests::program::finish(command);
    finished.assert_code(1).assert_stderr(&[
        "error: cannot write the access log to /no/such/folder/access.log: No such file or directory",
        "Check that its directory exists and is writable",
    ]);
}

#[test]
fn the_level_says_what_is_logged() {
    for (level, error, stop) in [
        ("off", false, false),
        ("error", true, false),
        ("info", true, true),
        ("debug,pulsar=error", true, false),
    ] {
        let running = Running::example("errors", &["--log-level", level]);
        running.get("/accounts/99").assert_status(500);
        let finished = running.stop();
        assert_eq!(finished.stderr.contains("disk on fire"), error, "{level}: {finished}");
        assert_eq!(finished.stderr.contains("TERM: finishing"), stop, "{level}: {finished}");
        assert!(
            finished.stderr.starts_with("pulsar: errors listening on http://127.0.0.1:"),
            "{level}: {finished}"
        );
    }
}

#[test]
fn without_a_log_nobody_is_sent_an_id_that_leads_nowhere() {
    let running = Running::example("bench", &[]);
    let mut client = running.connect();
    assert_eq!(client.get("/plaintext").header("x-request-id"), None);
    let answer = client.request("GET", "/plaintext", &["X-Request-Id: mine-3"], "");
    assert_eq!(answer.header("x-request-id"), Some("mine-3"));
    assert_eq!(running.stop().stdout, "");
}

#[test]
fn limits_that_are_taken_away_are_told_at_the_start() {
    for (arguments, expected) in [
        (
            &["--head-timeout", "unlimited", "--min-rate", "off"][..],
            Some("without limits: head_timeout, min_rate"),
        ),
        (&["--workers", "1", "--max-body", "unlimited"], Some("without limits: max_body")),
        (&[], None),
    ] {
        let finished = Running::example("bench", arguments).stop();
        let told = finished.stderr.lines().filter(|line| line.contains("without limits")).count();
        assert_eq!(told, usize::from(expected.is_some()), "{finished}");
        assert!(expected.is_none_or(|expected| finished.stderr.contains(expected)), "{finished}");
    }
}

#[test]
fn a_route_that_takes_long_is_named_in_the_log() {
    let running = Running::example("faults", &["--workers", "0", "--slow-request", "0.2"]);
    for path in ["/slow/0.01", "/slow/0.3", "/pool/0.3"] {
        running.connect().get(path).assert_status(200);
    }
    let finished = running.stop();
    let lines: Vec<_> = finished.stderr.lines().filter(|line| line.contains("until its answer")).collect();
    assert_eq!(lines.len(), 2, "{finished}");
    for (line, rule) in lines.iter().zip(["/slow/<float:seconds>", "/pool/<float:seconds>"]) {
        for part in [
            "WARN",
            &format!("route=\"{rule}\""),
            "examples/faults.rs:",
            "a request took 0.3 s until its answer",
        ] {
            assert!(line.contains(part), "{part:?} is missing in {line}");
        }
    }
}
