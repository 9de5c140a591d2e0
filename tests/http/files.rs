//! Static files over a socket: what is served, what is not, and how it is answered.
//!
//! Every table asks one connection one row after the other, so that an answer of a wrong length breaks the next row.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpStream,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use pulsar::{
    Router, StatusCode,
    files::{EmbeddedFile, Files, Symlinks},
    static_files,
    testing::{Client, block_on},
};
use pulsar_tests::{Folder, wire};

use crate::support::{self, Log, connect};

pulsar::scope!("/files-by-macro");

static_files!("/static", "assets", cache_control = "public, max-age=60", fallback = "index.html");
static_files!("/hidden", "assets", index = "site.css", hidden, embed);

/// When every file of these tests was changed, unless it says so.
const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const BEFORE: &str = "Wed, 21 Oct 2015 07:27:59 GMT";
const AFTER: &str = "Wed, 21 Oct 2015 07:28:01 GMT";

/// What the file of the tables has in it.
const DIGITS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480)
}

/// Writes a file that was changed long ago.
fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let mut file = File::create(path).unwrap();
    file.write_all(content.as_ref()).unwrap();
    file.set_modified(then()).unwrap();
}

/// A folder with a root in it, and a secret beside that.
fn tree(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.join("root")).unwrap();
    folder.write("secret.txt", "hunter2");
    for (name, text) in files {
        let path = folder.join("root").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(path, text);
    }
    folder
}

fn open(folder: &Folder) -> Files {
    Files::new(folder.join("root")).unwrap()
}

/// A connection to a server that has these files at `/files`; with the server, which ends when it is dropped.
fn serve(files: Files) -> (wire::Client<TcpStream>, Client) {
    let router = Router::new().mount("/files", files).compile(pulsar::Context::default()).unwrap();
    let client = Client::new(router).on_socket().unwrap();
    (connect(&client), client)
}

/// The headers of an answer that are not about the wire.
fn headers(answer: &wire::Answer) -> Vec<(&str, &str)> {
    let all = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut headers: Vec<_> = all.filter(|(name, _)| !matches!(*name, "date" | "connection")).collect();
    headers.sort_unstable();
    headers
}

#[test]
fn a_file_is_sent_with_all_that_is_known_of_it() {
    let folder = tree(&[("a.txt", DIGITS)]);
    let (mut connection, _server) = serve(open(&folder).cache_control("public, max-age=3600"));
    let whole = connection.get("/files/a.txt");
    whole.assert(200, DIGITS);
    let expected = [
        ("accept-ranges", "bytes"),
        ("cache-control", "public, max-age=3600"),
        ("content-length", "36"),
        ("content-type", "text/plain; charset=utf-8"),
        ("etag", "\"56273e80.00000000-24\""),
        ("last-modified", DATE),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!(headers(&whole), expected);
    let head = connection.request("HEAD", "/files/a.txt", &["Range: bytes=0-1"], "");
    head.assert(200, "");
    assert_eq!(headers(&head), expected, "a HEAD is a GET without its body, and has no ranges");
    let unchanged = connection.request("GET", "/files/a.txt", &["If-None-Match: *"], "");
    unchanged.assert(304, "");
    assert_eq!(
        headers(&unchanged),
        [expected[1], expected[4], expected[5], expected[6]],
        "what a cache has to know"
    );
}

#[test]
fn names_have_types_and_none_is_guessed() {
    let names = [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.PNG", "image/png"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.xml", "text/xml"),
        ("a.pdf", "application/pdf"),
        ("a.gz", "application/gzip"),
        ("a", "application/octet-stream"),
        ("a.odd", "application/octet-stream"),
    ];
    let files: Vec<_> = names.iter().map(|(name, _)| (*name, "<script>alert(1)</script>")).collect();
    let folder = tree(&files);
    let (mut connection, _server) = serve(open(&folder));
    for (name, expected) in names {
        let answer = connection.get(&format!("/files/{name}"));
        assert_eq!(answer.header("content-type"), Some(expected), "{name}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}: {answer:?}");
    }
}

