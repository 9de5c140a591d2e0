//! WSGI applications as users write them: `#[wsgi_app]` in programs and libraries, and programs without macros, from the
//! workspace in `fixtures/`.
//!
//! Proves what is served, mounted, reported and refused; which settings belong to whom; how such programs end; what an
//! overload and a long upload do to one.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use pulsar_tests::{
    Folder, PATIENCE,
    fixture::{debug, each},
    program::{Running, finish},
    until,
    wire::Client,
};
use serde_json::Value;

#[test]
fn routes_go_first_then_what_is_mounted_and_the_rest_is_for_the_callable() {
    each("wsgi_site", |site| {
        site.assert_routes(
            "\
GET  /pages/new      legacy::new              legacy/src/lib.rs:24
GET  /route          wsgi_site::route         programs/src/bin/wsgi_site.rs:11
*    /pages          legacy::pages            legacy/src/lib.rs:30
*    /old            legacy::old::everything  legacy/src/lib.rs:45
*    /old/shop       legacy::old::shop        legacy/src/lib.rs:50
*    /thread         wsgi_site::on_the_pool   programs/src/bin/wsgi_site.rs:22
*    /thread/inline  wsgi_site::inline        programs/src/bin/wsgi_site.rs:28
*    /               wsgi_site::root          programs/src/bin/wsgi_site.rs:17
",
        );
        let running = site.serve(1);
        let mut client = running.connect();
        for (path, text) in [
            ("/route", "a route, open at 9\n"),
            ("/pages/new", "a route\n"),
            ("/pages", "pages at [/pages] for []\n"),
            ("/pages/", "pages at [/pages] for [/]\n"),
            ("/pages/new/er", "pages at [/pages] for [/new/er]\n"),
            ("/old", "everything at [/old] for []\n"),
            ("/old/x", "everything at [/old] for [/x]\n"),
            ("/old/shop/x", "shop at [/old/shop] for [/x]\n"),
            ("/old/shopping", "everything at [/old] for [/shopping]\n"),
            ("/", "root at [] for [/]\n"),
            ("/nowhere", "root at [] for [/nowhere]\n"),
            ("/pagesetc", "root at [] for [/pagesetc]\n"),
            ("/route/x", "root at [] for [/route/x]\n"),
            ("/thread", "pulsar-pool"),
            // Not linked in but for its opening time.
            ("/office", "root at [] for [/office]\n"),
            ("/desk", "root at [] for [/desk]\n"),
        ] {
            client.get(path).assert(200, text);
        }
        let inline = client.get("/thread/inline");
        assert_ne!(inline.assert_status(200).text(), "pulsar-pool");
        // What no route matches: another method does not.
        client.request("POST", "/route", &[], "x").assert(200, "root at [] for [/route]\n");
        client.request("POST", "/nowhere", &[], "x").assert(200, "root at [] for [/nowhere]\n");
        running.stop();
    });
}

#[test]
fn what_a_library_registers_and_nobody_names_is_reported_and_not_served() {
    let warning = "the crate `office` registers 3 routes that are not mounted; write `crates: [legacy, office]` in `main!` if they should be
    GET /office  office::front  at office/src/lib.rs:14
    * /desk  office::desk  at office/src/lib.rs:19
    app annex  office::annex  at office/src/lib.rs:25";
    each("wsgi_site", |site| {
        let finished = site.run(&["check"]);
        finished.assert_code(1);
        assert_eq!(finished.stderr, format!("warning: {warning}\n1 problem found\n"));
        // One address: the application of its own that it has is not there either.
        let running = site.serve(1);
        running.stop().assert_stderr(&["WARN", warning]);
    });
}

