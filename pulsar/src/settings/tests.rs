//! Tests of the whole way, from what a program is started with to its settings or the message that it ends with.

use std::{
    cell::RefCell,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::settings::{
    AccessLog, Application, Bind, BodyLimit, Change, Command, Concurrency, ControlSocket, CountLimit, Exit,
    ForwardedHeaders, Invocation, Loader, LogFormat, MinRate, Origin, Peers, PoolSize, Resolved, Settings,
    TimeLimit, TlsVersion, row::Scope, rows::ROWS,
};

/// What a program is started with.
#[derive(Clone, Copy)]
struct Start<'a> {
    loader: &'a Loader,
    arguments: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
    /// The path and the text of the only file that exists.
    file: Option<(&'a str, &'a str)>,
}

impl Start<'_> {
    fn load(self) -> Result<Invocation, Exit> {
        let arguments = ["shop"].iter().chain(self.arguments).copied();
        let variables =
            self.variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        self.loader.load(arguments, variables, |path| match self.file {
            Some((name, text)) if path == Path::new(name) => Ok(text.into()),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        })
    }

    /// The settings of the first application.
    fn first(self) -> Settings {
        self.load().unwrap_or_else(|exit| panic!("{exit}")).settings.first().settings.clone()
    }

    /// The message of a start that fails.
    fn message(self) -> String {
        let exit = self.load().expect_err("this start has a mistake");
        assert_eq!(exit.code, 2);
        assert!(!exit.is_success());
        exit.message
    }
}

