//! What no client should send, as bytes on a socket: a clear status, and a program that goes on.

use std::fmt::Write as _;

use pulsar_tests::{program::Running, wire::Client};

/// Asserts that it still answers, then that it ends in order and never panicked.
fn lives(running: Running) {
    running.get("/plaintext").assert(200, "Hello, World!");
    let finished = running.stop();
    finished.assert_calm();
    assert!(!finished.stderr.contains("ERROR"), "a client's mistake is no error of ours: {finished}");
}

#[test]
fn what_is_no_http_is_a_400() {
    let running = Running::example("bench", &[]);
    for (what, bytes) in [
        ("garbage", &b"\x00\xff\xfe garbage\r\n\r\n"[..]),
        ("the greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("a method that is no token", b"GE@T /plaintext HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no path", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("an empty path", b"GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a blank in the path", b"GET /plain text HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no version", b"GET /plaintext\r\n\r\n"),
        ("a version that is none", b"GET /plaintext HTTP/x.y\r\nHost: a\r\n\r\n"),
        ("a header without a colon", b"GET /plaintext HTTP/1.1\r\nHost\r\n\r\n"),
        ("a blank before the colon", b"GET /plaintext HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("a NUL in a header", b"GET /plaintext HTTP/1.1\r\nHost: a\x00b\r\n\r\n"),
        ("a length that is no number", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
        ("a negative length", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        (
            "two lengths",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        ),
        (
            "an endless length",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ),
    ] {
        let mut client = running.connect();
        client.send(bytes);
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        // Where the next request begins is anybody's guess.
        assert_eq!(client.rest(), b"", "{what}: the connection is closed");
    }
    lives(running);
}

#[test]
fn paths_that_are_none_are_a_400_and_others_are_told_apart() {
    let running = Running::example("router", &[]);
    for path in ["/hello/%zz", "/hello/%", "/hello/%4", "/hello/%00", "*"] {
        let mut client = running.connect();
        let answer = client.get(path);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}: {answer:?}");
        // Whoever sends that means something else by it than we do, and may go on so.
        assert_eq!(client.rest(), b"", "{path}: the connection is closed");
    }
    let mut client = running.connect();
    for (path, status) in [
        ("/hello/%FF", 400),
        ("/hello/%C3%28", 400),
        ("/hello//", 404),
        ("//hello/Ada", 404),
        ("/hello/..", 404),
        ("/files/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/files/..%2fetc%2fpasswd", 404),
        ("/hello/%41da", 200),
        ("http://localhost/hello/Ada", 200),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    client.request("OPTIONS", "*", &[], "").assert_status(204);
    let long = format!("/hello/{}", "x".repeat(8000));
    client.get(&long).assert_status(200);
    client.request("BREW", "/hello/Ada", &[], "").assert_status(405);
    assert_eq!(client.rest(), b"", "what has such a method may be the rest of something else");
    let mut client = running.connect();
    client.request("BREW", "/nowhere", &[], "").assert_status(501);
    assert_eq!(client.rest(), b"");
    let finished = running.stop();
    assert!(!finished.stderr.contains("ERROR"), "{finished}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let running = Running::example("bench", &[]);
    for (what, head) in [
        ("one long header", format!("X-Long: {}\r\n", "x".repeat(400 * 1024))),
        (
            "many headers",
            (0..200).fold(String::new(), |mut head, n| {
                let _ = write!(head, "X-{n}: y\r\n");
                head
            }),
        ),
    ] {
        let mut client = running.connect();
        client.send(format!("GET /plaintext HTTP/1.1\r\nHost: a\r\n{head}\r\n"));
        let answer = client.answer();
        assert_eq!(answer.status, 431, "{what}: {answer:?}");
    }
    let mut client = running.connect();
    client.send(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(80 * 1024)));
    let status = client.answer().status;
    assert!(matches!(status, 414 | 431), "a path that is too long: {status}");
    lives(running);
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let running = Running::example("bench", &["--max-body", "1k"]);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

    // One that says so is not read at all.
    let mut declared = running.connect();
    declared.send(format!("{head}Content-Length: 1025\r\n\r\n"));
    let answer = declared.answer();
    answer.assert_status(413);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.text().contains("max_body"), "{answer:?}");
    assert_eq!(declared.rest(), b"", "what would follow is the rest of that body");

    let mut expecting = running.connect();
    expecting.send(format!("{head}Content-Length: 1025\r\nExpect: 100-continue\r\n\r\n"));
    expecting.answer().assert_status(413);

    // One that does not is read up to the limit.
    let mut chunked = running.connect();
    chunked.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
    chunked.send(format!("400\r\n{}\r\n1\r\n \r\n0\r\n\r\n", " ".repeat(0x400)));
    let answer = chunked.answer();
    answer.assert_status(413);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));

    // At the limit, both are read: as JSON, blanks are nothing.
    let body = " ".repeat(1024);
    let mut client = running.connect();
    client.post_json("/echo", &body).assert_status(400);
    client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n400\r\n{body}\r\n0\r\n\r\n"));
    client.answer().assert_status(400);
    lives(running);
}

#[test]
fn a_body_up_to_the_limit_reaches_the_handler() {
    for (arguments, mebibytes) in [(&[][..], 8), (&["--max-body", "unlimited"], 9)] {
        let running = Running::example("bench", arguments);
        let body = " ".repeat(mebibytes << 20);
        // As JSON, blanks are nothing: that it says so proves that it was read.
        running.connect().post_json("/echo", &body).assert_status(400);
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        let mut chunked = running.connect();
        chunked
            .send(format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
        chunked.answer().assert_status(400);
        lives(running);
    }
}

#[test]
fn a_body_that_is_not_what_was_announced_is_a_400() {
    let running = Running::example("bench", &[]);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (what, rest) in [
        ("a chunk whose size is no number", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        ("a chunk that is longer than it says", "Transfer-Encoding: chunked\r\n\r\n1\r\n[]\r\n0\r\n\r\n"),
    ] {
        let mut client = running.connect();
        client.send(format!("{head}{rest}"));
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
    }
    let mut truncated = running.connect();
    truncated.send(format!("{head}Content-Length: 100\r\n\r\n{{\"id\":1"));
    truncated.half_close();
    let answer = truncated.rest();
    // The rest never comes, so that nobody may be listening either: an answer is good, silence is too.
    let text = String::from_utf8_lossy(&answer);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "{text}");
    lives(running);
}

#[test]
fn a_hundred_requests_at_once_are_answered_in_order() {
    let running = Running::example("bench", &[]);
    let mut client = running.connect();
    let requests: String = (0..100).fold(String::new(), |mut requests, n| {
        let _ = write!(requests, "GET /user/{n}/post/p HTTP/1.1\r\nHost: a\r\n\r\n");
        requests
    });
    client.send(requests);
    for n in 0..100 {
        client.answer().assert(200, &format!("{n} p"));
    }
    // A mistake among them ends the connection, after the answers before it.
    client.send(
        "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\nGARB@GE\r\n\r\nGET /json HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    client.answer().assert(200, "Hello, World!");
    client.answer().assert_status(400);
    assert_eq!(client.rest(), b"");
    lives(running);
}

#[test]
fn who_closes_its_half_is_answered_or_taken_for_gone() {
    let running = Running::example("bench", &[]);
    for (bytes, answer) in [
        ("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "),
        ("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 "),
        ("GET /plainte", "HTTP/1.1 400 "),
        ("", "nothing"),
    ] {
        let mut client = running.connect();
        client.send(bytes);
        client.half_close();
        // It may look like a client that has left, for whom nobody works on; then the connection just closes.
        let rest = client.rest();
        let text = String::from_utf8_lossy(&rest);
        assert!(text.is_empty() || text.starts_with(answer), "{bytes:?}: {text}");
    }
    lives(running);
}

#[test]
fn who_leaves_in_the_middle_is_no_trouble() {
    let running = Running::example("bench", &[]);
    for bytes in [
        "",
        "GET",
        "GET / HTTP/1.1\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n[",
        "GET /json HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut client = running.connect();
        client.send(bytes);
        drop(client);
    }
    lives(running);
}

#[test]
fn old_versions_are_answered_like_they_expect() {
    let running = Running::example("bench", &[]);
    let mut client = running.connect();
    client.send("GET /plaintext HTTP/1.0\r\n\r\n");
    client.answer().assert(200, "Hello, World!");
    assert_eq!(client.rest(), b"", "HTTP/1.0 closes");
    let mut kept: Client<_> = running.connect();
    kept.send("GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let answer = kept.answer();
    assert_eq!(answer.header("connection"), Some("keep-alive"), "{answer:?}");
    kept.get("/json").assert_status(200);
    lives(running);
}
