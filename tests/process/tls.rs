//! HTTPS: handshakes of all kinds with a program that serves, and what the application sees of them.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use pulsar_tests::{
    Folder, PATIENCE,
    certificates::{Authority, Issued, Tls, Wishes},
    program::{Running, example},
    until,
    wire::Client,
};
use rustls::HandshakeKind;
use serde_json::Value;

/// A program with a certificate for `shop.example`, by an authority that clients trust.
struct Shop {
    folder: Folder,
    authority: Authority,
    issued: Issued,
}

impl Shop {
    fn new() -> Self {
        let (folder, authority) = (Folder::new(), Authority::new("of the shop"));
        let issued = authority.issue(&["shop.example"]);
        issued.write(&folder, "shop");
        Self { folder, authority, issued }
    }

    /// The example `environ`, which answers with what it sees.
    fn start(&self, arguments: &[&str]) -> Running {
        self.start_example("environ", arguments)
    }

    fn start_example(&self, name: &str, arguments: &[&str]) -> Running {
        let mut command = example(name);
        command.current_dir(self.folder.path()).args(["-b", "127.0.0.1:0"]);
        command.args(["--cert-file", "shop.pem", "--key-file", "shop.key"]).args(arguments);
        let running = Running::start(command, 1);
        assert!(running.addresses[0].starts_with("https://127.0.0.1:"), "{:?}", running.addresses);
        running
    }

    /// A client that asks for `shop.example`.
    fn client(&self, wishes: Wishes<'_>) -> Tls {
        Tls::new(&[&self.authority], "shop.example", wishes)
    }
}

/// What the application saw of a request over a connection of its own, or why there was none.
fn seen(tls: &Tls, address: SocketAddr) -> io::Result<Value> {
    let mut stream = tls.connect(address)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    // Fails without a close_notify at the end: whoever is cut off must not take what came for all there is.
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    Ok(serde_json::from_str(body)?)
}

/// The error that a client has, as text.
fn refused(tls: &Tls, address: SocketAddr) -> String {
    match seen(tls, address) {
        Ok(answer) => panic!("it was served: {answer}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_application_sees_the_encryption() {
    let shop = Shop::new();
    let running = shop.start(&[]);
    for (version, protocol, cipher) in [
        (2, "TLSv1.2", "TLS_ECDHE_ECDSA_"),
        (3, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        (0, "TLSv1.3", "TLS_AES_"),
    ] {
        let seen = seen(&shop.client(Wishes { version, ..Wishes::default() }), running.address()).unwrap();
        assert_eq!(seen["wsgi.url_scheme"], "https");
        assert_eq!(seen["HTTPS"], "on");
        assert_eq!(seen["SSL_PROTOCOL"], protocol);
        assert!(seen["SSL_CIPHER"].as_str().unwrap().starts_with(cipher), "{seen}");
        assert_eq!(seen["SSL_TLS_SNI"], "shop.example");
        assert_eq!(seen["SSL_CLIENT_VERIFY"], "NONE");
        assert_eq!(seen["SSL_CLIENT_CERT"], Value::Null);
    }
    running.stop();
}

#[test]
fn an_old_version_is_refused_where_it_is_not_wanted() {
    let shop = Shop::new();
    let running = shop.start(&["--tls-min", "1.3"]);
    let old = shop.client(Wishes { version: 2, ..Wishes::default() });
    assert!(refused(&old, running.address()).contains("ProtocolVersion"));
    let new = shop.client(Wishes { version: 3, ..Wishes::default() });
    assert_eq!(seen(&new, running.address()).unwrap()["SSL_PROTOCOL"], "TLSv1.3");
    running.stop();
}

#[test]
fn the_protocol_is_what_both_speak() {
    let shop = Shop::new();
    for (http2, rows) in [
        (
            "true",
            [
                (&["h2", "http/1.1"][..], Ok(Some("h2"))),
                (&["http/1.1", "h2"], Ok(Some("h2"))),
                (&["h2"], Ok(Some("h2"))),
                (&["http/1.1"], Ok(Some("http/1.1"))),
                (&[], Ok(None)),
                (&["acme-tls/1"], Err("NoApplicationProtocol")),
            ],
        ),
        (
            "false",
            [
                (&["h2", "http/1.1"], Ok(Some("http/1.1"))),
                (&["http/1.1", "h2"], Ok(Some("http/1.1"))),
                (&["h2"], Err("NoApplicationProtocol")),
                (&["http/1.1"], Ok(Some("http/1.1"))),
                (&[], Ok(None)),
                (&["acme-tls/1"], Err("NoApplicationProtocol")),
            ],
        ),
    ] {
        let running = shop.start(&["--http2", http2]);
        for (protocols, expected) in rows {
            let client = shop.client(Wishes { protocols, ..Wishes::default() });
            let connected = client.connect(running.address());
            match expected {
                Ok(protocol) => assert_eq!(connected.unwrap().protocol(), protocol, "{http2} {protocols:?}"),
                Err(alert) => assert!(connected.unwrap_err().to_string().contains(alert), "{protocols:?}"),
            }
        }
        running.stop();
    }
}

#[tokio::test]
async fn http2_is_spoken_where_both_have_chosen_it() {
    let shop = Shop::new();
    let running = shop.start(&[]);
    let tls = shop.client(Wishes { protocols: &["h2"], ..Wishes::default() });
    let socket = tokio::net::TcpStream::connect(running.address()).await.unwrap();
    let (config, name) = tls.parts();
    let stream = tokio_rustls::TlsConnector::from(config).connect(name, socket).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://shop.example/").body(()).unwrap();
    let response = client.send_request(request, true).unwrap().0.await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut body, mut text) = (response.into_body(), Vec::new());
    while let Some(data) = body.data().await {
        text.extend_from_slice(&data.unwrap());
    }
    let seen: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&seen["SERVER_PROTOCOL"], &seen["HTTPS"]), (&"HTTP/2.0".into(), &"on".into()));
    running.stop();
}