/// Runs `test` with the start of a program that has one application and is given nothing.
fn alone<T>(test: impl FnOnce(Start<'_>) -> T) -> T {
    let loader = Loader::new("shop", "1.2.3");
    test(Start { loader: &loader, arguments: &[], variables: &[], file: None })
}

/// The same with a second application.
fn two<T>(test: impl FnOnce(Start<'_>) -> T) -> T {
    let admin = Application::new("admin").with("bind", "127.0.0.1:8061", "src/main.rs:7");
    let loader = Loader::new("shop", "1.2.3").application(Application::new("shop")).application(admin);
    test(Start { loader: &loader, arguments: &[], variables: &[], file: None })
}

fn peers(text: &str) -> Peers {
    [text.parse().expect("a peer")].into_iter().collect()
}

fn bind(text: &str) -> Bind {
    text.parse().expect("an address")
}

#[test]
fn nothing_given_is_the_default() {
    alone(|start| {
        let invocation = start.load().unwrap();
        assert_eq!(invocation.command, Command::Serve);
        assert_eq!(invocation.settings.first().settings, Settings::default());
        assert_eq!(invocation.settings.file(), None);
        assert_eq!(invocation.settings.applications().len(), 1);
        assert_eq!(invocation.settings.application("shop"), Some(invocation.settings.first()));
        for row in ROWS.iter() {
            assert_eq!(invocation.settings.first().origin(row.name), Some(&Origin::Default));
        }
    });
}

/// A value of each row that is not its default, as text and as it stands in a file, and the settings with it.
#[allow(clippy::too_many_lines)] // It is a table.
fn one_of_each() -> Vec<(&'static str, &'static str, &'static str, Settings)> {
    let d = Settings::default;
    let seconds = Duration::from_secs_f64;
    vec![
        ("bind", ":1", "':1'", Settings { bind: vec![bind(":1")], ..d() }),
        ("backlog", "7", "7", Settings { backlog: 7, ..d() }),
        ("workers", "2", "2", Settings { workers: 2, ..d() }),
        ("socket_mode", "600", "'600'", Settings { socket_mode: 0o600, ..d() }),
        ("concurrency", "thread", "'thread'", Settings { concurrency: Concurrency::Thread, ..d() }),
        ("timeout", "0", "0", Settings { timeout: seconds(0.0), ..d() }),
        ("boot_timeout", "1.5", "1.5", Settings { boot_timeout: seconds(1.5), ..d() }),
        ("drain_delay", "3", "3", Settings { drain_delay: seconds(3.0), ..d() }),
        ("max_requests", "1000", "1_000", Settings { max_requests: 1000, ..d() }),
        ("max_lifetime", "60", "60.0", Settings { max_lifetime: seconds(60.0), ..d() }),
        ("max_rss", "512", "512", Settings { max_rss: 512, ..d() }),
        ("reload_surge", "4", "4", Settings { reload_surge: 4, ..d() }),
        ("user", "www-data", "'www-data'", Settings { user: Some("www-data".into()), ..d() }),
        ("group", "33", "33", Settings { group: Some("33".into()), ..d() }),
        ("umask", "027", "'027'", Settings { umask: Some(0o027), ..d() }),
        ("pidfile", "shop.pid", "'shop.pid'", Settings { pidfile: Some("shop.pid".into()), ..d() }),
        (
            "control_socket",
            "shop.ctl",
            "'shop.ctl'",
            Settings { control_socket: ControlSocket::Path("shop.ctl".into()), ..d() },
        ),
        ("threads", "3", "0x3", Settings { threads: 3, ..d() }),
        (
            "thread_workers",
            "8",
            "8",
            Settings { thread_workers: PoolSize::Threads(8.try_into().unwrap()), ..d() },
        ),
        ("thread_queue", "9", "9", Settings { thread_queue: 9, ..d() }),
        ("keep_alive", "0.5", "0.5", Settings { keep_alive: seconds(0.5), ..d() }),
        ("graceful_timeout", "5", "5", Settings { graceful_timeout: seconds(5.0), ..d() }),
        ("max_target", "1024", "'1k'", Settings { max_target: 1024, ..d() }),
        ("max_head", "64k", "65536", Settings { max_head: 65536, ..d() }),
        ("max_headers", "50", "50", Settings { max_headers: 50, ..d() }),
        ("max_body", "unlimited", "'unlimited'", Settings { max_body: BodyLimit::Unlimited, ..d() }),
        ("body_buffer", "0", "0", Settings { body_buffer: 0, ..d() }),
        ("body_timeout", "0.5", "0.5", Settings { body_timeout: TimeLimit::After(seconds(0.5)), ..d() }),
        ("slow_request", "0.5", "0.5", Settings { slow_request: TimeLimit::After(seconds(0.5)), ..d() }),
        ("allowed_hosts", "a", "'a'", Settings { allowed_hosts: vec!["a".into()], ..d() }),
        ("strict_slashes", "false", "false", Settings { strict_slashes: false, ..d() }),
        (
            "trusted_proxies",
            "10.0.0.0/8",
            "'10.0.0.0/8'",
            Settings { trusted_proxies: peers("10.0.0.0/8"), ..d() },
        ),
        (
            "forwarded_headers",
            "x-forwarded",
            "'x-forwarded'",
            Settings { forwarded_headers: ForwardedHeaders::XForwarded, ..d() },
        ),
        ("proxy_protocol", "unix", "'unix'", Settings { proxy_protocol: peers("unix"), ..d() }),
        ("head_timeout", "0.5", "0.5", Settings { head_timeout: TimeLimit::After(seconds(0.5)), ..d() }),
        ("preface_timeout", "2", "2", Settings { preface_timeout: TimeLimit::seconds(2), ..d() }),
        (
            "write_timeout",
            "unlimited",
            "'unlimited'",
            Settings { write_timeout: TimeLimit::Unlimited, ..d() },
        ),
        ("min_rate", "off", "'off'", Settings { min_rate: MinRate::Off, ..d() }),
        ("max_connections", "9", "9", Settings { max_connections: CountLimit::Most(9), ..d() }),
        (
            "max_connection_requests",
            "unlimited",
            "'unlimited'",
            Settings { max_connection_requests: CountLimit::Unlimited, ..d() },
        ),
        ("max_connection_age", "60", "60.0", Settings { max_connection_age: TimeLimit::seconds(60), ..d() }),
        ("http2", "false", "false", Settings { http2: false, ..d() }),
        ("h2_max_streams", "7", "7", Settings { h2_max_streams: 7, ..d() }),
        ("h2_stream_window", "65535", "65_535", Settings { h2_stream_window: 65_535, ..d() }),
        ("h2_connection_window", "2MiB", "'2MiB'", Settings { h2_connection_window: 2 << 20, ..d() }),
        ("h2_ping_interval", "5", "5", Settings { h2_ping_interval: TimeLimit::seconds(5), ..d() }),
        ("h2_ping_timeout", "3", "3", Settings { h2_ping_timeout: seconds(3.0), ..d() }),
        ("h2_max_resets", "8", "8", Settings { h2_max_resets: 8, ..d() }),
        (
            "websocket_max_message",
            "64KiB",
            "'64KiB'",
            Settings { websocket_max_message: BodyLimit::Bytes(64 << 10), ..d() },
        ),
        ("websocket_max_frame", "125", "125", Settings { websocket_max_frame: BodyLimit::Bytes(125), ..d() }),
        ("websocket_max_fragments", "1", "1", Settings { websocket_max_fragments: 1, ..d() }),
        (
            "websocket_write_buffer",
            "unlimited",
            "'unlimited'",
            Settings { websocket_write_buffer: BodyLimit::Unlimited, ..d() },
        ),
        ("websocket_ping", "0", "0", Settings { websocket_ping: seconds(0.0), ..d() }),
        ("websocket_pong_timeout", "2.5", "2.5", Settings { websocket_pong_timeout: seconds(2.5), ..d() }),
        ("websocket_close_timeout", "1", "1", Settings { websocket_close_timeout: seconds(1.0), ..d() }),
        ("reload", "true", "true", Settings { reload: true, ..d() }),
        ("reload_watch", "views", "'views'", Settings { reload_watch: vec!["views".into()], ..d() }),
        ("cert_file", "a.pem", "'a.pem'", Settings { cert_file: vec!["a.pem".into()], ..d() }),
        ("tls_min", "1.3", "'1.3'", Settings { tls_min: TlsVersion::Tls13, ..d() }),
        ("tls_handshake_timeout", "2", "2", Settings { tls_handshake_timeout: TimeLimit::seconds(2), ..d() }),
        (
            "max_tls_handshakes",
            "unlimited",
            "'unlimited'",
            Settings { max_tls_handshakes: CountLimit::Unlimited, ..d() },
        ),
        ("log_level", "warn", "'warn'", Settings { log_level: "warn".parse().unwrap(), ..d() }),
        ("log_format", "json", "'json'", Settings { log_format: LogFormat::Json, ..d() }),
        ("access_log", "-", "'-'", Settings { access_log: AccessLog::Stdout, ..d() }),
    ]
}

#[test]
fn every_row_is_read_from_every_source() {
    let rows = one_of_each();
    assert_eq!(
        rows.len() + 6,
        ROWS.len(),
        "every row but `config` and those that need another one, which have tests of their own"
    );
    for (name, text, toml, expected) in rows {
        let flag = format!("--{}", name.replace('_', "-"));
        let variable = format!("PULSAR_{}", name.to_uppercase());
        alone(|start| {
            assert_eq!(Start { arguments: &[&flag, text], ..start }.first(), expected, "{flag}");
            assert_eq!(Start { arguments: &[&format!("{flag}={text}"), "serve"], ..start }.first(), expected);
            assert_eq!(Start { arguments: &["check", &flag, text], ..start }.first(), expected, "{flag}");
            assert_eq!(Start { variables: &[(&variable, text)], ..start }.first(), expected, "{variable}");
            let file = format!("{name} = {toml}");
            assert_eq!(Start { file: Some(("pulsar.toml", &file)), ..start }.first(), expected, "{file}");
            let app = Application::new("shop").with(name, text, "src/main.rs:1");
            let loader = Loader::new("shop", "1.2.3").application(app);
            assert_eq!(Start { loader: &loader, ..start }.first(), expected, "{name}");
        });
    }
}

#[test]
fn the_higher_source_wins_and_is_remembered() {
    let app = Application::new("shop").with("threads", "2", "src/main.rs:3");
    let loader = Loader::new("shop", "1.2.3").application(app);
    let start = Start { loader: &loader, arguments: &[], variables: &[], file: None };
    let with_file = Start { file: Some(("pulsar.toml", "\n  threads = 3")), ..start };
    let with_variable = Start { variables: &[("PULSAR_THREADS", "4"), ("HOME", "/")], ..with_file };
    let with_flag = Start { arguments: &["--threads", "5"], ..with_variable };
    let rows = [
        (start, 2, Origin::Attribute("src/main.rs:3".into()), "program (src/main.rs:3)"),
        (
            with_file,
            3,
            Origin::File { path: "pulsar.toml".into(), line: 2, column: 3 },
            "file (pulsar.toml:2)",
        ),
        (with_variable, 4, Origin::Environment("PULSAR_THREADS".into()), "environment (PULSAR_THREADS)"),
        (with_flag, 5, Origin::CommandLine("--threads".into()), "command line (--threads)"),
    ];
    for (start, threads, origin, shown) in rows {
        let settings = start.load().unwrap().settings;
        assert_eq!(settings.first().settings.threads, threads);
        assert_eq!(settings.first().origin("threads"), Some(&origin));
        assert_eq!(origin.to_string(), shown);
    }
}

#[test]
fn a_switch_needs_no_value() {
    for arguments in
        [&["--reload"][..], &["serve", "--reload"], &["--reload", "-w", "2", "serve"], &["--reload=true"]]
    {
        assert!(alone(|start| Start { arguments, ..start }.first()).reload, "{arguments:?}");
    }
    let variables = &[("PULSAR_RELOAD", "true")];
    let arguments = &["--reload=false"];
    assert!(!alone(|start| Start { arguments, variables, ..start }.first()).reload);
    let arguments = &["--reload-watch", "a", "--reload-watch", "b/c.html"];
    let settings = alone(|start| Start { arguments, ..start }.first());
    assert_eq!(settings.reload_watch, [Path::new("a"), Path::new("b/c.html")]);
    let arguments = &["--reload-watch", "off"];
    assert!(alone(|start| Start { arguments, ..start }.first()).reload_watch.is_empty());
}

#[test]
fn a_reload_by_itself_needs_workers() {
    let help = "help: set --workers to 1 and --concurrency to process, or leave --reload out\n";
    let rows: &[(&[&str], &str)] = &[
        (&["--reload", "--workers", "0"], "`workers` is 0"),
        (&["--reload", "--concurrency", "thread"], "`concurrency` is thread"),
    ];
    for (arguments, why) in rows {
        let message = alone(|start| Start { arguments, ..start }.message());
        let expected = format!(
            "error: `reload` replaces worker processes, and {why}\n   in: the flag --reload\n {help}"
        );
        assert!(message.starts_with(&expected), "{arguments:?}\n{message}");
    }
    let arguments = &["--reload", "serve-it"];
    let message = alone(|start| Start { arguments, ..start }.message());
    assert!(message.contains("`serve-it` is not one of `true`, `false`"), "{message}");
}

#[test]
fn several_addresses() {
    let expected = [bind(":1"), bind("unix:a.sock")];
    alone(|start| {
        for arguments in [
            &["-b", ":1", "-b", "unix:a.sock"][..],
            &["--bind=:1", "serve", "--bind", "unix:a.sock"],
            &["routes", "-b:1", "-bunix:a.sock"],
        ] {
            assert_eq!(Start { arguments, ..start }.first().bind, expected, "{arguments:?}");
        }
        let variables = &[("PULSAR_BIND", ":1, unix:a.sock")][..];
        assert_eq!(Start { variables, ..start }.first().bind, expected);
        let file = Some(("pulsar.toml", "bind = [\n  ':1',\n  'unix:a.sock',\n]"));
        assert_eq!(Start { file, ..start }.first().bind, expected);
        // A higher source replaces the addresses of a lower one; it does not add to them.
        assert_eq!(Start { arguments: &["-b", ":3"], variables, file, ..start }.first().bind, [bind(":3")]);
        // Port 0 is another port each time.
        assert_eq!(Start { arguments: &["-b:0", "-b:0"], ..start }.first().bind.len(), 2);
    });
    let app = Application::new("shop").with("bind", ":1", "a.rs:1").with("bind", "unix:a.sock", "a.rs:2");
    let loader = Loader::new("shop", "1").application(app);
    assert_eq!(alone(|start| Start { loader: &loader, ..start }.first()).bind, expected);
}

#[test]
fn the_settings_file() {
    alone(|start| {
        let named = Start { file: Some(("etc/shop.toml", "threads = 2")), ..start };
        assert_eq!(named.first().threads, 1, "a file that nobody names");
        let invocation = Start { arguments: &["-c", "etc/shop.toml"], ..named }.load().unwrap();
        assert_eq!(invocation.settings.first().settings.threads, 2);
        assert_eq!(invocation.settings.file(), Some("etc/shop.toml".as_ref()));
        let variables = &[("PULSAR_CONFIG", "etc/shop.toml")][..];
        assert_eq!(Start { variables, ..named }.first().threads, 2);
        // The command line says which file, and the other one is not looked at.
        let message = Start { variables, arguments: &["--config", "other.toml"], ..named }.message();
        assert_eq!(
            message,
            "error: cannot read the settings file `other.toml`: no such file\n   in: the flag --config\n"
        );
        assert_eq!(
            Start { arguments: &["-c", ""], ..start }.message(),
            "error: config: the path is empty\n   in: the flag --config\n help: write the path of a file\n"
        );
    });
}

#[test]
fn a_file_that_cannot_be_read_is_never_passed_over() {
    let asked = RefCell::new(Vec::new());
    let exit = Loader::new("shop", "1.2.3")
        .load(["shop"], [], |path| {
            asked.borrow_mut().push(path.to_owned());
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "permission denied"))
        })
        .unwrap_err();
    assert_eq!(
        exit.message,
        "error: cannot read the settings file `pulsar.toml`: permission denied\n   in: the working directory\n"
    );
    assert_eq!(asked.into_inner(), [PathBuf::from("pulsar.toml")]);
}

