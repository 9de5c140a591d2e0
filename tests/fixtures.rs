//! Registration across crates: programs that are built from a workspace of their own, in `fixtures/`.
//!
//! A registration is nothing but an object in a section that nobody refers to by name, so that a linker could drop it:
//! whatever is served is asked of a debug build, and of a release build with link-time optimization of the whole program
//! in one unit.
//!
//! Here as well: what needs a program of its own, with providers that cannot run or a pool of one thread.

use std::{
    cell::Cell,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{OnceLock, mpsc},
    thread,
};

use pulsar_tests::{
    Folder, PATIENCE,
    fixture::{cargo, debug, each, test_of},
    program::{Finished, Running, finish, program as program_of_tests},
    until,
    wire::Client,
    workspace,
};
use serde_json::{Value, json};

#[test]
fn a_library_that_is_named_is_mounted_with_all_its_modules() {
    each("site", |site| {
        site.assert_routes(
            "\
GET  /blog                                blog::contents                   blog/src/lib.rs:8
GET  /news                                blog::news::latest               blog/src/news.rs:7
GET  /archive/                            blog::news::archive::years       blog/src/news/archive.rs:9
GET  /archive/<int(fixed_digits=4):year>  blog::news::archive::year::year  blog/src/news/archive/year.rs:5
GET  /                                    site::home                       programs/src/bin/site.rs:5
",
        );
        let running = site.serve(1);
        let mut client = running.connect();
        for (path, text) in [
            ("/blog", "news, and an archive\n"),
            ("/news", "nothing new\n"),
            ("/archive/", "2025, 2026\n"),
            ("/archive/2026", "the year 2026\n"),
            ("/", "a book is 30\n"),
        ] {
            client.get(path).assert(200, text);
        }
        assert_eq!(client.get("/archive").header("location"), Some("/archive/"));
        client.get("/archive/26").assert_status(404);
        client.get("/2026").assert_status(404);
    });
}

#[test]
fn a_dependency_that_is_not_named_is_reported_and_not_mounted() {
    let warning = "the crate `shop` registers 2 routes that are not mounted; write `crates: [blog, shop]` in `main!` if they should be
    GET /  shop::front  at shop/src/lib.rs:10
    GET /shop/orders  shop::orders  at shop/src/lib.rs:15";
    each("site", |site| {
        let running = site.serve(1);
        running.get("/shop/orders").assert_status(404);
        running.get("/").assert(200, "a book is 30\n");
        running.stop().assert_stderr(&["WARN", warning]);

        let finished = site.run(&["check"]);
        finished.assert_code(1);
        assert_eq!(finished.stderr, format!("warning: {warning}\n1 problem found\n"));
        let finished = site.run(&["check", "--json"]);
        finished.assert_code(1);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(
            report,
            json!({
                "ok": false, "routes": 5, "providers": 0, "errors": [], "warnings": [warning], "hints": [],
                "findings": [{
                    "severity": "warning",
                    "kind": "not-mounted",
                    "message": "the crate `shop` registers 2 routes that are not mounted",
                    "help": "write `crates: [blog, shop]` in `main!` if they should be",
                    "places": [
                        {"file": "shop/src/lib.rs", "line": 10, "function": "shop::front"},
                        {"file": "shop/src/lib.rs", "line": 15, "function": "shop::orders"},
                    ],
                }],
            })
        );
    });
}

#[test]
fn a_library_that_only_main_names_is_linked() {
    each("only_named", |only_named| {
        only_named.assert_routes("GET  /linked  linked::linked  linked/src/lib.rs:13\n");
        let finished = only_named.run(&["check"]);
        finished.assert_code(0);
        assert_eq!(finished.stdout, "no problems found (1 route, 1 provider)\n");
        only_named.serve(1).get("/linked").assert(200, "hello from a library\n");
    });
}