/// Asks over a connection that begins with these bytes.
async fn ask_behind(shop: &Shop, address: SocketAddr, first: &[u8]) -> io::Result<Value> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(address).await?;
    socket.write_all(first).await?;
    let (config, name) = shop.client(Wishes::default()).parts();
    let mut stream = tokio_rustls::TlsConnector::from(config).connect(name, socket).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let body = answer.split_once("\r\n\r\n").expect("a head").1;
    Ok(serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn the_header_of_a_proxy_stands_before_the_handshake() {
    let shop = Shop::new();
    let running = shop.start(&["--proxy-protocol", "127.0.0.1", "--preface-timeout", "1"]);
    let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n";
    let seen = ask_behind(&shop, running.address(), line).await.unwrap();
    for (variable, expected) in [("REMOTE_ADDR", "203.0.113.9"), ("REMOTE_PORT", "4711"), ("HTTPS", "on")] {
        assert_eq!(seen[variable], expected, "{seen}");
    }
    // Whoever is to send one, and begins with TLS, is not understood.
    ask_behind(&shop, running.address(), b"").await.unwrap_err();
    running.stop();
}

#[test]
fn a_host_of_another_certificate_is_misdirected() {
    let shop = Shop::new();
    shop.authority.issue(&["admin.example"]).write(&shop.folder, "admin");
    let running = shop.start(&["--cert-file", "admin.pem", "--key-file", "admin.key"]);
    for (host, status) in
        [("shop.example", 200), ("SHOP.example:443", 200), ("nobody.example", 200), ("admin.example", 421)]
    {
        let mut client = shop.client(Wishes::default()).client(running.address());
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        client.answer().assert_status(status);
    }
    running.stop();
}

#[test]
fn the_name_that_is_asked_for_chooses_the_certificate() {
    let shop = Shop::new();
    let wild = shop.authority.issue(&["*.example.org", "both.example"]);
    let exact = shop.authority.issue(&["www.example.org", "both.example"]);
    wild.write(&shop.folder, "wild");
    exact.write(&shop.folder, "exact");
    let running = shop.start(&[
        "--cert-file",
        "wild.pem",
        "--key-file",
        "wild.key",
        "--cert-file",
        "exact.pem",
        "--key-file",
        "exact.key",
    ]);
    for (name, expected) in [
        ("shop.example", Some(&shop.issued)),
        ("api.example.org", Some(&wild)),
        ("www.example.org", Some(&exact)),
        ("both.example", Some(&wild)),
        // These get the first one, which a client that verifies names does not take.
        ("example.org", None),
        ("a.b.example.org", None),
        ("127.0.0.1", None),
    ] {
        let connected = Tls::new(&[&shop.authority], name, Wishes::default()).connect(running.address());
        if let Some(issued) = expected {
            assert_eq!(connected.unwrap().certificate(), &*issued.certificate, "{name}");
        } else {
            let error = connected.expect_err(name).to_string();
            assert!(error.contains("only valid for DnsName(\"shop.example\")"), "{name}: {error}");
        }
    }
    running.stop();
}

#[test]
fn clients_show_certificates_where_they_have_to() {
    let shop = Shop::new();
    let (clients, strangers) = (Authority::new("of clients"), Authority::new("of strangers"));
    shop.folder.write("clients.pem", &clients.pem());
    let (known, unknown) = (clients.issue(&["ada"]), strangers.issue(&["eve"]));
    let expired = clients.issue_expired(&["bob"]);
    for (verify, without) in [("required", Err("CertificateRequired")), ("optional", Ok("NONE"))] {
        let running = shop.start(&["--client-verify", verify, "--ca-file", "clients.pem"]);
        for version in [2, 3] {
            for (certificate, expected) in [
                (None, without),
                (Some(&known), Ok("SUCCESS")),
                (Some(&unknown), Err("UnknownCA")),
                (Some(&expired), Err("CertificateExpired")),
            ] {
                let client = shop.client(Wishes { version, certificate, ..Wishes::default() });
                match expected {
                    Ok(verified) => {
                        let seen = seen(&client, running.address()).unwrap();
                        assert_eq!(seen["SSL_CLIENT_VERIFY"], verified);
                        let pem = seen["SSL_CLIENT_CERT"].as_str().map(str::to_owned);
                        assert_eq!(pem, certificate.map(Issued::pem));
                    }
                    Err(alert) => {
                        let error = refused(&client, running.address());
                        // TLS 1.2 has no alert for this one alone.
                        let old = version == 2
                            && alert == "CertificateRequired"
                            && error.contains("HandshakeFailure");
                        assert!(error.contains(alert) || old, "{verify} {version} {alert}: {error}");
                    }
                }
            }
        }
        running.stop();
    }
}

#[test]
fn plain_http_is_told_that_this_port_speaks_https() {
    let shop = Shop::new();
    let running = shop.start(&[]);
    let answer = Client::tcp(running.address()).request("POST", "/", &[], &"x".repeat(10_000));
    assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
    assert!(answer.text().starts_with("this port speaks HTTPS"), "{}", answer.text());
    // What is neither is closed.
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\0\0\0\0\0\0\0\0").unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() <= 7, "at most an alert: {rest:?}");
    running.stop();
}

#[test]
fn a_handshake_has_a_deadline() {
    let shop = Shop::new();
    let running = shop.start(&["--tls-handshake-timeout", "0.3", "--keep-alive", "60"]);
    // Nothing; the beginning of a record; a record that never gets whole.
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x01\x00\x01"] {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(running.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(sent).unwrap();
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = stream.read_to_end(&mut rest);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(290) && took < PATIENCE, "{sent:?}: {took:?}");
        assert_eq!(rest, b"");
    }
    // Once it is over the limit is no longer in force.
    let mut client = shop.client(Wishes::default()).client(running.address());
    client.get("/");
    std::thread::park_timeout(Duration::from_millis(600));
    assert_eq!(client.get("/").status, 200);
    running.stop();
}

