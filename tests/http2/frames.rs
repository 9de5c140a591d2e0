//! Frames that are wrong by themselves, or where they stand.

use pulsar_tests::frames::{
    ACK, END_HEADERS, END_STREAM, GET, Http2, PADDED, PREFACE, PRIORITIZED, block, encode, kind, with,
};

use crate::support::{Case, Served, play};

pub(crate) const CASES: usize =
    SETTINGS.len() + PINGS.len() + HEADERS.len() + DATA.len() + WINDOWS.len() + OTHERS.len();

/// A SETTINGS frame with one setting.
fn setting(client: &mut Http2, name: u16, value: u32) {
    client.frame(kind::SETTINGS, 0, 0, &[&name.to_be_bytes()[..], &value.to_be_bytes()].concat());
    client.get(1, "/");
}

fn post(client: &mut Http2, fields: &[(&str, &str)]) {
    client.headers(0, 1, &[&with(&[(":method", "POST")]), fields].concat());
}

const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;

const SETTINGS: &[Case] = &[
    ("a good beginning", |client| client.get(1, "/"), &["200"]),
    // RFC 9113 section 3.4 wants settings first; h2 takes them when they come.
    (
        "headers before settings",
        |client| {
            *client = Http2::silent(client.peer());
            client.send(PREFACE);
            client.get(1, "/");
        },
        &["200"],
    ),
    ("settings of five bytes", |client| client.frame(kind::SETTINGS, 0, 0, b"12345"), SHORT),
    ("settings of a stream", |client| client.frame(kind::SETTINGS, 0, 1, b""), &["goaway 1"]),
    (
        "an acknowledgement with something in it",
        |client| client.frame(kind::SETTINGS, ACK, 0, b"123456"),
        SHORT,
    ),
    (
        "an acknowledgement that nobody waits for",
        |client| {
            client.frame(kind::SETTINGS, ACK, 0, b"");
            client.frame(kind::SETTINGS, ACK, 0, b"");
            client.get(1, "/");
        },
        &["200", "goaway 1"],
    ),
    ("a setting that nobody knows", |client| setting(client, 0xabcd, 7), &["200"]),
    ("push neither on nor off", |client| setting(client, ENABLE_PUSH, 2), &["goaway 1"]),
    ("a window of 2^31", |client| setting(client, INITIAL_WINDOW_SIZE, 1 << 31), &["goaway 1", "goaway 3"]),
    ("frames of 100 bytes", |client| setting(client, MAX_FRAME_SIZE, 100), &["goaway 1"]),
    ("frames of 2^24 bytes", |client| setting(client, MAX_FRAME_SIZE, 1 << 24), &["goaway 1"]),
];

/// A length that cannot be: FRAME_SIZE_ERROR, which h2 calls PROTOCOL_ERROR where it finds out while it reads the frame.
const SHORT: &[&str] = &["goaway 1", "goaway 6"];

/// A list that cannot be read: COMPRESSION_ERROR, which h2 calls PROTOCOL_ERROR as well.
const UNREADABLE: &[&str] = &["goaway 1", "goaway 9"];

const PINGS: &[Case] = &[
    ("a ping of seven bytes", |client| client.frame(kind::PING, 0, 0, b"1234567"), SHORT),
    ("a ping of a stream", |client| client.frame(kind::PING, 0, 1, b"12345678"), &["goaway 1"]),
    (
        "an answer to no ping",
        |client| {
            client.frame(kind::PING, ACK, 0, b"12345678");
            client.get(1, "/");
        },
        &["200"],
    ),
];