#[test]
fn a_program_without_routes_is_told_why() {
    let why = "error: the application `empty` has no routes
    no function of `empty` that belongs to it has `#[get(\"/..\")]` or the like
    routes of a library, also of this package's own, are mounted if it is named: `pulsar::main! { crates: [name] }`
    `shop` is linked and has 2, but is not named
    at programs/src/bin/empty.rs:5
";
    let empty = debug("empty");
    let answer = empty.refuse();
    assert!(answer.stderr.ends_with(&format!("{why}pulsar: empty cannot start\n")), "{answer}");
    empty.run(&["check"]).assert_code(1).assert_stderr(&[why, "2 problems found\n"]);
    let routes = empty.run(&["routes"]);
    routes.assert_code(1);
    assert_eq!((routes.stdout.as_str(), routes.stderr.as_str()), ("", why));
}

#[test]
fn all_conflicts_are_told_at_once_with_both_places() {
    let errors = "\
error: two routes have the same rule; change one of them
    GET /news  blog::news::latest  at blog/src/news.rs:7
    GET /news  conflict::news  at programs/src/bin/conflict.rs:27
error: two rules match the same paths, such as \"/x/1\", and neither is more specific; change one of them
    GET /x/<int:id>  conflict::one::by_id  at programs/src/bin/conflict.rs:6
    GET /x/<int:number>  conflict::other::by_number  at programs/src/bin/conflict.rs:13
";
    let conflict = debug("conflict");
    let answer = conflict.refuse();
    assert_eq!(answer.stderr, format!("{errors}pulsar: conflict cannot start\n"));
    let finished = conflict.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}2 problems found\n"));
    let finished = conflict.run(&["check", "--json"]);
    finished.assert_code(1);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((report["errors"].as_array().unwrap().len(), &report["ok"]), (2, &json!(false)), "{finished}");

    // The table shows what there is, so that one can look for the way out.
    let routes = conflict.run(&["routes"]);
    routes.assert_code(1);
    assert_eq!(routes.stderr, errors);
    assert_eq!(
        routes.stdout,
        "\
GET      /blog                                blog::contents                   blog/src/lib.rs:8
GET      /news                                blog::news::latest               blog/src/news.rs:7
GET      /archive/                            blog::news::archive::years       blog/src/news/archive.rs:9
GET      /archive/<int(fixed_digits=4):year>  blog::news::archive::year::year  blog/src/news/archive/year.rs:5
GET      /x/<int:id>                          conflict::one::by_id             programs/src/bin/conflict.rs:6
GET,PUT  /x/<int:number>                      conflict::other::by_number       programs/src/bin/conflict.rs:13
GET      /x/<name>                            conflict::fine::less_specific    programs/src/bin/conflict.rs:20
PUT      /news                                conflict::fine::other_method     programs/src/bin/conflict.rs:23
GET      /news                                conflict::news                   programs/src/bin/conflict.rs:27
"
    );
}