#[test]
fn mistakes_in_the_file() {
    let rows = [
        (
            "threads = 2\nbidn = ':80'\n",
            "error: unknown setting `bidn`\n   in: pulsar.toml:2:1\n help: did you mean `bind`?\n",
        ),
        (
            "keep-alive = 3",
            "error: unknown setting `keep-alive`\n   in: pulsar.toml:1:1\n help: did you mean `keep_alive`?\n",
        ),
        (
            "config = 'x'",
            "error: `config` cannot be set in the settings file itself\n   in: pulsar.toml:1:1\n help: use the flag \
             --config or the variable PULSAR_CONFIG\n",
        ),
        (
            "threads = '2'",
            "error: threads: expected an integer, found a string\n   in: pulsar.toml:1:11\n help: write it without \
             quotes: `threads = 2`\n",
        ),
        (
            "keep_alive = true",
            "error: keep_alive: expected an integer or a float, found a boolean\n   in: pulsar.toml:1:14\n",
        ),
        (
            "log_level = 3",
            "error: log_level: expected a string, found an integer\n   in: pulsar.toml:1:13\n help: write it in \
             quotes\n",
        ),
        (
            "strict_slashes = 'false'",
            "error: strict_slashes: expected true or false, found a string\n   in: pulsar.toml:1:18\n help: write it \
             without quotes: `strict_slashes = false`\n",
        ),
        ("threads = [1]", "error: threads: expected an integer, found an array\n   in: pulsar.toml:1:11\n"),
        (
            "[bind]\nx = 1",
            "error: bind: expected a string or an array of them, found a table\n   in: pulsar.toml:1:1\n",
        ),
        (
            "backlog = 1979-05-27",
            "error: backlog: expected an integer, found a date\n   in: pulsar.toml:1:11\n",
        ),
        (
            "bind = []",
            "error: bind: the array is empty\n   in: pulsar.toml:1:8\n help: give it a value, or leave the key out \
             for the default\n",
        ),
        (
            "bind = [\n  ':80', # fine\n  'é', 7 ]",
            "error: bind: expected a string or an array of them, found an integer\n   in: pulsar.toml:3:8\n help: \
             write it in quotes\n\nerror: bind: `é` has no port\n   in: pulsar.toml:3:3\n help: write it after a \
             colon, such as `é:8060`\n",
        ),
        (
            "bind = [':80', ':80']",
            "error: bind: `:80` is given twice\n   in: pulsar.toml:1:16\n help: give it once\n",
        ),
        (
            "backlog = 99999999999999999999999999999999999999999",
            "error: backlog: `99999999999999999999999999999999999999999` is not a whole number from 1 to 65535\n   in: \
             pulsar.toml:1:11\n",
        ),
        ("threads = 1\nthreads = 2", "error: not TOML: duplicate key\n   in: pulsar.toml:2:1\n"),
        (
            "threads = \nlog_level = 'info\n",
            "error: not TOML: string values must be quoted, expected literal string\n   in: pulsar.toml:1:11\n\nerror: \
             not TOML: invalid literal string, expected `'`\n   in: pulsar.toml:2:18\n",
        ),
        (
            "apps = 3",
            "error: `apps` is not a table\n   in: pulsar.toml:1:8\n help: write `[apps.NAME]` and the settings of \
             that application below\n",
        ),
        (
            "[apps.shop]\nthreads = 2",
            "error: `[apps.shop]`, but this program has only one application\n   in: pulsar.toml:1:7\n help: write \
             its settings without a table, at the top of the file\n",
        ),
    ];
    for (text, expected) in rows {
        let message = alone(|start| Start { file: Some(("pulsar.toml", text)), ..start }.message());
        assert_eq!(message, expected, "{text}");
    }
}

#[test]
fn a_setting_like_no_other_is_told_which_there_are() {
    let text = "colour = 'x'";
    let message = alone(|start| Start { file: Some(("pulsar.toml", text)), ..start }.message());
    let names: Vec<_> = ROWS.iter().map(|row| row.name).filter(|name| *name != "config").collect();
    let known = format!("known here: {}, apps", names.join(", "));
    assert_eq!(message, format!("error: unknown setting `colour`\n   in: pulsar.toml:1:1\n help: {known}\n"));
}

#[test]
fn mistakes_in_the_environment() {
    let rows = [
        (
            ("PULSAR_BIDN", ":80"),
            "error: unknown variable `PULSAR_BIDN`\n   in: the environment variable PULSAR_BIDN\n help: did you mean \
             `PULSAR_BIND`?\n",
        ),
        (
            ("PULSAR_THREADS", ""),
            "error: the variable is empty\n   in: the environment variable PULSAR_THREADS\n help: give it a value, or \
             unset it\n",
        ),
        (
            ("PULSAR_BIND", ":80,"),
            "error: bind: the address is empty\n   in: the environment variable PULSAR_BIND\n help: write \
             `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, `unix:PATH` or `fd://N`\n",
        ),
    ];
    for (variable, expected) in rows {
        let message = alone(|start| Start { variables: &[variable], ..start }.message());
        assert_eq!(message, expected, "{variable:?}");
    }
}