#[test]
fn the_list_of_routes_says_what_a_callable_is() {
    let finished = debug("wsgi_site").run(&["routes", "--json"]);
    finished.assert_code(0);
    let routes: Vec<Value> = serde_json::from_str(&finished.stdout).unwrap();
    let rows: Vec<_> = routes
        .iter()
        .map(|route| {
            let text = |key: &str| route[key].as_str().unwrap();
            (text("rule"), text("handler"), text("doc"), route["pool"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("/pages/new", "legacy::new", "", false),
            ("/route", "wsgi_site::route", "", false),
            ("/pages", "legacy::pages", "The old pages.", true),
            ("/old", "legacy::old::everything", "The whole scope.", false),
            ("/old/shop", "legacy::old::shop", "", false),
            ("/thread", "wsgi_site::on_the_pool", "", true),
            ("/thread/inline", "wsgi_site::inline", "", false),
            ("/", "wsgi_site::root", "Whatever nobody else answers.", true),
        ]
    );
    for route in &routes[2..] {
        assert_eq!(route["methods"], serde_json::json!(["*"]), "{route}");
        assert_eq!(route["app"], "wsgi_site", "{route}");
    }
}

#[test]
fn two_callables_cannot_both_be_the_application() {
    let error = "\
error: two WSGI callables are the application `wsgi_two_roots`; give one of them a path, as in `#[wsgi_app(\"/path\")]`, or a name, which makes it an application of its own
    wsgi_two_roots::one  at programs/src/bin/wsgi_two_roots.rs:8
    wsgi_two_roots::other::two  at programs/src/bin/wsgi_two_roots.rs:20
";
    let two_roots = debug("wsgi_two_roots");
    let answer = two_roots.refuse();
    assert_eq!(answer.stderr, format!("{error}pulsar: wsgi_two_roots cannot start\n"));
    let finished = two_roots.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{error}1 problem found\n"));
}

#[test]
fn a_name_an_address_or_workers_make_an_application_of_its_own() {
    let apps = debug("wsgi_apps");
    let finished = apps.run(&["routes", "-b", "127.0.0.1:0"]);
    finished.assert_code(0);
    assert_eq!(
        finished.stdout,
        "\
wsgi1:
*  /  wsgi_apps::late::first  programs/src/bin/wsgi_apps.rs:14

wsgi2:
*  /  wsgi_apps::wsgi2  programs/src/bin/wsgi_apps.rs:20

wsgi3:
*  /  wsgi_apps::wsgi3  programs/src/bin/wsgi_apps.rs:25
"
    );
    // By their places. What has no name in front is for the first one; two addresses are two lines.
    let running = apps.serve_with(&["-b", "127.0.0.1:0", "--wsgi3-bind", "127.0.0.1:0"], 4);
    let lines = running.stderr.so_far();
    let names: Vec<_> = lines
        .lines()
        .filter_map(|line| line.strip_prefix("pulsar: ")?.split_once(" listening on ").map(|(name, _)| name))
        .collect();
    assert_eq!(names, ["wsgi1", "wsgi2", "wsgi2", "wsgi3"]);
    for (n, name) in names.iter().enumerate() {
        Client::tcp(running.tcp(n)).get("/x").assert(200, &format!("{name} at [] for [/x]\n"));
    }
    running.stop();
    let finished = apps.run(&[]);
    finished.assert_code(2).assert_calm();
    assert_eq!(
        finished.stderr,
        "\
error: `wsgi1` and `wsgi3` both listen on 127.0.0.1:8060
   in: the defaults
 help: give one of them another address, such as --wsgi3-bind :8061
"
    );
}

/// The settings that `config` prints, as rows of an application: name, value, where it comes from.
fn settings(text: &str, app: Option<&str>) -> Vec<[String; 3]> {
    let head = app.map(|app| format!("[apps.{app}]"));
    let mut here = head.is_none();
    let mut rows = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            here = Some(line) == head.as_deref();
        } else if here {
            let cells: Vec<_> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            if let [name, value, source] = cells[..] {
                rows.push([name, value, source].map(str::to_owned));
            }
        }
    }
    rows
}

#[track_caller]
fn assert_setting(text: &str, app: Option<&str>, expected: [&str; 3]) {
    let rows = settings(text, app);
    assert!(rows.iter().any(|row| *row == expected), "{expected:?} is missing for {app:?} in\n{text}");
}

#[test]
fn each_application_has_its_settings_from_every_source() {
    let folder = Folder::new();
    folder.write("pulsar.toml", "keep_alive = 7\n\n[apps.wsgi2]\nkeep_alive = 8\nthread_queue = 5\n");
    let mut command = debug("wsgi_apps").command(folder.path());
    command
        .args([
            "config",
            "-b",
            "127.0.0.1:0",
            "--wsgi2-bind",
            "127.0.0.1:9",
            "--workers",
            "4",
            "--wsgi2-workers",
            "2",
        ])
        .env("PULSAR_WSGI3_THREAD_WORKERS", "6");
    let finished = finish(command);
    finished.assert_code(0);
    let text = &finished.stdout;
    for (app, expected) in [
        (None, ["bind", "127.0.0.1:0", "command line (--bind)"]),
        (None, ["workers", "4", "command line (--workers)"]),
        (None, ["keep_alive", "7", "file (pulsar.toml:1)"]),
        (Some("wsgi2"), ["bind", "127.0.0.1:9", "command line (--wsgi2-bind)"]),
        (Some("wsgi2"), ["workers", "2", "command line (--wsgi2-workers)"]),
        (Some("wsgi2"), ["keep_alive", "8", "file (pulsar.toml:4)"]),
        (Some("wsgi2"), ["thread_queue", "5", "file (pulsar.toml:5)"]),
        (Some("wsgi3"), ["bind", "127.0.0.1:8060", "default"]),
        (Some("wsgi3"), ["workers", "3", "program (programs/src/bin/wsgi_apps.rs:25)"]),
        (Some("wsgi3"), ["thread_workers", "6", "environment (PULSAR_WSGI3_THREAD_WORKERS)"]),
    ] {
        assert_setting(text, app, expected);
    }
    let mistake = debug("wsgi_apps").run(&["--wsgi4-bind", ":1"]);
    mistake.assert_code(2).assert_calm().assert_stderr(&["--wsgi4-bind"]);
}