#[test]
fn routes_of_one_shape_are_one_conflict_and_overlaps_have_an_example() {
    let place = "at programs/src/bin/many_conflicts.rs";
    let errors = format!(
        "\
error: three routes have the same rule; change all of them but one
    GET /x  many_conflicts::one::first  {place}:6
    GET /x  many_conflicts::two::second  {place}:19
    GET /x  many_conflicts::three::third  {place}:32
error: two rules match the same paths, such as \"/y/9\", and neither is more specific; change one of them
    GET,PUT /y/<int(max=9):number>  many_conflicts::one::few  {place}:9
    GET,PUT /y/<int(min=9):number>  many_conflicts::two::many  {place}:22
error: two rules match the same paths, such as \"/z/l/\", and neither is more specific; change one of them
    GET /z/<re(\"[a-m]+\"):word>/  many_conflicts::one::early  {place}:12
    GET /z/<re(\"[l-z]+\"):word>/  many_conflicts::two::late  {place}:25
error: two rules match the same paths, such as \"/y/20\", and neither is more specific; change one of them
    PUT /y/<int(min=9):number>  many_conflicts::two::many  {place}:22
    PUT /y/<int(min=20,max=30):number>  many_conflicts::three::some  {place}:35
"
    );
    let many_conflicts = debug("many_conflicts");
    let finished = many_conflicts.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}4 problems found\n"));
    assert_eq!(many_conflicts.refuse().stderr, format!("{errors}pulsar: many_conflicts cannot start\n"));
}

#[test]
fn what_no_request_reaches_and_nobody_asks_for_is_told() {
    let place = "at programs/src/bin/shadowed.rs";
    let all = "GET,POST,PUT,PATCH,DELETE";
    let warnings = [
        format!(
            "the scope \"/nothing\" applies to no route; a scope holds for the module that it stands in and those below; move \
             it or remove it\n    {place}:57"
        ),
        format!(
            "the application `admin` takes the routes of `shadowed::none`, which has none; name another module, or leave it \
             out\n    app admin  {place}:62"
        ),
        format!(
            "the routes of `shadowed::none` are asked for by `admin` and by `office`; `admin` has them; take them from one of \
             the two\n    app admin  {place}:62\n    app office  {place}:62"
        ),
        format!(
            "no GET request reaches this route, since more specific rules take all of its paths; remove it, or change one of \
             the rules\n    GET /lang/<any(en,it):lang>  shadowed::by_language  {place}:15\n    GET /lang/en  \
             shadowed::english  {place}:9\n    GET /lang/it  shadowed::italian  {place}:12"
        ),
        format!(
            "the routes below answer every usual request for \"/old\" and what is below it, so that nothing is left to what is \
             mounted there; remove it, or change the routes\n    * /old  shadowed::legacy  {place}:27\n    {all} /old  \
             shadowed::old  {place}:18\n    {all} /old/  shadowed::old_home  {place}:21\n    {all} /old/<path:rest>  \
             shadowed::old_pages  {place}:24"
        ),
        format!(
            "the fallback of \"/\" is never asked, since what is mounted there gets everything that no route matches; remove \
             one of them\n    fallback  {place}:62\n    * /  shadowed::rest  {place}:33"
        ),
    ];
    let hints = [
        format!(
            "no argument asks for `Unused`; remove the provider, unless something takes the value from a `Context`\n    \
             shadowed::unused  {place}:51"
        ),
        format!(
            "two rules have the name `users`; a name stands for one URL: choose others\n    GET /users  shadowed::list  \
             {place}:43\n    POST /people  shadowed::add  {place}:46"
        ),
    ];
    let shadowed = debug("shadowed");
    let finished = shadowed.run(&["check"]);
    finished.assert_code(1);
    let mut expected = String::new();
    for warning in &warnings {
        expected.push_str(&format!("warning: {warning}\n"));
    }
    for hint in &hints {
        expected.push_str(&format!("hint: {hint}\n"));
    }
    assert_eq!(finished.stderr, format!("{expected}6 problems found\n"));
    let finished = shadowed.run(&["check", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&report["warnings"], &report["hints"]), (&json!(warnings), &json!(hints)));
    let kinds: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "unused-scope",
            "unused-module",
            "twice-taken-module",
            "shadowed-route",
            "hidden-mount",
            "unreachable-fallback",
            "unused-provider",
            "same-name",
        ]
    );

    // It starts all the same: warnings are logged once, hints are not.
    let stderr = shadowed.serve(3).stop().stderr;
    for warning in &warnings {
        assert_eq!(stderr.matches(warning.split('\n').next().unwrap()).count(), 1, "{warning} in\n{stderr}");
    }
    assert!(!stderr.contains("no argument asks") && !stderr.contains("have the name"), "{stderr}");
}

#[test]
fn what_only_tests_have_is_served_to_tests_and_told_apart() {
    let finished = test_of("sound", &[]);
    finished.assert_code(0);
    for test in ["the_program_is_sound_without_what_tests_add", "a_client_has_what_tests_add"] {
        assert!(finished.stdout.contains(&format!("test tests::{test} ... ok\n")), "{finished}");
    }
    debug("sound").assert_routes(
        "\
GET  /blog                                blog::contents                   blog/src/lib.rs:8
GET  /news                                blog::news::latest               blog/src/news.rs:7
GET  /archive/                            blog::news::archive::years       blog/src/news/archive.rs:9
GET  /archive/<int(fixed_digits=4):year>  blog::news::archive::year::year  blog/src/news/archive/year.rs:5
GET  /                                    sound::home                      sound/src/main.rs:5
GET  /pages/<any(one,two):page>           sound::page                      sound/src/main.rs:10
",
    );
    for (feature, report) in [
        (
            "shadowing",
            "the check of `sound` found problems
warning: no request of a test reaches this route, since rules that exist only in tests take all of its paths there; give \
those another path
    GET /pages/<any(one,two):page>  sound::page  at sound/src/main.rs:10
    GET /pages/one  sound::tests::shadowing::one  at sound/src/main.rs:52  (only in tests)
    GET /pages/two  sound::tests::shadowing::two  at sound/src/main.rs:55  (only in tests)
1 problem found
",
        ),
        (
            "conflict",
            "the check of `sound` found problems
error: two routes have the same rule; change one of them
    GET /  sound::home  at sound/src/main.rs:5
    GET /  sound::tests::home  at sound/src/main.rs:60  (only in tests)
1 problem found
",
        ),
    ] {
        let finished = test_of("sound", &["--features", feature]);
        finished.assert_code(101);
        assert!(finished.stdout.contains(report), "{finished}");
    }
}