/// Kubernetes has such variables for a service named `pulsar`.
#[test]
fn a_variable_of_somebody_else_with_our_prefix_is_reported_and_no_mistake() {
    let variables = ["PULSAR_SERVICE_HOST", "PULSAR_PORT", "PULSAR_PORT_80_TCP_ADDR", "PULSAR_HOME"];
    let invocation = Loader::new("shop", "1.0.0")
        .load(["shop"], variables.map(|name| (name.into(), "10.0.0.1".into())), |_: &_| {
            Err(io::ErrorKind::NotFound.into())
        })
        .unwrap();
    assert_eq!(
        invocation.ignored,
        ["PULSAR_HOME", "PULSAR_PORT", "PULSAR_PORT_80_TCP_ADDR", "PULSAR_SERVICE_HOST"]
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text() {
    use std::os::unix::ffi::OsStringExt as _;

    let bytes = OsString::from_vec(vec![0xff]);
    let not_found = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let exit = Loader::new("shop", "1")
        .load(["shop"], [("PULSAR_BIND".into(), bytes.clone()), (bytes.clone(), "x".into())], not_found)
        .unwrap_err();
    assert_eq!(
        exit.message,
        "error: the value is not valid UTF-8\n   in: the environment variable PULSAR_BIND\n"
    );
}

#[test]
fn mistakes_on_the_command_line() {
    let rows: &[(&[&str], &str)] = &[
        (
            &["--bidn", ":80"],
            "error: unexpected argument '--bidn' found\n\n  tip: a similar argument exists: '--bind'\n",
        ),
        (
            &["serve", "--thread", "2"],
            "error: unexpected argument '--thread' found\n\n  tip: a similar argument exists: '--threads'\n",
        ),
        (
            &["rotues"],
            "error: unrecognized subcommand 'rotues'\n\n  tip: a similar subcommand exists: 'routes'\n",
        ),
        (&["serve", "x"], "error: unexpected argument 'x' found\n"),
        (
            &["serve", "--json"],
            "error: unexpected argument '--json' found\n\n  tip: 'routes --json' exists\n\nUsage: shop serve [OPTIONS]\n\n\
             For more information, try '--help'.\n",
        ),
        (&["help", "rotues"], "error: unrecognized subcommand 'rotues'\n"),
        (&["--", "serve"], "error: unexpected argument 'serve' found\n"),
        (&["-q"], "error: unexpected argument '-q' found\n\nUsage: shop [OPTIONS] [COMMAND]\n"),
        (&["--bind"], "error: a value is required for '--bind <ADDR>' but none was supplied\n"),
        (&["-b"], "error: a value is required for '--bind <ADDR>' but none was supplied\n"),
        (
            &["--bind", "--threads", "2"],
            "error: a value is required for '--bind <ADDR>' but none was supplied\n",
        ),
        (
            &["--check-config=3"],
            "error: unexpected value '3' for '--check-config' found; no more were expected\n",
        ),
        (
            &["routes", "--json", "--json"],
            "error: the argument '--json' cannot be used multiple times\n\nUsage: shop routes [OPTIONS]\n",
        ),
        (
            &["--threads", "1", "--threads", "2"],
            "error: the argument '--threads <N>' cannot be used multiple times\n",
        ),
        (
            &["--threads", "1", "serve", "--threads", "2"],
            "error: the argument '--threads <N>' cannot be used multiple times\n",
        ),
        (
            &["--print-config", "routes"],
            "error: the argument '--print-config' cannot be used with the command 'routes'\n",
        ),
        (
            &["--print-config", "serve", "--check-config"],
            "error: the argument '--check-config' cannot be used with '--print-config'\n",
        ),
        (
            &["--threads", "-1"],
            "error: threads: `-1` is not a whole number from 1 to 1024\n   in: the flag --threads\n",
        ),
        (
            &["-w", "-1"],
            "error: workers: `-1` is not a whole number from 0 to 1024\n   in: the flag --workers\n",
        ),
        (
            &["-b", "fd://x"],
            "error: bind: `fd://x` does not end in the number of a descriptor\n   in: the flag --bind\n help: write \
             the number that the socket has in this process, such as `fd://3`\n",
        ),
        (&["-b", "fd://3", "-b", "fd://3"], "error: bind: `fd://3` is given twice\n   in: the flag --bind\n"),
        (
            &["--boot-timeout", "0"],
            "error: boot_timeout: `0` is no time at all\n   in: the flag --boot-timeout\n help: write a number of \
             seconds above 0, such as `60` or `0.5`\n",
        ),
        (
            &["--max-requests-jitter", "5"],
            "error: `max_requests_jitter` of `shop` has no `max_requests` to be added to\n   in: the flag \
             --max-requests-jitter\n help: set --max-requests too, or leave the other out\n",
        ),
        (
            &["--max-lifetime-jitter", "5"],
            "error: `max_lifetime_jitter` of `shop` has no `max_lifetime` to be added to\n   in: the flag \
             --max-lifetime-jitter\n help: set --max-lifetime too, or leave the other out\n",
        ),
        (
            &["--strict-slashes", "no"],
            "error: strict_slashes: `no` is not one of `true`, `false`\n   in: the flag --strict-slashes\n",
        ),
    ];
    for (arguments, expected) in rows {
        let message = alone(|start| Start { arguments, ..start }.message());
        assert!(message.starts_with(expected), "{arguments:?}\n{message}");
    }
}

#[test]
fn arguments_that_were_torn_or_left_out() {
    let missing = "error: a value is required for '--bind <ADDR>' but none was supplied\n\n";
    let known =
        "tip: known here: serve, routes, check, config, info, top, ping, reload, workers, stop, quit, help\n";
    let rows: &[(&[&str], &str, &str)] = &[
        (
            &[""],
            "error: an argument is empty\n",
            "tip: leave it out, or give the variable that it comes from",
        ),
        (&["stop", ""], "error: an argument is empty\n", "Usage: shop stop [OPTIONS]\n"),
        (&["workers", ""], "error: workers: `` is no number of workers\n", "tip: write a number from 1"),
        (&["-"], "error: unrecognized subcommand '-'\n", known),
        (&["-1"], "error: unrecognized subcommand '-1'\n", known),
        (&["help", "nothing"], "error: unrecognized subcommand 'nothing'\n", known),
        (&["--", "help"], "error: unexpected argument 'help' found\n", "Usage: shop [OPTIONS] [COMMAND]\n"),
        (
            &["--=x"],
            "error: unexpected argument '--=x' found\n",
            "tip: write the name of a flag behind '--'\n",
        ),
        (
            &["---bind"],
            "error: unexpected argument '---bind' found\n",
            "tip: a similar argument exists: '--bind'\n",
        ),
        (&["-=x"], "error: unexpected argument '-=' found\n", "For more information, try '--help'.\n"),
        (&["-xb", ":1"], "error: unexpected argument '-x' found\n", "For more information, try '--help'.\n"),
        (
            &["-rleoad"],
            "error: unexpected argument '-rleoad' found\n",
            "a similar argument exists: '--reload'\n",
        ),
        (&["-version"], "error: unexpected argument '-version' found\n", "exists: '--version'\n"),
        // Not the timeout `hreads`.
        (&["-threads", "2"], "error: unexpected argument '-threads' found\n", "exists: '--threads'\n"),
        (&["-threads=2"], "error: unexpected argument '-threads' found\n", "exists: '--threads'\n"),
        (&["-threats"], "error: timeout: `hreats` is not a number of seconds", "in: the flag --timeout\n"),
        (&["--help=routes"], "error: unexpected value 'routes' for '--help' found", "Usage: shop [OPTIONS]"),
        (&["stop", "--version="], "error: unexpected value '' for '--version' found", "Usage: shop stop"),
        (&["routes", "--json=no"], "error: unexpected value 'no' for '--json' found", "Usage: shop routes"),
        (&["routes", "--json", "no"], "error: unexpected argument 'no' found\n", "Usage: shop routes"),
        (&["serve", "serve"], "error: unexpected argument 'serve' found\n", "Usage: shop serve"),
        (&["--bind"], missing, "Usage: shop [OPTIONS] [COMMAND]\n"),
        (&["--bind", "--"], missing, "tip: if '--' is the value, write '--bind=--'\n"),
        (&["-b", "-x"], missing, "tip: if '-x' is the value, write '--bind=-x'\n"),
        (&["--bind=-x"], "error: bind: `-x` has no port\n", "in: the flag --bind\n"),
        (&["-b="], "error: bind: the address is empty\n", "help: write `HOST:PORT`"),
        (
            &["--reload", "--reload"],
            "error: the argument '--reload <BOOL>' cannot be used multiple times\n",
            "",
        ),
    ];
    for (arguments, expected, way_out) in rows {
        let message = alone(|start| Start { arguments, ..start }.message());
        assert!(message.starts_with(expected) && message.contains(way_out), "{arguments:?}\n{message}");
    }
}

#[test]
fn an_empty_value_is_one_of_no_setting() {
    for row in ROWS.iter() {
        let flag = format!("--{}", row.name.replace('_', "-"));
        for arguments in [&[&*format!("{flag}=")][..], &[&flag, ""]] {
            let message = alone(|start| Start { arguments, ..start }.message());
            let [name, place] = [format!("error: {}: ", row.name), format!("\n   in: the flag {flag}\n")];
            assert!(message.starts_with(&name) && message.contains(&place), "{arguments:?}\n{message}");
        }
    }
}

#[test]
fn certificates_that_do_not_go_together() {
    let rows: &[(&[&str], &str)] = &[
        (
            &["--key-file", "a.key"],
            "error: `key_file` of `shop` has no certificate that it belongs to\n   in: the flag --key-file\n help: set \
             --cert-file too, or leave the other out\n",
        ),
        (
            &["--ca-file", "ca.pem"],
            "error: `ca_file` of `shop` has no effect, since it does not speak HTTPS\n   in: the flag --ca-file\n help: \
             set --cert-file too, or leave the other out\n",
        ),
        (
            &["--client-verify", "required", "--ca-file", "ca.pem"],
            "error: `client_verify` of `shop` has no effect, since it does not speak HTTPS\n   in: the flag \
             --client-verify\n help: set --cert-file too, or leave the other out\n",
        ),
        (
            &["--cert-file", "a.pem", "--cert-file", "b.pem", "--key-file", "a.key"],
            "error: `shop` has 2 certificates, but 1 key\n   in: the flag --key-file\n help: give --key-file as often \
             as --cert-file and in the same order, or not at all if the files of the certificates have the keys in them\n",
        ),
        (
            &["--cert-file", "a.pem", "--client-verify", "optional"],
            "error: `client_verify` of `shop` has nothing to verify certificates of clients with\n   in: the flag \
             --client-verify\n help: set --ca-file to the file of whoever issues them\n",
        ),
        (
            &["--cert-file", "a.pem", "--ca-file", "ca.pem"],
            "error: `ca_file` of `shop` has no effect, since no client is asked for a certificate\n   in: the flag \
             --ca-file\n help: set --client-verify to required or optional, or leave the other out\n",
        ),
        (
            &["--cert-file", "a.pem", "-b", "unix:a.sock"],
            "error: `cert_file` of `shop` has no effect, since unix sockets stay plain\n   in: the flag --cert-file\n \
             help: give --bind an address of TCP, or leave the other out\n",
        ),
        (
            &["--cert-file", "a.pem", "--cert-file", "a.pem"],
            "error: cert_file: `a.pem` is given twice\n   in: the flag --cert-file\n help: give it once\n",
        ),
    ];
    for (arguments, expected) in rows {
        let message = alone(|start| Start { arguments, ..start }.message());
        assert!(message.starts_with(expected), "{arguments:?}\n{message}");
    }
}

#[test]
fn mistakes_in_commands_to_an_instance() {
    let rows: &[(&[&str], &str)] = &[
        (&["reload", "--json"], "error: unexpected argument '--json' found\n"),
        (&["info", "--wait"], "error: unexpected argument '--wait' found\n"),
        (&["stop", "now"], "error: unexpected argument 'now' found\n"),
        (&["workers"], "error: the following required arguments were not provided:\n  <N|+N|-N>\n"),
        (&["workers", "-1", "2"], "error: workers: unknown application `-1`\n\n  tip: known here: shop\n"),
        (
            &["workers", "shopp", "2"],
            "error: workers: unknown application `shopp`\n\n  tip: did you mean `shop`?\n",
        ),
        (
            &["workers", "wsgi2"],
            "error: workers: `wsgi2` is no number of workers\n\n  tip: write a number from 1 to 1024 such as `4`, or \
             `+1` or `-1` for more or fewer\n",
        ),
        (
            &["workers", "Shop", "0"],
            "error: workers: `0` is no number of workers\n\n  tip: write a number from 1 to 1024 such as `4`, or `+1` \
             or `-1` for more or fewer\n",
        ),
        (
            &["workers", "--", "--1"],
            "error: workers: `--1` is no number of workers\n\n  tip: write a number from 1 to 1024 such as `4`, or \
             `+1` or `-1` for more or fewer\n",
        ),
        (&["workers", "Shop", "1", "2"], "error: unexpected argument '2' found\n"),
        (
            &["reload", "--threads", "0"],
            "error: threads: `0` is not a whole number from 1 to 1024\n   in: the flag --threads\n",
        ),
        (
            &["reload", "-c", "missing.toml"],
            "error: cannot read the settings file `missing.toml`: no such file\n   in: the flag --config\n",
        ),
    ];
    for (arguments, expected) in rows {
        let message = alone(|start| Start { arguments, ..start }.message());
        assert!(message.starts_with(expected), "{arguments:?}\n{message}");
    }
}

#[test]
fn all_mistakes_of_all_sources_are_told_at_once() {
    let app =
        Application::new("shop").with("thread", "2", "src/main.rs:3").with("backlog", "0", "src/main.rs:4");
    let loader = Loader::new("shop", "1.2.3").application(app);
    let start = Start {
        loader: &loader,
        arguments: &["--threads", "many"],
        variables: &[("PULSAR_MAXBODY", "1"), ("PULSAR_KEEP_ALIVE", "30s")],
        // Also a value that the command line replaces is checked.
        file: Some(("pulsar.toml", "threads = 0\nlog_lvel = 'info'\n")),
    };
    assert_eq!(
        start.message(),
        "\
error: unknown setting `log_lvel`
   in: pulsar.toml:2:1
 help: did you mean `log_level`?

error: unknown variable `PULSAR_MAXBODY`
   in: the environment variable PULSAR_MAXBODY
 help: did you mean `PULSAR_MAX_BODY`?

error: unknown setting `thread`
   in: src/main.rs:3
 help: did you mean `threads`?

error: backlog: `0` is not a whole number from 1 to 65535
   in: src/main.rs:4

error: threads: `0` is not a whole number from 1 to 1024
   in: pulsar.toml:1:11

error: keep_alive: `30s` is not a number of seconds from 0 to 31536000
   in: the environment variable PULSAR_KEEP_ALIVE
 help: write seconds without a unit, such as `30` or `0.5`

error: threads: `many` is not a whole number from 1 to 1024
   in: the flag --threads
"
    );
}

#[test]
fn applications_have_settings_of_their_own() {
    two(|start| {
        let settings = Start {
            arguments: &["--admin-bind", ":9000", "-b", ":80", "routes", "--admin-bind", ":9001"],
            variables: &[("PULSAR_ADMIN_KEEP_ALIVE", "5"), ("PULSAR_LOG_LEVEL", "warn")],
            file: Some((
                "pulsar.toml",
                "threads = 2\nkeep_alive = 9\n[apps.admin]\nbacklog = 7\nbind = ':1'",
            )),
            ..start
        }
        .load()
        .unwrap()
        .settings;
        let shop = &settings.first().settings;
        let admin = &settings.application("admin").unwrap().settings;
        assert_eq!(
            (&shop.bind[..], &admin.bind[..]),
            (&[bind(":80")][..], &[bind(":9000"), bind(":9001")][..])
        );
        assert_eq!((shop.threads, admin.threads), (2, 1), "the first application's own");
        assert_eq!((shop.keep_alive.as_secs(), admin.keep_alive.as_secs()), (9, 5));
        assert_eq!((shop.backlog, admin.backlog), (2048, 7));
        assert_eq!((shop.log_level.directives(), admin.log_level.directives()), ("warn", "warn"));
        assert_eq!(settings.application("nobody"), None);
    });
}

#[test]
fn every_row_of_an_application_takes_its_name_in_front() {
    for (name, text, toml, expected) in one_of_each() {
        if ROWS.iter().any(|row| row.name == name && row.scope == Scope::Program) {
            continue;
        }
        let flag = format!("--my-admin-{}", name.replace('_', "-"));
        let variable = format!("PULSAR_MY_ADMIN_{}", name.to_uppercase());
        let file = format!("[apps.My-admin]\n{name} = {toml}");
        let loader = Loader::new("shop", "1.2.3")
            .application(Application::new("shop").with("bind", ":9", "src/main.rs:1"))
            .application(Application::new("my_admin"));
        let start = Start { loader: &loader, arguments: &[], variables: &[], file: None };
        for start in [
            Start { arguments: &[&flag, text], ..start },
            Start { variables: &[(&variable, text)], ..start },
            Start { file: Some(("pulsar.toml", &file)), ..start },
        ] {
            let settings = start.load().unwrap_or_else(|exit| panic!("{exit}")).settings;
            assert_eq!(settings.application("my_admin").unwrap().settings, expected, "{name}");
            let first = Settings { bind: vec![bind(":9")], ..Settings::default() };
            assert_eq!(settings.first().settings, first, "{name}");
        }
    }
}

#[test]
fn mistakes_with_applications() {
    let file = |text| two(|start| Start { file: Some(("pulsar.toml", text)), ..start }.message());
    let variable = |name| two(|start| Start { variables: &[(name, "3")], ..start }.message());
    let arguments = |arguments: &[&str]| two(|start| Start { arguments, ..start }.message());
    assert_eq!(
        file("[apps.amdin]\nthreads = 2"),
        "error: unknown application `amdin`\n   in: pulsar.toml:1:7\n help: did you mean `admin`?\n"
    );
    assert_eq!(
        file("[apps.blog]\nthreads = 2"),
        "error: unknown application `blog`\n   in: pulsar.toml:1:7\n help: known here: shop, admin\n"
    );
    assert_eq!(
        file("[apps]\nadmin = 3"),
        "error: `apps.admin` is not a table\n   in: pulsar.toml:2:1\n help: write `[apps.admin]` and its settings \
         below\n"
    );
    assert_eq!(
        file("[apps.admin]\nlog_level = 'info'\nbidn = 3"),
        "error: `log_level` is a setting of the whole program\n   in: pulsar.toml:2:1\n help: write it at the top of \
         the file, above all tables\n\nerror: unknown setting `bidn`\n   in: pulsar.toml:3:1\n help: did you mean \
         `bind`?\n"
    );
    assert_eq!(
        file("threads = 1\n[apps.shop]\nthreads = 2"),
        "error: `threads` is set twice\n   in: pulsar.toml:3:1\n help: it is also set in pulsar.toml:1:1; remove \
         one\n"
    );
    assert_eq!(
        variable("PULSAR_ADMIN_LOG_LEVEL"),
        "error: `log_level` is a setting of the whole program\n   in: the environment variable \
         PULSAR_ADMIN_LOG_LEVEL\n help: write `PULSAR_LOG_LEVEL`\n"
    );
    assert_eq!(
        variable("PULSAR_ADMIN_BACKLOGS"),
        "error: unknown variable `PULSAR_ADMIN_BACKLOGS`\n   in: the environment variable PULSAR_ADMIN_BACKLOGS\n \
         help: did you mean `PULSAR_ADMIN_BACKLOG`?\n"
    );
    assert_eq!(
        arguments(&["--threads", "2", "--shop-threads", "3"]),
        "error: `threads` is set twice\n   in: the flag --shop-threads\n help: it is also set in the flag --threads; \
         remove one\n"
    );
    assert_eq!(
        arguments(&["--admin-bind", "127.0.0.1:8060"]),
        "error: `shop` and `admin` both listen on 127.0.0.1:8060\n   in: the flag --admin-bind\n help: give one of \
         them another address, such as --admin-bind :8061\n"
    );
    assert_eq!(
        arguments(&["--admin-workers", "0"]),
        "error: `admin` has no workers, but `shop` has\n   in: the flag --admin-workers\n help: --admin-workers 1 gives \
         it one; --workers 0 serves all applications in one process\n"
    );
    two(|start| Start { arguments: &["--workers", "0"], ..start }.load().unwrap());
    two(|start| Start { arguments: &["--workers", "0", "--admin-workers", "0"], ..start }.load().unwrap());
    assert_eq!(
        arguments(&["--admin-max-requests-jitter", "5", "--max-requests", "100"]),
        "error: `max_requests_jitter` of `admin` has no `max_requests` to be added to\n   in: the flag \
         --admin-max-requests-jitter\n help: set --admin-max-requests too, or leave the other out\n"
    );
    let loader =
        Loader::new("shop", "1").application(Application::new("a")).application(Application::new("b"));
    assert_eq!(
        two(|start| Start { loader: &loader, ..start }.message()),
        "error: `a` and `b` both listen on 127.0.0.1:8060\n   in: the defaults\n help: give one of them another \
         address, such as --b-bind :8061\n"
    );
    assert!(arguments(&["--amdin-bind", ":1"]).contains("tip: a similar argument exists: '--admin-bind'"));
    let loader =
        Loader::new("shop", "1").application(Application::new("a")).application(Application::new("a"));
    assert_eq!(
        two(|start| Start { loader: &loader, ..start }.message()),
        "error: more than one application is named `a`\n   in: the name of application 2\n help: give each a name of \
         its own\n"
    );
}

#[test]
fn commands() {
    let rows: &[(&[&str], Command)] = &[
        (&[], Command::Serve),
        (&["serve"], Command::Serve),
        (&["routes"], Command::Routes { json: false }),
        (&["routes", "--json"], Command::Routes { json: true }),
        (&["--threads", "2", "check"], Command::Check { json: false }),
        (&["check", "--json", "--threads", "2"], Command::Check { json: true }),
        (&["config"], Command::Config),
        (&["--print-config"], Command::Config),
        (&["serve", "--print-config"], Command::Config),
        (&["--check-config"], Command::CheckConfig),
        (&["info"], Command::Info { json: false }),
        (&["info", "--control-socket", "shop.ctl", "--json"], Command::Info { json: true }),
        (&["top"], Command::Top),
        (&["ping"], Command::Ping),
        (&["reload"], Command::Reload { wait: false }),
        (&["reload", "--wait"], Command::Reload { wait: true }),
        (&["workers", "4"], Command::Workers { app: None, change: Change::Set(4) }),
        (&["workers", "-1"], Command::Workers { app: None, change: Change::Remove(1) }),
        (&["workers", "+2"], Command::Workers { app: None, change: Change::Add(2) }),
        (&["workers", "Shop", "+1"], Command::Workers { app: Some("shop".into()), change: Change::Add(1) }),
        (
            &["workers", "Shop", "-1"],
            Command::Workers { app: Some("shop".into()), change: Change::Remove(1) },
        ),
        (
            &["workers", "-12", "--control-socket", "shop.ctl"],
            Command::Workers { app: None, change: Change::Remove(12) },
        ),
        (
            &["--workers", "3", "workers", "--control-socket", "shop.ctl", "shop", "1024"],
            Command::Workers { app: Some("shop".into()), change: Change::Set(1024) },
        ),
        (&["stop"], Command::Stop),
        (&["quit"], Command::Quit),
    ];
    for (arguments, command) in rows {
        let invocation = alone(|start| Start { arguments, ..start }.load()).unwrap();
        assert_eq!(&invocation.command, command, "{arguments:?}");
    }
}

/// A file or an environment with mistakes must not keep anybody from stopping the program.
#[test]
fn commands_to_an_instance_take_what_can_be_read() {
    let broken = "backlog = 0\ncontrol_socket = 'shop.ctl'\nbnid = ':80'\n[apps.blog]\nthreads = 2\n";
    let torn = "threads = \ncontrol_socket = 'shop.ctl'\n";
    let variables =
        &[("PULSAR_BNID", "x"), ("PULSAR_KEEP_ALIVE", "long"), ("PULSAR_MAX_REQUESTS_JITTER", "5")][..];
    let expected = ControlSocket::Path("shop.ctl".into());
    for command in [&["info"][..], &["top"], &["ping"], &["reload"], &["workers", "-1"], &["stop"], &["quit"]]
    {
        for file in [broken, torn] {
            alone(|start| {
                let start =
                    Start { arguments: command, variables, file: Some(("pulsar.toml", file)), ..start };
                let settings = start.first();
                assert_eq!(settings.control_socket, expected, "{command:?} {file}");
                assert_eq!(settings.keep_alive, Settings::default().keep_alive);
                assert_eq!(settings.backlog, Settings::default().backlog);
                // What serves is refused.
                Start { arguments: &["check"], ..start }.message();
            });
        }
    }
    alone(|start| {
        let start = Start { arguments: &["stop"], ..start };
        // The higher source wins here too, and one that cannot be read does not.
        let variables = &[("PULSAR_CONTROL_SOCKET", "other.ctl")][..];
        let file = Some(("pulsar.toml", broken));
        let other = ControlSocket::Path("other.ctl".into());
        assert_eq!(Start { variables, file, ..start }.first().control_socket, other);
        let variables = &[("PULSAR_CONTROL_SOCKET", "")][..];
        assert_eq!(Start { variables, file, ..start }.first().control_socket, expected);
        let variables = &[("PULSAR_CONFIG", "missing.toml")][..];
        assert_eq!(Start { variables, ..start }.first().control_socket, ControlSocket::Auto);
        let start = Start { arguments: &["stop", "-c", "shop.toml"], ..start };
        assert_eq!(Start { file: Some(("shop.toml", torn)), ..start }.first().control_socket, expected);
    });
    let exit = Loader::new("shop", "1")
        .load(["shop", "stop"], [], |_| {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "permission denied"))
        })
        .map(|invocation| invocation.command);
    assert_eq!(exit, Ok(Command::Stop), "a file that may not be read");
}