#[test]
fn two_applications_of_one_name_are_refused() {
    for arguments in [&["check"][..], &[], &["routes"]] {
        let finished = debug("wsgi_same_name").run(arguments);
        finished.assert_code(2).assert_calm().assert_stderr(&[
            "more than one application is named `my_app`",
            "in: programs/src/bin/wsgi_same_name.rs:8 and programs/src/bin/wsgi_same_name.rs:14",
        ]);
    }
}

#[test]
fn applications_of_both_kinds_stand_side_by_side() {
    let admin = debug("wsgi_admin");
    admin.assert_routes(
        "\
admin:
GET  /users  wsgi_admin::admin::users   programs/src/bin/wsgi_admin.rs:15
*    /       wsgi_admin::admin::office  programs/src/bin/wsgi_admin.rs:20

own:
*  /  wsgi_admin::admin::own  programs/src/bin/wsgi_admin.rs:25

other:
*  /  wsgi_admin::other  programs/src/bin/wsgi_admin.rs:31
",
    );
    let running = admin.serve_with(&[], 3);
    let get = |n, path| Client::tcp(running.tcp(n)).get(path);
    get(0, "/users").assert(200, "the users\n");
    get(0, "/x").assert(200, "admin at [] for [/x]\n");
    get(1, "/users").assert(200, "own at [] for [/users]\n");
    get(2, "/users").assert(200, "other at [] for [/users]\n");
    running.stop();
}

#[test]
fn a_program_without_macros_has_servers_with_names_addresses_and_settings() {
    let arbiter = debug("arbiter");
    let running = arbiter.serve_with(&["--workers", "4", "--thread-workers", "2"], 4);
    let lines = running.stderr.so_far();
    for (n, (name, text)) in [
        ("wsgi1", "callable1 at [] for [/]\n"),
        ("wsgi2", "callable2 at [] for [/]\n"),
        ("wsgi2", "callable2 at [] for [/]\n"),
        ("WsgiHandler", "from a closure"),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(
            lines.contains(&format!("pulsar: {name} listening on {}\n", running.addresses[n])),
            "{lines}"
        );
        Client::tcp(running.tcp(n)).get("/").assert(200, text);
    }
    Client::tcp(running.tcp(3)).get("//x").assert_status(308);
    running.stop();

    let finished = arbiter.run(&["config", "--workers", "4", "--wsgihandler-backlog", "9"]);
    finished.assert_code(0);
    for (app, expected) in [
        (None, ["bind", "127.0.0.1:0", "program (programs/src/bin/arbiter.rs:30)"]),
        (None, ["workers", "4", "command line (--workers)"]),
        (None, ["keep_alive", "30", "default"]),
        (Some("wsgi2"), ["bind", "127.0.0.1:0, 127.0.0.1:0", "program (programs/src/bin/arbiter.rs:31)"]),
        (Some("wsgi2"), ["keep_alive", "7", "program (programs/src/bin/arbiter.rs:31)"]),
        (Some("wsgi2"), ["thread_workers", "3", "program (programs/src/bin/arbiter.rs:31)"]),
        (Some("wsgi2"), ["workers", "1", "default"]),
        (Some("WsgiHandler"), ["backlog", "9", "command line (--wsgihandler-backlog)"]),
    ] {
        assert_setting(&finished.stdout, app, expected);
    }
    // Whoever uses the program has the last word.
    let finished = arbiter.run(&["config", "--wsgi2-keep-alive", "1"]);
    assert_setting(&finished.stdout, Some("wsgi2"), ["keep_alive", "1", "command line (--wsgi2-keep-alive)"]);
}

