//! Wrong flags, keys, variables and values: exit code 2, what is wrong, where it stands, and what was probably meant.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use pulsar_tests::{
    Folder,
    program::{Finished, Running, example, finish},
};

/// Arguments, variables and the file, then parts of the message.
struct Case<'a>(&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

fn run(Case(arguments, variables, file, _): &Case<'_>) -> Finished {
    let folder = Folder::new();
    if !file.is_empty() {
        folder.write("pulsar.toml", file);
    }
    let mut command = example("bench");
    command.current_dir(folder.path()).args(*arguments).envs(variables.iter().copied());
    finish(command)
}

#[test]
fn what_is_unknown_is_refused_with_the_nearest_name() {
    for case in [
        Case(&["--bnid", ":80"], &[], "", &["unexpected argument '--bnid'", "'--bind'"]),
        Case(&["--keepalive", "5"], &[], "", &["'--keepalive'", "'--keep-alive'"]),
        Case(&["-x"], &[], "", &["unexpected argument '-x'"]),
        Case(&["-threads", "2"], &[], "", &["unexpected argument '-threads'", "'--threads'"]),
        Case(&["help", "nothing"], &[], "", &["unrecognized subcommand 'nothing'", "known here: serve, "]),
        Case(&["rotues"], &[], "", &["unrecognized subcommand 'rotues'", "'routes'"]),
        Case(&["serve", "now"], &[], "", &["unexpected argument 'now'"]),
        Case(&["check", "--jsno"], &[], "", &["'--jsno'", "'--json'"]),
        Case(&["config", "--json"], &[], "", &["unexpected argument '--json'"]),
        Case(&["routes", "--print-config"], &[], "", &["--print-config"]),
        Case(
            &[],
            &[("PULSAR_BNID", "x")],
            "",
            &["unknown variable `PULSAR_BNID`", "did you mean `PULSAR_BIND`?"],
        ),
        Case(
            &[],
            &[],
            "threads = 2\nkeepalive = 5\n",
            &["unknown setting `keepalive`", "in: pulsar.toml:2:1", "did you mean `keep_alive`?"],
        ),
        Case(&[], &[], "[apps.admin]\nthreads = 2\n", &["only one application", "in: pulsar.toml:1:7"]),
        Case(
            &[],
            &[],
            "[server]\nthreads = 2\n",
            &["unknown setting `server`", "in: pulsar.toml:1:2", "known here: bind"],
        ),
        Case(&[], &[], "config = 'x'\n", &["`config` cannot be set in the settings file itself", "--config"]),
    ] {
        run(&case).assert_code(2).assert_calm().assert_stderr(case.3);
        assert_eq!(run(&case).stdout, "");
    }
}

