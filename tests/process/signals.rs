//! How a program ends: TERM and INT, with requests in flight, at the deadline, by force.

use std::net::{TcpListener, TcpStream};

use pulsar_tests::{
    program::{Finished, Running},
    until,
    wire::Client,
};

const ORDER: &str = r#"{"id":1,"customer":"Ada","items":[],"note":null}"#;

/// A connection whose request is with its handler, which waits for the body: that it asked for it proves it.
fn in_flight(running: &Running) -> Client<TcpStream> {
    let mut client = running.connect();
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        ORDER.len()
    ));
    client.answer().assert_status(100);
    client
}

/// Waits until nobody listens at the address any more.
fn wait_for_closed(running: &Running) {
    until("the listener is closed", || TcpStream::connect(running.address()).is_err());
}

#[test]
fn term_and_the_first_interrupt_finish_what_is_in_flight() {
    for (signal, told) in [
        ("TERM", "TERM: finishing what is in flight"),
        ("INT", "INT: stopping quickly"),
        ("QUIT", "QUIT: stopping quickly"),
    ] {
        let running = Running::example("bench", &[]);
        let mut busy = in_flight(&running);
        running.signal(signal);
        wait_for_closed(&running);
        busy.send(ORDER);
        let answer = busy.answer();
        answer.assert(200, ORDER);
        assert_eq!(
            answer.header("connection"),
            Some("close"),
            "so that the client does not send more: {answer:?}"
        );
        assert_eq!(busy.rest(), b"");
        let address = running.address();
        let finished = running.wait();
        finished.assert_code(0).assert_stderr(&[told]);
        drop(TcpListener::bind(address).expect("the address is free again"));
    }
}

#[test]
fn a_program_without_requests_ends_at_once() {
    for signal in ["TERM", "INT"] {
        let running = Running::example("hello_route", &[]);
        running.signal(signal);
        running.wait().assert_code(0);
    }
}

#[test]
fn an_idle_connection_is_heard_once_more() {
    let running = Running::example("bench", &[]);
    let mut idle = running.connect();
    idle.get("/plaintext").assert(200, "Hello, World!");
    running.signal("TERM");
    wait_for_closed(&running);
    let answer = idle.get("/plaintext");
    answer.assert(200, "Hello, World!");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(idle.rest(), b"");
    running.wait().assert_code(0);
}

#[test]
fn the_second_interrupt_ends_at_once() {
    let running = Running::example("bench", &[]);
    let mut busy = in_flight(&running);
    running.signal("INT");
    running.stderr.wait_for_text("once more to stop at once");
    wait_for_closed(&running);
    running.signal("INT");
    let finished: Finished = running.wait();
    finished.assert_code(130);
    assert_eq!(busy.rest(), b"", "what was in flight is cut");
}

#[test]
fn a_term_after_an_interrupt_does_not_force() {
    let running = Running::example("bench", &[]);
    let mut busy = in_flight(&running);
    running.signal("INT");
    running.stderr.wait_for_text("INT: stopping quickly");
    running.signal("TERM");
    running.stderr.wait_for_text("TERM: already stopping");
    busy.send(ORDER);
    busy.answer().assert(200, ORDER);
    running.wait().assert_code(0);
}

#[test]
fn the_deadline_cuts_what_is_left() {
    for timeout in ["0.2", "0"] {
        let running = Running::example("bench", &["--graceful-timeout", timeout]);
        let mut busy = in_flight(&running);
        running.signal("TERM");
        assert_eq!(busy.rest(), b"");
        running.wait().assert_code(0).assert_stderr(&["1 connection was cut at the deadline"]);
    }
}
