//! Addresses that can be bound, and those that cannot.

use super::*;

#[test]
fn several_addresses_serve_one_application() {
    let dir = Dir::new("several");
    let socket = dir.join("app.sock");
    let local = || Address::Tcp("127.0.0.1".into(), 0);
    let binds = vec![local(), local(), Address::Unix(socket.clone())];
    let server = Running::start(ServerConfig { binds, threads: 2, ..config() });
    assert_eq!(server.addresses[0].to_string(), format!("http://{}", server.address()));
    assert_eq!(server.addresses[2].to_string(), format!("unix:{}", socket.display()));
    for address in &server.addresses[..2] {
        assert_eq!(Client::new(TcpStream::connect(tcp(address)).unwrap()).get("/").body, "hello");
    }
    let mut client = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
    assert_eq!(client.get("/peer").body, format!("unix: -> unix:{}", socket.display()));
    drop(client);
    server.stop();
    assert!(!socket.exists(), "the file is removed at the stop");
}

#[test]
fn an_empty_host_is_every_interface() {
    let binds = vec![Address::Tcp(String::new(), 0)];
    let server = Running::start(ServerConfig { binds, ..config() });
    let client = TcpStream::connect(("127.0.0.1", server.address().port())).unwrap();
    let mut client = Client::new(client);
    assert!(client.get("/peer").body.contains("127.0.0.1"));
    drop(client);
    if server.address().is_ipv6() {
        let client = TcpStream::connect(("::1", server.address().port())).unwrap();
        assert_eq!(Client::new(client).get("/").body, "hello");
    }
    server.stop();
}

#[test]
fn a_name_is_resolved() {
    let bound = Server::bind(ServerConfig { binds: vec![Address::Tcp("localhost".into(), 0)], ..config() });
    let bound = bound.unwrap();
    assert!(bound.addresses().iter().all(|address| tcp(address).ip().is_loopback()));
    let port = tcp(&bound.addresses()[0]).port();
    assert!(bound.addresses().iter().all(|address| tcp(address).port() == port));
}

#[test]
fn an_address_in_use_is_refused_with_any_number_of_threads() {
    for threads in [1, 2] {
        let first = Server::bind(ServerConfig { threads, ..config() }).unwrap();
        let address = tcp(&first.addresses()[0]);
        let binds = vec![Address::Tcp("127.0.0.1".into(), address.port())];
        let error = Server::bind(ServerConfig { binds, threads, ..config() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot listen on {address}: the address is in use. Stop the program that listens there, or \
                 choose another port"
            )
        );
    }
}

#[test]
fn all_or_nothing_and_every_failure_is_told() {
    let dir = Dir::new("all");
    let free = dir.join("free.sock");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = bind_error(vec![
        Address::Unix(free.clone()),
        Address::Tcp("127.0.0.1".into(), port),
        Address::Tcp("no-such-host.invalid".into(), 80),
        Address::Tcp("192.0.2.1".into(), 8060),
        Address::Unix(dir.join("absent/app.sock")),
    ]);
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 4, "{message}");
    assert!(lines[0].contains("is in use"), "{message}");
    assert!(lines[1].starts_with("cannot listen on no-such-host.invalid:80: the host name has no address"));
    assert!(lines[2].contains("this machine has no such address"), "{message}");
    assert!(lines[3].ends_with("its directory does not exist. Create it, or choose another path"));
    assert!(!free.exists(), "what could be opened is closed again");
}

#[test]
fn mistakes_in_the_list_are_told() {
    assert_eq!(bind_error(vec![]), "there is no address to listen on: name one, such as 127.0.0.1:8060");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let twice = Address::Tcp("127.0.0.1".into(), port);
    assert!(bind_error(vec![twice.clone(), twice]).contains("the address is given twice"));
    let long = Address::Unix(Path::new("/tmp").join("x".repeat(200)));
    assert!(bind_error(vec![long]).contains("choose a shorter one"));
}

#[test]
fn an_unwritable_access_log_is_told() {
    let access_log = AccessLog::File("/no/such/directory/access.log".into());
    let error = Server::bind(ServerConfig { access_log, ..config() }).unwrap_err().to_string();
    assert!(error.starts_with("cannot write the access log to /no/such/directory/access.log: "), "{error}");
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    let dir = Dir::new("stale");
    let socket = dir.join("app.sock");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "as a killed server leaves it");
    let server = Running::start(ServerConfig { binds: vec![Address::Unix(socket.clone())], ..config() });
    let mut client = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
    assert_eq!(client.get("/").body, "hello");
    drop(client);
    server.stop();
}

#[test]
fn a_live_unix_socket_and_other_files_are_left_alone() {
    let dir = Dir::new("live");
    let (socket, file) = (dir.join("app.sock"), dir.join("file"));
    let live = UnixListener::bind(&socket).unwrap();
    fs::write(&file, "precious").unwrap();
    let message = bind_error(vec![Address::Unix(socket.clone()), Address::Unix(file.clone())]);
    let expected = format!(
        "cannot listen on unix:{}: another server is listening there. Stop it, or choose another path\n\
         cannot listen on unix:{}: a file that is no socket stands there. Remove it, or choose another path",
        socket.display(),
        file.display()
    );
    assert_eq!(message, expected);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    UnixStream::connect(&socket).unwrap();
    drop(live);
}

#[test]
fn the_socket_of_a_successor_is_not_removed() {
    let dir = Dir::new("successor");
    let socket = dir.join("app.sock");
    let bound =
        Server::bind(ServerConfig { binds: vec![Address::Unix(socket.clone())], ..config() }).unwrap();
    fs::rename(&socket, dir.join("old")).unwrap();
    let _successor = UnixListener::bind(&socket).unwrap();
    drop(bound);
    assert!(socket.exists());
}