#[test]
fn cargo_refuses_two_copies_of_the_crate() {
    let manifest = fs::read_to_string(workspace().join("pulsar/Cargo.toml")).unwrap();
    let links =
        manifest.lines().find(|line| line.starts_with("links = ")).expect("the line that cargo looks at");
    let folder = Folder::new();
    for crate_folder in ["src", "old/src"] {
        fs::create_dir_all(folder.join(crate_folder)).unwrap();
        folder.write(&format!("{crate_folder}/lib.rs"), "");
    }
    folder.write("old/build.rs", "fn main() {}");
    folder.write(
        "old/Cargo.toml",
        &format!("[package]\nname = \"pulsar\"\nversion = \"0.0.9\"\nedition = \"2024\"\n{links}\n"),
    );
    let current = workspace().join("pulsar");
    folder.write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             pulsar = {{ path = {current:?} }}\npulsar_old = {{ package = \"pulsar\", path = \"old\" }}\n"
        ),
    );
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["tree", "--offline"]).current_dir(folder.path());
    let finished = finish(command);
    assert_ne!(finished.code, Some(0), "{finished}");
    finished.assert_stderr(&[
        "package `pulsar` links to the native library `pulsar`, but it conflicts with a previous package which links to \
         `pulsar` as well",
        "pulsar v0.0.9",
    ]);
}

#[test]
fn state_that_nobody_provides_is_told_with_who_asks_for_it() {
    let errors = "\
error: nobody provides `Config`; write `#[provide] fn ..() -> Config` in a crate that the program mounts
    needed by broken_state::cache  at programs/src/bin/broken_state.rs:11
error: nobody provides `Database`; write `#[provide] fn ..() -> Database` in a crate that the program mounts
    needed by broken_state::home  at programs/src/bin/broken_state.rs:16
";
    let broken_state = debug("broken_state");
    let answer = broken_state.refuse();
    assert_eq!(answer.stderr, format!("{errors}pulsar: broken_state cannot start\n"));
    let finished = broken_state.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}2 problems found\n"));
    let routes = broken_state.run(&["routes"]);
    assert_eq!(routes.stdout, "GET  /  broken_state::home  programs/src/bin/broken_state.rs:16\n");
    routes.assert_code(1);
}

#[test]
fn a_provider_that_fails_ends_the_start() {
    let failing_provider = debug("failing_provider");
    // A worker is started five times before it is given up; each time is a line of the log.
    failing_provider.refuse().assert_stderr(&[
        "worker 0 of failing_provider",
        "failed to start: the provider of `Database` failed: No such file or directory (os error 2)\n",
        "error: the application `failing_provider` did not start: 5 starts failed in a row; the last one: failed to start: \
         the provider of `Database` failed",
        "\npulsar: failing_provider cannot start\n",
    ]);
    let answer = failing_provider.refuse_with(&["--workers", "0"]);
    assert_eq!(
        answer.stderr,
        "\
error: the provider of `Database` failed: No such file or directory (os error 2)
    failing_provider::database  at programs/src/bin/failing_provider.rs:7
pulsar: failing_provider cannot start
"
    );
    // What only shows when it runs is not for the check.
    failing_provider.run(&["check"]).assert_code(0);
    failing_provider
        .assert_routes("GET  /  failing_provider::home  programs/src/bin/failing_provider.rs:13\n");
}

