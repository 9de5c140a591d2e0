//! Stops, in order and by force.

use super::*;

#[test]
fn without_connections_it_ends_at_once() {
    let server = Running::start(ServerConfig { drain_grace: PATIENCE, threads: 2, ..config() });
    assert_eq!(server.connect().get("/").status, 200);
    let begun = Instant::now();
    let address = server.address();
    server.stop();
    assert!(begun.elapsed() < PATIENCE / 2);
    assert!(TcpStream::connect(address).is_err(), "the listener is closed");
}

#[test]
fn a_request_in_flight_finishes_and_says_goodbye() {
    let server = Running::start(ServerConfig { drain_grace: Duration::ZERO, ..config() });
    let mut client = server.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    server.shutdown.drain();
    until(|| TcpStream::connect(server.address()).is_err());
    server.gate.add_permits(1);
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("waited", Some("close")));
    assert_eq!(client.rest(), "");
    assert_eq!(server.stop().stop, Stop::Requested);
}

#[test]
fn an_idle_connection_is_heard_during_the_grace() {
    let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
    let mut kept = server.connect();
    assert_eq!(kept.get("/").header("connection"), None);
    let mut fresh = server.connect();
    assert_eq!(server.connect().get("/").status, 200, "so that `fresh` has been accepted before");
    server.shutdown.drain();
    until(|| TcpStream::connect(server.address()).is_err());
    for client in [&mut kept, &mut fresh] {
        let answer = client.get("/");
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("hello", Some("close")));
        assert_eq!(client.rest(), "");
    }
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
}

#[test]
fn an_idle_connection_is_closed_after_the_grace() {
    let server = Running::start(ServerConfig { drain_grace: Duration::from_millis(50), ..config() });
    let mut kept = server.connect();
    assert_eq!(kept.get("/").status, 200);
    let mut fresh = server.connect();
    let mut streaming = server.connect();
    streaming.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    server.shutdown.drain();
    assert_eq!(kept.rest(), "");
    assert_eq!(fresh.rest(), "");
    server.gate.add_permits(2);
    assert!(streaming.rest().ends_with("0\r\n\r\n"), "an answer under way is completed, then closed");
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
}

#[test]
fn what_stands_in_the_queue_is_served() {
    let dir = Dir::new("queue");
    let socket = dir.join("app.sock");
    let binds = vec![Address::Tcp("127.0.0.1".into(), 0), Address::Unix(socket.clone())];
    let bound = Server::bind(ServerConfig { binds, threads: 2, drain_grace: PATIENCE, ..config() }).unwrap();
    let address = tcp(&bound.addresses()[0]);
    let mut clients: Vec<_> = (0..20).map(|_| Client::new(TcpStream::connect(address).unwrap())).collect();
    let mut local = Client { stream: UnixStream::connect(&socket).unwrap(), read: Vec::new() };
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let (entered, enter) = mpsc::channel();
    let start = || async move {
        // The stop comes after the start-up succeeded and before anything can have been accepted.
        entered.send(()).unwrap();
        handle.drain();
        Ok::<_, Infallible>(service_fn(|_: Request| {
            ready(Ok::<_, Infallible>(Response::new(Body::from("served"))))
        }))
    };
    let thread = thread::spawn(move || bound.serve_with(start, shutdown).unwrap());
    enter.recv().unwrap();
    for client in &mut clients {
        let answer = client.get("/");
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("served", Some("close")));
    }
    assert_eq!(local.get("/").body, "served");
    let summary = thread.join().unwrap();
    assert_eq!((summary.connections, summary.requests, summary.cut), (21, 21, 0));
}

#[test]
fn the_deadline_cuts_what_is_left() {
    let server = Running::start(ServerConfig {
        drain_grace: Duration::from_millis(10),
        graceful_timeout: Duration::from_millis(50),
        ..config()
    });
    let mut client = server.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Deadline, 1));
    assert_eq!(client.rest(), "");
}

#[test]
fn force_ends_at_once() {
    for drained_before in [false, true] {
        let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
        let mut client = server.connect();
        client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for_waiting(1);
        if drained_before {
            server.shutdown.drain();
        }
        let begun = Instant::now();
        server.shutdown.force();
        let summary = server.thread.join().unwrap();
        assert_eq!((summary.stop, summary.cut), (Stop::Forced, 1));
        assert!(begun.elapsed() < PATIENCE / 2);
        assert_eq!(client.rest(), "");
    }
}

/// Serves nothing, and does `work` when it stops. Its stop has been asked for when this returns.
fn stopping(
    config: ServerConfig,
    work: impl Future<Output = ()> + Send + 'static,
) -> (Shutdown, thread::JoinHandle<Summary>) {
    let bound = Server::bind(config).unwrap();
    let shutdown = Shutdown::new();
    let (handle, stop) = (shutdown.clone(), shutdown.clone());
    let nothing = service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let start = move || async move {
        stop.drain();
        Ok::<_, Infallible>(vec![bound.with(nothing).on_stop(work)])
    };
    (handle.clone(), thread::spawn(move || serve_all(start, handle).unwrap()))
}

