//! The access log.

use super::*;

#[test]
fn each_answer_is_a_line() {
    let dir = Dir::new("log");
    let file = dir.join("access.log");
    fs::write(&file, "kept\n").unwrap();
    let server = Running::start(ServerConfig { access_log: AccessLog::File(file.clone()), ..config() });
    let mut client = server.connect();
    client.send("GET /a?b=%22 HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n");
    assert_eq!(client.answer().header("x-request-id"), Some("mine"));
    let generated = client.get("/id");
    assert_eq!(generated.header("x-request-id"), Some(generated.body.as_str()));
    assert_ne!(client.get("/id").body, generated.body);
    assert_eq!(client.get("/panic").status, 500);
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    server.gate.add_permits(2);
    client.rest();
    server.stop();

    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert_eq!(lines[0], ["kept"]);
    for (line, (request, status, bytes)) in lines[1..].iter().zip([
        ("\"GET /a?b=%22 HTTP/1.1\"", "200", "5"),
        ("\"GET /id HTTP/1.1\"", "200", &*generated.body.len().to_string()),
        ("\"GET /id HTTP/1.1\"", "200", &*generated.body.len().to_string()),
        ("\"GET /panic HTTP/1.1\"", "500", "67"),
        ("\"GET /stream HTTP/1.0\"", "200", "10"),
    ]) {
        assert_eq!((line.len(), line[..3].join(" ").as_str()), (12, "127.0.0.1 - -"), "{text}");
        assert_eq!((line[5..8].join(" ").as_str(), line[8], line[9]), (request, status, bytes));
        assert!(line[10].parse::<u64>().is_ok(), "microseconds: {text}");
    }
    assert_eq!((lines[1][11], lines[2][11]), ("mine", generated.body.as_str()));
}

#[test]
fn lines_come_while_the_server_runs_and_can_be_json() {
    let dir = Dir::new("json");
    let file = dir.join("access.log");
    let server = Running::start(ServerConfig {
        access_log: AccessLog::File(file.clone()),
        access_log_format: AccessLogFormat::Json,
        ..config()
    });
    let mut client = server.connect();
    client.get("/x");
    until(|| fs::read_to_string(&file).unwrap().ends_with('\n'));
    let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&line["target"], &line["status"], &line["bytes"]), (&"/x".into(), &200.into(), &5.into()));
    drop(client);
    server.stop();
}