#[test]
fn conditions_are_kept_in_their_order() {
    let folder = tree(&[("a.txt", DIGITS)]);
    let (mut connection, _server) = serve(open(&folder));
    let tag = connection.get("/files/a.txt").header("etag").unwrap().to_owned();
    let (t, w) = (tag.as_str(), format!("W/{tag}"));
    let none_match = |tag: &str| format!("If-None-Match: {tag}");
    let since = |date: &str| format!("If-Modified-Since: {date}");
    let unmodified = |date: &str| format!("If-Unmodified-Since: {date}");
    let matches = |tag: &str| format!("If-Match: {tag}");
    let range = |condition: &str| format!("If-Range: {condition}\r\nRange: bytes=0-3");
    for (lines, status) in [
        (none_match(t), 304),
        (none_match(&w), 304),
        (none_match("*"), 304),
        (none_match(&format!("\"x\", {t}")), 304),
        (none_match(&format!("\"x\"\r\nIf-None-Match: {t}")), 304),
        (none_match("\"x\""), 200),
        (none_match("x"), 200),
        (none_match(""), 200),
        (since(DATE), 304),
        (since(AFTER), 304),
        (since(BEFORE), 200),
        (since("Wednesday, 21-Oct-15 07:28:00 GMT"), 304),
        (since("Wed Oct 21 07:28:00 2015"), 304),
        (since("1445412480"), 200),
        (since("Thu, 01 Jan 1970 00:00:00 GMT"), 200),
        (format!("{}\r\n{}", none_match("\"x\""), since(AFTER)), 200),
        (format!("{}\r\n{}", none_match(t), since(BEFORE)), 304),
        (matches(t), 200),
        (matches("*"), 200),
        (matches(&w), 412),
        (matches("\"x\""), 412),
        (matches(&format!("\"x\", {t}")), 200),
        (unmodified(DATE), 200),
        (unmodified(AFTER), 200),
        (unmodified(BEFORE), 412),
        (unmodified("soon"), 200),
        (format!("{}\r\n{}", matches(t), unmodified(BEFORE)), 200),
        (format!("{}\r\n{}", matches("\"x\""), none_match(t)), 412),
        (format!("{}\r\n{}", matches(t), none_match(t)), 304),
        (range(t), 206),
        (range(DATE), 206),
        (range(&w), 200),
        (range("\"x\""), 200),
        (range(BEFORE), 200),
        (range(AFTER), 200),
        (format!("{}\r\n{}", range(t), none_match(t)), 304),
        (format!("{}\r\n{}", range(t), matches("\"x\"")), 412),
    ] {
        let answer = connection.request("GET", "/files/a.txt", &[&lines], "");
        assert_eq!(answer.status, status, "{lines}: {answer:?}");
        match status {
            200 => assert_eq!(answer.text(), DIGITS, "{lines}"),
            206 => assert_eq!(answer.text(), "0123", "{lines}"),
            304 => assert_eq!(answer.header("etag"), Some(t), "{lines}"),
            _ => assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{lines}"),
        }
        if status != 206 && !lines.contains("Range") {
            connection.request("HEAD", "/files/a.txt", &[&lines], "").assert_status(status);
        }
    }
}

#[test]
fn ranges_are_sent_one_by_one_or_several_at_once() {
    let folder = tree(&[("a.txt", DIGITS), ("empty.txt", "")]);
    let (mut connection, _server) = serve(open(&folder));
    let eleven = (0..11).map(|n| format!("{0}-{0}", n * 2)).collect::<Vec<_>>().join(",");
    let overlapping = (0..30).map(|n| format!("{n}-")).collect::<Vec<_>>().join(",");
    let huge = "9".repeat(60);
    // The header; the status; what is sent, or the range of a single part and what is sent.
    for (range, status, part, text) in [
        ("bytes=0-3", 206, "bytes 0-3/36", "0123"),
        ("bytes=0-0", 206, "bytes 0-0/36", "0"),
        ("bytes=35-35", 206, "bytes 35-35/36", "z"),
        ("bytes=30-", 206, "bytes 30-35/36", "uvwxyz"),
        ("bytes=0-", 206, "bytes 0-35/36", DIGITS),
        ("bytes=33-99", 206, "bytes 33-35/36", "xyz"),
        ("bytes=-3", 206, "bytes 33-35/36", "xyz"),
        ("bytes=-99", 206, "bytes 0-35/36", DIGITS),
        ("BYTES=0-3", 206, "bytes 0-3/36", "0123"),
        ("bytes= 0-3 ", 206, "bytes 0-3/36", "0123"),
        ("bytes=0-3,", 206, "bytes 0-3/36", "0123"),
        ("bytes=0-3,2-5", 206, "bytes 0-5/36", "012345"),
        ("bytes=4-5,0-3", 206, "bytes 0-5/36", "012345"),
        ("bytes=0-1,99-", 206, "bytes 0-1/36", "01"),
        (&format!("bytes=0-{huge}"), 206, "bytes 0-35/36", DIGITS),
        (&format!("bytes={overlapping}"), 206, "bytes 0-35/36", DIGITS),
        (&format!("bytes=-{huge}"), 206, "bytes 0-35/36", DIGITS),
        ("bytes=36-", 416, "bytes */36", ""),
        ("bytes=99-100", 416, "bytes */36", ""),
        ("bytes=-0", 416, "bytes */36", ""),
        (&format!("bytes={huge}-"), 416, "bytes */36", ""),
        ("bytes=36-,40-", 416, "bytes */36", ""),
        ("", 200, "", DIGITS),
        ("bytes=", 200, "", DIGITS),
        ("bytes=,", 200, "", DIGITS),
        ("bytes=-", 200, "", DIGITS),
        ("bytes=x-", 200, "", DIGITS),
        ("bytes=3-0", 200, "", DIGITS),
        ("bytes=0-1,3-2", 200, "", DIGITS),
        ("bytes=0 -3", 200, "", DIGITS),
        ("bytes", 200, "", DIGITS),
        ("lines=0-3", 200, "", DIGITS),
        ("bytes=0-3\r\nRange: bytes=5-6", 200, "", DIGITS),
        (&format!("bytes={eleven}"), 200, "", DIGITS),
    ] {
        let answer = connection.request("GET", "/files/a.txt", &[&format!("Range: {range}")], "");
        assert_eq!(answer.status, status, "{range}: {answer:?}");
        assert_eq!(answer.header("content-range").unwrap_or_default(), part, "{range}: {answer:?}");
        if status != 416 {
            assert_eq!(answer.text(), text, "{range}");
            assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        }
    }
    for (range, status) in [("bytes=0-", 416), ("bytes=-1", 200), ("bytes=-0", 416)] {
        let answer = connection.request("GET", "/files/empty.txt", &[&format!("Range: {range}")], "");
        answer.assert_status(status);
    }
    let answer = connection.request("GET", "/files/a.txt", &["Range: bytes=10-12,0-1,-1"], "");
    answer.assert_status(206);
    let kind = answer.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {range}/36\r\n\r\n{text}\r\n"
        )
    };
    let parts = [part("0-1", "01"), part("10-12", "abc"), part("35-35", "z")].concat();
    assert_eq!(answer.text(), format!("{parts}--{boundary}--\r\n"));
    assert_eq!(answer.header("content-range"), None);
}