#[test]
fn providers_that_cannot_run_are_told_all_at_once() {
    let errors = "\
error: two providers make `Rate`; keep one of them
    cycle::rate  at programs/src/bin/cycle.rs:35
    cycle::other::rate  at programs/src/bin/cycle.rs:45
error: these providers need one another, so that none can run first
    cycle::cache  at programs/src/bin/cycle.rs:15
    cycle::database  at programs/src/bin/cycle.rs:20
    cycle::pool  at programs/src/bin/cycle.rs:25
error: these providers need one another, so that none can run first
    cycle::clock  at programs/src/bin/cycle.rs:30
";
    let cycle = debug("cycle");
    let answer = cycle.refuse();
    assert_eq!(answer.stderr, format!("{errors}pulsar: cycle cannot start\n"));
    let finished = cycle.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}3 problems found\n"));

    debug("files_root").refuse().assert_stderr(&["\
error: a folder and a WSGI callable both get what no route matches; give one of them another path
    static_files!(\"/\", \"assets\")  at programs/src/bin/files_root.rs:9
    files_root::rest  at programs/src/bin/files_root.rs:11
pulsar: files_root cannot start
"]);
}

#[test]
fn what_hooks_tasks_and_messages_lack_is_told_all_at_once() {
    let missing = "nobody provides `Database`; write `#[provide] fn ..() -> Database` in a crate that the program mounts";
    let place = "at programs/src/bin/broken_hooks.rs";
    let errors = format!(
        "\
error: {missing}
    needed by broken_hooks::warm  {place}:10
error: {missing}
    needed by broken_hooks::sweep  {place}:13
error: {missing}
    needed by broken_hooks::clear  {place}:16
error: two functions handle the message `clear`; give one of them another name
    broken_hooks::clear  {place}:16
    broken_hooks::clear_again  {place}:19
"
    );
    let broken_hooks = debug("broken_hooks");
    assert_eq!(broken_hooks.refuse().stderr, format!("{errors}pulsar: broken_hooks cannot start\n"));
    let finished = broken_hooks.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}4 problems found\n"));
}

#[test]
fn a_hook_that_fails_ends_the_start() {
    let failing_hook = debug("failing_hook");
    let answer = failing_hook.refuse();
    answer.assert_stderr(&[
        "starting\n",
        "error: the application `failing_hook` did not start: 5 starts failed in a row; the last one: failed to start: the \
         hook of `worker_start` failed",
        "\nexit 3\n",
    ]);
    assert_eq!(
        failing_hook.refuse_with(&["--workers", "0"]).stderr,
        "\
starting
error: the hook of `worker_start` failed: No such file or directory (os error 2)
    failing_hook::read  at programs/src/bin/failing_hook.rs:12
pulsar: failing_hook cannot start
exit 3
"
    );
}

#[test]
fn a_full_pool_refuses_at_once_and_takes_again_later() {
    let mut command = debug("pool").command(Path::new("."));
    command.args(["-b", "127.0.0.1:0", "--thread-workers", "1", "--thread-queue", "1"]);
    let running = Running::start(command, 1);
    let address = running.address();
    let (answers, answered) = mpsc::channel();
    let hold = || {
        let answers = answers.clone();
        thread::spawn(move || answers.send(Client::tcp(address).get("/hold")))
    };
    let mut holders = vec![hold()];
    let mut client = running.connect();
    until("the thread is taken", || client.get("/holding").text() == "1");
    // One of these has the place in the queue, and the other none.
    holders.extend([hold(), hold()]);
    let refused = answered.recv_timeout(PATIENCE).expect("one is refused while nothing is released");
    refused.assert_status(503);
    assert_eq!(refused.header("retry-after"), Some("1"), "{refused:?}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"), "{refused:?}");
    client.get("/hold").assert_status(503);
    // Whatever needs no thread is answered meanwhile.
    client.get("/inline").assert(200, "inline\n");
    client.get("/holding").assert(200, "1");
    client.request("POST", "/release", &[], "").assert_status(200);
    for _ in 0..2 {
        answered.recv_timeout(PATIENCE).expect("what waited is answered").assert(200, "held\n");
    }
    client.get("/hold").assert(200, "held\n");
    for holder in holders {
        holder.join().unwrap().unwrap();
    }
    running.stop().assert_calm();
}

