//! The tools of these tests, on a program that is not supervised and on servers that misbehave: a client that sees no loss is
//! worth nothing before it has seen some.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    thread,
};

use pulsar_tests::{Folder, program::Running, until};

use crate::support::{Load, Notify, Random, Setup, Tally, Target, line, proc};

#[test]
fn load_on_a_healthy_program_is_clean() {
    let running = Running::start(Setup::faults(&[]).without_control().command(), 1);
    let load = Load::on(&Target::Tcp(running.address()));
    load.wait_for_more(50);
    let tally = load.stop();
    tally.assert_clean();
    assert_eq!(tally.generations.keys().copied().collect::<Vec<_>>(), [1]);
    assert!(tally.pids.values().sum::<u64>() < tally.ok, "uploads are among them: {tally}");
    running.stop();
}

#[test]
fn load_counts_what_is_refused() {
    let running = Running::start(Setup::faults(&[]).without_control().command(), 1);
    let load = Load::on(&Target::Tcp(running.address()));
    load.wait_for_more(20);
    running.stop();
    load.wait_until_refused();
    let tally = load.stop();
    assert!(tally.ok > 0 && tally.refused > 0 && tally.failed + tally.timeout == 0, "{tally}");
}

/// Answers each connection with these bytes and closes it, until the test ends.
fn server(answer: &'static [u8], read: bool) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            if read {
                let mut buffer = vec![0; 64 * 1024];
                let _ = stream.read(&mut buffer);
            }
            let _ = stream.write_all(answer);
        }
    });
    Target::Tcp(address)
}

/// What is looked at in a tally.
type Count = fn(&Tally) -> u64;

#[test]
fn load_tells_the_ways_to_lose_a_request_apart() {
    let good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let cases: [(Target, Count); 6] = [
        (server(good, true), |tally| tally.ok),
        (server(b"", true), |tally| tally.closed),
        // What has not been read makes the kernel send a reset.
        (server(b"", false), |tally| tally.reset + tally.closed),
        (server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", true), |tally| tally.cut),
        (server(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", true), |tally| tally.failed),
        (server(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", true), |tally| tally.other.len() as u64),
    ];
    for (n, (target, count)) in cases.iter().enumerate() {
        let load = Load::start(target, 0, 2);
        until(&format!("case {n} is counted"), || count(&load.so_far()) > 2);
    }
    // The same on kept-alive connections: the second request finds the connection closed.
    let load = Load::start(&cases[0].0, 2, 0);
    until("a closed connection is counted", || {
        let tally = load.so_far();
        tally.closed + tally.reset > 0
    });
    // A client that is told so takes a new one.
    let polite = server(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true);
    let load = Load::start(&polite, 1, 0);
    load.wait_for_more(2);
}

#[test]
fn processes_are_seen_as_they_are() {
    let setup = Setup::faults(&[]).without_control();
    let mark = format!("XDG_RUNTIME_DIR={}\0", setup.folder().path().display());
    let running = Running::start(setup.command(), 1);
    let pid = running.pid();
    assert!(proc::children(std::process::id()).contains(&pid));
    assert!(proc::with_text(&mark).contains(&pid));
    assert!(proc::is_alive(pid) && proc::started(pid).is_some());
    // Its address, and its control socket.
    assert!(!proc::listening(pid).is_empty(), "{:?}", proc::files(pid));
    assert!(proc::threads(pid) >= 1 && proc::rss(pid) > 1000 && proc::pss(pid) > 500);
    assert_eq!(proc::ids(pid, "Uid").len(), 4);
    assert!(proc::image(pid).is_some() && proc::waits(pid) > 0);
    until("every worker that ended was waited for", || proc::zombies(pid).is_empty());
    proc::signal(pid, "STOP");
    until("it is stopped", || proc::state(pid) == Some('T'));
    proc::signal(pid, "CONT");
    until("it goes on", || proc::state(pid) != Some('T'));
    running.stop();
    assert_eq!(proc::state(pid), None);
    assert!(!proc::signal(pid, "TERM"), "there is nobody to be signalled");
}

#[test]
fn datagrams_are_kept_in_their_order() {
    let folder = Folder::new();
    let notify = Notify::path(&folder);
    let sender = UnixDatagram::unbound().unwrap();
    for text in ["READY=1\nSTATUS=fine", "RELOADING=1\nMONOTONIC_USEC=5", "READY=1"] {
        sender.send_to(text.as_bytes(), &notify.variable).unwrap();
    }
    assert_eq!(notify.wait_for("READY=1", 2), "READY=1");
    assert_eq!(notify.wait_for("MONOTONIC_USEC=", 1), "RELOADING=1\nMONOTONIC_USEC=5");
    assert_eq!((notify.position("READY=1"), notify.position("RELOADING=1")), (Some(0), Some(1)));
    assert!(notify.count("STOPPING=1") == 0 && notify.so_far().len() == 3);
    assert!(Notify::named(&folder).variable.to_str().unwrap().starts_with('@'));
}

#[test]
fn chance_comes_again_with_its_seed() {
    let numbers = |seed| {
        let mut random = Random::new(seed);
        (0..100).map(|_| random.below(10)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
    assert!((0..10).all(|number| numbers(1).contains(&number)));
    assert_eq!(line("a 1\na 2\nb 3", &["a"]), Some("a 2"));
}
