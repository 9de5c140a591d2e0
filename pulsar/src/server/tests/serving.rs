//! Requests and answers, one connection at a time.

use super::*;

#[test]
fn a_connection_is_kept_alive() {
    let server = Running::start(config());
    let mut client = server.connect();
    let first = client.get("/connection");
    assert_eq!((first.status, first.header("connection")), (200, None));
    assert_eq!(client.get("/connection").body, first.body);
    assert_ne!(server.connect().get("/connection").body, first.body, "ids are unique");
    drop(client);
    let summary = server.stop();
    assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 2, requests: 3 });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(config());
    let mut client = server.connect();
    let paths = ["/connection", "/", "/empty", "/"];
    client.send(&paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).concat());
    let bodies = paths.map(|_| client.answer().body);
    assert_eq!(bodies[1..], ["hello", "0", "hello"]);
    drop(client);
    server.stop();
}

#[test]
fn an_answer_does_not_wait_for_what_follows_it() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
    assert_eq!(client.answer().body, "hello", "though the next request is not complete");
    client.send("GARB@GE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 400, "though there are bytes that nobody will read");
    assert_eq!(client.rest(), "");
    server.stop();
}

#[test]
fn bodies_go_both_ways() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send("POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(client.answer().body, "3");
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    assert_eq!(client.answer().body, "abc");
    assert_eq!(client.rest(), "");
    server.stop();
}

#[test]
fn an_application_learns_who_called() {
    let server = Running::start(config());
    let mut client = server.connect();
    let ours = client.stream.local_addr().unwrap();
    assert_eq!(client.get("/peer").body, format!("{ours} -> {}", server.address()));
    drop(client);
    server.stop();
}

#[test]
fn every_thread_serves() {
    let server = Running::start(ServerConfig { threads: 3, ..config() });
    // With enough connections each of the three queues gets some; all must be answered.
    let mut clients: Vec<_> = (0..48).map(|_| server.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").status, 200);
    }
    drop(clients);
    assert_eq!(server.stop().connections, 48);
}

#[test]
fn connections_are_shared_out_among_threads() {
    let names = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let bound = Server::bind(ServerConfig { threads: 2, ..config() }).unwrap();
    let address = tcp(&bound.addresses()[0]);
    let shutdown = Shutdown::new();
    let seen = Arc::clone(&names);
    let app = service_fn(move |_: Request| {
        seen.lock().unwrap().insert(thread::current().name().map(str::to_owned));
        ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    let handle = shutdown.clone();
    let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
    until(|| {
        Client::new(TcpStream::connect(address).unwrap()).get("/");
        names.lock().unwrap().len() == 2
    });
    shutdown.drain();
    thread.join().unwrap();
}

#[test]
fn connections_spread_evenly_over_two_threads() {
    const CONNECTIONS: usize = 64;
    // A busy machine may once not let a thread run when it is its turn, so that most rounds count.
    const ROUNDS: usize = 5;
    let bound = Server::bind(ServerConfig { threads: 2, ..config() }).unwrap();
    let address = tcp(&bound.addresses()[0]);
    let shutdown = Shutdown::new();
    let app = service_fn(|_: Request| {
        ready(Ok::<_, Infallible>(Response::new(Body::from(
            thread::current().name().unwrap_or("").to_owned(),
        ))))
    });
    let handle = shutdown.clone();
    let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
    for is_one_after_the_other in [false, true] {
        let mut largest = Vec::new();
        for _ in 0..ROUNDS {
            let connect = |_| {
                let mut client = Client::new(TcpStream::connect(address).unwrap());
                if is_one_after_the_other {
                    client.get("/");
                }
                client
            };
            let mut clients: Vec<_> = (0..CONNECTIONS).map(connect).collect();
            let mut counts = std::collections::BTreeMap::<_, usize>::new();
            for client in &mut clients {
                *counts.entry(client.get("/").body).or_default() += 1;
            }
            assert_eq!(counts.values().sum::<usize>(), CONNECTIONS);
            largest.push(counts.into_values().max().unwrap());
            // Until the server has closed too, the connection counts.
            for client in &mut clients {
                client.stream.shutdown(Half::Write).unwrap();
                client.rest();
            }
        }
        let even = largest.iter().filter(|&&largest| largest * 100 <= CONNECTIONS * 60).count();
        assert!(
            even * 2 > ROUNDS,
            "the most connections of one thread: {largest:?}, {is_one_after_the_other}"
        );
    }
    shutdown.drain();
    thread.join().unwrap();
}

#[test]
fn an_idle_connection_is_closed_after_keep_alive() {
    let server = Running::start(ServerConfig { keep_alive: Duration::from_millis(700), ..config() });
    let mut silent = server.connect();
    let mut kept = server.connect();
    assert_eq!(kept.get("/").body, "hello");
    let mut busy = server.connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    for client in [&mut silent, &mut kept] {
        assert_eq!(client.rest(), "");
    }
    // All of those waited for longer than the limit, and a request in flight did not mind.
    server.gate.add_permits(1);
    assert_eq!(busy.answer().body, "waited");
    assert_eq!(busy.rest(), "");
    server.stop();
}

#[test]
fn an_answer_that_takes_its_time_is_not_idle() {
    let server = Running::start(ServerConfig { keep_alive: Duration::from_millis(500), ..config() });
    let mut client = server.connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    server.wait_for_waiting(1);
    let mut idle = server.connect();
    assert_eq!(idle.rest(), "", "closed after longer than the limit");
    server.gate.add_permits(2);
    assert!(client.rest().ends_with("5\r\nchunk\r\n5\r\nchunk\r\n0\r\n\r\n"), "{}", client.text());
    server.stop();
}

#[test]
fn keep_alive_zero_closes_after_each_answer() {
    let server = Running::start(ServerConfig { keep_alive: Duration::ZERO, ..config() });
    let mut client = server.connect();
    assert_eq!(client.get("/").header("connection"), Some("close"));
    assert_eq!(client.rest(), "");
    server.stop();
}

#[test]
fn a_panic_is_an_answer_and_the_connection_lives() {
    let server = Running::start(config());
    let mut client = server.connect();
    for path in ["/panic", "/panic-in-call"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (500, Some("application/problem+json")));
        assert!(!answer.body.contains("on purpose"), "the reason is for the log alone");
    }
    assert_eq!(client.get("/").body, "hello");
    drop(client);
    server.stop();
}

#[test]
fn a_panic_in_a_body_cuts_the_answer_visibly() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send("GET /panic-in-body HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = client.rest();
    assert!(!text.ends_with("0\r\n\r\n"), "it must not look complete: {text}");
    assert_eq!(server.connect().get("/").body, "hello");
    server.stop();
}

#[test]
fn request_ids_are_kept_or_made() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send("GET /id HTTP/1.1\r\nHost: a\r\nX-Request-Id: 7f3a-12\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("x-request-id")), ("7f3a-12", Some("7f3a-12")));
    client.send("GET /id HTTP/1.1\r\nHost: a\r\nX-Request-Id: not sane\r\n\r\n");
    let answer = client.answer();
    // One that we make is there for whoever asks; without an access log nobody would look for it in the answer.
    assert_ne!(answer.body, "not sane");
    assert_eq!(answer.header("x-request-id"), None);
    assert_ne!(client.get("/id").body, answer.body);
    drop(client);
    server.stop();
}