#[test]
fn an_application_of_its_own_has_the_routes_of_its_module() {
    each("two_apps_routes", |two_apps| {
        two_apps.assert_routes(
            "\
site_and_admin:
GET  /  two_apps_routes::home  programs/src/bin/two_apps_routes.rs:5

admin:
GET  /       two_apps_routes::admin::home         programs/src/bin/two_apps_routes.rs:13
GET  /users  two_apps_routes::admin::users::list  programs/src/bin/two_apps_routes.rs:21
",
        );
        let routes: Value = serde_json::from_str(&two_apps.run(&["routes", "--json"]).stdout).unwrap();
        let apps: Vec<_> =
            routes.as_array().unwrap().iter().map(|route| route["app"].as_str().unwrap()).collect();
        assert_eq!(apps, ["site_and_admin", "admin", "admin"]);

        let running = two_apps.serve(2);
        let lines = running.stderr.so_far();
        assert!(
            lines.contains(&format!("pulsar: site_and_admin listening on {}\n", running.addresses[0])),
            "{lines}"
        );
        assert!(lines.contains(&format!("pulsar: admin listening on {}\n", running.addresses[1])), "{lines}");
        running.get("/").assert(200, "the site\n");
        running.get("/users").assert_status(404);
        let mut admin = Client::tcp(running.tcp(1));
        admin.get("/").assert(200, "the administration\n");
        admin.get("/users").assert(200, "the users\n");
        drop(admin);
        running.stop();
    });
}

#[test]
fn each_application_has_its_settings_from_every_source() {
    let folder = Folder::new();
    folder.write("pulsar.toml", "keep_alive = 7\n\n[apps.admin]\nkeep_alive = 8\nbacklog = 50\n");
    each("two_apps_routes", |two_apps| {
        let mut command = two_apps.command(folder.path());
        command.args(["config", "--admin-threads", "2"]).env("PULSAR_ADMIN_BACKLOG", "60");
        let finished = finish(command);
        finished.assert_code(0);
        let (first, admin) = finished.stdout.split_once("\n\n[apps.admin]\n").unwrap();
        let row = |text: &str, name: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
        };
        let place = "program (programs/src/bin/two_apps_routes.rs:28)";
        assert_eq!(row(first, "bind"), ["bind", "127.0.0.1:0", place]);
        assert_eq!(row(admin, "bind"), ["bind", "127.0.0.1:0", place]);
        assert_eq!(row(first, "keep_alive"), ["keep_alive", "7", "file (pulsar.toml:1)"]);
        assert_eq!(row(admin, "keep_alive"), ["keep_alive", "8", "file (pulsar.toml:4)"]);
        assert_eq!(row(first, "backlog"), ["backlog", "2048", "default"]);
        assert_eq!(row(admin, "backlog"), ["backlog", "60", "environment (PULSAR_ADMIN_BACKLOG)"]);
        assert_eq!(row(admin, "threads"), ["threads", "2", "command line (--admin-threads)"]);

        for (arguments, parts) in [
            (&["--admni-threads", "2"][..], ["'--admni-threads'", "'--admin-threads'"]),
            (&["--admin-log-level", "info"], ["--admin-log-level", "unexpected argument"]),
            (
                &["-b", "127.0.0.1:1", "--admin-bind", "127.0.0.1:1"],
                ["both listen on 127.0.0.1:1", "--admin-bind"],
            ),
        ] {
            two_apps.run(arguments).assert_code(2).assert_calm().assert_stderr(&parts);
        }
    });
}

