//! Where a program listens: several addresses, IPv6, unix sockets, several threads; and what it says when it cannot.

use std::{
    fs,
    net::{Ipv6Addr, TcpListener, TcpStream, ToSocketAddrs},
    os::unix::net::UnixListener,
};

use pulsar_tests::{
    Folder,
    program::{Running, example, finish},
    wire::Client,
};

#[test]
fn several_addresses_serve_the_same() {
    let folder = Folder::new();
    let socket = folder.join("app.sock");
    let mut command = example("bench");
    command.args(["-b", "127.0.0.1:0", "--bind", "localhost:0", "-b", &format!("unix:{}", socket.display())]);
    // `localhost` is one address or two, so that it is asked how many lines there are.
    let both = addresses_of("localhost");
    let running = Running::start(command, 2 + both);
    running.get("/plaintext").assert(200, "Hello, World!");
    Client::tcp(running.tcp(1)).get("/plaintext").assert(200, "Hello, World!");
    assert_eq!(running.unix(1 + both), socket);
    let mut local = Client::unix(&socket);
    local.get("/json").assert(200, r#"{"message":"Hello, World!"}"#);
    local.get("/plaintext").assert(200, "Hello, World!");
    drop(local);
    let finished = running.stop();
    assert!(finished.stderr.starts_with("pulsar: bench listening on http://127.0.0.1:"), "{finished}");
    assert!(!socket.exists(), "the file goes with the program");
}

/// How many addresses a name has that can be listened on.
fn addresses_of(name: &str) -> usize {
    let mut addresses: Vec<_> = (name, 0).to_socket_addrs().unwrap().collect();
    addresses.dedup();
    addresses.into_iter().filter(|address| TcpListener::bind(address).is_ok()).count()
}

#[test]
fn ipv6_is_an_address_like_any_other() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        // A system without IPv6 says so instead of serving something else.
        let mut command = example("bench");
        command.args(["-b", "[::1]:0"]);
        finish(command).assert_code(1).assert_stderr(&["cannot listen on [::1]:0"]);
        return;
    }
    let mut command = example("bench");
    command.args(["-b", "[::1]:0"]);
    let running = Running::start(command, 1);
    assert!(running.addresses[0].starts_with("http://[::1]:"), "{:?}", running.addresses);
    running.get("/plaintext").assert(200, "Hello, World!");
    running.stop();
}

#[test]
fn no_host_is_every_interface() {
    let mut command = example("bench");
    command.args(["-b", ":0"]);
    let running = Running::start(command, 1);
    let port = running.address().port();
    assert_ne!(port, 0);
    Client::tcp(([127, 0, 0, 1], port).into()).get("/plaintext").assert(200, "Hello, World!");
    running.stop();
}

#[test]
fn two_threads_serve_and_stop_like_one() {
    let running = Running::example("bench", &["--threads", "2"]);
    let mut clients: Vec<_> = (0..32).map(|_| running.connect()).collect();
    for client in &mut clients {
        client.get("/plaintext").assert(200, "Hello, World!");
    }
    drop(clients);
    let address = running.address();
    running.stop();
    assert!(TcpStream::connect(address).is_err(), "the listener is closed");
}

#[test]
fn an_address_in_use_is_told_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for threads in ["1", "2"] {
        let mut command = example("bench");
        command.args(["-b", &address.to_string(), "--threads", threads]);
        let finished = finish(command);
        finished.assert_code(1);
        assert_eq!(
            finished.stderr,
            format!(
                "error: cannot listen on {address}: the address is in use. Stop the program that listens there, or choose \
                 another port\n"
            )
        );
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn all_addresses_that_fail_are_told_at_once() {
    let folder = Folder::new();
    let live = folder.join("live.sock");
    let file = folder.write("file", "precious");
    let _listener = UnixListener::bind(&live).unwrap();
    let mut command = example("bench");
    for path in [&live, &file, &folder.join("absent/app.sock")] {
        command.args(["-b", &format!("unix:{}", path.display())]);
    }
    command.args(["-b", "192.0.2.1:8060"]);
    let finished = finish(command);
    finished.assert_code(1);
    let lines: Vec<_> = finished.stderr.lines().collect();
    for (line, (path, reason)) in lines.iter().zip([
        ("live.sock", "another server is listening there. Stop it, or choose another path"),
        ("file", "a file that is no socket stands there. Remove it, or choose another path"),
        ("absent/app.sock", "its directory does not exist. Create it, or choose another path"),
        ("192.0.2.1:8060", "this machine has no such address"),
    ]) {
        assert!(
            line.starts_with("error: cannot listen on ") && line.contains(path) && line.contains(reason),
            "{line}"
        );
    }
    assert_eq!(lines.len(), 4, "{finished}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(live.exists(), "it belongs to somebody else");
}

#[test]
fn the_socket_of_a_program_that_was_killed_is_replaced() {
    let folder = Folder::new();
    let socket = folder.join("app.sock");
    let start = || {
        let mut command = example("bench");
        command.args(["-b", &format!("unix:{}", socket.display())]);
        Running::start(command, 1)
    };
    let killed = start();
    killed.signal("KILL");
    assert_eq!(killed.wait().code, None);
    assert!(socket.exists(), "nobody could remove it");
    let running = start();
    Client::unix(&running.unix(0)).get("/plaintext").assert(200, "Hello, World!");
    running.stop();
    assert!(!socket.exists());
}