const HEADERS: &[Case] = &[
    ("headers of the connection", |client| client.headers(END_STREAM, 0, &GET), &["goaway 1"]),
    ("an even stream", |client| client.headers(END_STREAM, 2, &GET), &["goaway 1"]),
    (
        "a stream below another one",
        |client| {
            client.get(3, "/");
            client.wait_for("the answer", |frame| frame.stream == 3 && frame.flags & END_STREAM != 0);
            client.get(1, "/");
        },
        &["goaway 1", "goaway 5", "reset 5"],
    ),
    (
        "padding that is longer than the frame",
        |client| {
            client.frame(
                kind::HEADERS,
                END_HEADERS | END_STREAM | PADDED,
                1,
                &[&[255][..], &block(&GET)].concat(),
            );
        },
        &["goaway 1"],
    ),
    (
        "padding",
        |client| {
            let payload = [&[3][..], &block(&GET), &[0, 0, 0]].concat();
            client.frame(kind::HEADERS, END_HEADERS | END_STREAM | PADDED, 1, &payload);
        },
        &["200"],
    ),
    (
        "a stream that waits for itself",
        |client| {
            let payload = [&[0, 0, 0, 1, 16][..], &block(&GET)].concat();
            client.frame(kind::HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, &payload);
        },
        &["reset 1", "goaway 1"],
    ),
    (
        "a header that is not in the table",
        |client| client.frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[0xff, 0xff, 0x7f]),
        UNREADABLE,
    ),
    (
        "a header that breaks off",
        |client| {
            let block = block(&GET);
            client.frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &block[..block.len() - 1]);
        },
        UNREADABLE,
    ),
    (
        "a table that is larger than it may be",
        |client| {
            client.frame(
                kind::HEADERS,
                END_HEADERS | END_STREAM,
                1,
                &[&[0x3f, 0xff, 0xff, 3][..], &block(&GET)].concat(),
            );
        },
        UNREADABLE,
    ),
    (
        "a frame that is longer than it may be",
        |client| client.frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[0; 16_385]),
        &["goaway 6"],
    ),
    (
        "a list in three frames",
        |client| {
            let block = block(&GET);
            client.frame(kind::HEADERS, END_STREAM, 1, &block[..3]);
            client.frame(kind::CONTINUATION, 0, 1, &block[3..9]);
            client.frame(kind::CONTINUATION, END_HEADERS, 1, &block[9..]);
        },
        &["200"],
    ),
    (
        "a continuation of nothing",
        |client| client.frame(kind::CONTINUATION, END_HEADERS, 1, &block(&GET)),
        &["goaway 1"],
    ),
    (
        "a continuation of what has ended",
        |client| {
            post(client, &[]);
            client.frame(kind::CONTINUATION, END_HEADERS, 1, b"");
        },
        &["goaway 1"],
    ),
    (
        "a continuation of another stream",
        |client| {
            client.frame(kind::HEADERS, END_STREAM, 1, &block(&GET)[..9]);
            client.frame(kind::CONTINUATION, END_HEADERS, 3, &block(&GET)[9..]);
        },
        &["goaway 1"],
    ),
    (
        "something between headers and their continuation",
        |client| {
            client.frame(kind::HEADERS, END_STREAM, 1, &block(&GET)[..9]);
            client.frame(kind::PING, 0, 0, b"12345678");
            client.frame(kind::CONTINUATION, END_HEADERS, 1, &block(&GET)[9..]);
        },
        &["goaway 1"],
    ),
    (
        "data between headers and their continuation",
        |client| {
            client.frame(kind::HEADERS, 0, 1, &block(&GET)[..9]);
            client.frame(kind::DATA, END_STREAM, 1, b"x");
        },
        &["goaway 1"],
    ),
    (
        "continuations without an end",
        |client| {
            client.frame(kind::HEADERS, END_STREAM, 1, &block(&GET));
            for _ in 0..10_000 {
                client.frame(kind::CONTINUATION, 0, 1, b"");
            }
        },
        &["goaway 11", "closed"],
    ),
];

const DATA: &[Case] = &[
    ("data of the connection", |client| client.frame(kind::DATA, END_STREAM, 0, b"x"), &["goaway 1"]),
    (
        "data of a stream that was not begun",
        |client| client.frame(kind::DATA, END_STREAM, 1, b"x"),
        &["goaway 1"],
    ),
    (
        "data behind the end",
        |client| {
            client.get(1, "/wait");
            client.frame(kind::DATA, END_STREAM, 1, b"x");
        },
        &["reset 5", "goaway 5", "goaway 1"],
    ),
    (
        "headers behind the end",
        |client| {
            client.get(1, "/wait");
            client.get(1, "/wait");
        },
        &["reset 5", "goaway 5", "goaway 1", "reset 1"],
    ),
    (
        "padding that is longer than the data",
        |client| {
            post(client, &[]);
            client.frame(kind::DATA, END_STREAM | PADDED, 1, &[5, b'x']);
        },
        &["goaway 1"],
    ),
    (
        "padding that is all there is",
        |client| {
            post(client, &[]);
            client.frame(kind::DATA, END_STREAM | PADDED, 1, &[2, 0, 0]);
        },
        &["200"],
    ),
    (
        "less than the length says",
        |client| {
            post(client, &[("content-length", "5")]);
            client.frame(kind::DATA, END_STREAM, 1, b"1234");
        },
        &["reset 1", "400"],
    ),
    (
        "more than the length says",
        |client| {
            post(client, &[("content-length", "5")]);
            client.frame(kind::DATA, END_STREAM, 1, b"123456");
        },
        &["reset 1", "400"],
    ),
    (
        "nothing where the length says something",
        |client| client.headers(END_STREAM, 1, &with(&[(":method", "POST"), ("content-length", "5")])),
        &["reset 1", "400"],
    ),
    (
        "as much as the length says",
        |client| {
            post(client, &[("content-length", "5")]);
            client.frame(kind::DATA, 0, 1, b"12");
            client.frame(kind::DATA, END_STREAM, 1, b"345");
        },
        &["200"],
    ),
    (
        "more than the window",
        |client| {
            client.headers(0, 1, &with(&[(":method", "POST"), (":path", "/wait")]));
            for _ in 0..40 {
                client.frame(kind::DATA, 0, 1, &[b'x'; 16_384]);
            }
        },
        &["reset 3", "goaway 3"],
    ),
];

