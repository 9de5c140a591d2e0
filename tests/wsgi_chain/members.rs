//! The members that pulsar has: `clean_path`, `authorization`, `wait_for_body`, `validator`.

use std::io::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use pulsar::{
    Context, Router,
    testing::block_on,
    wsgi::{self, Application, Authorization, Environ, IntoBody, StartResponse, WsgiHandler},
};
use pulsar_tests::until;

use crate::support::{Gate, TEXT, client, connect, on_socket, tell, with_pool};

#[test]
fn a_path_is_cleaned_by_a_redirect_to_this_host() {
    let chain = || WsgiHandler::new().add(wsgi::clean_path()).add(tell);
    let at_root = on_socket(chain());
    let router = Router::new().mount("/m", Application::new(chain()).service(Context::default()));
    let mounted =
        pulsar::testing::Client::new(router.compile(Context::default()).unwrap()).on_socket().unwrap();
    for (client, rows) in [
        (
            &at_root,
            &[
                ("//evil.com//x", "/evil.com/x"),
                ("///evil.com", "/evil.com"),
                ("//", "/"),
                ("/a//b///c/", "/a/b/c/"),
                ("/a//b?c=//d&e", "/a/b?c=//d&e"),
                ("/a//b?", "/a/b?"),
                ("//%2F%2Fevil.com", "/%2F%2Fevil.com"),
                ("//caf%C3%A9", "/caf%C3%A9"),
                ("//%0d%0aX: y", ""),
                ("//%0d%0aX:y", "/%0d%0aX:y"),
            ][..],
        ),
        (&mounted, &[("/m//evil.com", "/m/evil.com"), ("/m//", "/m/"), ("/m/a//b?c", "/m/a/b?c")][..]),
    ] {
        for (path, location) in rows {
            for method in ["GET", "POST", "HEAD"] {
                let mut client = connect(client);
                let answer = client.request(method, path, &[], if method == "POST" { "it" } else { "" });
                if location.is_empty() {
                    answer.assert_status(400);
                    continue;
                }
                assert_eq!(
                    (answer.status, answer.header("location")),
                    (308, Some(*location)),
                    "{path}: {answer:?}"
                );
            }
        }
    }
    // A backslash is a slash to browsers; whatever becomes of it, no host comes out.
    for path in ["//\\evil.com", "/\\/evil.com", "/\\\\evil.com", "\\\\evil.com", "//a\\b"] {
        let answer = connect(&at_root).get(path);
        let location = answer.header("location").unwrap_or("/");
        assert!(
            location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'),
            "{path}: {answer:?}"
        );
    }
    connect(&at_root).get("/a/b?c=//d").assert(200, "GET [] [/a/b] ?c=//d seen= body=");
}

#[test]
fn who_asks_is_read_and_not_checked() {
    async fn who(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        let text = match environ.object("http.authorization") {
            Some(Authorization::Basic { username, password }) => format!("basic {username} {password}"),
            Some(Authorization::Digest(digest)) => {
                format!("digest {:?} {:?}", digest.get("username"), digest.get("nc"))
            }
            _ => "nobody".to_owned(),
        };
        start_response("200 OK", TEXT)?;
        Ok(text)
    }
    let client = client(WsgiHandler::new().add(wsgi::authorization()).add(who));
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for (header, expected) in [
        (basic("ada:a:b"), "basic ada a:b"),
        (basic("zo\u{eb}:\u{e9}"), "basic zo\u{eb} \u{e9}"),
        (basic("ada"), "nobody"),
        ("Basic ?".to_owned(), "nobody"),
        ("Bearer x".to_owned(), "nobody"),
        (
            "Digest username=\"a, \\\"b\\\"\", nc=00000001".to_owned(),
            "digest Some(\"a, \\\"b\\\"\") Some(\"00000001\")",
        ),
        ("Digest username=\"ada".to_owned(), "nobody"),
    ] {
        block_on(client.get("/").header("authorization", &header).send()).assert_text(expected);
    }
    block_on(client.get("/").send()).assert_text("nobody");
    // Two of them are one malformed header: nobody is believed.
    let twice =
        client.get("/").header("authorization", basic("ada:x")).header("authorization", basic("eve:y"));
    block_on(twice.send()).assert_text("nobody");
}

