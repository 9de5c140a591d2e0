//! HTTPS with workers: new certificates under load, keys that workers may not read, and what connections cost.

use std::{
    fs::{self, Permissions},
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    thread,
};

use pulsar_tests::{
    certificates::{Authority, Issued, Tls, Wishes},
    until,
};

use crate::support::{Instance, Load, Setup, Target, is_root, proc, skip};

/// How much memory an idle encrypted connection may take in the worker, in KiB.
const CONNECTION_KIB: u64 = 48;

/// The example `faults` with a certificate.
struct Shop {
    authority: Authority,
    issued: Issued,
    setup: Setup,
}

impl Shop {
    fn new(arguments: &[&str]) -> Self {
        let authority = Authority::new("of the shop");
        let issued = authority.issue(&["shop.example"]);
        let setup = Setup::faults(&["--cert-file", "shop.pem", "--key-file", "shop.key"]).with(arguments);
        issued.write(setup.folder(), "shop");
        Self { authority, issued, setup }
    }

    fn start_ready(self, workers: usize) -> (Instance, Authority, Issued) {
        (self.setup.start_ready(workers), self.authority, self.issued)
    }
}

fn client(authority: &Authority) -> Tls {
    Tls::new(&[authority], "shop.example", Wishes::default())
}

fn certificate(tls: &Tls, instance: &Instance) -> Vec<u8> {
    tls.connect(instance.address()).unwrap().certificate().to_vec()
}