#[test]
fn ten_parts_of_a_long_file_are_sent_piece_by_piece() {
    let folder = tree(&[]);
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    write(folder.join("root/long.bin"), &content);
    let (mut connection, _server) = serve(open(&folder));
    let whole = connection.get("/files/long.bin");
    whole.assert_status(200);
    assert!(whole.body == content, "{} bytes", whole.body.len());
    let part = connection.request("GET", "/files/long.bin", &["Range: bytes=100000-3000000"], "");
    assert!(part.status == 206 && part.body == content[100_000..=3_000_000]);
    let ranges: Vec<_> = (0..10).map(|n| (n * 400_000, n * 400_000 + 99_999)).collect();
    let list: Vec<_> = ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    let answer =
        connection.request("GET", "/files/long.bin", &[&format!("Range: bytes={}", list.join(","))], "");
    answer.assert_status(206);
    let mut rest = &answer.body[..];
    for (first, last) in ranges {
        let head = rest.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let text = std::str::from_utf8(&rest[..head]).unwrap();
        assert!(text.contains(&format!("Content-Range: bytes {first}-{last}/4000000\r\n")), "{text}");
        assert!(rest[head..head + 100_000] == content[first..=last], "{first}");
        rest = &rest[head + 100_000 + 2..];
    }
    connection.get("/files/nothing").assert_status(404);
}