#[allow(clippy::too_many_lines)] // It is a table.
#[test]
fn a_bad_value_is_refused_with_its_place_and_what_to_write() {
    for case in [
        Case(
            &["-b", "8060"],
            &[],
            "",
            &["bind: `8060` has no port", "in: the flag --bind", "write `127.0.0.1:8060`"],
        ),
        Case(&["-b", "localhost:http"], &[], "", &["bind: ", "localhost:http"]),
        Case(&["-b", "127.0.0.1:70000"], &[], "", &["bind: ", "70000"]),
        Case(&["-b", "[::1:80"], &[], "", &["bind: "]),
        Case(&["-b", "unix:"], &[], "", &["bind: "]),
        Case(&["-b", ""], &[], "", &["bind"]),
        Case(&["-b", ":80", "-b", ":80"], &[], "", &["`:80` is given twice"]),
        Case(
            &["--threads", "0"],
            &[],
            "",
            &["threads: `0` is not a whole number from 1 to 1024", "in: the flag --threads"],
        ),
        Case(&["--threads", "-1"], &[], "", &["threads: `-1`"]),
        Case(&["--threads", "2", "--threads", "3"], &[], "", &["--threads", "multiple times"]),
        Case(&["--threads"], &[], "", &["--threads <N>"]),
        Case(&["--thread-workers", "many"], &[], "", &["thread_workers: `many`"]),
        Case(&["--keep-alive", "-1"], &[], "", &["keep_alive: `-1`"]),
        Case(&["--keep-alive", "NaN"], &[], "", &["keep_alive: `NaN`"]),
        Case(&["--keep-alive", "1e300"], &[], "", &["keep_alive: `1e300`"]),
        Case(&["--graceful-timeout", "soon"], &[], "", &["graceful_timeout: `soon`"]),
        Case(&["--max-body", "8X"], &[], "", &["max_body: `8X`"]),
        Case(&["--max-body", "99999999999999999999"], &[], "", &["max_body: "]),
        Case(&["--strict-slashes", "maybe"], &[], "", &["strict_slashes: `maybe`"]),
        Case(
            &["--log-level", "loud"],
            &[],
            "",
            &["log_level: `loud`", "`error`, `warn`, `info`, `debug`, `trace`"],
        ),
        Case(&["--log-format", "xml"], &[], "", &["log_format: `xml`"]),
        Case(&["-w", "2000"], &[], "", &["workers: `2000` is not a whole number from 0 to 1024"]),
        Case(&["-b", "fd://x"], &[], "", &["bind: `fd://x` does not end in the number of a descriptor"]),
        Case(
            &["--socket-mode", "0o660"],
            &[],
            "",
            &["socket_mode: `0o660` is not a number of three octal digits"],
        ),
        Case(
            &[],
            &[],
            "umask = 0o027\n",
            &["umask: expected a string, found an integer", "write it in quotes"],
        ),
        Case(&["--concurrency", "threads"], &[], "", &["concurrency: `threads`", "did you mean `thread`?"]),
        Case(&["-t", "never"], &[], "", &["timeout: `never` is not a number of seconds"]),
        Case(&["--boot-timeout", "0"], &[], "", &["boot_timeout: `0` is no time at all", "above 0"]),
        Case(
            &["--max-requests-jitter", "5"],
            &[],
            "",
            &["`max_requests_jitter` of `bench` has no `max_requests`", "set --max-requests too"],
        ),
        Case(
            &[],
            &[("PULSAR_MAX_LIFETIME_JITTER", "5")],
            "",
            &["has no `max_lifetime`", "in: the environment variable PULSAR_MAX_LIFETIME_JITTER"],
        ),
        Case(&["--user", "a b"], &[], "", &["user: `a b` is neither a name nor a number"]),
        Case(&["--control-socket", ""], &[], "", &["control_socket: the path is empty", "`auto`, or `off`"]),
        Case(&["stop", "--control-socket", ""], &[], "", &["control_socket: the path is empty"]),
        Case(&["workers"], &[], "", &["<N|+N|-N>"]),
        Case(&["workers", "many"], &[], "", &["workers: `many` is no number of workers", "`+1` or `-1`"]),
        Case(&["workers", "bnech", "4"], &[], "", &["unknown application `bnech`", "did you mean `bench`?"]),
        Case(&["workers", "a", "1", "2"], &[], "", &["unexpected argument '2'"]),
        Case(&["reload", "--json"], &[], "", &["unexpected argument '--json'"]),
        Case(&["reload", "-c", "missing.toml"], &[], "", &["cannot read the settings file `missing.toml`"]),
        Case(&["--config", ""], &[], "", &["config: "]),
        Case(
            &[],
            &[("PULSAR_THREADS", "")],
            "",
            &["the variable is empty", "in: the environment variable PULSAR_THREADS"],
        ),
        Case(
            &[],
            &[("PULSAR_BIND", ":80,nowhere")],
            "",
            &["bind: `nowhere`", "in: the environment variable PULSAR_BIND"],
        ),
        Case(
            &[],
            &[],
            "threads = 'two'\n",
            &["threads: expected an integer, found a string", "in: pulsar.toml:1:11"],
        ),
        Case(&[], &[], "threads = 0\n", &["threads: `0`", "in: pulsar.toml:1:11"]),
        Case(&[], &[], "strict_slashes = 1\n", &["strict_slashes: expected true or false, found an integer"]),
        Case(&[], &[], "bind = []\n", &["bind: the array is empty"]),
        Case(&[], &[], "bind = [':80', 5]\n", &["bind: expected a string", "in: pulsar.toml:1:16"]),
        // A value that a higher source replaces is a mistake all the same.
        Case(&["--threads", "2"], &[], "threads = 0\n", &["threads: `0`"]),
    ] {
        run(&case).assert_code(2).assert_calm().assert_stderr(case.3);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let case = Case(
        &["--threads", "x"],
        &[("PULSAR_KEEP_ALIVE", "long"), ("PULSAR_THREDS", "2")],
        "backlog = -5\nbnid = ':80'\n",
        &["threads: `x`", "keep_alive: `long`", "`PULSAR_THREDS`", "backlog: `-5`", "unknown setting `bnid`"],
    );
    let finished = run(&case);
    finished.assert_code(2).assert_calm().assert_stderr(case.3);
    assert_eq!(finished.stderr.matches("error: ").count(), 5, "{finished}");
}

#[test]
fn a_file_that_is_no_toml_is_told_with_the_line() {
    for (text, place) in [
        ("threads = 1\nbacklog = = 2\n", "pulsar.toml:2:"),
        ("threads = 1\n\n[apps\n", "pulsar.toml:3:"),
        ("threads 1\n", "pulsar.toml:1:"),
        ("bind = 'open\n", "pulsar.toml:1:"),
        ("threads = 1\nthreads = 2\n", "pulsar.toml:2:"),
    ] {
        run(&Case(&[], &[], text, &[]))
            .assert_code(2)
            .assert_calm()
            .assert_stderr(&["error: not TOML: ", place]);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_who_named_it() {
    let folder = Folder::new();
    let missing = folder.join("missing.toml");
    let missing = missing.to_str().unwrap();
    let message = format!("cannot read the settings file `{missing}`: No such file or directory");
    run(&Case(&["-c", missing], &[], "", &[]))
        .assert_code(2)
        .assert_calm()
        .assert_stderr(&[&message, "in: the flag --config"]);
    run(&Case(&[], &[("PULSAR_CONFIG", missing)], "", &[]))
        .assert_code(2)
        .assert_calm()
        .assert_stderr(&[&message, "in: the environment variable PULSAR_CONFIG"]);

    let of_folder = folder.path().to_str().unwrap();
    run(&Case(&["-c", of_folder], &[], "", &[]))
        .assert_code(2)
        .assert_calm()
        .assert_stderr(&["cannot read the settings file"]);

    let latin = folder.join("latin.toml");
    std::fs::write(&latin, b"threads = 1 # caf\xe9\n").unwrap();
    run(&Case(&["-c", latin.to_str().unwrap()], &[], "", &[])).assert_code(2).assert_calm().assert_stderr(&[
        "cannot read the settings file",
        "latin.toml",
        "UTF-8",
    ]);
}

#[test]
fn what_is_no_text_is_refused() {
    let broken = OsStr::from_bytes(b"12\xff");
    let mut command = example("bench");
    finish({
        command.arg("--threads").arg(broken);
        command
    })
    .assert_code(2)
    .assert_calm()
    .assert_stderr(&["invalid UTF-8"]);
    let mut command = example("bench");
    command.env("PULSAR_THREADS", broken);
    finish(command)
        .assert_code(2)
        .assert_calm()
        .assert_stderr(&["the value is not valid UTF-8", "PULSAR_THREADS"]);
}

#[test]
fn a_variable_that_is_like_no_setting_is_reported_and_does_no_harm() {
    let mut command = example("hello_route");
    command.args(["-b", "127.0.0.1:0"]).env("PULSAR_SERVICE_HOST", "10.0.0.1");
    let running = Running::start(command, 1);
    running.get("/hello/Ada").assert(200, "Hello, Ada!\n");
    running.stop().assert_stderr(&["WARN", "PULSAR_SERVICE_HOST is no setting and has no effect"]);
}
