//! Requests that come before the answers to others are out.

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn answers_that_are_ready_go_out_together() {
    let dir = Dir::new("together");
    let binds = vec![Address::Tcp("127.0.0.1".into(), 0), Address::Unix(dir.join("socket"))];
    let server = Running::start(ServerConfig { binds, ..config() });
    assert_together(server.connect());
    assert_together(Client { stream: UnixStream::connect(dir.join("socket")).unwrap(), read: Vec::new() });
    server.stop();
}

/// Asserts that the client reads sixteen answers at once, again and again.
fn assert_together<S: Read + Write>(mut client: Client<S>) {
    let one = {
        client.send(GET);
        client.fill();
        client.read.drain(..).len()
    };
    for _ in 0..20 {
        client.send(&GET.repeat(16));
        let mut buffer = [0; 16 * 1024];
        assert_eq!(client.stream.read(&mut buffer).unwrap(), 16 * one, "one write is read at once");
    }
}

#[test]
fn answers_wait_for_nothing_that_takes_its_time() {
    let server = Running::start(config());
    for (behind, status) in [
        ("", None),
        ("GET / HT", None),
        ("POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", None),
        // Nobody reads the body.
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", Some(200)),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", Some(200)),
        ("GARB@GE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
        ("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
        ("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", Some(500)),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Some(200)),
        // hyper is ready to give the stream away.
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Some(501)),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: x\r\n\r\n", Some(200)),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Some(200)),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", Some(200)),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", Some(200)),
    ] {
        // Fewer than hyper answers in a row, as many, and more.
        for count in [0, 1, 3, 15, 16, 17, 40] {
            let mut client = server.connect();
            client.send(&[&GET.repeat(count), behind].concat());
            for _ in 0..count {
                let answer = client.answer();
                assert_eq!((answer.status, &*answer.body), (200, "hello"), "{count} before {behind:?}");
            }
            if let Some(status) = status {
                while !client.text().contains("\r\n\r\n") {
                    assert!(client.fill(), "{count} before {behind:?}: {:?}", client.text());
                }
                let expected = format!(" {status} ");
                assert!(client.text().contains(&expected), "{count} before {behind:?}: {:?}", client.text());
            }
        }
    }
    server.stop();
}

#[test]
fn quick_answers_come_before_a_slow_one() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send(&[&GET.repeat(3), "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", &GET.repeat(2)].concat());
    for _ in 0..3 {
        assert_eq!(client.answer().body, "hello");
    }
    server.wait_for_waiting(1);
    server.gate.add_permits(1);
    assert_eq!(client.answer().body, "waited");
    for _ in 0..2 {
        assert_eq!(client.answer().body, "hello");
    }
    drop(client);
    server.stop();
}

#[test]
fn a_stream_behind_an_answer_goes_out_piece_by_piece() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send(&[GET, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", GET].concat());
    assert_eq!(client.answer().body, "hello");
    assert_eq!(client.answer().header("transfer-encoding"), Some("chunked"));
    for piece in 1..=2 {
        server.gate.add_permits(1);
        while client.text().matches("chunk").count() < piece {
            assert!(client.fill());
        }
    }
    while !client.text().ends_with("hello") {
        assert!(client.fill());
    }
    drop(client);
    server.stop();
}

#[test]
fn a_tunnel_behind_an_answer_keeps_nothing_back() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.send(
        &[GET, "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"].concat(),
    );
    assert_eq!(client.answer().body, "hello");
    assert_eq!(client.answer().status, 101);
    for _ in 0..3 {
        client.send("ping");
        while client.text() != "ping" {
            assert!(client.fill());
        }
        client.read.clear();
    }
    drop(client);
    server.stop();
}

#[test]
fn a_client_that_takes_no_answers_is_cut() {
    let limits = ServerConfig {
        write_timeout: Some(Duration::from_millis(200)),
        min_rate: None,
        max_connection_requests: None,
        ..config()
    };
    let server = Running::start(limits);
    let client = server.connect();
    client.stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let requests = GET.repeat(100);
    // The server stops reading when its answers are not taken, and cuts the connection in the end.
    while (&client.stream).write_all(requests.as_bytes()).is_ok() {}
    until(|| server.reached(Limit::WriteTimeout) == 1);
    server.stop();
}

#[test]
fn a_client_that_says_no_more_gets_the_answers_that_are_ready() {
    let server = Running::start(config());
    for _ in 0..20 {
        let mut client = server.connect();
        client.send(&[&GET.repeat(3), "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
        client.stream.shutdown(Half::Write).unwrap();
        for _ in 0..3 {
            assert_eq!(client.answer().body, "hello");
        }
        // Nobody waits for the last one: see `half_close` of hyper.
        assert_eq!(client.rest(), "");
    }
    server.stop();
}

#[test]
fn a_stream_that_hyper_gives_away_has_nothing_left_to_send() {
    let server = Running::start(config());
    for (headers, end) in
        [("", "Connection: close\r\n"), ("Connection: upgrade\r\nUpgrade: x\r\n", "Connection: close\r\n")]
    {
        let mut client = server.connect();
        let request = |headers: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        client.send(&[GET.to_owned(), request(headers), GET.to_owned(), request(end)].concat());
        for _ in 0..4 {
            assert_eq!(client.answer().body, "hello", "after {headers:?}");
        }
        assert_eq!(client.rest(), "");
    }
    server.stop();
}