#[test]
fn a_body_is_waited_for_up_to_the_limit() {
    let client = on_socket(WsgiHandler::new().add(wsgi::wait_for_body(10)).add(tell));
    for (body, status) in [("", 200), ("123456789", 200), ("1234567890", 200), ("12345678901", 413)] {
        let answer = connect(&client).request("POST", "/", &[], body);
        answer.assert_status(status);
        if status == 200 {
            answer.assert(200, &format!("POST [] [/] ? seen= body={body}"));
        } else {
            assert!(answer.text().contains("longer than 10 bytes"), "{answer:?}");
        }
        // In chunks, where no length is said.
        let mut chunked = connect(&client);
        chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for chunk in body.as_bytes().chunks(4) {
            chunked.send(format!("{:x}\r\n", chunk.len()));
            chunked.send(chunk);
            chunked.send("\r\n");
        }
        chunked.send("0\r\n\r\n");
        chunked.answer().assert_status(status);
    }
    // Who asks whether to send is told so, since it is read here and now.
    let mut asks = connect(&client);
    asks.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    asks.answer().assert_status(100);
    asks.send("it");
    asks.answer().assert(200, "POST [] [/] ? seen= body=it");
}

#[test]
fn a_client_that_stalls_holds_no_thread() {
    let stall = |chain: WsgiHandler, length: usize, sent: usize| {
        let server = with_pool(chain, 1, 0);
        let mut stalled: Vec<_> = (0..5).map(|_| connect(&server)).collect();
        for client in &mut stalled {
            client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));
            client.send("x".repeat(sent));
        }
        // There is one thread and no queue: each of these would be refused if somebody held the thread.
        for _ in 0..3 {
            connect(&server).get("/").assert_status(200);
        }
        for client in &mut stalled {
            client.send("x".repeat(length - sent));
        }
        let mut statuses: Vec<_> = stalled.iter_mut().map(|client| client.answer().status).collect();
        statuses.sort_unstable();
        // When all come at once the pool may refuse some, at once.
        assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
        assert_eq!(statuses[0], 200);
        for client in stalled {
            drop(client);
        }
    };
    // Up to 64 KiB nobody has to ask for it.
    stall(WsgiHandler::new().add(tell), 60_000, 10);
    stall(WsgiHandler::new().add(wsgi::wait_for_body(1 << 20)).add(tell), 500_000, 300_000);
}

#[test]
fn a_body_that_breaks_off_while_it_is_waited_for_reaches_nobody() {
    let gate = Gate::default();
    let counts = {
        let gate = gate.clone();
        move |_: &mut Environ, start_response: StartResponse| {
            gate.open();
            gate.wait();
            start_response("200 OK", TEXT)?;
            wsgi::Result::<_>::Ok("called")
        }
    };
    let server = on_socket(WsgiHandler::new().add(wsgi::wait_for_body(100)).add(counts));
    let mut client = connect(&server);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhalf");
    client.half_close();
    let rest = client.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&rest));
    let mut malformed = connect(&server);
    malformed.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    malformed.answer().assert_status(400);
    connect(&server).get("/").assert(200, "called");
    assert_eq!(gate.count(), 1);
}

#[test]
fn a_validator_checks_one_member_of_a_chain() {
    fn wrong(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<&'static str>> {
        if environ.get("PATH_INFO").as_deref() != Some("/wrong") {
            return Ok(None);
        }
        // There is no Content-Type.
        start_response("200 OK", &[])?;
        Ok(Some("wrong"))
    }
    async fn passes(_: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        Ok(None)
    }
    let chain = WsgiHandler::new()
        .add(wsgi::validator(passes))
        .add(wsgi::validator(wrong))
        .add(wsgi::validator(WsgiHandler::new().add(passes).add(tell)));
    let client = on_socket(chain);
    let mut client = connect(&client);
    client.request("POST", "/", &[], "it").assert(200, "POST [] [/] ? seen= body=it");
    client.get("/wrong").assert_status(500);
    client.get("/").assert_status(200);
}

#[test]
fn a_chain_serves_many_at_once() {
    let gate = Gate::default();
    let waits = {
        let gate = gate.clone();
        move |environ: &mut Environ, _: StartResponse| {
            if environ.get("PATH_INFO").as_deref() == Some("/wait") {
                gate.wait();
            }
            writeln!(environ.errors(), "passed on")?;
            wsgi::Result::<Option<()>>::Ok(None)
        }
    };
    let server = with_pool(WsgiHandler::new().add(waits).add(tell), 4, 64);
    let mut waiting: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    for client in &mut waiting {
        client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    until("three wait", || gate.count() == 3);
    for _ in 0..10 {
        connect(&server).get("/").assert_status(200);
    }
    gate.open();
    for client in &mut waiting {
        client.answer().assert_status(200);
    }
}