#[test]
fn a_coding_that_is_there_is_chosen_by_weight() {
    let folder = tree(&[
        ("a.js", "plain"),
        ("a.js.br", "brotli"),
        ("a.js.gz", "gzip!"),
        ("b.js", "plain"),
        ("b.js.zst", "zstandard"),
        ("c.js", "plain"),
        ("only.js.gz", "gzip!"),
    ]);
    let (mut connection, _server) = serve(open(&folder));
    let (br, gz, zst, plain, none) = ("brotli", "gzip!", "zstandard", "plain", "");
    let mut tags = Vec::new();
    for (path, accepted, expected) in [
        ("a.js", None, plain),
        ("a.js", Some(""), plain),
        ("a.js", Some("gzip, deflate, br, zstd"), br),
        ("a.js", Some("gzip"), gz),
        ("a.js", Some("GZip"), gz),
        ("a.js", Some("x-gzip"), gz),
        ("a.js", Some("gzip;q=1.0, br;q=0.5"), gz),
        ("a.js", Some("gzip;q=0.5, br;q=0.5"), br),
        ("a.js", Some("zstd"), plain),
        ("a.js", Some("zstd, *;q=0.1"), br),
        ("a.js", Some("br;q=0, *"), gz),
        ("a.js", Some("gzip;q=0"), plain),
        ("a.js", Some("identity"), plain),
        ("a.js", Some("identity;q=0.5, gzip;q=0.4"), plain),
        ("a.js", Some("identity;q=0.5, gzip;q=0.6"), gz),
        ("a.js", Some("identity;q=0"), none),
        ("a.js", Some("identity;q=0, br"), br),
        ("a.js", Some("*;q=0"), none),
        ("a.js", Some("*;q=0, gzip"), gz),
        ("a.js", Some("*"), br),
        ("a.js", Some("gzip;q=2"), plain),
        ("b.js", Some("gzip, br, zstd"), zst),
        ("b.js", Some("gzip, br"), plain),
        ("c.js", Some("gzip, br, zstd"), plain),
        ("c.js", Some("identity;q=0"), none),
    ] {
        let line = accepted.map(|accepted| format!("Accept-Encoding: {accepted}"));
        let lines: Vec<_> = line.iter().map(String::as_str).collect();
        let answer = connection.request("GET", &format!("/files/{path}"), &lines, "");
        let coding = match expected {
            "brotli" => Some("br"),
            "gzip!" => Some("gzip"),
            "zstandard" => Some("zstd"),
            _ => None,
        };
        assert_eq!(answer.header("content-encoding"), coding, "{path}, {accepted:?}: {answer:?}");
        // A problem is told in the form that is asked for.
        let vary = match (path, expected == none) {
            ("c.js", false) => None,
            ("c.js", true) => Some("accept"),
            _ => Some("accept-encoding"),
        };
        assert_eq!(answer.header("vary"), vary, "{path}, {accepted:?}: {answer:?}");
        if expected == none {
            answer.assert_status(406);
            continue;
        }
        answer.assert(200, expected);
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"), "{path}");
        tags.push((path, expected, answer.header("etag").unwrap().to_owned()));
    }
    for (path, expected, tag) in &tags {
        for (other_path, other, other_tag) in &tags {
            if path == other_path {
                assert_eq!(expected == other, tag == other_tag, "{path}: {expected}, {other}");
            }
        }
    }
    // A range is one of what would be sent, and the tag of one coding is none of another.
    let with = |range: &str, coding: &str| format!("Range: {range}\r\nAccept-Encoding: {coding}");
    let part = connection.request("GET", "/files/a.js", &[&with("bytes=0-2", "br")], "");
    assert_eq!((part.status, part.text(), part.header("content-range")), (206, "bro", Some("bytes 0-2/6")));
    assert_eq!(part.header("content-encoding"), Some("br"));
    let tag = format!("If-None-Match: {}\r\nAccept-Encoding: gzip", part.header("etag").unwrap());
    connection.request("GET", "/files/a.js", &[&tag], "").assert(200, gz);
    // A coded file by its own name is a file; what has no plain one beside it is not there.
    let own = connection.request("GET", "/files/a.js.gz", &["Accept-Encoding: gzip"], "");
    own.assert(200, gz);
    assert_eq!(own.header("content-encoding"), None);
    connection.request("GET", "/files/only.js", &["Accept-Encoding: gzip"], "").assert_status(404);

    let (mut connection, _server) = serve(open(&folder).precompressed(false));
    let answer = connection.request("GET", "/files/a.js", &["Accept-Encoding: br"], "");
    answer.assert(200, plain);
    assert_eq!(answer.header("vary"), None);
}