/// A program whose settings are read anew, as at HUP, asks the same loader with the same arguments and variables.
#[test]
fn a_loader_can_be_asked_again() {
    alone(|start| {
        let start = Start { arguments: &["--threads", "2"], variables: &[("PULSAR_BACKLOG", "9")], ..start };
        let file = |text| Start { file: Some(("pulsar.toml", text)), ..start };
        let first = file("workers = 2").load().unwrap();
        assert_eq!(file("workers = 2").load().unwrap(), first);
        let settings = file("workers = 3").first();
        assert_eq!((settings.workers, settings.threads, settings.backlog), (3, 2, 9));
        file("wrokers = 3").message();
        assert_eq!(file("workers = 2").load().unwrap(), first);
    });
}

#[test]
fn a_jitter_has_something_to_be_added_to() {
    alone(|start| {
        let arguments = &["--max-requests", "1000", "--max-lifetime-jitter", "5"][..];
        let variables = &[("PULSAR_MAX_REQUESTS_JITTER", "50")][..];
        let settings =
            Start { arguments, variables, file: Some(("pulsar.toml", "max_lifetime = 60")), ..start }.first();
        assert_eq!((settings.max_requests, settings.max_requests_jitter), (1000, 50));
        assert_eq!((settings.max_lifetime.as_secs(), settings.max_lifetime_jitter.as_secs()), (60, 5));
        // It is longer than `graceful_timeout`, which is nobody's mistake.
        assert_eq!(Start { arguments: &["--drain-delay", "60"], ..start }.first().drain_delay.as_secs(), 60);
    });
}