#[test]
fn the_end_waits_for_what_is_done_at_the_stop() {
    let (done, was_done) = mpsc::channel();
    let work = async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        done.send(()).unwrap();
    };
    let (_, thread) = stopping(config(), work);
    assert_eq!(thread.join().unwrap().stop, Stop::Requested);
    assert_eq!(was_done.try_recv(), Ok(()));
}

#[test]
fn what_is_done_at_the_stop_is_cut_at_the_deadline_and_by_force() {
    let short = ServerConfig { graceful_timeout: Duration::from_millis(50), ..config() };
    let (_, thread) = stopping(short, std::future::pending());
    thread.join().unwrap();

    let (entered, enter) = mpsc::channel();
    let (shutdown, thread) = stopping(config(), async move {
        entered.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    enter.recv_timeout(PATIENCE).unwrap();
    shutdown.force();
    assert_eq!(thread.join().unwrap().stop, Stop::Forced);

    let (_, thread) = stopping(config(), async { panic!("no luck") });
    assert_eq!(thread.join().unwrap().stop, Stop::Requested);
}

#[test]
fn a_blocked_thread_cannot_hold_up_the_stop() {
    let (release, blocked) = mpsc::channel::<()>();
    let (entered, enter) = mpsc::channel();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let app = service_fn(move |_: Request| {
        entered.send(()).unwrap();
        let _ = blocked.lock().unwrap().recv();
        ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    let bound = Server::bind(ServerConfig { graceful_timeout: Duration::ZERO, ..config() }).unwrap();
    let mut client = Client::new(TcpStream::connect(tcp(&bound.addresses()[0])).unwrap());
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let thread = thread::spawn(move || bound.serve(app, handle).unwrap());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    enter.recv_timeout(PATIENCE).unwrap();
    shutdown.drain();
    let summary = thread.join().unwrap();
    assert_eq!((summary.stop, summary.cut), (Stop::Deadline, 1));
    drop(release);
}

#[test]
fn signals_drain_then_force() {
    let send = |signal: &str| {
        let status = process::Command::new("kill").args([signal, &process::id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    let (terminated, interrupted) = (Shutdown::new(), Shutdown::new());
    signals(terminated.clone()).unwrap();
    send("-TERM");
    until(|| terminated.is_requested());
    signals(interrupted.clone()).unwrap();
    send("-INT");
    until(|| interrupted.is_requested());
    assert!(!interrupted.is_forced());
    send("-INT");
    until(|| interrupted.is_forced());
}

#[test]
fn a_client_that_leaves_is_no_trouble() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    client.stream.shutdown(Half::Both).unwrap();
    drop(client);
    assert_eq!(server.connect().get("/").body, "hello");
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
}

#[test]
fn a_head_that_is_half_read_is_answered_within_the_grace() {
    let server = Running::start(ServerConfig { drain_grace: PATIENCE, ..config() });
    let mut kept = server.connect();
    assert_eq!(kept.get("/").status, 200);
    let mut fresh = server.connect();
    for client in [&mut kept, &mut fresh] {
        client.send("GET / HT");
    }
    assert_eq!(server.connect().get("/").status, 200, "so that `fresh` has been accepted before");
    server.shutdown.drain();
    until(|| TcpStream::connect(server.address()).is_err());
    for client in [&mut kept, &mut fresh] {
        client.send("TP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.answer();
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("hello", Some("close")));
        assert_eq!(client.rest(), "");
    }
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn a_head_that_does_not_come_within_the_grace_is_told_so() {
    let server = Running::start(ServerConfig { drain_grace: Duration::from_millis(50), ..config() });
    let mut kept = server.connect();
    assert_eq!(kept.get("/").status, 200);
    let mut fresh = server.connect();
    for client in [&mut kept, &mut fresh] {
        client.send("GET / HT");
    }
    assert_eq!(server.connect().get("/").status, 200, "so that `fresh` has been accepted before");
    server.shutdown.drain();
    for client in [&mut kept, &mut fresh] {
        assert_eq!(client.answer().status, 408);
    }
    drop((kept, fresh));
    assert_eq!(server.reached(Limit::HeadTimeout), 0, "it was not the client's fault");
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn the_deadline_cuts_streams_of_http2_as_well() {
    let server = Running::start(ServerConfig {
        drain_grace: Duration::from_millis(10),
        graceful_timeout: Duration::from_millis(50),
        ..config()
    });
    let mut client = server.connect();
    // GET /wait, in a frame of HEADERS; see `http2.rs`.
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client.send("\0\0\0\x04\0\0\0\0\0");
    client.stream.write_all(b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x86\x41\x01a\x44\x05/wait").unwrap();
    server.wait_for_waiting(1);
    let summary = server.stop();
    assert_eq!((summary.stop, summary.cut), (Stop::Deadline, 1));
}
