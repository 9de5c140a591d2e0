//! The limits of connections, each at its edge, and clients that try them.

use super::*;

/// A limit that is soon reached.
const SOON: Duration = Duration::from_millis(200);

#[test]
fn a_head_that_takes_too_long_is_answered_with_408() {
    let server = Running::start(ServerConfig { head_timeout: Some(SOON), ..config() });
    for (bytes, requests_before) in [("GET / HTTP/1.1\r\nHost: a\r\n", 0), ("P", 0), ("GET / HT", 2)] {
        let mut client = server.connect();
        for _ in 0..requests_before {
            assert_eq!(client.get("/").body, "hello");
        }
        client.send(bytes);
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.header("connection"), answer.header("content-type")),
            (408, Some("close"), Some("application/problem+json")),
            "{bytes:?}"
        );
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")), "{}", answer.head);
        assert!(answer.body.contains("did not come in time"), "{}", answer.body);
        client.stream.shutdown(Half::Write).unwrap();
        assert_eq!(client.rest(), "");
    }
    assert_eq!(server.reached(Limit::HeadTimeout), 3);
    server.stop();
}

#[test]
fn a_head_may_come_in_pieces() {
    let server = Running::start(config());
    let mut client = server.connect();
    for _ in 0..2 {
        for byte in "POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".chars() {
            client.send(&byte.to_string());
        }
        assert_eq!(client.answer().body, "1");
    }
    drop(client);
    assert_eq!(server.reached(Limit::HeadTimeout), 0);
    server.stop();
}

#[test]
fn a_preface_that_does_not_come_to_an_end_is_cut_off() {
    let limits = ServerConfig { preface_timeout: Some(SOON), head_timeout: Some(PATIENCE), ..config() };
    let server = Running::start(limits);
    for bytes in ["PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        let mut client = server.connect();
        client.send(bytes);
        assert_eq!(client.rest(), "", "{bytes:?}");
    }
    assert_eq!(server.reached(Limit::PrefaceTimeout), 2);
    // It is not a preface after all, and has the time of a head.
    let mut client = server.connect();
    client.send("PRI * HTTP/1.1\r\n");
    client.send("Host: a\r\n\r\n");
    client.answer();
    assert_eq!(server.reached(Limit::PrefaceTimeout), 2);
    server.stop();
}

#[test]
fn what_is_no_proxy_header_is_counted() {
    let proxy_protocol = ["127.0.0.1".parse().unwrap()].into_iter().collect();
    let config =
        ServerConfig { proxy_protocol, preface_timeout: Some(SOON), keep_alive: PATIENCE, ..config() };
    let server = Running::start(config);
    for (bytes, ends, count) in [
        ("GET / HTTP/1.1\r\n\r\n", false, 1),
        ("PROXY TCP4 \r\n", false, 2),
        ("PROXY TCP4 1.1.1.1", true, 3),
        // It takes too long.
        ("PROXY TCP4 1.1.1.1", false, 4),
        ("", false, 5),
        // Somebody looks whether the port is open.
        ("", true, 5),
    ] {
        let mut client = server.connect();
        client.send(bytes);
        if ends {
            client.stream.shutdown(Half::Write).unwrap();
        }
        assert_eq!(
            (client.rest(), server.reached(Limit::ProxyProtocol)),
            (String::new(), count),
            "{bytes:?}"
        );
    }
    let mut client = server.connect();
    client.send("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n");
    assert_eq!(client.get("/peer").body, "203.0.113.9:4711 -> 192.0.2.1:443");
    drop(client);
    assert_eq!(server.reached(Limit::ProxyProtocol), 5);
    server.stop();
}

#[test]
fn without_http2_its_preface_is_no_request() {
    let server = Running::start(ServerConfig { http2: false, ..config() });
    let mut client = server.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(client.rest(), "");
    server.stop();
}