#[test]
fn event_loops_are_those_of_one_process() {
    let (process, thread) = (Concurrency::Process, Concurrency::Thread);
    for (concurrency, workers, threads, expected) in [
        (process, 1, 1, 1),
        (process, 0, 4, 4),
        (process, 3, 4, if cfg!(unix) { 4 } else { 12 }),
        (thread, 3, 4, 12),
        (thread, 0, 4, 4),
        (thread, 1024, 1024, 1024),
    ] {
        let settings = Settings { workers, concurrency, threads, ..Settings::default() };
        assert_eq!(settings.event_loops(), expected, "{concurrency} {workers} {threads}");
    }
}

#[test]
fn settings_of_another_process() {
    let shop = Settings { threads: 3, ..Settings::default() };
    let admin = Settings { bind: vec![bind(":9")], ..Settings::default() };
    let resolved = Resolved::from_parts(vec![("shop".into(), shop.clone()), ("admin".into(), admin.clone())]);
    assert_eq!(resolved.first().settings, shop);
    assert_eq!(resolved.application("admin").unwrap().settings, admin);
    assert_eq!(resolved.application("admin").unwrap().origin("bind"), Some(&Origin::Default));
    assert_eq!(resolved.file(), None);
    // `--print-config` shows what there is to know.
    assert!(resolved.print_config().contains("[apps.admin]"));
}

