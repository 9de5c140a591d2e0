//! Every row with values that it takes and values that it refuses.

use crate::settings::{
    peers::Peers,
    rows::{ROWS, index, row},
    typed::Settings,
};

macro_rules! not_seconds {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is not a number of seconds from 0 to 31536000 (write seconds without a unit, such as `30` or `0.5`)"
        )
    };
}

macro_rules! not_bytes {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is not a number of bytes (write bytes such as `65536`, `64KiB`, `8MiB`, `1GiB`, or `unlimited`)"
        )
    };
}

macro_rules! not_a_host {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is not a host (write a host such as `example.org`, `*.example.org` or `example.org:8060`)"
        )
    };
}

macro_rules! not_octal {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is not a number of three octal digits (write digits from 0 to 7 for owner, group and others, such as \
             `660` or `027`)"
        )
    };
}

macro_rules! no_peer {
    ($message:literal) => {
        concat!(
            $message,
            " (write an address such as `10.0.0.1`, a network such as `10.0.0.0/8` or `fd00::/8`, or `unix`; names are \
             not resolved)"
        )
    };
}

macro_rules! no_account {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is neither a name nor a number (write a name such as `www-data`, a number such as `33`, or `off`)"
        )
    };
}

macro_rules! no_time_limit {
    ($text:literal) => {
        concat!("`", $text, "` is no time at all (write seconds, such as `30` or `0.5`, or `unlimited`)")
    };
}

macro_rules! no_count_limit {
    ($text:literal) => {
        concat!("`", $text, "` is not a whole number from 1 to 4294967295 (write a number, or `unlimited`)")
    };
}

macro_rules! no_window {
    ($text:literal) => {
        concat!(
            "`",
            $text,
            "` is not a number of bytes from 65535 to 2147483647 (write a size such as `256KiB` or `1MiB`)"
        )
    };
}