/// Everything that must not be served, beside a few that must.
fn hostile() -> Folder {
    let folder = tree(&[
        ("a.txt", "a"),
        ("sub/b.txt", "b"),
        (".env", "hunter2"),
        (".git/config", "hunter2"),
        ("sub/.htpasswd", "hunter2"),
        ("two words.txt", "two words"),
        ("caf\u{e9}.txt", "coffee"),
        ("100%.txt", "percent"),
        ("a?b", "question"),
        ("...", "hunter2"),
        ("%2e%2e", "a name"),
    ]);
    let root = folder.join("root");
    write(root.join(std::ffi::OsStr::from_bytes(b"b\xffd")), "bytes");
    write(root.join("back\\slash"), "hunter2");
    for (link, target) in [
        ("inside", "sub/b.txt"),
        ("sub/up", "../a.txt"),
        ("folder", "sub"),
        ("out", "../secret.txt"),
        ("sub/out", "../../secret.txt"),
        ("parent", ".."),
        ("absolute", "/etc/passwd"),
        ("etc", "/etc"),
        ("self", "/proc/self"),
        ("circle", "circle"),
        ("dangling", "nothing"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    symlink(folder.join("secret.txt"), root.join("home")).unwrap();
    let made = Command::new("mkfifo").arg(root.join("fifo")).status().unwrap();
    assert!(made.success());
    drop(std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap());
    folder
}

#[test]
fn nothing_but_regular_files_of_the_folder_is_served() {
    let folder = hostile();
    let (mut connection, server) = serve(open(&folder));
    let missing = connection.get("/files/nothing");
    missing.assert_status(404);
    let secret = folder.join("secret.txt");
    let encoded = secret.display().to_string().replace('/', "%2F");
    let long = "x".repeat(300);
    let deep = "d/".repeat(2000);
    for path in [
        "/../secret.txt",
        "/..",
        "/../",
        "/.",
        "/./a.txt",
        "/sub/../a.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/sub\\b.txt",
        "/sub%5cb.txt",
        "/sub%2fb.txt",
        "/back%5cslash",
        "/%252e%252e/secret.txt",
        "/....//secret.txt",
        "//etc/passwd",
        "///etc/passwd",
        "/%2fetc/passwd",
        "//a.txt",
        "/sub//b.txt",
        "/a.txt/",
        "/a.txt/../a.txt",
        "/a.txt/b",
        "/sub/",
        "/sub",
        "/",
        "",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/sub/.htpasswd",
        "/...",
        "/out",
        "/sub/out",
        "/parent/secret.txt",
        "/absolute",
        "/etc/passwd",
        "/self/environ",
        "/self/root/etc/passwd",
        "/home",
        "/circle",
        "/dangling",
        "/fifo",
        "/socket",
        "/a.txt::$DATA",
        "/a.txt;x",
        &format!("/{encoded}"),
        &format!("/{long}"),
        &format!("/{deep}x"),
    ] {
        let answer = connection.get(&format!("/files{path}"));
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        // What is hidden cannot be told from what is not there.
        assert_eq!((answer.text(), headers(&answer)), (missing.text(), headers(&missing)), "{path}");
    }
    // The router refuses these before anybody else sees them.
    for path in ["/secret.txt%00.txt", "/%00", "/a%", "/%zz", "/%c0%ae%c0%ae/secret.txt", "/b%FFd"] {
        let answer = connect(&server).get(&format!("/files{path}"));
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
    for (path, text) in [
        ("/a.txt", "a"),
        ("/sub/b.txt", "b"),
        ("/%61.txt", "a"),
        ("/two%20words.txt", "two words"),
        ("/caf%C3%A9.txt", "coffee"),
        ("/100%25.txt", "percent"),
        ("/a%3Fb", "question"),
        ("/%252e%252e", "a name"),
        ("/inside", "b"),
        ("/sub/up", "a"),
        ("/folder/b.txt", "b"),
        ("/folder/up", "a"),
    ] {
        connection.get(&format!("/files{path}")).assert(200, text);
    }
}

#[test]
fn without_a_router_around_it_nothing_else_is_served() {
    let folder = hostile();
    let server = Client::new(open(&folder)).on_socket().unwrap();
    for path in
        ["/../secret.txt", "//etc/passwd", "/..%2fsecret.txt", "/%c0%ae%c0%ae/secret.txt", "/out", "/fifo"]
    {
        connect(&server).get(path).assert_status(404);
    }
    for path in ["/secret.txt%00.txt", "/a%"] {
        connect(&server).get(path).assert_status(400);
    }
    // A name is bytes. A router takes only text.
    connect(&server).get("/b%FFd").assert(200, "bytes");
    connect(&server).get("/a.txt").assert(200, "a");
    connect(&server).request("OPTIONS", "*", &[], "").assert_status(204);
}

#[test]
fn links_and_hidden_files_are_served_to_those_who_say_so() {
    let folder = hostile();
    let (mut never, _server) = serve(open(&folder).symlinks(Symlinks::Never));
    let (mut anywhere, _server) = serve(open(&folder).symlinks(Symlinks::Anywhere));
    let (mut hidden, _server) = serve(open(&folder).hidden(true));
    for (path, without_links, with_all_links, with_hidden) in [
        ("/a.txt", 200, 200, 200),
        ("/inside", 404, 200, 200),
        ("/folder/b.txt", 404, 200, 200),
        ("/out", 404, 200, 404),
        ("/parent/secret.txt", 404, 200, 404),
        ("/home", 404, 200, 404),
        ("/circle", 404, 404, 404),
        ("/fifo", 404, 404, 404),
        ("/../secret.txt", 404, 404, 404),
        ("/.env", 404, 404, 200),
        ("/.git/config", 404, 404, 200),
        ("/...", 404, 404, 200),
        ("/..", 404, 404, 404),
    ] {
        for (connection, status) in
            [(&mut never, without_links), (&mut anywhere, with_all_links), (&mut hidden, with_hidden)]
        {
            let answer = connection.get(&format!("/files{path}"));
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
}

#[test]
fn a_folder_is_its_index_and_has_a_slash() {
    let folder = tree(&[
        ("index.html", "home"),
        ("docs/index.html", "docs"),
        ("two words/index.html", "two words"),
        ("bare/a.txt", "a"),
        ("odd/index.html/x", "an index that is a folder"),
    ]);
    let (mut connection, _server) = serve(open(&folder));
    for (path, status, location, text) in [
        ("/files/", 200, "", "home"),
        ("/files", 308, "/files/", ""),
        ("/files?a=b", 308, "/files/?a=b", ""),
        ("/files/docs/", 200, "", "docs"),
        ("/files/docs", 308, "/files/docs/", ""),
        ("/files/docs?a=b&c=//d", 308, "/files/docs/?a=b&c=//d", ""),
        ("/files/docs/index.html", 200, "", "docs"),
        ("/files/docs/index.html/", 404, "", ""),
        ("/files/two%20words", 308, "/files/two%20words/", ""),
        ("/files/two%20words/", 200, "", "two words"),
        ("/files/bare", 404, "", ""),
        ("/files/bare/", 404, "", ""),
        ("/files/odd", 404, "", ""),
        ("/files/odd/", 404, "", ""),
        ("/files//docs", 404, "", ""),
        ("/files/%2fdocs", 404, "", ""),
    ] {
        let answer = connection.get(path);
        let found = (answer.status, answer.header("location").unwrap_or_default());
        assert_eq!(found, (status, location), "{path}: {answer:?}");
        if status != 404 {
            assert_eq!(answer.text(), text, "{path}");
        }
        connection.request("HEAD", path, &[], "").assert_status(status);
    }
    let (mut connection, _server) = serve(open(&folder).index("a.txt"));
    connection.get("/files/bare/").assert(200, "a");
    connection.get("/files/docs/").assert_status(404);
    let (mut connection, _server) = serve(open(&folder).no_index());
    for path in ["/files", "/files/", "/files/docs", "/files/docs/"] {
        connection.get(path).assert_status(404);
    }
    connection.get("/files/docs/index.html").assert(200, "docs");
}

#[test]
fn a_redirect_leads_to_no_other_host() {
    let folder = tree(&[("evil.example/index.html", "a folder"), ("index.html", "home")]);
    // Mounted at the root, and not mounted at all.
    let router = Router::new().mount("/", open(&folder)).compile(pulsar::Context::default()).unwrap();
    for server in [Client::new(router), Client::new(open(&folder))] {
        let server = server.on_socket().unwrap();
        for path in [
            "/evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/%5Cevil.example",
            "/%2Fevil.example",
            "/.//evil.example",
        ] {
            let answer = connect(&server).get(path);
            match answer.header("location") {
                Some(location) => assert_eq!(location, "/evil.example/", "{path}"),
                None => assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}"),
            }
        }
        let answer = connect(&server).get("/evil.example");
        assert_eq!((answer.status, answer.header("location")), (308, Some("/evil.example/")));
    }
    // In an application that is mounted itself.
    let inner = Router::new().mount("/b", open(&folder)).compile(pulsar::Context::default()).unwrap();
    let outer = Router::new().mount("/a", inner).compile(pulsar::Context::default()).unwrap();
    let server = Client::new(outer).on_socket().unwrap();
    for (path, location) in [("/a/b", "/a/b/"), ("/a/b/evil.example?x", "/a/b/evil.example/?x")] {
        assert_eq!(connect(&server).get(path).header("location"), Some(location), "{path}");
    }
}

#[test]
fn an_application_of_one_page_has_it_for_every_path() {
    let folder = tree(&[
        ("index.html", "the page"),
        ("assets/app.js", "script"),
        ("docs/index.html", "docs"),
        (".env", "hunter2"),
    ]);
    let files = open(&folder).fallback("index.html").cache_control("public, max-age=31536000, immutable");
    let (mut connection, _server) = serve(files);
    let browser = Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    let immutable = "public, max-age=31536000, immutable";
    for (path, accept, status, text, cache_control) in [
        ("/", browser, 200, "the page", "no-cache"),
        ("/users/7", browser, 200, "the page", "no-cache"),
        ("/users/7", None, 200, "the page", "no-cache"),
        ("/users/7", Some("*/*"), 200, "the page", "no-cache"),
        ("/users/ada.lovelace", browser, 200, "the page", "no-cache"),
        ("/assets/", browser, 200, "the page", "no-cache"),
        ("/assets", browser, 200, "the page", "no-cache"),
        ("/index.html", browser, 200, "the page", "no-cache"),
        ("/docs/", browser, 200, "docs", immutable),
        ("/assets/app.js", browser, 200, "script", immutable),
        ("/assets/gone.js", Some("*/*"), 404, "", ""),
        ("/logo.png", Some("image/webp,*/*;q=0.8"), 404, "", ""),
        ("/logo.png", None, 404, "", ""),
        ("/api/users", Some("application/json"), 404, "", ""),
        ("/users/7", Some("text/html;q=0"), 404, "", ""),
        ("/.env", browser, 404, "", ""),
        ("/../secret.txt", browser, 404, "", ""),
        ("//x", browser, 404, "", ""),
    ] {
        let line = accept.map(|accept| format!("Accept: {accept}"));
        let lines: Vec<_> = line.iter().map(String::as_str).collect();
        let answer = connection.request("GET", &format!("/files{path}"), &lines, "");
        assert_eq!(answer.status, status, "{path}, {accept:?}: {answer:?}");
        if status == 200 {
            assert_eq!(answer.text(), text, "{path}, {accept:?}");
            assert_eq!(answer.header("cache-control"), Some(cache_control), "{path}, {accept:?}");
        }
    }
    let answer = connection.get("/files/users/7");
    assert_eq!(answer.header("vary"), Some("accept"), "{answer:?}");
    let line = format!("If-None-Match: {}", answer.header("etag").unwrap());
    connection.request("GET", "/files/elsewhere", &[&line], "").assert_status(304);
    connection.request("HEAD", "/files/users/7", &[], "").assert(200, "");
    connection.request("POST", "/files/users/7", &[], "x").assert_status(405);
}

#[test]
fn only_get_and_head_are_answered() {
    let folder = tree(&[("a.txt", "a")]);
    let (mut connection, _server) = serve(open(&folder));
    for path in ["/files/a.txt", "/files/nothing", "/files/../secret.txt"] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            let answer = connection.request(method, path, &[], "");
            answer.assert_status(405);
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"), "{method} {path}");
        }
        let answer = connection.request("OPTIONS", path, &[], "");
        assert_eq!((answer.status, answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")), "{path}");
    }
    // The last one, since such a method may be the rest of something else.
    connection.request("PROPFIND", "/files/a.txt", &[], "").assert_status(405);
}

#[test]
fn a_file_that_becomes_shorter_breaks_the_connection() {
    let log = Log::get();
    let folder = tree(&[]);
    let path = folder.join("root/long.bin");
    // Longer than all that lies in buffers between us.
    let size = 256 * 1024 * 1024;
    let file = File::create(&path).unwrap();
    file.set_len(size).unwrap();
    let (mut connection, _server) = serve(open(&folder));
    connection.send("GET /files/long.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let head = connection.head();
    assert_eq!((head.status, head.header("content-length")), (200, Some(&*size.to_string())));
    file.set_len(1).unwrap();
    let rest = connection.rest();
    assert!((rest.len() as u64) < size, "{} bytes were made up", rest.len());
    let lines = log.lines("the body of the file `long.bin` breaks off");
    assert!(lines.len() == 1 && lines[0].contains("the file became shorter"), "{lines:?}");
}

#[test]
fn a_file_that_is_replaced_is_another_one() {
    let folder = tree(&[("a.txt", "first")]);
    let (mut connection, _server) = serve(open(&folder));
    let first = connection.get("/files/a.txt");
    let tag = first.header("etag").unwrap().to_owned();
    // Just as long, and renamed into its place.
    let path = folder.write("new.txt", "after");
    fs::rename(path, folder.join("root/a.txt")).unwrap();
    let second = connection.request("GET", "/files/a.txt", &[&format!("If-None-Match: {tag}")], "");
    second.assert(200, "after");
    let fresh = second.header("etag").unwrap();
    assert_ne!(fresh, tag);
    let lines = format!("Range: bytes=0-1\r\nIf-Range: {tag}");
    connection.request("GET", "/files/a.txt", &[&lines], "").assert(200, "after");
    // Until a second later another change might have the same time.
    assert!(fresh.starts_with("W/"), "{second:?}");
    connection.request("GET", "/files/a.txt", &[&format!("If-None-Match: {fresh}")], "").assert_status(304);
    fs::remove_file(folder.join("root/a.txt")).unwrap();
    connection.get("/files/a.txt").assert_status(404);
}

#[test]
fn a_folder_that_is_replaced_is_served_to_its_end() {
    let folder = tree(&[("a.txt", "old")]);
    let (mut connection, _server) = serve(open(&folder));
    fs::rename(folder.join("root"), folder.join("moved")).unwrap();
    fs::create_dir(folder.join("root")).unwrap();
    write(folder.join("root/a.txt"), "new");
    connection.get("/files/a.txt").assert(200, "old");
}

#[test]
fn what_is_part_of_the_program_is_answered_like_a_file() {
    let files = [
        ("index.html", "home"),
        ("a.txt", DIGITS),
        ("docs/index.html", "docs"),
        ("app.js", "plain"),
        ("app.js.gz", "gzip!"),
        ("empty", ""),
    ];
    let folder = tree(&files);
    let embedded = files.map(|(name, text)| EmbeddedFile::new(name, text.as_bytes(), "v1"));
    let configure = |files: Files| files.fallback("index.html").cache_control("max-age=60");
    let (mut from_disk, _server) = serve(configure(open(&folder)));
    let (mut from_memory, _server) = serve(configure(Files::embedded(&embedded)));
    for (request, lines) in [
        ("GET /files/a.txt", ""),
        ("HEAD /files/a.txt", ""),
        ("POST /files/a.txt", ""),
        ("OPTIONS /files/a.txt", ""),
        ("GET /files/a.txt", "Range: bytes=3-5"),
        ("GET /files/a.txt", "Range: bytes=-5"),
        ("GET /files/a.txt", "Range: bytes=99-"),
        ("GET /files/a.txt", "Range: bytes=0-1,3-2"),
        ("GET /files/a.txt", "If-None-Match: *"),
        ("GET /files/a.txt", "If-Match: \"x\""),
        ("GET /files/a.txt", "If-Range: \"x\"\r\nRange: bytes=0-1"),
        ("GET /files/a.txt/", ""),
        ("GET /files/empty", ""),
        ("GET /files/empty", "Range: bytes=0-"),
        ("GET /files", ""),
        ("GET /files/", ""),
        ("GET /files/docs", ""),
        ("GET /files/docs?x", ""),
        ("GET /files/docs/", ""),
        ("GET /files/app.js", "Accept-Encoding: gzip"),
        ("GET /files/app.js", "Accept-Encoding: identity;q=0"),
        ("HEAD /files/app.js", "Accept-Encoding: gzip, br"),
        ("GET /files/users/7", ""),
        ("GET /files/users/7", "Accept: application/json"),
        ("GET /files/../a.txt", ""),
        ("GET /files//a.txt", ""),
        ("GET /files/.env", ""),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        let lines: Vec<_> = Some(lines).filter(|lines| !lines.is_empty()).into_iter().collect();
        let [disk, memory] =
            [&mut from_disk, &mut from_memory].map(|connection| connection.request(method, path, &lines, ""));
        let told = |answer: &wire::Answer| {
            let named = |(name, _): &(&str, &str)| !matches!(*name, "etag" | "last-modified");
            let kept = headers(answer).into_iter().filter(named);
            kept.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(disk.status, memory.status, "{request} {lines:?}");
        assert_eq!(disk.text(), memory.text(), "{request} {lines:?}");
        assert_eq!(told(&disk), told(&memory), "{request} {lines:?}");
        assert_eq!(disk.header("etag").is_some(), memory.header("etag").is_some(), "{request} {lines:?}");
    }
    let answer = from_memory.request("GET", "/files/a.txt", &["Range: bytes=0-1,5-6"], "");
    assert!(answer.status == 206 && answer.text().contains("bytes 5-6/36\r\n\r\n56\r\n"), "{answer:?}");
    let tag = from_memory.request("GET", "/files/app.js", &["Accept-Encoding: gzip"], "");
    assert_eq!(tag.header("etag"), Some("\"v1-gzip\""));
    assert_eq!(tag.header("last-modified"), None);
    let since = from_memory.request("GET", "/files/a.txt", &[&format!("If-Modified-Since: {AFTER}")], "");
    since.assert(200, DIGITS);
}

#[test]
fn a_macro_mounts_a_folder_beside_routes() {
    let client = support::client(module_path!(), |app| app).on_socket().unwrap();
    let mut connection = connect(&client);
    let css = connection.get("/files-by-macro/static/site.css");
    css.assert(200, "p { margin: 0 }\n");
    assert_eq!(css.header("cache-control"), Some("public, max-age=60"));
    let page = connection.get("/files-by-macro/static/users/7");
    page.assert(200, "<!doctype html>\n<title>home</title>\n");
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(
        connection.get("/files-by-macro/static/docs").header("location"),
        Some("/files-by-macro/static/docs/")
    );
    connection.get("/files-by-macro/static/.hidden").assert_status(404);
    connection.get("/files-by-macro/hidden/.hidden").assert(200, "not for everybody\n");
    connection.get("/files-by-macro/hidden/").assert(200, "p { margin: 0 }\n");
    connection.get("/files-by-macro/static/../../ours").assert_status(404);
}

#[test]
fn a_layer_and_a_page_of_errors_see_an_answer_like_any_other() {
    let folder = tree(&[("a.txt", "a")]);
    let files = open(&folder);
    let client = support::client(module_path!(), |app| {
        app.router(|router| router.mount("/files", files))
            .errors(|problem: pulsar::Problem| (problem.status, format!("sorry: {}", problem.title)))
            .layer(tower_http::set_header::SetResponseHeaderLayer::appending(
                pulsar::http::header::SERVER,
                pulsar::http::HeaderValue::from_static("ours"),
            ))
    });
    let answer = block_on(client.get("/files/b.txt").send());
    answer.assert_status(StatusCode::NOT_FOUND.as_u16()).assert_text("sorry: Not Found");
    answer.assert_header("server", "ours").assert_header("x-content-type-options", "nosniff");
    block_on(client.get("/files/a.txt").send()).assert_text("a").assert_header("server", "ours");
}

#[test]
fn many_readers_at_once_get_what_they_ask_for() {
    let folder = tree(&[]);
    for n in 0..8_u8 {
        write(folder.join(&format!("root/{n}")), vec![n; 300_000 + usize::from(n)]);
    }
    let (_connection, server) = serve(open(&folder));
    let address = server.address().unwrap();
    let readers = (0..32_u8).map(|reader| {
        std::thread::spawn(move || {
            let mut connection = wire::Client::tcp(address);
            for round in 0..4 {
                let n = (reader + round) % 8;
                let answer = connection.get(&format!("/files/{n}"));
                assert_eq!((answer.status, answer.body.len()), (200, 300_000 + usize::from(n)));
                assert!(answer.body.iter().all(|&byte| byte == n), "{n}");
            }
        })
    });
    readers.collect::<Vec<_>>().into_iter().for_each(|reader| reader.join().unwrap());
}