#[test]
fn print_config_shows_values_and_origins() {
    let shown = two(|start| {
        Start {
            arguments: &["-b", ":80", "-b", "unix:/run/shop.sock", "config"],
            variables: &[("PULSAR_ADMIN_THREADS", "2")],
            file: Some(("pulsar.toml", "\nmax_body = 1048576\n")),
            ..start
        }
        .load()
        .unwrap()
        .settings
        .print_config()
    });
    // Every row, in three columns; those of the program alone are not there for the second application.
    let (first, admin) = shown.split_once("\n\n[apps.admin]\n").unwrap();
    for (part, rows) in [
        (first, ROWS.iter().collect::<Vec<_>>()),
        (admin, ROWS.iter().filter(|row| row.scope == Scope::Application).collect()),
    ] {
        let lines: Vec<_> = part.lines().collect();
        assert_eq!(lines.len(), rows.len(), "{shown}");
        for (row, line) in rows.iter().zip(lines) {
            let columns: Vec<_> =
                line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
            let expected = match (row.name, part == first) {
                ("bind", true) => [row.name, ":80, unix:/run/shop.sock", "command line (--bind)"],
                ("max_body", true) => [row.name, "1MiB", "file (pulsar.toml:2)"],
                ("bind", false) => [row.name, "127.0.0.1:8061", "program (src/main.rs:7)"],
                ("threads", false) => [row.name, "2", "environment (PULSAR_ADMIN_THREADS)"],
                _ => [row.name, row.default, "default"],
            };
            assert_eq!(columns, expected, "{shown}");
        }
    }
    let edges = |text: &str| text.lines().next().unwrap().find("command").unwrap();
    assert!(
        first.lines().skip(1).all(|line| line.find("default").is_none_or(|at| at == edges(first))),
        "{shown}"
    );
    let alone = alone(|start| start.load().unwrap().settings.print_config());
    let last = alone.lines().last().unwrap();
    assert!(last.starts_with("config  ") && last.ends_with("  default, no such file"), "{alone}");
}