#[test]
fn a_client_that_takes_nothing_is_cut() {
    let server = Running::start(ServerConfig { write_timeout: Some(SOON), ..config() });
    let mut client = server.connect();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| server.reached(Limit::WriteTimeout) == 1);
    let mut taken = Vec::new();
    let cut = client.stream.read_to_end(&mut taken);
    assert!(cut.is_err() || taken.len() < 64 << 20, "it got all of it");
    // One that takes its time has as much as it needs.
    let mut client = server.connect();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match client.stream.read(&mut buffer).unwrap() {
            0 => break,
            count => taken += count,
        }
        thread::sleep(Duration::from_millis(2));
    }
    assert!(taken > 64 << 20, "{taken}");
    assert_eq!(server.reached(Limit::WriteTimeout), 1);
    server.stop();
}

#[test]
fn an_application_may_take_longer_than_a_client() {
    let server = Running::start(ServerConfig { write_timeout: Some(SOON), keep_alive: SOON, ..config() });
    let mut client = server.connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    server.wait_for_waiting(1);
    let mut idle = server.connect();
    assert_eq!(idle.rest(), "", "closed after longer than the limit");
    server.gate.add_permits(2);
    assert!(client.rest().ends_with("0\r\n\r\n"));
    server.stop();
}

#[test]
fn the_last_request_of_a_connection_says_so() {
    let server = Running::start(ServerConfig { max_connection_requests: Some(2), ..config() });
    let mut client = server.connect();
    assert_eq!(client.get("/").header("connection"), None);
    assert_eq!(client.get("/").header("connection"), Some("close"));
    assert_eq!(client.rest(), "");
    assert_eq!(server.reached(Limit::MaxConnectionRequests), 1);
    server.stop();
}

#[test]
fn an_old_connection_is_ended_in_order() {
    let server = Running::start(ServerConfig { max_connection_age: Some(SOON), ..config() });
    let mut idle = server.connect();
    assert_eq!(idle.get("/").header("connection"), None);
    let mut busy = server.connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for_waiting(1);
    assert_eq!(idle.rest(), "");
    until(|| server.reached(Limit::MaxConnectionAge) == 2);
    server.gate.add_permits(1);
    let answer = busy.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("waited", Some("close")));
    assert_eq!(busy.rest(), "");
    server.stop();
}