#[test]
fn one_function_is_a_program() {
    let server = debug("wsgi_server");
    server.assert_routes("*  /  wsgi_server::hello  programs/src/bin/wsgi_server.rs:21\n");
    let running = server.serve(1);
    assert!(running.stderr.so_far().contains("pulsar: hello listening on http://127.0.0.1:"));
    running.get("/x").assert(200, "hello at [] for [/x]\n");
    // The address is taken.
    let taken = running.address().to_string();
    server.run(&["-b", &taken]).assert_code(1).assert_calm().assert_stderr(&[&taken, "in use"]);
    running.get("/x").assert_status(200);
    running.stop();
    server.run(&["--no-such-flag"]).assert_code(2).assert_calm();
    server.run(&["--threads", "many"]).assert_code(2).assert_calm();
    server.run(&["-h"]).assert_code(0);
    debug("arbiter").run(&["--wsgi1-bind", &taken, "--wsgi2-bind", &taken]).assert_code(2).assert_calm();
}

#[test]
fn a_callable_that_runs_is_waited_for() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let mut command = debug("wsgi_server").command(folder.path());
        command.args(["-b", "127.0.0.1:0"]);
        let running = Running::start(command, 1);
        let mut busy = running.connect();
        busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        until("the callable runs", || folder.join("holding").exists());
        running.signal(signal);
        until("the listener is closed", || TcpStream::connect(running.address()).is_err());
        folder.write("release", "");
        let answer = busy.answer();
        answer.assert(200, "hello at [] for [/hold]\n");
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
        running.wait().assert_code(0).assert_calm();
    }
}

#[test]
fn a_callable_that_never_ends_is_left_behind_at_the_deadline() {
    let folder = Folder::new();
    let mut command = debug("wsgi_server").command(folder.path());
    command.args(["-b", "127.0.0.1:0", "--graceful-timeout", "0.2"]);
    let running = Running::start(command, 1);
    let mut busy = running.connect();
    busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    until("the callable runs", || folder.join("holding").exists());
    running.signal("TERM");
    assert_eq!(busy.rest(), b"");
    running.wait().assert_code(0).assert_calm();
}

#[test]
fn five_hundred_requests_beyond_the_pool_are_answered_at_once_or_in_turn() {
    const REQUESTS: usize = 500;
    const PLACES: usize = 4 + 64;
    let running = debug("overload")
        .serve_with(&["-b", "127.0.0.1:0", "--thread-workers", "4", "--thread-queue", "64"], 1);
    let address = running.address();
    let (answers, answered) = mpsc::channel();
    let clients: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let answers = answers.clone();
            thread::Builder::new()
                .stack_size(128 * 1024)
                .spawn(move || answers.send(Client::tcp(address).get("/hold")).unwrap())
                .unwrap()
        })
        .collect();
    // Nothing is released yet: every place is taken, and whoever has none is told so.
    let refused: Vec<_> = (PLACES..REQUESTS)
        .map(|_| answered.recv_timeout(PATIENCE).expect("the excess is refused while nothing is released"))
        .collect();
    for answer in &refused {
        answer.assert_status(503);
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    }
    let mut client = running.connect();
    client.get("/holding").assert(200, "4");
    assert!(answered.try_recv().is_err(), "those that wait are not answered before they are released");
    client.get("/release").assert_status(200);
    for _ in 0..PLACES {
        answered.recv_timeout(PATIENCE).expect("what waited is answered").assert(200, "held");
    }
    for client in clients {
        client.join().unwrap();
    }
    client.get("/hold").assert(200, "held");
    running.stop().assert_calm();
}

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).expect("it lives");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    kib * 1024
}

#[test]
fn a_long_upload_to_a_slow_callable_does_not_grow_memory() {
    const CHUNK: usize = 256 * 1024;
    const LENGTH: usize = 64 << 20;
    let running = debug("overload").serve_with(&["-b", "127.0.0.1:0", "--max-body", "unlimited"], 1);
    let mut client = running.connect();
    client.request("POST", "/sink", &[], &"x".repeat(1 << 20)).assert(200, "1048576");
    let before = resident(running.pid());
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(
            b"POST /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &vec![b'x'; CHUNK], b"\r\n"].concat();
    let mut most = before;
    for _ in 0..LENGTH / CHUNK {
        stream.write_all(&chunk).unwrap();
        most = most.max(resident(running.pid()));
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(&format!("\r\n{LENGTH}")), "{answer}");
    let grown = most.saturating_sub(before) >> 20;
    assert!(grown < 16, "{grown} MiB more");
    running.stop().assert_calm();
}

#[test]
fn who_waits_longer_than_the_others_is_served_all_the_same() {
    let running = debug("overload")
        .serve_with(&["-b", "127.0.0.1:0", "--thread-workers", "2", "--thread-queue", "64"], 1);
    let address = running.address();
    let begun = Instant::now();
    let clients: Vec<_> =
        (0..40).map(|_| thread::spawn(move || Client::tcp(address).get("/sleep").status)).collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), 200);
    }
    // 40 x 50 ms on two threads.
    assert!(begun.elapsed() >= Duration::from_secs(1));
    running.stop();
}