#[test]
fn a_session_is_resumed() {
    let shop = Shop::new();
    let running = shop.start(&[]);
    for version in [2, 3] {
        let tls = shop.client(Wishes { version, ..Wishes::default() });
        let kind = || {
            let mut client = tls.client(running.address());
            assert_eq!(client.get("/").status, 200);
            client.stream().0.conn.handshake_kind()
        };
        assert_eq!(kind(), Some(HandshakeKind::Full), "TLS 1.{version}");
        assert_eq!(kind(), Some(HandshakeKind::Resumed), "TLS 1.{version}");
    }
    running.stop();
}

#[test]
fn long_bodies_go_both_ways() {
    let shop = Shop::new();
    let running = shop.start_example("faults", &[]);
    let mut client = shop.client(Wishes::default()).client(running.address());
    let long = "x".repeat(4 << 20);
    assert_eq!(client.request("POST", "/sink", &[], &long).text().trim(), (4 << 20).to_string());
    let streamed = client.get("/stream/20");
    assert_eq!((streamed.status, streamed.header("transfer-encoding")), (200, Some("chunked")));
    assert_eq!(client.get("/whoami").status, 200);
    running.stop();
}

#[test]
fn a_connection_that_is_closed_for_idling_is_closed_in_order() {
    let shop = Shop::new();
    let running = shop.start(&["--keep-alive", "0.3"]);
    for requests in [0, 1] {
        let mut stream = shop.client(Wishes::default()).connect(running.address()).unwrap();
        for _ in 0..requests {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").unwrap();
        }
        let mut rest = Vec::new();
        // Fails without a close_notify.
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.starts_with(b"HTTP/1.1 200"), requests > 0);
    }
    running.stop();
}