#[test]
fn an_old_connection_still_answers_the_head_that_it_reads() {
    let server = Running::start(ServerConfig { max_connection_age: Some(SOON), ..config() });
    let mut client = server.connect();
    assert_eq!(client.get("/").status, 200);
    client.send("GET / HT");
    until(|| server.reached(Limit::MaxConnectionAge) == 1);
    client.send("TP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("hello", Some("close")));
    server.stop();
}

#[test]
fn beyond_the_limit_connections_wait() {
    for threads in [1, 2] {
        let server = Running::start(ServerConfig { max_connections: Some(2), threads, ..config() });
        let mut clients: Vec<_> = (0..2).map(|_| server.connect()).collect();
        for client in &mut clients {
            assert_eq!(client.get("/").body, "hello");
        }
        let mut third = server.connect();
        third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        until(|| server.reached(Limit::MaxConnections) == threads as u64);
        third.stream.set_read_timeout(Some(SOON)).unwrap();
        let nothing = third.stream.read(&mut [0]).unwrap_err().kind();
        assert!(matches!(nothing, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
        third.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        drop(clients.pop());
        assert_eq!(third.answer().body, "hello");
        drop((clients, third));
        assert_eq!(server.stop().connections, 3);
    }
}

#[test]
fn what_waits_beyond_the_limit_is_served_at_the_stop() {
    let server = Running::start(ServerConfig { max_connections: Some(1), ..config() });
    let mut first = server.connect();
    assert_eq!(first.get("/").status, 200);
    let mut second = server.connect();
    second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    until(|| server.reached(Limit::MaxConnections) == 1);
    server.shutdown.drain();
    assert_eq!(second.answer().header("connection"), Some("close"));
    drop(first);
    assert_eq!(server.stop().connections, 2);
}

#[test]
fn an_answer_reaches_a_client_that_is_still_sending() {
    let server = Running::start(ServerConfig { max_body: Some(1000), ..config() });
    let upload = vec![b'x'; 1 << 20];
    for round in 0..20 {
        for (path, length, status) in [("/", 1 << 20, 413), ("/", 500, 200)] {
            let mut client = server.connect();
            client.send(&format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));
            let mut sender = client.stream.try_clone().unwrap();
            // A short body stays unread and incomplete; of a long one more comes than anybody wants.
            let sent = if length == 500 { 499 } else { upload.len() };
            // The server may close in the middle of it.
            let _ = sender.write_all(&upload[..sent]);
            let answer = client.answer();
            assert_eq!((answer.status, round), (status, round));
            let _ = sender.shutdown(Half::Write);
            let _ = client.stream.read_to_end(&mut Vec::new());
        }
    }
    server.stop();
}

#[test]
fn a_closed_connection_waits_for_its_client_but_not_for_long() {
    let server = Running::start(ServerConfig { max_body: Some(1000), ..config() });
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    assert_eq!(client.answer().status, 413);
    assert_eq!(client.rest(), "", "nothing more is written");
    let begun = Instant::now();
    assert_eq!(server.stop().cut, 0);
    assert!(begun.elapsed() < PATIENCE / 2, "the client never closed");
}

#[test]
fn what_is_no_request_is_logged_and_counted() {
    let dir = Dir::new("refused");
    let file = dir.join("access.log");
    let server = Running::start(ServerConfig {
        access_log: AccessLog::File(file.clone()),
        head_timeout: Some(SOON),
        ..config()
    });
    let long = "x".repeat(70_000);
    for (bytes, status) in [
        ("GARB@GE\r\n\r\n", 400),
        (&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", long.repeat(2)), 431),
        ("GET / HT", 408),
    ] {
        let mut client = server.connect();
        client.send(bytes);
        assert_eq!(client.answer().status, status);
        let _ = client.stream.read_to_end(&mut Vec::new());
    }
    until(|| server.reached(Limit::MaxHead) == 1);
    server.stop();
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let mut seen: Vec<_> = lines.iter().map(|line| (line[5], line[6])).collect();
    // Each has its line when its client has gone, or has had a moment to go.
    seen.sort_unstable();
    assert_eq!(seen, [("\"-\"", "400"), ("\"-\"", "408"), ("\"-\"", "431")], "{text}");
}

#[test]
fn slow_clients_do_not_keep_an_honest_one_waiting() {
    const SLOW: usize = 100;
    let attacks: [(&str, Limit); 4] = [
        ("", Limit::KeepAlive),
        ("GET / HTTP/1.1\r\nX-a: b\r\n", Limit::HeadTimeout),
        ("GET /big HTTP/1.1\r\nHost: a\r\n\r\n", Limit::WriteTimeout),
        ("PRI * HTTP/2.0\r\n", Limit::PrefaceTimeout),
    ];
    for (bytes, limit) in attacks {
        let time = Duration::from_millis(500);
        let server = Running::start(ServerConfig {
            keep_alive: time,
            head_timeout: Some(time),
            write_timeout: Some(time),
            preface_timeout: Some(time),
            ..config()
        });
        let slow: Vec<_> = (0..SLOW)
            .map(|_| {
                let mut client = server.connect();
                client.send(bytes);
                client
            })
            .collect();
        let begun = Instant::now();
        while server.reached(limit) < SLOW as u64 {
            assert!(begun.elapsed() < PATIENCE, "{limit:?}: {} are gone", server.reached(limit));
            assert_eq!(server.connect().get("/").body, "hello", "{limit:?}");
        }
        drop(slow);
        assert_eq!(server.stop().cut, 0, "{limit:?}");
    }
}

#[test]
fn what_an_application_has_taken_over_is_not_idle_and_may_not_stand_still() {
    let server = Running::start(ServerConfig { keep_alive: SOON, write_timeout: Some(SOON), ..config() });
    let switch = "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let mut client = server.connect();
    client.send(switch);
    assert_eq!(client.answer().status, 101);
    let mut idle = server.connect();
    assert_eq!(idle.rest(), "", "closed after longer than the limit");
    client.send("still there");
    let mut echo = [0; 11];
    client.stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"still there");
    // It sends and does not read, until nothing goes any more.
    let bytes = vec![b'x'; 1 << 20];
    while client.stream.write_all(&bytes).is_ok() {}
    assert_eq!(server.reached(Limit::WriteTimeout), 1);
    server.stop();
}