/// Sets one value as a source would and says what it has become or what is wrong with it.
fn set(name: &str, text: &str) -> Result<String, String> {
    let row = row(name).expect("a name of the table");
    let mut settings = Settings::default();
    if let Some(several) = row.several {
        (several.clear)(&mut settings);
    }
    (row.set)(&mut settings, text).map_err(|error| error.to_string())?;
    Ok((row.show)(&settings))
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_struct() {
    for row in ROWS.iter() {
        assert_eq!((row.show)(&Settings::default()), row.default, "{}", row.name);
        assert_eq!(set(row.name, row.default).as_deref(), Ok(row.default), "{}", row.name);
    }
}

#[test]
fn names_are_unique_and_sections_are_not_torn_apart() {
    for (at, row) in ROWS.iter().enumerate() {
        assert_eq!(index(row), at, "{} is there twice", row.name);
        assert!(
            row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{}",
            row.name
        );
        let torn = ROWS[..at].iter().any(|earlier| earlier.section == row.section)
            && ROWS[at - 1].section != row.section;
        assert!(!torn, "{} stands apart from its section", row.name);
        assert!(!row.help.ends_with('.') && row.details.ends_with('.'), "{}", row.name);
    }
}

#[test]
fn good_values_of_every_row() {
    assert_eq!(GOOD.len(), ROWS.len(), "every row has its values here");
    for (name, values) in GOOD {
        for (text, shown) in *values {
            assert_eq!(set(name, text).as_deref(), Ok(*shown), "{name} {text}");
            assert_eq!(set(name, shown).as_deref(), Ok(*shown), "{name}: what is shown reads back");
        }
    }
}

#[test]
fn what_is_changed_reads_back_in_another_process() {
    let owned = |changed: Vec<(&str, String)>| -> Vec<(String, String)> {
        changed.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
    };
    // Each value alone, then for each row the last of its values all together.
    let mut all = Settings::default();
    for (name, values) in GOOD {
        let row = row(name).expect("a name of the table");
        let mut differs = false;
        for (text, shown) in *values {
            let mut settings = Settings::default();
            if let Some(several) = row.several {
                (several.clear)(&mut settings);
            }
            (row.set)(&mut settings, text).unwrap();
            (row.set)(&mut all, text).unwrap();
            let changed = owned(settings.changed());
            differs |= !changed.is_empty();
            assert!(
                changed.is_empty() || changed == [((*name).to_owned(), (*shown).to_owned())],
                "{changed:?}"
            );
            assert_eq!(Settings::from_changed(&changed), Ok(settings), "{name} {text}");
        }
        assert!(differs, "{name} has a value here that is not its default");
    }
    assert_eq!(Settings::from_changed(&owned(all.changed())), Ok(all));
    assert_eq!(Settings::from_changed(&[]), Ok(Settings::default()));

    // A comma is no end of an address here, other than in a variable.
    let bind = vec!["unix:a, b.sock".parse().unwrap(), ":0".parse().unwrap(), ":0".parse().unwrap()];
    let settings = Settings { bind, ..Settings::default() };
    assert_eq!(Settings::from_changed(&owned(settings.changed())), Ok(settings));
}

#[test]
fn peers_are_kept_once_and_off_stands_alone() {
    let mut peers = Peers::default();
    for text in ["off", "10.0.0.1", "::1", "0::1", "10.0.0.1/32"] {
        peers.add(text).unwrap();
    }
    assert_eq!(peers.to_string(), "10.0.0.1, ::1");
    let error = peers.add("off").unwrap_err();
    assert_eq!(error.to_string(), "`off` stands beside `10.0.0.1` (write one or the other)");
}

#[test]
fn what_no_process_of_ours_has_written_is_refused() {
    for (changed, expected) in [
        (&[("colour", "red")][..], "there is no setting `colour`"),
        (&[("threads", "0")], "threads: `0` is not a whole number from 1 to 1024"),
        (&[("threads", "2"), ("threads", "2")], "threads: there are two values"),
    ] {
        let changed: Vec<_> = changed.iter().map(|&(name, text)| (name.into(), text.into())).collect();
        assert_eq!(Settings::from_changed(&changed), Err(expected.into()));
    }
}

#[test]
fn bad_values_of_every_row() {
    assert_eq!(BAD.len(), ROWS.len(), "every row has its values here");
    for (name, values) in BAD {
        for (text, message) in *values {
            assert_eq!(set(name, text), Err((*message).into()), "{name} {text}");
        }
    }
}

/// Values, and how each is shown.
const GOOD: &[(&str, &[(&str, &str)])] = &[
    (
        "bind",
        &[(":0", ":0"), ("fd://3", "fd://3"), ("unix:a.sock", "unix:a.sock"), ("localhost:1", "localhost:1")],
    ),
    ("backlog", &[("1", "1"), ("65535", "65535")]),
    ("socket_mode", &[("660", "660"), ("0600", "600"), ("007", "007"), ("777", "777")]),
    ("workers", &[("0", "0"), ("1", "1"), ("1024", "1024")]),
    ("concurrency", &[("process", "process"), ("thread", "thread")]),
    ("threads", &[("1", "1"), ("1024", "1024"), ("007", "7")]),
    ("thread_workers", &[("auto", "auto"), ("1", "1"), ("4096", "4096")]),
    ("thread_queue", &[("1", "1"), ("1000000", "1000000")]),
    ("timeout", &[("0", "0"), ("0.5", "0.5")]),
    ("boot_timeout", &[("0.1", "0.1"), ("120", "120")]),
    ("keep_alive", &[("0", "0"), ("0.5", "0.5"), ("75", "75"), (".25", "0.25")]),
    ("graceful_timeout", &[("0", "0"), ("2.5", "2.5"), ("31536000", "31536000")]),
    ("drain_delay", &[("0", "0"), ("5", "5")]),
    ("max_requests", &[("0", "0"), ("1000000000000", "1000000000000")]),
    ("max_requests_jitter", &[("0", "0"), ("50", "50")]),
    ("max_lifetime", &[("0", "0"), ("3600", "3600")]),
    ("max_lifetime_jitter", &[("0", "0"), ("0.5", "0.5")]),
    ("max_rss", &[("0", "0"), ("16777216", "16777216")]),
    ("reload_surge", &[("1", "1"), ("1024", "1024")]),
    ("reload", &[("true", "true"), ("false", "false")]),
    ("reload_watch", &[("off", "off"), ("views", "views"), ("/srv/a b", "/srv/a b")]),
    ("max_target", &[("64", "64"), ("8k", "8KiB"), ("63KiB", "63KiB")]),
    ("max_head", &[("1k", "1KiB"), ("40000", "40000"), ("1m", "1MiB")]),
    ("max_headers", &[("8", "8"), ("4096", "4096")]),
    ("body_buffer", &[("0", "0"), ("64k", "64KiB"), ("16m", "16MiB")]),
    ("body_timeout", &[("0.5", "0.5"), ("unlimited", "unlimited")]),
    ("slow_request", &[("0.5", "0.5"), ("unlimited", "unlimited")]),
    (
        "allowed_hosts",
        &[("any", "any"), ("Example.org", "example.org"), ("*.a", "*.a"), ("[::1]:80", "[::1]:80")],
    ),
    (
        "max_body",
        &[
            ("0", "0"),
            ("1000", "1000"),
            ("1024", "1KiB"),
            ("12b", "12"),
            ("64k", "64KiB"),
            ("64KiB", "64KiB"),
            ("1536 K", "1536KiB"),
            ("8m", "8MiB"),
            ("8 MiB", "8MiB"),
            ("2g", "2GiB"),
            ("2GIB", "2GiB"),
            ("unlimited", "unlimited"),
        ],
    ),
    ("strict_slashes", &[("true", "true"), ("false", "false")]),
    ("head_timeout", &[("0.2", "0.2"), ("10", "10"), ("unlimited", "unlimited")]),
    ("preface_timeout", &[("0.2", "0.2"), ("unlimited", "unlimited")]),
    ("write_timeout", &[("0.2", "0.2"), ("unlimited", "unlimited")]),
    ("min_rate", &[("1", "1"), ("500", "500"), ("off", "off")]),
    ("max_connections", &[("1", "1"), ("10000", "10000"), ("unlimited", "unlimited")]),
    ("max_connection_requests", &[("1", "1"), ("unlimited", "unlimited")]),
    ("max_connection_age", &[("0.2", "0.2"), ("3600", "3600"), ("unlimited", "unlimited")]),
    ("http2", &[("true", "true"), ("false", "false")]),
    ("h2_max_streams", &[("1", "1"), ("65535", "65535")]),
    ("h2_stream_window", &[("65535", "65535"), ("256k", "256KiB"), ("2147483647", "2147483647")]),
    ("h2_connection_window", &[("65535", "65535"), ("1m", "1MiB")]),
    ("h2_ping_interval", &[("0.2", "0.2"), ("unlimited", "unlimited")]),
    ("h2_ping_timeout", &[("0.2", "0.2"), ("10", "10")]),
    ("h2_max_resets", &[("1", "1"), ("65535", "65535")]),
    ("cert_file", &[("off", "off"), ("/etc/a.pem", "/etc/a.pem")]),
    ("key_file", &[("off", "off"), ("/etc/a.key", "/etc/a.key")]),
    ("ca_file", &[("off", "off"), ("/etc/ca.pem", "/etc/ca.pem")]),
    ("client_verify", &[("off", "off"), ("optional", "optional"), ("required", "required")]),
    ("tls_min", &[("1.2", "1.2"), ("1.3", "1.3")]),
    ("tls_handshake_timeout", &[("0.5", "0.5"), ("30", "30"), ("unlimited", "unlimited")]),
    ("max_tls_handshakes", &[("1", "1"), ("unlimited", "unlimited")]),
    (
        "trusted_proxies",
        &[
            ("off", "off"),
            ("unix", "unix"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1/32", "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("FD00::/8", "fd00::/8"),
            ("0:0::1", "::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ],
    ),
    ("forwarded_headers", &[("auto", "auto"), ("forwarded", "forwarded"), ("x-forwarded", "x-forwarded")]),
    ("proxy_protocol", &[("off", "off"), ("unix", "unix"), ("192.0.2.0/24", "192.0.2.0/24")]),
    (
        "websocket_max_message",
        &[("0", "0"), ("64MiB", "64MiB"), ("1024k", "1MiB"), ("unlimited", "unlimited")],
    ),
    ("websocket_max_frame", &[("125", "125"), ("1m", "1MiB"), ("unlimited", "unlimited")]),
    ("websocket_max_fragments", &[("1", "1"), ("4294967295", "4294967295")]),
    ("websocket_write_buffer", &[("0", "0"), ("64KiB", "64KiB"), ("unlimited", "unlimited")]),
    ("websocket_ping", &[("0", "0"), ("2.5", "2.5")]),
    ("websocket_pong_timeout", &[("0.5", "0.5"), ("60", "60")]),
    ("websocket_close_timeout", &[("0", "0"), ("1", "1")]),
    (
        "log_level",
        &[
            ("error", "error"),
            ("DEBUG", "DEBUG"),
            ("off", "off"),
            ("info,hyper=warn", "info,hyper=warn"),
            ("warn,[request{path}]=debug", "warn,[request{path}]=debug"),
        ],
    ),
    ("log_format", &[("text", "text"), ("json", "json")]),
    ("access_log", &[("-", "-"), ("off", "off"), ("/var/log/a.log", "/var/log/a.log")]),
    (
        "user",
        &[("off", "off"), ("www-data", "www-data"), ("33", "33"), ("0", "0"), ("DOMAIN\\ada", "DOMAIN\\ada")],
    ),
    ("group", &[("off", "off"), ("www-data", "www-data"), ("33", "33")]),
    ("umask", &[("off", "off"), ("027", "027"), ("0027", "027"), ("777", "777")]),
    ("pidfile", &[("off", "off"), ("/run/shop.pid", "/run/shop.pid")]),
    ("control_socket", &[("auto", "auto"), ("off", "off"), ("/run/shop.ctl", "/run/shop.ctl")]),
    ("config", &[("/etc/shop.toml", "/etc/shop.toml")]),
];

/// Values, and what is said about each.
const BAD: &[(&str, &[(&str, &str)])] = &[
    ("bind", &[("localhost", "`localhost` has no port (write it after a colon, such as `localhost:8060`)")]),
    (
        "backlog",
        &[
            ("0", "`0` is not a whole number from 1 to 65535"),
            ("65536", "`65536` is not a whole number from 1 to 65535"),
        ],
    ),
    ("socket_mode", &[("0o660", not_octal!("0o660")), ("66", not_octal!("66")), ("off", not_octal!("off"))]),
    (
        "workers",
        &[
            ("1025", "`1025` is not a whole number from 0 to 1024"),
            ("-1", "`-1` is not a whole number from 0 to 1024"),
            ("two", "`two` is not a whole number from 0 to 1024"),
        ],
    ),
    (
        "concurrency",
        &[
            ("threads", "`threads` is not one of `process`, `thread` (did you mean `thread`?)"),
            ("async", "`async` is not one of `process`, `thread`"),
        ],
    ),
    (
        "threads",
        &[
            ("0", "`0` is not a whole number from 1 to 1024"),
            ("1025", "`1025` is not a whole number from 1 to 1024"),
            ("+1", "`+1` is not a whole number from 1 to 1024"),
            ("1.5", "`1.5` is not a whole number from 1 to 1024"),
            ("", "`` is not a whole number from 1 to 1024"),
        ],
    ),
    (
        "thread_workers",
        &[
            ("0", "`0` is neither `auto` nor a whole number from 1 to 4096"),
            ("all", "`all` is neither `auto` nor a whole number from 1 to 4096"),
        ],
    ),
    ("thread_queue", &[("0", "`0` is not a whole number from 1 to 1000000")]),
    (
        "keep_alive",
        &[
            ("30s", not_seconds!("30s")),
            ("-1", not_seconds!("-1")),
            ("inf", not_seconds!("inf")),
            ("NaN", not_seconds!("NaN")),
            ("1e3", not_seconds!("1e3")),
            (".", not_seconds!(".")),
            ("", not_seconds!("")),
        ],
    ),
    ("timeout", &[("never", not_seconds!("never"))]),
    (
        "boot_timeout",
        &[
            ("1m", not_seconds!("1m")),
            ("0", "`0` is no time at all (write a number of seconds above 0, such as `60` or `0.5`)"),
            ("0.0", "`0.0` is no time at all (write a number of seconds above 0, such as `60` or `0.5`)"),
        ],
    ),
    ("drain_delay", &[("5s", not_seconds!("5s"))]),
    (
        "max_requests",
        &[
            ("-1", "`-1` is not a whole number from 0 to 1000000000000"),
            ("1000000000001", "`1000000000001` is not a whole number from 0 to 1000000000000"),
            (
                "99999999999999999999999",
                "`99999999999999999999999` is not a whole number from 0 to 1000000000000",
            ),
        ],
    ),
    ("max_requests_jitter", &[("10%", "`10%` is not a whole number from 0 to 1000000000000")]),
    ("max_lifetime", &[("1d", not_seconds!("1d"))]),
    ("max_lifetime_jitter", &[("1d", not_seconds!("1d"))]),
    ("max_rss", &[("512MiB", "`512MiB` is not a whole number from 0 to 16777216")]),
    (
        "reload_surge",
        &[
            ("0", "`0` is not a whole number from 1 to 1024"),
            ("25%", "`25%` is not a whole number from 1 to 1024"),
        ],
    ),
    ("graceful_timeout", &[("31536001", not_seconds!("31536001")), ("1.2.3", not_seconds!("1.2.3"))]),
    (
        "max_target",
        &[
            ("63", "`63` is not a number of bytes from 64 to 63KiB (write bytes such as `8192`, or `8KiB`)"),
            (
                "64k",
                "`64k` is not a number of bytes from 64 to 63KiB (write bytes such as `8192`, or `8KiB`)",
            ),
        ],
    ),
    (
        "max_head",
        &[(
            "unlimited",
            "`unlimited` is not a number of bytes from 1KiB to 1MiB (write bytes such as `8192`, or `8KiB`)",
        )],
    ),
    ("max_headers", &[("7", "`7` is not a whole number from 8 to 4096")]),
    (
        "body_buffer",
        &[("17m", "`17m` is not a number of bytes from 0 to 16MiB (write bytes such as `8192`, or `8KiB`)")],
    ),
    (
        "body_timeout",
        &[
            ("0", "`0` is no time at all (write seconds, such as `30` or `0.5`, or `unlimited`)"),
            (
                "off",
                "`off` is not a number of seconds from 0 to 31536000 (write seconds, such as `30` or `0.5`, or \
                 `unlimited`)",
            ),
        ],
    ),
    ("slow_request", &[("0", no_time_limit!("0"))]),
    (
        "allowed_hosts",
        &[("", not_a_host!("")), ("http://a", not_a_host!("http://a")), ("*.", not_a_host!("*."))],
    ),
    (
        "max_body",
        &[
            ("", not_bytes!("")),
            ("m", not_bytes!("m")),
            ("kb", not_bytes!("kb")),
            ("1.5m", not_bytes!("1.5m")),
            ("-1", not_bytes!("-1")),
            ("8 apples", not_bytes!("8 apples")),
            (
                "8MB",
                "`8MB` could mean steps of 1000 or of 1024 (write `KiB`, `MiB` or `GiB` for steps of 1024, or \
                 the number of bytes)",
            ),
            (
                "99999999999g",
                "`99999999999g` is more bytes than a machine can count (write `unlimited` if no limit is \
                 meant)",
            ),
        ],
    ),
    (
        "strict_slashes",
        &[
            ("ture", "`ture` is not one of `true`, `false` (did you mean `true`?)"),
            ("1", "`1` is not one of `true`, `false`"),
        ],
    ),
    ("head_timeout", &[("0", no_time_limit!("0"))]),
    ("preface_timeout", &[("0", no_time_limit!("0"))]),
    (
        "write_timeout",
        &[
            ("0", no_time_limit!("0")),
            (
                "off",
                "`off` is not a number of seconds from 0 to 31536000 (write seconds, such as `30` or `0.5`, or \
                 `unlimited`)",
            ),
        ],
    ),
    (
        "min_rate",
        &[(
            "0",
            "`0` is not a whole number from 1 to 4294967295 (write bytes per second, such as `500`, or `off`)",
        )],
    ),
    ("max_connections", &[("0", no_count_limit!("0")), ("off", no_count_limit!("off"))]),
    ("max_connection_requests", &[("0", no_count_limit!("0")), ("-1", no_count_limit!("-1"))]),
    ("max_connection_age", &[("0", no_time_limit!("0"))]),
    ("reload", &[("yes", "`yes` is not one of `true`, `false`")]),
    ("reload_watch", &[("", "the path is empty (write the path of a file, or `off`)")]),
    ("http2", &[("h2c", "`h2c` is not one of `true`, `false`")]),
    ("h2_max_streams", &[("0", "`0` is not a whole number from 1 to 65535")]),
    (
        "h2_stream_window",
        &[
            ("65534", no_window!("65534")),
            ("2g", no_window!("2g")),
            ("8g", no_window!("8g")),
            ("unlimited", no_window!("unlimited")),
            ("much", not_bytes!("much")),
        ],
    ),
    ("h2_connection_window", &[("1k", no_window!("1k"))]),
    ("h2_ping_interval", &[("0", no_time_limit!("0"))]),
    (
        "h2_ping_timeout",
        &[("0", "`0` is no time at all (write a number of seconds above 0, such as `60` or `0.5`)")],
    ),
    ("h2_max_resets", &[("0", "`0` is not a whole number from 1 to 65535")]),
    ("cert_file", &[("", "the path is empty (write the path of a file, or `off`)")]),
    ("key_file", &[("", "the path is empty (write the path of a file, or `off`)")]),
    ("ca_file", &[("", "the path is empty (write the path of a file)")]),
    (
        "client_verify",
        &[
            ("require", "`require` is not one of `off`, `optional`, `required` (did you mean `required`?)"),
            ("yes", "`yes` is not one of `off`, `optional`, `required`"),
        ],
    ),
    (
        "tls_min",
        &[
            ("1.1", "TLS 1.1 is broken, and not spoken here (RFC 8996) (write `1.2` or `1.3`)"),
            ("tls13", "`tls13` is not one of `1.2`, `1.3`"),
        ],
    ),
    ("tls_handshake_timeout", &[("0", no_time_limit!("0"))]),
    ("max_tls_handshakes", &[("0", no_count_limit!("0"))]),
    (
        "trusted_proxies",
        &[
            ("", no_peer!("the address is empty")),
            ("localhost", no_peer!("`localhost` is not an address")),
            ("10.0.0", no_peer!("`10.0.0` is not an address")),
            ("10.0.0.01", no_peer!("`10.0.0.01` is not an address")),
            ("/8", no_peer!("`/8` is not an address")),
            ("*", "`*` is not an address (for everybody write `0.0.0.0/0` and `::/0`)"),
            (
                "unix:/run/nginx.sock",
                "`unix:/run/nginx.sock` is not an address (clients of unix sockets have none; write `unix` for all \
                 of them)",
            ),
            (
                "10.0.0.0/8,::1",
                "`10.0.0.0/8,::1` is more than one peer (give the flag once for each; the file has an array of them)",
            ),
            ("[::1]", "`[::1]` stands in brackets (write `::1`)"),
            ("10.0.0.1:80", "`10.0.0.1:80` has a port, which says nothing about a peer (write `10.0.0.1`)"),
            ("[::1]:80", "`[::1]:80` has a port, which says nothing about a peer (write `::1`)"),
            (
                "10.0.0.1/8",
                "`10.0.0.1/8` is not a network, since it has bits behind its prefix (write `10.0.0.0/8`, or \
                 `10.0.0.1` for this address alone)",
            ),
            (
                "fd00::1/8",
                "`fd00::1/8` is not a network, since it has bits behind its prefix (write `fd00::/8`, or \
                 `fd00::1` for this address alone)",
            ),
            (
                "10.0.0.0/33",
                "the prefix of `10.0.0.0/33` is not a number from 0 to 32 (write how many bits the addresses have \
                 in common, such as `10.0.0.0/8`)",
            ),
            (
                "10.0.0.0/255.0.0.0",
                "the prefix of `10.0.0.0/255.0.0.0` is not a number from 0 to 32 (write how many bits the \
                 addresses have in common, such as `10.0.0.0/8`)",
            ),
            (
                "fd00::/",
                "the prefix of `fd00::/` is not a number from 0 to 128 (write how many bits the addresses have in \
                 common, such as `fd00::/32`)",
            ),
            (
                "10.0.0.0/+8",
                "the prefix of `10.0.0.0/+8` is not a number from 0 to 32 (write how many bits the addresses have \
                 in common, such as `10.0.0.0/8`)",
            ),
        ],
    ),
    (
        "forwarded_headers",
        &[
            (
                "X-Forwarded",
                "`X-Forwarded` is not one of `auto`, `forwarded`, `x-forwarded` (did you mean `x-forwarded`?)",
            ),
            ("none", "`none` is not one of `auto`, `forwarded`, `x-forwarded`"),
        ],
    ),
    ("proxy_protocol", &[("haproxy", no_peer!("`haproxy` is not an address"))]),
    ("websocket_max_message", &[("1.5m", not_bytes!("1.5m"))]),
    ("websocket_max_frame", &[("", not_bytes!(""))]),
    (
        "websocket_max_fragments",
        &[
            ("0", "`0` is not a whole number from 1 to 4294967295"),
            ("unlimited", "`unlimited` is not a whole number from 1 to 4294967295"),
        ],
    ),
    ("websocket_write_buffer", &[("off", not_bytes!("off"))]),
    ("websocket_ping", &[("20s", not_seconds!("20s"))]),
    (
        "websocket_pong_timeout",
        &[
            ("0", "`0` is no time at all (write a number of seconds above 0, such as `60` or `0.5`)"),
            ("never", not_seconds!("never")),
        ],
    ),
    ("websocket_close_timeout", &[("-1", not_seconds!("-1"))]),
    (
        "log_level",
        &[
            ("", "the level is empty (write one of `error`, `warn`, `info`, `debug`, `trace`, `off`)"),
            ("inof", "`inof` is not a level of the log (did you mean `info`?)"),
            ("info,wran", "`wran` is not a level of the log (did you mean `warn`?)"),
            (
                "info,hyper",
                "`hyper` is not a level of the log (write one of `error`, `warn`, `info`, `debug`, `trace`, \
                 `off`, or name a module with its level, such as `info,hyper=warn`)",
            ),
            (
                "hyper=loud",
                "`hyper=loud` is not a filter of the log: error parsing level filter: expected one of \
                 \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5 (write a level, or \
                 directives such as `info,hyper=warn`)",
            ),
        ],
    ),
    (
        "log_format",
        &[
            ("jsn", "`jsn` is not one of `text`, `json` (did you mean `json`?)"),
            ("xml", "`xml` is not one of `text`, `json`"),
        ],
    ),
    ("access_log", &[("", "the path is empty (write a path, `-` for the standard output, or `off`)")]),
    (
        "user",
        &[
            ("", no_account!("")),
            ("a b", no_account!("a b")),
            ("www:data", no_account!("www:data")),
            ("-1", no_account!("-1")),
            ("4294967295", no_account!("4294967295")),
        ],
    ),
    ("group", &[("", no_account!("")), ("99999999999", no_account!("99999999999"))]),
    (
        "umask",
        &[
            ("27", not_octal!("27")),
            ("028", not_octal!("028")),
            ("1027", not_octal!("1027")),
            ("+27", not_octal!("+27")),
        ],
    ),
    ("pidfile", &[("", "the path is empty (write the path of a file)")]),
    ("control_socket", &[("", "the path is empty (write the path of a socket, `auto`, or `off`)")]),
    ("config", &[("", "the path is empty (write the path of a file)")]),
];
