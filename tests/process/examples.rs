//! Every example is what its header says: the calls are read from there, and only the answers stand here.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use pulsar_tests::{
    program::{Running, example},
    wire::{Answer, Client},
    workspace,
};

/// What an answer has to be: its status, and what stands in its body or its headers.
type Expected<'a> = (u16, &'a str);

/// The examples with the answers to the calls of their headers, in order.
const EXAMPLES: &[(&str, &[Expected<'_>])] = &[
    (
        "bench",
        &[
            (200, "Hello, World!"),
            (200, r#"{"message":"Hello, World!"}"#),
            (200, "7 hello-world"),
            (
                200,
                r#"{"id":1,"customer":"Ada","items":[{"sku":"A-1","quantity":2,"price":9.5}],"note":"soon"}"#,
            ),
            (200, "Hello, World!"),
            (200, "Hello, World!"),
        ],
    ),
    (
        "chat",
        &[
            (200, "<title>chat</title>"),
            (202, "content-length: 0"),
            (200, "content-type: text/event-stream"),
            (426, "upgrade: websocket"),
            (101, "sec-websocket-accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
        ],
    ),
    ("environ", &[(200, r#""QUERY_STRING": "a=1&b=2""#), (200, r#""wsgi.input": "the body""#)]),
    (
        "errors",
        &[
            (500, r#""title":"Internal Server Error""#),
            (404, "there is no account 7"),
            (409, "account 13 is closed"),
            (500, r#""title":"Internal Server Error""#),
            (422, r##""pointer":"#/amount""##),
        ],
    ),
    (
        "faults",
        &[
            (200, r#""worker":0,"generation":1,"app":"faults"}"#),
            (200, "slow\n"),
            (200, "pool\n"),
            (200, "block\n"),
            (500, r#""title":"Internal Server Error""#),
            (200, "1 MiB\n"),
            (200, "chunk 0\nchunk 1\nchunk 2\n"),
            (200, "5\n"),
        ],
    ),
    (
        "files",
        &[
            (200, "Hello from a route\n"),
            (200, "<h1>Hello</h1>"),
            (206, "content-range: bytes 0-3/212"),
            (200, "content-encoding: gzip"),
            (200, "cache-control: no-cache"),
            (404, "x-content-type-options: nosniff"),
            (405, "allow: GET, HEAD, OPTIONS"),
        ],
    ),
    ("hello", &[(200, "Hello World!\n")]),
    ("hello_route", &[(200, "Hello, Ada!\n")]),
    (
        "hooks",
        &[
            (200, "1 visits\n"),
            (200, "2 visits\n"),
            (200, "forgotten here and by "),
            (200, r#""app":"hooks","slot":0,"generation":1,"pid":"#),
        ],
    ),
    (
        "middleware",
        &[
            (200, "content-encoding: gzip"),
            (200, "access-control-allow-origin: *"),
            (504, "x-content-type-options: nosniff"),
        ],
    ),
    ("mounted_axum", &[(200, "new\n"), (200, "old user 7\n"), (206, "[package]")]),
    ("router", &[(200, "The tour of routes"), (200, "user 7\n"), (405, "allow: GET, HEAD, OPTIONS")]),
    ("state", &[(200, r#"["the first note"]"#), (201, "/notes/2\n"), (200, r#"{"text":"the first note"}"#)]),
    ("two_apps", &[(200, "wsgi1\n"), (200, "wsgi2\n")]),
    (
        "wsgi_middleware",
        &[
            (308, "location: /news"),
            (401, "www-authenticate: Basic realm=\"news\""),
            (200, "nothing new\n"),
            (200, "x-user: ada"),
            (200, "content-encoding: gzip"),
            (413, "the body is longer than 16 bytes"),
        ],
    ),
];

#[test]
fn every_example_answers_as_its_header_says() {
    let mut files: Vec<String> = fs::read_dir(workspace().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").filter(|name| *name != "lib").map(str::to_owned))
        .collect();
    files.sort();
    let listed: Vec<_> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, listed, "every example has its answers here");
    for (name, expected) in EXAMPLES {
        let calls = calls(name);
        assert_eq!(calls.len(), expected.len(), "the calls in the header of {name}: {calls:#?}");
        let running = start(name);
        for (call, (status, part)) in calls.iter().zip(*expected) {
            let answer = call.send(&running);
            assert_eq!(answer.status, *status, "{name}, {call:?}: {answer:?}");
            let body = String::from_utf8_lossy(&answer.body);
            let in_head = answer.headers.iter().any(|(key, value)| format!("{key}: {value}") == *part);
            assert!(in_head || body.contains(part), "{part:?} is missing in {name}, {call:?}: {answer:?}");
        }
        running.stop();
    }
}

/// Starts an example on free ports: those of its first application, and of a second one if it has one.
fn start(name: &str) -> Running {
    if name != "two_apps" {
        return Running::example(name, &[]);
    }
    let mut command = example(name);
    command.args(["-b", "127.0.0.1:0", "--wsgi2-bind", "127.0.0.1:0"]);
    Running::start(command, 2)
}

#[test]
fn every_example_says_how_it_is_started() {
    for (name, _) in EXAMPLES {
        let header = header(name);
        let starts = header
            .iter()
            .any(|line| line.starts_with("cargo run ") && line.ends_with(&format!("--example {name}")));
        assert!(starts, "{name}: {header:#?}");
    }
}

#[test]
fn the_errors_of_an_example_are_logged_and_not_sent() {
    let running = Running::example("errors", &[]);
    let mut client = running.connect();
    let answer = client.get("/config");
    answer.assert_status(500);
    assert!(!answer.text().contains("no/such"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "rendered by the program's own function");
    let id =
        answer.header("x-request-id").expect("an answer that is our fault can be asked about").to_owned();
    running.stderr.wait_for_text("No such file or directory");
    running.stderr.wait_for_text(&id);
    running.stderr.wait_for_text("examples/errors.rs:");
    // The same connection goes on after a panic.
    client.get("/panic").assert_status(500);
    running.stderr.wait_for_text("this handler has a bug");
    client.get("/accounts/1").assert(200, "100\n");
    client.get("/accounts/99").assert_status(500);
    running.stderr.wait_for_text("disk on fire");
    client.post_json("/transfer", r#"{"amount":2000}"#).assert_status(403);
    client.post_json("/transfer", r#"{"amount":7}"#).assert(200, "sent 7\n");
}

#[test]
fn the_hooks_of_an_example_run_from_its_beginning_to_its_end() {
    let running = Running::example("hooks", &["--log-level", "info"]);
    running.connect().get("/visits").assert_status(200);
    for line in ["the program begins", "is warm", "every application accepts connections"] {
        running.stderr.wait_for_text(line);
    }
    let stopped = running.stop();
    let at = |line: &str| stopped.stderr.find(line).unwrap_or_else(|| panic!("{line:?}: {}", stopped.stderr));
    assert!(at("the program begins") < at("is warm"));
    assert!(at("had 1 visits") < at("the program ends with 0"));
}

#[test]
fn every_link_of_the_tour_leads_somewhere() {
    let running = Running::example("router", &[]);
    let mut client = running.connect();
    let page = client.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let page = page.text();
    let links: Vec<_> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 15, "{page}");
    for link in links {
        let answer = client.get(link);
        if answer.status == 308 {
            let location = answer.header("location").expect("a redirection says where").to_owned();
            client.get(&location).assert_status(200);
        } else {
            answer.assert_status(200);
            assert!(!answer.body.is_empty(), "{link}");
        }
    }
    for (path, status) in
        [("/users/0", 404), ("/users/x", 404), ("/years/26", 404), ("/short/a", 404), ("/search", 400)]
    {
        client.get(path).assert_status(status);
    }
    client.request("REPORT", "/whichroute", &[], "").assert(200, "/whichroute is called which\n");
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    client
        .request("POST", "/guestbook/", &form, "name=Ada&text=hello")
        .assert(200, "thank you, Ada, for 5 letters\n");
}

/// One `curl` of a header.
#[derive(Debug)]
struct Call {
    /// Which application: the first one has the default port, the second one 8070.
    application: usize,
    method: String,
    target: String,
    headers: Vec<String>,
    body: String,
    /// The answer does not end by itself.
    endless: bool,
}

impl Call {
    /// Reads the words of a command line.
    fn of(words: &[String]) -> Self {
        let mut call = Self {
            application: 0,
            method: String::new(),
            target: String::new(),
            headers: Vec::new(),
            body: String::new(),
            endless: false,
        };
        let mut words = words.iter().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("an option with a value").clone();
            match word.as_str() {
                "-i" | "-N" => {}
                "-m" => {
                    value();
                    call.endless = true;
                }
                "-X" => call.method = value(),
                "-H" => call.headers.push(value()),
                "-d" => call.body = value(),
                "-u" => call.headers.push(format!("Authorization: Basic {}", STANDARD.encode(value()))),
                "--compressed" => call.headers.push("Accept-Encoding: gzip".into()),
                url => {
                    let ports = ["http://127.0.0.1:8060", "http://127.0.0.1:8070"];
                    let known =
                        ports.iter().enumerate().find_map(|(n, port)| Some((n, url.strip_prefix(port)?)));
                    let (application, rest) =
                        known.expect("the default address, or an option not known here");
                    call.application = application;
                    call.target = if rest.is_empty() { "/".into() } else { rest.into() };
                }
            }
        }
        if call.method.is_empty() {
            call.method = if call.body.is_empty() { "GET".into() } else { "POST".into() };
        }
        call
    }

    fn send(&self, running: &Running) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(String::as_str).collect();
        let mut client = Client::tcp(running.tcp(self.application));
        if self.endless {
            client.send(format!(
                "{} {} HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n",
                self.method,
                self.target,
                headers.join("\r\n")
            ));
            return client.head();
        }
        client.request(&self.method, &self.target, &headers, &self.body)
    }
}

fn calls(name: &str) -> Vec<Call> {
    let lines = header(name);
    lines.iter().filter(|line| line.starts_with("curl ")).map(|line| Call::of(&words(line))).collect()
}

/// The indented lines of an example's header; one that ends in a backslash goes on in the next.
fn header(name: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace().join(format!("examples/{name}.rs"))).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let code: Vec<_> = lines.filter_map(|line| line.strip_prefix("     ")).collect();
    code.join("\n").replace("\\\n", " ").lines().map(|line| line.trim().to_owned()).collect()
}

/// Splits like a shell, as far as the headers go: blanks, single quotes, comments.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '#' if !quoted && word.is_none() => break,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