#[test]
fn a_folder_is_in_a_release_build_and_beside_a_debug_build() {
    let embedded = Cell::new(Vec::new());
    each("files", |files| {
        files.assert_routes(
            "\
GET       /place.txt  files::place                      programs/src/bin/files.rs:8
GET,HEAD  /           static_files!(\"/\", \"assets\")      programs/src/bin/files.rs:5
GET,HEAD  /disk       static_files!(\"/disk\", \"assets\")  programs/src/bin/files.rs:6
",
        );
        let start = |folder: &Folder| {
            let mut command = files.command(folder.path());
            command.args(["-b", "127.0.0.1:0"]);
            Running::start(command, 1)
        };
        // Somewhere else, where a folder of that name is as well.
        let folder = Folder::new();
        fs::create_dir(folder.join("assets")).unwrap();
        folder.write("assets/place.txt", "where the program runs\n");
        folder.write("assets/index.html", "not this one\n");
        let running = start(&folder);
        let mut client = running.connect();
        let home = client.get("/");
        home.assert(200, "home\n");
        assert_eq!(home.header("cache-control"), Some("no-cache"));
        assert_eq!(client.get("/docs").header("location"), Some("/docs/"));
        client.get("/docs/").assert(200, "docs\n");
        client.get("/.hidden").assert_status(404);
        client.get("/place.txt").assert(200, "a route wins over a file\n");
        let is_embedded = home.header("last-modified").is_none();
        let place = if is_embedded { "where the program runs\n" } else { "where the crate is\n" };
        client.get("/disk/place.txt").assert(200, place);
        embedded.set([embedded.take(), vec![is_embedded]].concat());
        drop(client);
        running.stop();
        let nowhere = Folder::new();
        start(&nowhere).get("/disk/place.txt").assert(200, "where the crate is\n");
    });
    assert_eq!(embedded.take(), [false, true], "debug, release");
}

#[test]
fn a_folder_that_cannot_be_served_ends_the_start() {
    let mistakes = debug("files_mistakes");
    let programs = workspace().join("tests/fixtures/programs");
    let here = env::current_dir().unwrap();
    let (programs, here) = (programs.display(), here.display());
    let errors = format!(
        "\
error: the folder of `static_files!(\"/missing\", \"no/such/folder\")` is not there: {programs}/no/such/folder and \
{here}/no/such/folder do not exist
    create it, name another one, or put the files into the program with `embed`
    at programs/src/bin/files_mistakes.rs:5
error: the page `app.html` is not in the folder `src` of `static_files!(\"/page\", \"src\")`; put it there, or leave \
`fallback` out
    at programs/src/bin/files_mistakes.rs:6
error: two services are mounted at \"/twice\"; change one of them
    * /twice  static_files!(\"/twice\", \"src\")  at programs/src/bin/files_mistakes.rs:7
    * /twice/  static_files!(\"/twice/\", \"assets\")  at programs/src/bin/files_mistakes.rs:8
"
    );
    let answer = mistakes.refuse();
    assert_eq!(answer.stderr, format!("{errors}pulsar: files_mistakes cannot start\n"));
    let finished = mistakes.run(&["check"]);
    finished.assert_code(1);
    assert_eq!(finished.stderr, format!("{errors}3 problems found\n"));
}

#[test]
fn the_version_is_that_of_the_package() {
    each("site", |site| assert_eq!(site.run(&["-V"]).stdout, "site 0.3.0\n"));
    each("two_apps_routes", |two_apps| assert_eq!(two_apps.run(&["-V"]).stdout, "site_and_admin 0.3.0\n"));
}

/// The tests of `fixtures/tested`, built: a program that runs those of these names.
fn tested(folder: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Finished {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let finished =
            cargo(&["test", "-p", "tested", "--bin", "tested", "--no-run", "--message-format", "json"]);
        finished.assert_code(0);
        assert!(!finished.stderr.contains("warning"), "{finished}");
        let messages = finished.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut executables = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
        executables.next_back().expect("a program of tests").into()
    });
    let mut command = program_of_tests(program);
    command.current_dir(folder).args(arguments).envs(variables.iter().copied());
    finish(command)
}

#[test]
fn a_program_is_tested_from_within() {
    // Nowhere near the package.
    let finished = tested(Path::new("/"), &["--test-threads", "2"], &[]);
    finished.assert_code(0);
    for name in [
        "the_program_is_that_of_main",
        "another_application_is_asked_over_a_socket",
        "no_program_is_started_for_nobody",
        "nor_for_a_function",
        "a_function_may_block",
        "nobody_waits_for_what_is_left_behind",
        "another_program_is_tested",
        "the_routes_are_those_of_the_file",
    ] {
        assert!(finished.stdout.contains(&format!("test tests::{name} ... ok\n")), "{name}\n{finished}");
    }
    for line in [
        "test tests::a_panic_may_be_expected - should panic ... ok\n",
        "test tests::fails_by_an_error ... ignored, fails\n",
        "; 7 ignored;",
    ] {
        assert!(finished.stdout.contains(line), "{line}\n{finished}");
    }
    assert!(!finished.stdout.contains("what_is_not_compiled"), "{finished}");
}

#[test]
fn a_test_that_fails_says_why_and_stops_its_program() {
    for (name, parts) in [
        (
            "fails_because_the_program_does_not_start",
            &[
                "the program of this test does not start\nthe provider of `Rate` failed: the bank does not answer\n",
            ][..],
        ),
        (
            "fails_by_an_assertion",
            &[
                "a worker starts\n",
                "src/main.rs:",
                "expected the body \"2.5\", got\nGET /rate -> 200 OK\n",
                "\n\n1.5\n",
                "a worker stops at 1.5\n",
            ],
        ),
        (
            "fails_by_an_error",
            &["a worker stops at 1.5\nError: Custom { kind: Other, error: \"no luck\" }\n"],
        ),
        (
            "fails_because_nobody_provides_it",
            &["nobody provides `u8` to this test", "a worker stops at 1.5\n"],
        ),
        (
            "fails_by_an_assertion_of_a_function",
            &[
                "src/main.rs:",
                "expected status 404 Not Found, got\nGET /rate -> 200 OK\n",
                "a worker stops at 1.5\n",
            ],
        ),
        (
            "fails_because_there_is_no_such_application",
            &["the program of this test does not start\nthere is no application `office`\n"],
        ),
    ] {
        let name = format!("tests::{name}");
        let finished = tested(Path::new("/"), &[&name, "--exact", "--ignored"], &[]);
        finished.assert_code(101);
        let mut rest = finished.stdout.as_str();
        for part in parts {
            let Some((_, behind)) = rest.split_once(part) else {
                panic!("{part:?} is missing in\n{finished}")
            };
            rest = behind;
        }
    }
}

#[test]
fn the_file_of_the_routes_is_written_when_that_is_asked_for() {
    let folder = Folder::new();
    let file = folder.join("new/routes.txt");
    let test = ["tests::fails_without_a_file", "--exact", "--ignored"];
    let ask = |update: &str| {
        tested(folder.path(), &test, &[("ROUTES_FILE", &file), ("UPDATE_PULSAR_ROUTES", Path::new(update))])
    };
    for update in ["", "0"] {
        let finished = ask(update);
        finished.assert_code(101);
        assert!(finished.stdout.contains("there is no file"), "{finished}");
        assert!(!file.exists());
    }
    ask("1").assert_code(0);
    let routes = workspace().join("tests/fixtures/tested/tests/routes.txt");
    assert_eq!(fs::read_to_string(&file).unwrap(), fs::read_to_string(&routes).unwrap());
    ask("").assert_code(0);

    fs::write(&file, fs::read_to_string(&routes).unwrap().replace("/rate ", "/cost ")).unwrap();
    let finished = ask("");
    finished.assert_code(101);
    let difference = "\
  GET  /shop/orders  shop::orders
- GET  /cost         tested::show
+ GET  /rate         tested::show

  admin:
";
    assert!(finished.stdout.contains(difference), "{finished}");
    assert!(finished.stdout.contains("UPDATE_PULSAR_ROUTES=1"), "{finished}");
}

#[test]
fn an_argument_that_no_test_can_be_given_is_refused_by_name() {
    // Not one of `ui/`: what is built there is no test.
    let finished = cargo(&["test", "-p", "tested", "--test", "argument", "--no-run"]);
    finished.assert_code(101).assert_stderr(&[
        "error[E0277]: a test cannot be given a `Database`",
        "mistakes/argument.rs:6:50",
        "no argument of a test",
        "= note: a test takes `Client`, `Program`, `Context`, `State<T>`, and every type that implements `FromTest`",
    ]);
    assert_eq!(finished.stderr.matches("error[").count(), 1, "{finished}");
}
