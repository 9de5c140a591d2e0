//! Behind proxies: what they say of a client, and who is believed.
//!
//! Proves: forwarding headers of a trusted peer give client, scheme, host and port to handlers, callables and the access log, whatever else
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
    let values = names.map(|name| environ.get(name).map_or("none".to_owned(), |value| value.into_owned()));
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