const WINDOWS: &[Case] = &[
    (
        "a window that opens by nothing",
        |client| client.frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4]),
        &["goaway 1"],
    ),
    (
        "the window of a stream that opens by nothing",
        |client| {
            client.get(1, "/wait");
            client.frame(kind::WINDOW_UPDATE, 0, 1, &[0; 4]);
        },
        &["reset 1", "goaway 1"],
    ),
    (
        "a window that opens too far",
        |client| client.frame(kind::WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        &["goaway 3"],
    ),
    (
        "the window of a stream that opens too far",
        |client| {
            client.get(1, "/wait");
            client.frame(kind::WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0xff, 0xff]);
        },
        &["reset 3", "goaway 3"],
    ),
    ("a window of three bytes", |client| client.frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 1]), SHORT),
    (
        "the window of a stream that was not begun",
        |client| client.frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
        &["goaway 1"],
    ),
];

const OTHERS: &[Case] = &[
    (
        "a priority that waits for itself",
        |client| {
            client.get(1, "/wait");
            client.frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 1, 16]);
        },
        &["reset 1", "goaway 1"],
    ),
    (
        "a priority of four bytes",
        |client| client.frame(kind::PRIORITY, 0, 1, &[0; 4]),
        &["reset 6", "goaway 6", "goaway 1"],
    ),
    (
        "a priority of the connection",
        |client| client.frame(kind::PRIORITY, 0, 0, &[0, 0, 0, 3, 16]),
        &["goaway 1"],
    ),
    ("a reset of what was not begun", |client| client.frame(kind::RST_STREAM, 0, 1, &[0; 4]), &["goaway 1"]),
    ("a reset of the connection", |client| client.frame(kind::RST_STREAM, 0, 0, &[0; 4]), &["goaway 1"]),
    (
        "a reset of three bytes",
        |client| {
            client.get(1, "/wait");
            client.frame(kind::RST_STREAM, 0, 1, &[0; 3]);
        },
        SHORT,
    ),
    ("a farewell on a stream", |client| client.frame(kind::GOAWAY, 0, 1, &[0; 8]), &["goaway 1"]),
    (
        "a push by a client",
        |client| {
            client.frame(kind::PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&GET)].concat());
        },
        &["goaway 1"],
    ),
    (
        "a frame that nobody knows",
        |client| {
            client.frame(0xef, 0xff, 7, b"whatever");
            client.get(1, "/");
        },
        &["200"],
    ),
    (
        "a request in single bytes",
        |client| {
            for byte in encode(kind::HEADERS, END_HEADERS | END_STREAM, 1, &block(&GET)) {
                client.send(&[byte]);
            }
        },
        &["200"],
    ),
];

#[test]
fn frames_are_answered_or_refused_with_their_code() {
    let served = Served::start();
    for cases in [SETTINGS, PINGS, HEADERS, DATA, WINDOWS, OTHERS] {
        play(&served, cases);
    }
}

#[test]
fn settings_and_pings_are_acknowledged() {
    let served = Served::start();
    let mut client = served.connect();
    client.wait_for("the acknowledgement", |frame| frame.kind == kind::SETTINGS && frame.flags & ACK != 0);
    client.frame(kind::PING, 0, 0, b"12345678");
    let pong = client.wait_for("the echo", |frame| frame.kind == kind::PING);
    assert_eq!((pong.flags, &*pong.payload), (ACK, &b"12345678"[..]));
}
