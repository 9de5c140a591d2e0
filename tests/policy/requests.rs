//! Rows 1 to 49: lines, headers, hosts, methods, targets.

use crate::{
    row::{Row, run},
    support::{End, On},
};

pub(crate) fn rows() -> Vec<Row> {
    [lines(), headers(), hosts(), versions(), methods(), targets(), forms(), lengths()]
        .into_iter()
        .flatten()
        .collect()
}

fn lines() -> Vec<Row> {
    vec![
        Row::new(1, "an empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .seen(&[("PATH_INFO", Some("/"))]),
        Row::new(1, "a hundred of them", format!("{}GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n".repeat(100)))
            .seen(&[("PATH_INFO", Some("/"))]),
        Row::new(2, "a bare CR first", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n").refused(&[400]),
        // hyper's parser takes LF for CR LF, and nobody behind it can see which it was: RFC 9112 section 2.2 allows that.
        Row::new(3, "bare LF", "GET / HTTP/1.1\nHost: a\n\n")
            .seen(&[("PATH_INFO", Some("/")), ("HTTP_HOST", Some("a"))]),
        Row::headers(4, "X: a\nY: b\r\n").seen(&[("HTTP_X", Some("a")), ("HTTP_Y", Some("b"))]),
        Row::headers(5, "X: a\rb\r\n").refused(&[400]),
        Row::headers(5, "X: a\0b\r\n").refused(&[400]),
        Row::headers(5, "X: a\u{7}\r\n").refused(&[400]),
        Row::headers(5, "X: a\u{7f}\r\n").refused(&[400]),
        Row::headers(6, "X : y\r\n").refused(&[400]),
        Row::headers(6, "X\t: y\r\n").refused(&[400]),
        Row::headers(7, "X: a\r\n b\r\n").refused(&[400]),
        Row::headers(7, "X: a\r\n\tb\r\n").refused(&[400]),
        Row::new(8, "a space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n").refused(&[400]),
        Row::headers(9, "Xfoo\r\n").refused(&[400]),
        Row::headers(9, ": x\r\n").refused(&[400]),
    ]
}

fn headers() -> Vec<Row> {
    vec![
        Row::headers(10, "X\u{e9}: y\r\n").refused(&[400]),
        Row::headers(11, "X: \u{e9}\r\n").seen(&[("HTTP_X", Some("\u{e9}"))]),
        Row::headers(12, "X_Forwarded_For: 1\r\nX-Forwarded-For: 2\r\n")
            .seen(&[("HTTP_X_FORWARDED_FOR", Some("2"))]),
        Row::headers(12, "X-Own: 1\r\nX_Own: 2\r\n").seen(&[("HTTP_X_OWN", Some("1"))]),
        Row::headers(12, "X_Own: 2\r\n").seen(&[("HTTP_X_OWN", None)]),
        Row::post(13, "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "12345").seen(&[
            ("body", Some("12345")),
            ("HTTP_TRANSFER_ENCODING", None),
            ("CONTENT_LENGTH", Some("5")),
        ]),
        Row::post(13, "Content_Length: 3\r\nContent-Length: 5\r\n", "12345").seen(&[
            ("body", Some("12345")),
            ("HTTP_CONTENT_LENGTH", None),
            ("CONTENT_LENGTH", Some("5")),
        ]),
        Row::headers(14, "Proxy: http://evil\r\n").seen(&[("HTTP_PROXY", None)]),
    ]
}

fn hosts() -> Vec<Row> {
    let host = |number, lines: &str| {
        Row::new(number, format_args!("{lines:?}"), format!("GET / HTTP/1.1\r\n{lines}\r\n"))
    };
    vec![
        Row::new(15, "no host", "GET / HTTP/1.1\r\n\r\n").refused(&[400]),
        Row::new(16, "no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n")
            .seen_and_closed(&[("SERVER_NAME", Some("127.0.0.1")), ("HTTP_HOST", None)])
            .routes_close(&[200]),
        host(17, "Host: a\r\nHost: a\r\n").refused(&[400]),
        host(17, "Host: a\r\nHost: b\r\n").refused(&[400]),
        host(18, "Host:\r\n").refused(&[400]),
        host(18, "Host: \r\n").refused(&[400]),
        host(18, "Host: a b\r\n").refused(&[400]),
        host(18, "Host: a/b\r\n").refused(&[400]),
        host(18, "Host: c@d\r\n").refused(&[400]),
        host(18, "Host: a b/c@d\r\n").refused(&[400]),
        host(18, "Host: a, b\r\n").refused(&[400]),
        host(19, "Host: evil\r\n").refused_on(On::Allowed, &[400, 421]),
        host(19, "Host: a.evil\r\n").refused_on(On::Allowed, &[400, 421]),
        host(19, "Host: A:80\r\n").answered_on(On::Allowed, &[200], End::Open),
    ]
}

fn versions() -> Vec<Row> {
    let line =
        |number, line: &str| Row::new(number, format_args!("{line:?}"), format!("{line}\r\nHost: a\r\n\r\n"));
    vec![
        line(20, "GET  / HTTP/1.1").refused(&[400]),
        line(20, "GET\t/\tHTTP/1.1").refused(&[400]),
        line(20, "GET / HTTP/1.1 ").refused(&[400]),
        Row::new(21, "HTTP/0.9", "GET /\r\n\r\n").refused(&[400]),
        // hyper knows two versions of HTTP/1 and answers 400 to all others before anybody else is asked.
        line(22, "GET / HTTP/1.2").refused(&[400]),
        line(23, "GET / HTTP/2.0").refused(&[400, 505]),
        line(23, "GET / HTTP/9.9").refused(&[400, 505]),
        line(24, "GET / HTTP/1.10").refused(&[400]),
        line(24, "GET / http/1.1").refused(&[400]),
    ]
}

fn methods() -> Vec<Row> {
    let long = format!("{} /", "M".repeat(5000));
    vec![
        Row::line(25, "get /").seen(&[("REQUEST_METHOD", Some("get"))]).routes_close(&[405]),
        Row::line(25, "get /nothing").seen(&[("REQUEST_METHOD", Some("get"))]).routes_close(&[501]),
        Row::line(26, "G=\":<> /").refused(&[400]),
        Row::line(27, &long).refused(&[501]),
        Row::line(27, "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM /").refused(&[501]),
        Row::line(28, "FOO /").seen(&[("REQUEST_METHOD", Some("FOO"))]).routes_close(&[405]),
        Row::line(28, "FOO /nothing").seen(&[("REQUEST_METHOD", Some("FOO"))]).routes_close(&[501]),
        Row::line(28, "DELETE /").seen(&[("REQUEST_METHOD", Some("DELETE"))]).routes(&[405]),
        Row::line(28, "DELETE /nothing").seen(&[("REQUEST_METHOD", Some("DELETE"))]).routes(&[404]),
    ]
}

fn targets() -> Vec<Row> {
    vec![
        Row::line(29, "GET /a\0b").refused(&[400]),
        Row::line(29, "GET /a\u{7f}b").refused(&[400]),
        Row::line(29, "GET /\u{e9}").refused(&[400]),
        Row::line(30, "GET /a%00b").refused(&[400]),
        Row::line(31, "GET /%zz").refused(&[400]),
        Row::line(31, "GET /%").refused(&[400]),
        Row::line(31, "GET /%4").refused(&[400]),
        // UTF-8 is taken as if it were encoded, by callables and routes alike.
        Row::line(32, "GET /\u{c3}\u{a9}").seen(&[("PATH_INFO", Some("/\u{c3}\u{a9}"))]).routes(&[404]),
        Row::line(32, "GET /name/\u{c3}\u{a9}")
            .seen(&[("PATH_INFO", Some("/name/\u{c3}\u{a9}"))])
            .routes(&[200]),
        // hyper cuts the fragment off, so that nobody can see it.
        Row::line(33, "GET /a#frag").seen(&[("PATH_INFO", Some("/a")), ("REQUEST_URI", Some("/a"))]),
        Row::line(34, "GET /../../etc/passwd")
            .seen(&[("PATH_INFO", Some("/../../etc/passwd"))])
            .routes(&[404]),
        Row::line(34, "GET /%2e%2e/").seen(&[("PATH_INFO", Some("/../"))]).routes(&[404]),
        Row::line(34, "GET /a/..%2f..").seen(&[("PATH_INFO", Some("/a/../.."))]).routes(&[404]),
        Row::line(35, "GET //evil.com/x").seen(&[("PATH_INFO", Some("//evil.com/x"))]).routes(&[404]),
        Row::line(35, "GET //known").seen(&[("PATH_INFO", Some("//known"))]).routes(&[404]),
        Row::line(35, "GET /\\known").seen(&[("PATH_INFO", Some("/\\known"))]).routes(&[404]),
        Row::line(36, "GET /a\\b").seen(&[("PATH_INFO", Some("/a\\b"))]).routes(&[404]),
        Row::line(36, "GET /name/a\\b").seen(&[("PATH_INFO", Some("/name/a\\b"))]).routes(&[200]),
        Row::line(36, "GET /known\\").seen(&[("PATH_INFO", Some("/known\\"))]).routes(&[404]),
    ]
}

fn forms() -> Vec<Row> {
    const PATHS: &[(&str, Option<&str>)] =
        &[("PATH_INFO", Some("/x")), ("HTTP_HOST", Some("a")), ("QUERY_STRING", Some("y"))];
    vec![
        Row::line(37, "GET foo").refused(&[400]),
        Row::line(37, "GET a:80").refused(&[400]),
        Row::line(38, "GET foo/bar").refused(&[400]),
        Row::line(38, "GET ?x").refused(&[400]),
        Row::line(39, "GET http://a/x?y").seen(PATHS),
        Row::line(39, "GET HTTP://A:80/x?y").seen(PATHS),
        Row::line(40, "GET http://evil/x").refused(&[400]),
        Row::line(40, "GET http://a:81/x").refused(&[400]),
        Row::line(41, "GET http://u:p@a/").refused(&[400]),
        Row::line(41, "GET http://@a/").refused(&[400]),
        Row::line(41, "GET ftp://a/").refused(&[400]),
        Row::line(42, "OPTIONS *").seen(&[("PATH_INFO", Some("*"))]).routes(&[200, 204]),
        Row::line(43, "GET *").refused(&[400]),
        Row::line(44, "CONNECT a:443").refused(&[405, 501]),
        Row::line(44, "CONNECT /x").refused(&[400]),
    ]
}

fn lengths() -> Vec<Row> {
    let target = |length: usize| format!("GET /{}", "x".repeat(length - 1));
    let many = |count: usize| (1..count).fold(String::new(), |lines, n| format!("{lines}X-{n}: y\r\n"));
    // A request line and a host of 35 bytes, the line's name of 3, and two line ends.
    let head = |length: usize| {
        format!("X: {}\r\n", "x".repeat(length - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len()))
    };
    vec![
        Row::line(45, &target(8000)).seen(&[]).routes(&[404]),
        Row::line(45, &target(8192)).seen(&[]).routes(&[404]),
        Row::line(45, &target(8193)).refused(&[414]),
        Row::line(45, &target(12 << 10)).refused(&[414, 431]),
        Row::line(46, &target(70 << 10)).refused(&[414, 431]),
        Row::headers(47, &head(32 << 10)).seen(&[]).routes(&[200]),
        Row::headers(47, &head((32 << 10) + 1)).refused(&[431]),
        Row::headers(48, &many(100)).seen(&[("HTTP_X_99", Some("y"))]).routes(&[200]),
        Row::headers(48, &many(101)).refused(&[431]),
        Row::headers(49, &format!("X: {}\r\n", "x".repeat(1_000_000))).refused(&[431]),
    ]
}

#[test]
fn lines_and_headers() {
    run(lines().into_iter().chain(headers()));
}

#[test]
fn hosts_versions_methods() {
    run(hosts().into_iter().chain(versions()).chain(methods()));
}

#[test]
fn targets_their_forms_and_lengths() {
    run(targets().into_iter().chain(forms()).chain(lengths()));
}
