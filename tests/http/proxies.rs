//! Behind proxies: what they say of a client, and who is believed.
//!
//! Proves: a PROXY header of a peer that has to send one names the client of the connection, whatever pieces it comes in, and
//! anything else from there ends the connection; from others it is a bad request. Forwarding headers of a trusted peer give client, scheme, host and port to handlers, callables and the access log, whatever else
//! a client has put there; those of anybody else give nothing; a unix socket is trusted by its word.

use std::fs;

use pulsar::{
    Context, Method, Router,
    request::{ClientAddress, Connection, Origin},
    server::{AccessLog, AccessLogFormat, Address, ServerConfig},
    settings::{ForwardedHeaders, Peers},
    wsgi::{self, Application, Environ, StartResponse},
};
use pulsar_tests::{Folder, until};

use crate::support::{Log, Served};

fn peers(texts: &[&str]) -> Peers {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn config() -> ServerConfig {
    ServerConfig { binds: vec![Address::Tcp("127.0.0.1".into(), 0)], ..ServerConfig::default() }
}

/// A server that believes this machine and 10.0.0.0/8.
fn trusting() -> ServerConfig {
    ServerConfig { trusted_proxies: peers(&["127.0.0.1", "10.0.0.0/8"]), ..config() }
}

/// Client, whether its port is known, and origin.
async fn whoami(address: Option<ClientAddress>, connection: Connection, origin: Origin) -> String {
    let address = address.map_or("-".to_owned(), |ClientAddress(address)| address.to_string());
    assert_eq!(connection.client().map_or("-".to_owned(), |address| address.to_string()), address);
    assert_eq!(connection.scheme(), origin.scheme());
    let port = if connection.client_port().is_some() { " with port" } else { "" };
    format!("{address}{port} {origin}")
}

fn routes() -> pulsar::router::RouterService {
    Router::new().add(Method::GET, "/", whoami).compile(Context::default()).unwrap()
}

/// Headers, and what they come to if the peer is trusted.
const FORWARDED: &[(&[&str], &str)] = &[
    (&[], "127.0.0.1 with port http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9:4711"], "203.0.113.9 with port http://localhost"),
    (&["X-Forwarded-For: 2001:db8::9"], "2001:db8::9 http://localhost"),
    (&["X-Forwarded-For: [2001:db8::9]:4711"], "2001:db8::9 with port http://localhost"),
    (&["X-Forwarded-For: ::ffff:203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 198.51.100.1, 203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 10.0.0.7, 203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 127.0.0.1, 203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9, 10.0.0.2"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.0.0.2"], "203.0.113.9 http://localhost"),
    (&["X-Forwarded-For: 10.0.0.3, 10.0.0.2"], "10.0.0.3 http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9, evil, 10.0.0.2"], "10.0.0.2 http://localhost"),
    (&["X-Forwarded-For: unknown"], "127.0.0.1 with port http://localhost"),
    (&["X-Forwarded-For: "], "127.0.0.1 with port http://localhost"),
    (&["X-Forwarded-For: <script>"], "127.0.0.1 with port http://localhost"),
    (&["X-Forwarded-Proto: https"], "127.0.0.1 with port https://localhost"),
    (&["X-Forwarded-Proto: HTTPS"], "127.0.0.1 with port https://localhost"),
    (&["X-Forwarded-Proto: wss"], "127.0.0.1 with port https://localhost"),
    (&["X-Forwarded-Proto: gopher"], "127.0.0.1 with port http://localhost"),
    (&["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http, https"], "203.0.113.9 https://localhost"),
    (&["X-Forwarded-Host: Shop.Example"], "127.0.0.1 with port http://shop.example"),
    (&["X-Forwarded-Host: evil.example, shop.example"], "127.0.0.1 with port http://shop.example"),
    (&["X-Forwarded-Host: a@shop.example"], "127.0.0.1 with port http://localhost"),
    (
        &["X-Forwarded-Host: shop.example:8443", "X-Forwarded-Proto: https"],
        "127.0.0.1 with port https://shop.example:8443",
    ),
    (
        &["X-Forwarded-Host: shop.example:443", "X-Forwarded-Proto: https"],
        "127.0.0.1 with port https://shop.example",
    ),
    (
        &["X-Forwarded-Host: shop.example", "X-Forwarded-Port: 8443"],
        "127.0.0.1 with port http://shop.example:8443",
    ),
    (&["X-Forwarded-Port: 8443", "X-Forwarded-Proto: https"], "127.0.0.1 with port https://localhost:8443"),
    (&["X-Forwarded-Port: 443", "X-Forwarded-Proto: https"], "127.0.0.1 with port https://localhost"),
    (&["X-Forwarded-Port: eighty"], "127.0.0.1 with port http://localhost"),
    (&["X_Forwarded_For: 203.0.113.9"], "127.0.0.1 with port http://localhost"),
    (&["X-Real-IP: 203.0.113.9"], "127.0.0.1 with port http://localhost"),
    (&["Forwarded: for=203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["Forwarded: for=203.0.113.9;proto=https;host=shop.example"], "203.0.113.9 https://shop.example"),
    (&["Forwarded: For=\"[2001:db8::9]:4711\""], "2001:db8::9 with port http://localhost"),
    (&["Forwarded: for=198.51.100.1, for=203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["Forwarded: for=203.0.113.9;proto=https, for=10.0.0.2;proto=http"], "203.0.113.9 https://localhost"),
    (&["Forwarded: for=203.0.113.9;proto=https", "Forwarded: for=10.0.0.2"], "203.0.113.9 https://localhost"),
    (&["Forwarded: for=\"198.51.100.1, for=203.0.113.9"], "203.0.113.9 http://localhost"),
    (&["Forwarded: for=unknown"], "127.0.0.1 with port http://localhost"),
    (&["Forwarded: for=_hidden;proto=https"], "127.0.0.1 with port https://localhost"),
    (&["Forwarded: for=203.0.113.9;for=10.0.0.9"], "127.0.0.1 with port http://localhost"),
    (&["Forwarded: 203.0.113.9"], "127.0.0.1 with port http://localhost"),
    (
        &[
            "Forwarded: for=203.0.113.9;proto=https",
            "X-Forwarded-For: 203.0.113.9",
            "X-Forwarded-Proto: https",
        ],
        "203.0.113.9 https://localhost",
    ),
    (
        &["Forwarded: for=10.0.0.9;proto=https;host=evil.example", "X-Forwarded-For: 203.0.113.9"],
        "127.0.0.1 with port http://localhost",
    ),
    (
        &["Forwarded: for=203.0.113.9;host=evil.example", "X-Forwarded-For: 203.0.113.9"],
        "203.0.113.9 http://localhost",
    ),
];

#[test]
fn a_trusted_proxy_is_believed_and_nobody_else() {
    let trusted = Served::start(trusting(), routes());
    let others = [
        Served::start(config(), routes()),
        Served::start(ServerConfig { trusted_proxies: peers(&["10.0.0.0/8", "unix"]), ..config() }, routes()),
    ];
    let mut trusted = trusted.connect();
    let mut others: Vec<_> = others.iter().map(Served::connect).collect();
    for (headers, expected) in FORWARDED {
        assert_eq!(trusted.request("GET", "/", headers, "").text(), *expected, "{headers:?}");
        for other in &mut others {
            let answer = other.request("GET", "/", headers, "");
            assert_eq!(answer.text(), "127.0.0.1 with port http://localhost", "{headers:?}");
        }
    }
}

#[test]
fn the_setting_names_the_kind_of_header_that_proxies_write() {
    let headers = ["Forwarded: for=203.0.113.9;proto=https", "X-Forwarded-For: 198.51.100.1"];
    for (forwarded_headers, expected) in [
        (ForwardedHeaders::Auto, "127.0.0.1 with port http://localhost"),
        (ForwardedHeaders::Forwarded, "203.0.113.9 https://localhost"),
        (ForwardedHeaders::XForwarded, "198.51.100.1 http://localhost"),
    ] {
        let served = Served::start(ServerConfig { forwarded_headers, ..trusting() }, routes());
        assert_eq!(
            served.connect().request("GET", "/", &headers, "").text(),
            expected,
            "{forwarded_headers}"
        );
    }
}

#[test]
fn each_request_of_a_connection_has_a_client_of_its_own() {
    let served = Served::start(trusting(), routes());
    let mut connection = served.connect();
    for client in ["203.0.113.9", "203.0.113.10"] {
        let header = format!("X-Forwarded-For: {client}");
        let text = connection.request("GET", "/", &[&header], "").text().to_owned();
        assert_eq!(text, format!("{client} http://localhost"));
    }
    connection.get("/").assert(200, "127.0.0.1 with port http://localhost");
}

#[test]
fn a_unix_socket_has_clients_if_its_peers_are_trusted() {
    let folder = Folder::new();
    for (trusted_proxies, expected) in [
        (peers(&["unix"]), "203.0.113.9 http://localhost"),
        (peers(&["0.0.0.0/0", "::/0"]), "- http://localhost"),
    ] {
        let binds = vec![Address::Unix(folder.join("s"))];
        let served =
            Served::start(ServerConfig { binds, trusted_proxies, ..ServerConfig::default() }, routes());
        let mut connection = served.connect_unix();
        let answer = connection.request("GET", "/", &["X-Forwarded-For: 203.0.113.9"], "");
        answer.assert(200, expected);
    }
}

#[test]
fn a_client_without_an_address_is_an_error_that_says_what_to_do() {
    let folder = Folder::new();
    let log = Log::get();
    let router = Router::new()
        .add(Method::GET, "/", async |ClientAddress(address): ClientAddress| address.to_string());
    let binds = vec![Address::Unix(folder.join("s"))];
    let config = ServerConfig { binds, ..ServerConfig::default() };
    let served = Served::start(config, router.compile(Context::default()).unwrap());
    served.connect_unix().get("/").assert_status(500);
    until("the reason is logged", || !log.lines("use `Option<ClientAddress>`").is_empty());
}

fn environ(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<String> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    let names = [
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "wsgi.url_scheme",
        "SERVER_NAME",
        "SERVER_PORT",
        "HTTP_HOST",
        "SCRIPT_NAME",
    ];
    let values = names.map(|name| environ.get(name).map_or("none".to_owned(), std::borrow::Cow::into_owned));
    Ok(values.join(" "))
}

#[test]
fn a_callable_sees_the_client_as_behind_any_proxy() {
    let served = Served::start(trusting(), Application::new(environ).service(Context::default()));
    let mut connection = served.connect();
    let own = connection.get("/").text().to_owned();
    let words: Vec<_> = own.split(' ').collect();
    let [_, port, _, _, own_port, ..] = words[..] else { panic!("{own}") };
    assert_eq!(own, format!("127.0.0.1 {port} http 127.0.0.1 {own_port} localhost "));
    for (headers, expected) in [
        (&["X-Forwarded-For: 203.0.113.9"][..], "203.0.113.9 none http 127.0.0.1 OWN localhost "),
        (&["X-Forwarded-For: 203.0.113.9:4711"], "203.0.113.9 4711 http 127.0.0.1 OWN localhost "),
        (&["X-Forwarded-For: 2001:db8::9"], "2001:db8::9 none http 127.0.0.1 OWN localhost "),
        (&["X-Forwarded-Proto: https"], "127.0.0.1 PORT https 127.0.0.1 OWN localhost "),
        (
            &["X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"],
            "127.0.0.1 PORT https shop.example 443 shop.example ",
        ),
        (
            &["X-Forwarded-Host: shop.example:8443"],
            "127.0.0.1 PORT http shop.example 8443 shop.example:8443 ",
        ),
        (&["X-Forwarded-Port: 8443"], "127.0.0.1 PORT http localhost 8443 localhost:8443 "),
        (
            &["Forwarded: for=203.0.113.9;proto=https;host=shop.example"],
            "203.0.113.9 none https shop.example 443 shop.example ",
        ),
        // Where an application is mounted is configuration alone.
        (
            &["X-Forwarded-Prefix: /evil", "Script-Name: /evil"],
            "127.0.0.1 PORT http 127.0.0.1 OWN localhost ",
        ),
    ] {
        let answer = connection.request("GET", "/", headers, "");
        let expected = expected.replace("PORT", port).replace("OWN", own_port);
        assert_eq!(answer.text(), expected, "{headers:?}");
    }
}

#[test]
fn the_access_log_tells_the_client() {
    let folder = Folder::new();
    for (format, expected) in [
        (AccessLogFormat::Text, "203.0.113.9 - - ["),
        (AccessLogFormat::Json, r#""client":"203.0.113.9","peer":"127.0.0.1:"#),
    ] {
        let path = folder.join(&format!("{format:?}"));
        let config = ServerConfig {
            access_log: AccessLog::File(path.clone()),
            access_log_format: format,
            ..trusting()
        };
        let served = Served::start(config, routes());
        served.connect().request("GET", "/", &["X-Forwarded-For: 203.0.113.9"], "").assert_status(200);
        drop(served);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}

/// Both ends of the connection, and the proxy.
async fn ends(connection: Connection) -> String {
    let local = connection.local().map_or("-".to_owned(), ToString::to_string);
    let proxy = connection.proxy().map_or("-", |_| "proxy");
    let peer = connection.peer().to_string();
    // The port of a client of the test is anything.
    let peer = if peer.starts_with("127.0.0.1:") { "127.0.0.1" } else { &peer };
    let local = if local.starts_with("127.0.0.1:") { "127.0.0.1" } else { &local };
    format!("{peer} {local} {proxy}")
}

fn proxied(config: ServerConfig) -> Served {
    let routes = Router::new().add(Method::GET, "/", ends).add(Method::GET, "/who", whoami);
    Served::start(
        ServerConfig { proxy_protocol: peers(&["127.0.0.1"]), ..config },
        routes.compile(Context::default()).unwrap(),
    )
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A header of version 2.
fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, rest].concat()
}

const ENDS_4: [u8; 12] = [203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb];

fn ends_6() -> Vec<u8> {
    let ends = ["2001:db8::9", "2001:db8::1"].map(|end| end.parse::<std::net::Ipv6Addr>().unwrap().octets());
    [&ends.concat()[..], &[0x12, 0x67, 1, 0xbb]].concat()
}

fn unix(source: &str, target: &str) -> Vec<u8> {
    let mut ends = vec![0; 216];
    ends[..source.len()].copy_from_slice(source.as_bytes());
    ends[108..108 + target.len()].copy_from_slice(target.as_bytes());
    ends
}

/// Whole headers, and what the application sees.
fn good_headers() -> Vec<(Vec<u8>, &'static str)> {
    let of_4 = "203.0.113.9:4711 192.0.2.1:443 proxy";
    let of_6 = "[2001:db8::9]:4711 [2001:db8::1]:443 proxy";
    let of_none = "127.0.0.1 127.0.0.1 -";
    vec![
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(), of_4),
        (b"PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n".to_vec(), of_6),
        (b"PROXY UNKNOWN\r\n".to_vec(), of_none),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(), of_none),
        (version_2(0x21, 0x11, &ENDS_4), of_4),
        (version_2(0x21, 0x11, &[&ENDS_4[..], &[3, 0, 4, 1, 2, 3, 4], &[4, 0, 0]].concat()), of_4),
        (version_2(0x21, 0x11, &[&ENDS_4[..], &[0xff; 2036]].concat()), of_4),
        (version_2(0x21, 0x21, &ends_6()), of_6),
        (version_2(0x21, 0x31, &unix("/run/a", "/run/b")), "unix:/run/a unix:/run/b proxy"),
        (version_2(0x21, 0x31, &unix("", "/run/b")), "unix: unix:/run/b proxy"),
        (version_2(0x21, 0x00, b""), of_none),
        (version_2(0x20, 0x00, b""), of_none),
        (version_2(0x20, 0x11, &ENDS_4), of_none),
    ]
}

#[test]
fn a_proxy_header_names_the_client_of_the_connection() {
    let served = proxied(config());
    for (header, expected) in good_headers() {
        let mut connection = served.connect();
        connection.send([&header, REQUEST].concat());
        connection.answer().assert(200, expected);
        connection.get("/").assert(200, expected);
    }
}

#[test]
fn a_proxy_header_may_come_in_any_pieces() {
    let served = proxied(config());
    for (header, expected) in good_headers().into_iter().filter(|(header, _)| header.len() < 80) {
        // All of them at the same time: each piece is its own read only if the server comes to it in between.
        let mut connections: Vec<_> = (0..=header.len()).map(|cut| (cut, served.connect())).collect();
        for (cut, connection) in &mut connections {
            connection.send(&header[..*cut]);
        }
        // An answer on a later connection says that what came before it has been read.
        let mut probe = served.connect();
        probe.send([&header, REQUEST].concat());
        probe.answer().assert(200, expected);
        for (cut, connection) in &mut connections {
            connection.send([&header[*cut..], REQUEST].concat());
        }
        for (cut, connection) in &mut connections {
            let answer = connection.answer();
            assert_eq!((answer.status, answer.text()), (200, expected), "cut at {cut}");
        }
    }
}

#[test]
fn whoever_has_to_send_a_proxy_header_and_sends_something_else_is_closed() {
    let served = proxied(config());
    let mut too_long = version_2(0x21, 0x11, &ENDS_4);
    too_long[14..16].copy_from_slice(&2049_u16.to_be_bytes());
    for bytes in [
        REQUEST.to_vec(),
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        vec![0x16, 3, 1, 2, 0, 1],
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 \r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 65536\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 0443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.256 192.0.2.1 4711 443\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::9 2001:db8::1 4711 443\r\n".to_vec(),
        b"PROXY TCP6 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(),
        b"PROXY UDP4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(),
        b"proxy tcp4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(),
        b"PROXY\r\n".to_vec(),
        [b"PROXY UNKNOWN ", &[b'x'; 200][..], b"\r\n"].concat(),
        version_2(0x11, 0x11, &ENDS_4),
        version_2(0x22, 0x11, &ENDS_4),
        version_2(0x21, 0x12, &ENDS_4),
        version_2(0x21, 0x41, &ENDS_4),
        version_2(0x21, 0x11, &ENDS_4[..11]),
        version_2(0x21, 0x21, &ENDS_4),
        version_2(0x21, 0x31, &[0; 215]),
        too_long,
    ] {
        let mut connection = served.connect();
        connection.send([&bytes, REQUEST].concat());
        let rest = connection.rest();
        assert!(rest.is_empty(), "{}: {}", bytes.escape_ascii(), rest.escape_ascii());
    }
}

#[test]
fn why_a_proxy_is_not_understood_is_logged() {
    let log = Log::get();
    let served = proxied(config());
    let mut connection = served.connect();
    connection.send(b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 x\r\n");
    assert!(connection.rest().is_empty());
    until("the reason is logged", || {
        let lines = log.lines("an address of the PROXY header is malformed");
        lines.iter().any(|line| line.contains("DEBUG") && line.contains("peer=127.0.0.1:"))
    });
}

#[test]
fn http2_may_follow_a_proxy_header() {
    let served = proxied(config());
    let mut connection = served.connect();
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    connection.send([&good_headers()[0].0, &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], settings].concat());
    connection.half_close();
    let frames = connection.rest();
    assert_eq!(frames.get(3), Some(&4), "the first frame is SETTINGS: {}", frames.escape_ascii());
}

#[test]
fn a_second_proxy_header_is_a_bad_request() {
    let served = proxied(config());
    let header = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n";
    let mut connection = served.connect();
    connection.send([&header[..], header, REQUEST].concat());
    connection.answer().assert_status(400);
}

#[test]
fn a_proxy_header_of_somebody_else_is_a_bad_request() {
    for proxy_protocol in [peers(&[]), peers(&["10.0.0.0/8", "unix"])] {
        let served = Served::start(ServerConfig { proxy_protocol, ..config() }, routes());
        for (header, _) in good_headers() {
            let mut connection = served.connect();
            connection.send([&header, REQUEST].concat());
            connection.answer().assert_status(400);
        }
        // They are served as they are.
        served.connect().get("/").assert(200, "127.0.0.1 with port http://localhost");
    }
}

#[test]
fn whoever_does_not_complete_its_proxy_header_is_closed_in_time() {
    let time = std::time::Duration::from_millis(200);
    let patient = std::time::Duration::from_secs(60);
    let served = proxied(ServerConfig {
        preface_timeout: Some(time),
        keep_alive: patient,
        head_timeout: Some(patient),
        ..config()
    });
    let header = &good_headers()[0].0;
    for cut in [0, 1, header.len() - 1] {
        let mut connection = served.connect();
        connection.send(&header[..cut]);
        assert!(connection.rest().is_empty(), "cut at {cut}");
    }
    // Behind its header a connection may take the time that others have.
    let mut connection = served.connect();
    connection.send(header);
    let begun = std::time::Instant::now();
    until("that time is over", || begun.elapsed() > time * 3);
    connection.send(REQUEST);
    connection.answer().assert_status(200);
}

#[test]
fn a_connection_may_end_within_its_proxy_header() {
    let served = proxied(config());
    let header = &good_headers()[0].0;
    for cut in [0, 1, header.len() - 1, header.len()] {
        let mut connection = served.connect();
        connection.send(&header[..cut]);
        connection.half_close();
        assert!(connection.rest().is_empty(), "cut at {cut}");
    }
    let mut connection = served.connect();
    connection.send([header, REQUEST].concat());
    connection.answer().assert_status(200);
}

#[test]
fn forwarding_headers_are_believed_of_the_peer_that_a_proxy_header_names() {
    let served = proxied(ServerConfig { trusted_proxies: peers(&["10.0.0.0/8"]), ..config() });
    for (source, expected) in [
        ("10.0.0.2", "203.0.113.9 http://localhost"),
        ("198.51.100.1", "198.51.100.1 with port http://localhost"),
    ] {
        let mut connection = served.connect();
        connection.send(format!("PROXY TCP4 {source} 192.0.2.1 4711 443\r\n"));
        let answer = connection.request("GET", "/who", &["X-Forwarded-For: 203.0.113.9"], "");
        answer.assert(200, expected);
    }
}

#[test]
fn the_access_log_tells_the_client_of_a_proxy_header_also_of_bad_requests() {
    let folder = Folder::new();
    let path = folder.join("access");
    let served = proxied(ServerConfig { access_log: AccessLog::File(path.clone()), ..config() });
    for request in [REQUEST, b"BAD\r\n\r\n"] {
        let mut connection = served.connect();
        connection.send([&good_headers()[0].0, request].concat());
        connection.answer();
    }
    drop(served);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("203.0.113.9 - - [")).count(), 2, "{text}");
}

#[test]
fn a_callable_sees_the_ends_that_a_proxy_header_names() {
    let service = Application::new(environ).service(Context::default());
    let served = Served::start(ServerConfig { proxy_protocol: peers(&["127.0.0.1"]), ..config() }, service);
    let mut connection = served.connect();
    connection.send([&good_headers()[0].0, REQUEST].concat());
    connection.answer().assert(200, "203.0.113.9 4711 http 192.0.2.1 443 localhost ");
}

#[test]
fn a_unix_socket_may_have_proxy_headers() {
    let folder = Folder::new();
    let config = ServerConfig {
        binds: vec![Address::Unix(folder.join("s"))],
        proxy_protocol: peers(&["unix"]),
        ..ServerConfig::default()
    };
    let served = Served::start(config, routes());
    let mut connection = served.connect_unix();
    connection.send([&good_headers()[0].0, REQUEST].concat());
    connection.answer().assert(200, "203.0.113.9 with port http://localhost");
}