fn served(tls: &Tls, instance: &Instance) -> io::Result<String> {
    let mut stream = tls.connect(instance.address())?;
    stream.write_all(b"GET /whoami HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_reload_brings_new_certificates_and_loses_no_request() {
    let (instance, authority, first) = Shop::new(&["--workers", "2"]).start_ready(2);
    let tls = client(&authority);
    assert!(instance.info().apps[0].binds[0].starts_with("https://127.0.0.1:"));
    let load = Load::on(&Target::Tls(instance.address(), tls.clone()));
    load.wait_for_more(20);
    let mut last = first;
    for _ in 0..2 {
        assert_eq!(certificate(&tls, &instance), *last.certificate);
        last = authority.issue(&["shop.example"]);
        last.write(instance.folder(), "shop");
        instance.reload();
        assert_eq!(certificate(&tls, &instance), *last.certificate);
        load.wait_for_more(20);
    }
    // What is wrong is found before a worker is started, and changes nothing.
    let before = instance.workers();
    instance.folder().write("shop.key", &authority.issue(&["shop.example"]).key_pem());
    let why = "the key in shop.key does not belong to the certificate in shop.pem";
    instance.command(&["reload", "--wait"]).assert_code(1).assert_stderr(&[why]);
    assert!(instance.log().contains("the reload failed, generation 3 goes on serving"), "{}", instance.log());
    assert_eq!(instance.workers(), before);
    assert_eq!(certificate(&tls, &instance), *last.certificate);
    load.wait_for_more(20);
    load.stop().assert_clean();
    instance.stop();
}

#[test]
fn a_renewal_reaches_all_workers_and_loses_no_request() {
    let (instance, authority, _) = Shop::new(&["--workers", "2", "--threads", "2"]).start_ready(2);
    let tls = client(&authority);
    let load = Load::on(&Target::Tls(instance.address(), tls.clone()));
    load.wait_for_more(20);
    let workers = instance.workers();
    let next = authority.issue(&["shop.example"]);
    next.write(instance.folder(), "shop");
    until("both workers have read the new files", || {
        instance.log().matches("the certificates have changed; new connections get the new ones").count() == 2
    });
    for _ in 0..20 {
        assert_eq!(certificate(&tls, &instance), *next.certificate);
    }
    assert_eq!(instance.workers(), workers);
    load.wait_for_more(20);
    load.stop().assert_clean();
    instance.stop();
}

#[test]
fn a_key_that_only_root_may_read_serves_workers_of_another_user() {
    if !is_root() {
        return skip("only root can change the user of a worker");
    }
    let shop = Shop::new(&["--workers", "1", "--user", "nobody"]);
    fs::set_permissions(shop.setup.folder().join("shop.key"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(shop.setup.folder().path(), Permissions::from_mode(0o755)).unwrap();
    let (instance, authority, first) = shop.start_ready(1);
    let tls = client(&authority);
    assert!(served(&tls, &instance).unwrap().starts_with("HTTP/1.1 200"));
    // The worker sees that there is a new one, may not read it, and says what helps.
    let next = authority.issue(&["shop.example"]);
    instance.folder().write("shop.pem", &next.pem());
    instance.folder().write("shop.key", &next.key_pem());
    let says = ["the key file shop.key may not be read by the user nobody", "Reload the program (HUP)"];
    until("it says so", || says.iter().all(|part| instance.log().contains(part)));
    assert_eq!(certificate(&tls, &instance), *first.certificate);
    instance.reload();
    assert_eq!(certificate(&tls, &instance), *next.certificate);
    instance.stop();
}

#[test]
fn handshakes_that_are_late_or_too_many_are_counted() {
    let (instance, authority, _) =
        Shop::new(&["--max-tls-handshakes", "1", "--tls-handshake-timeout", "30"]).start_ready(1);
    let tls = client(&authority);
    let limits = || instance.info().apps[0].workers[0].limits.clone();
    // It says nothing, and so holds nobody up; the other one has begun and does not go on.
    let _silent = TcpStream::connect(instance.address()).unwrap();
    let mut slow = TcpStream::connect(instance.address()).unwrap();
    slow.write_all(b"\x16\x03\x01").unwrap();
    thread::scope(|scope| {
        let mut waiting = Vec::new();
        until("somebody has to wait", || {
            waiting.push(scope.spawn(|| served(&tls, &instance)));
            limits().get("max_tls_handshakes").is_some_and(|count| *count > 0)
        });
        drop(slow);
        for served in waiting {
            assert!(served.join().unwrap().unwrap().starts_with("HTTP/1.1 200"));
        }
    });
    assert!(!limits().contains_key("tls_handshake_timeout"));
    instance.stop();

    let (instance, ..) = Shop::new(&["--tls-handshake-timeout", "0.2"]).start_ready(1);
    let mut silent = TcpStream::connect(instance.address()).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "it is closed");
    assert_eq!(instance.info().apps[0].workers[0].limits.get("tls_handshake_timeout"), Some(&1));
    instance.stop();
}

#[test]
fn a_client_that_takes_nothing_is_cut() {
    let authority = Authority::new("of the shop");
    let files = ["--cert-file", "shop.pem", "--key-file", "shop.key", "--max-body", "64MiB"];
    let setup = Setup::example("bench", &["-b", "127.0.0.1:0", "--write-timeout", "0.5"]).with(&files);
    authority.issue(&["shop.example"]).write(setup.folder(), "shop");
    let instance = setup.start_ready(1);
    let mut stream = client(&authority).connect(instance.address()).unwrap();
    // More than the buffers of both ends hold.
    let order = format!(r#"{{"id":1,"customer":"ada","items":[],"note":"{}"}}"#, "x".repeat(32 << 20));
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        order.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(order.as_bytes()).unwrap();
    until("it is cut", || instance.info().apps[0].workers[0].limits.get("write_timeout") == Some(&1));
    assert_eq!(instance.info().apps[0].workers[0].in_flight, 0);
    instance.stop();
}

/// `cargo test -p pulsar-tests --test arbiter idle_encrypted -- --nocapture` prints what was measured.
#[test]
fn an_idle_encrypted_connection_costs_little() {
    const CONNECTIONS: u64 = 400;
    let (instance, authority, _) = Shop::new(&["--workers", "1"]).start_ready(1);
    let tls = client(&authority);
    let worker = *instance.workers().first().unwrap();
    let open = || {
        let mut client = tls.client(instance.address());
        assert_eq!(client.get("/whoami").status, 200);
        client
    };
    // What the first ones bring along is not theirs.
    let mut clients: Vec<_> = (0..50).map(|_| open()).collect();
    let before = proc::rss(worker);
    clients.extend((0..CONNECTIONS).map(|_| open()));
    let each = (proc::rss(worker) - before) / CONNECTIONS;
    eprintln!("an idle encrypted connection takes {each} KiB");
    assert!(each <= CONNECTION_KIB, "{each} KiB");
    drop(clients);
    instance.stop();
}