#[test]
fn the_help_lists_every_row() {
    for (arguments, long) in [
        (&["-h"][..], false),
        (&["--help"], true),
        (&["serve", "-h"], false),
        (&["routes", "--help"], true),
        (&["help"], true),
    ] {
        let exit = alone(|start| Start { arguments, ..start }.load()).unwrap_err();
        assert!(exit.is_success(), "{exit}");
        for row in ROWS.iter() {
            let short = row.short.map(|short| format!("-{short}, ")).unwrap_or_default();
            let value = format!("<{}>", row.value_name);
            let value = if row.is_switch() { format!("[{value}]") } else { value };
            let flag = format!("{short}--{} {value}", row.name.replace('_', "-"));
            assert!(exit.message.contains(&flag), "{arguments:?} {flag}\n{exit}");
            assert!(exit.message.contains(row.help), "{arguments:?} {}\n{exit}", row.help);
            assert!(exit.message.contains(&format!("[default: {}]", row.default)), "{arguments:?}\n{exit}");
            let variable = format!("[variable: PULSAR_{}]", row.name.to_uppercase());
            assert_eq!(exit.message.contains(&variable), long, "{arguments:?}\n{exit}");
            assert!(exit.message.contains(&format!("{}:\n", row.section)), "{arguments:?}\n{exit}");
        }
        let longest = exit.message.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(116), "{exit}");
    }
    let help = two(|start| Start { arguments: &["--help"], ..start }.load()).unwrap_err().message;
    assert!(!help.contains("--admin-threads"), "{help}");
    assert!(help.contains("Applications: shop, admin."), "{help}");
    assert!(help.contains("--admin-bind ADDR"), "{help}");
}

#[test]
fn the_help_of_a_command() {
    for (arguments, expected) in [
        (&["workers", "-h"][..], "[APP]      The application; the first one unless it is named\n"),
        (&["help", "workers"], "[APP]\n          The application; the first one unless it is named\n"),
    ] {
        let help = alone(|start| Start { arguments, ..start }.load()).unwrap_err().message;
        let expected = format!(
            "Change the number of workers of the running instance\n\nUsage: shop workers [OPTIONS] [APP] <N|+N|-N>\n\n\
             Arguments:\n  {expected}"
        );
        assert!(help.starts_with(&expected), "{help}");
        assert!(!help.contains("--check-config") && help.contains("\n  -V, --version"), "{help}");
    }
}

#[test]
fn flags_are_written_in_several_ways() {
    for arguments in [
        &["--bind", ":81", "--workers", "2"][..],
        &["--bind=:81", "--workers=2"],
        &["-b", ":81", "-w", "2"],
        &["-b:81", "-w2"],
        &["-b=:81", "serve", "-w=2"],
        &["serve", "--workers", "2", "-b", ":81"],
    ] {
        let invocation = alone(|start| Start { arguments, ..start }.load()).unwrap();
        let settings = &invocation.settings.first().settings;
        assert_eq!((settings.bind[0].to_string(), settings.workers), (":81".into(), 2), "{arguments:?}");
    }
    for (arguments, expected) in [
        (&["--reload"][..], true),
        (&["--reload", "serve"], true),
        (&["serve", "--reload"], true),
        (&["--reload", "false", "serve"], false),
        (&["--reload=true"], true),
    ] {
        let invocation = alone(|start| Start { arguments, ..start }.load()).unwrap();
        assert_eq!(invocation.settings.first().settings.reload, expected, "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_argument_is_text() {
    use std::os::unix::ffi::OsStringExt;

    let arguments = [OsString::from("shop"), OsString::from_vec(b"-b\xff".to_vec())];
    let exit =
        Loader::new("shop", "1").load(arguments, [], |_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
    assert!(exit.message.starts_with("error: the argument '-b\u{fffd}' is not valid UTF-8\n"), "{exit}");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_shown_as_it_was_typed() {
    use std::os::unix::ffi::OsStringExt;

    let no_text = |shown: &str| {
        format!(
            "error: the argument '{shown}' is not valid UTF-8\n\n  tip: \u{fffd} stands for invalid UTF-8; "
        )
    };
    let unexpected = |shown: &str| format!("error: unexpected argument '{shown}' found\n");
    let rows: &[(&[&[u8]], String)] = &[
        (&[b"\xff"], no_text("\u{fffd}")),
        (&[b"-b", b"\xff:80"], no_text("\u{fffd}:80")),
        (&[b"-b=\xff"], no_text("-b=\u{fffd}")),
        (&[b"--bind=\xff:80"], no_text("--bind=\u{fffd}:80")),
        (&[b"--reload", b"\xff"], no_text("\u{fffd}")),
        (&[b"workers", b"--", b"-\xff"], no_text("-\u{fffd}")),
        (&[b"help", b"\xff"], no_text("\u{fffd}")),
        (&[b"-\xff"], unexpected("-\u{fffd}")),
        (&[b"--bi\xffnd=:80"], unexpected("--bi\u{fffd}nd")),
        (
            &[b"routes", b"--json=\xff"],
            "error: unexpected value '\u{fffd}' for '--json' found; no more were expected\n".into(),
        ),
    ];
    for (arguments, expected) in rows {
        let arguments = arguments.iter().map(|argument| OsString::from_vec(argument.to_vec()));
        let arguments = std::iter::once("shop".into()).chain(arguments);
        let loaded = Loader::new("shop", "1").load(arguments, [], |_| Err(io::ErrorKind::NotFound.into()));
        let exit = loaded.unwrap_err();
        assert!(exit.code == 2 && exit.message.starts_with(expected), "{expected}\n{exit}");
    }
}

#[test]
fn who_asks_for_help_is_given_it() {
    let usage = |arguments: &[&str]| {
        let exit = alone(|start| Start { arguments, ..start }.load()).unwrap_err();
        assert_eq!(exit.code, 0, "{arguments:?}\n{exit}");
        exit.message.lines().find_map(|line| line.strip_prefix("Usage: shop ")).unwrap_or_default().to_owned()
    };
    for arguments in [
        &["-hV"][..],
        &["-hx"],
        &["-help"],
        &["help"],
        &["help", "help"],
        &["help", "--help"],
        &["--reload", "help"],
        &["--help", "--bnid"],
    ] {
        assert_eq!(usage(arguments), "[OPTIONS] [COMMAND]", "{arguments:?}");
    }
    for arguments in [&["help", "stop", "now"][..], &["stop", "--help", "now"], &["--reload", "stop", "-h"]] {
        assert_eq!(usage(arguments), "stop [OPTIONS]", "{arguments:?}");
    }
    assert_eq!(usage(&["-Vh"]), "", "the version came first");
}

#[test]
fn the_version() {
    for arguments in [["-V"], ["--version"]] {
        let exit = alone(|start| Start { arguments: &arguments, ..start }.load()).unwrap_err();
        assert_eq!(exit, Exit { code: 0, message: "shop 1.2.3\n".into() });
    }
}