#[test]
fn a_client_of_https_is_refused_where_http_is_spoken() {
    let authority = Authority::new("of the shop");
    let running = Running::example("environ", &[]);
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{}", String::from_utf8_lossy(&answer));
    assert!(Tls::new(&[&authority], "shop.example", Wishes::default()).connect(running.address()).is_err());
    running.stop();
}

#[test]
fn unix_sockets_stay_plain() {
    let shop = Shop::new();
    let mut command = example("environ");
    command.current_dir(shop.folder.path()).args(["-b", "127.0.0.1:0", "-b", "unix:plain.sock"]);
    command.args(["--cert-file", "shop.pem", "--key-file", "shop.key"]);
    let running = Running::start(command, 2);
    let mut client = Client::unix(&shop.folder.join("plain.sock"));
    let seen: Value = serde_json::from_str(client.get("/").text()).unwrap();
    assert_eq!((&seen["wsgi.url_scheme"], &seen["HTTPS"]), (&Value::from("http"), &Value::Null));
    running.stop();
}

#[test]
fn new_files_are_served_without_a_restart() {
    let shop = Shop::new();
    let running = shop.start(&["--workers", "0"]);
    let tls = shop.client(Wishes::default());
    let certificate = || tls.connect(running.address()).unwrap().certificate().to_vec();
    let mut open = tls.client(running.address());
    assert_eq!(open.get("/").status, 200);

    // A key that belongs to another one changes nothing, and is told once.
    let next = shop.authority.issue(&["shop.example"]);
    shop.folder.write("shop.key", &next.key_pem());
    running
        .stderr
        .wait_for_text("the new certificates are not used, the old ones go on: the key in shop.key does not");
    assert_eq!(certificate(), *shop.issued.certificate);

    // As certbot does it: the file is another one, at the same path.
    let new = shop.folder.write("new.pem", &next.pem());
    fs::rename(new, shop.folder.join("shop.pem")).unwrap();
    until("the new certificate is served", || certificate() == *next.certificate);
    running.stderr.wait_for_text("the certificates have changed; new connections get the new ones");
    assert_eq!(open.get("/").status, 200, "what was open stays open");
    let finished = running.stop();
    assert_eq!(finished.stderr.matches("are not used").count(), 1, "{finished}");
}
