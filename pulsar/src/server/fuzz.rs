//! What has to hold for whatever a connection begins with, whatever an application answers, and whatever the log is told.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame};

pub use super::policy::fuzz::policy_judge;
use super::{
    ServerConfig,
    activity::{Activity, InFlight},
    answer::AnswerBody,
    clock::Clock,
    limits::Limits,
    log_line,
    policy::{Framing, fuzz::Answer},
    proxy_protocol::{LONGEST, parse},
};
use crate::{
    board::{Board, LoopLine},
    body::{Body, BoxError},
};

/// The bytes that a proxy sends first: a verdict does not depend on how they are cut, and comes before there are too many.
pub fn proxy_protocol(data: &[u8]) {
    let whole = parse(data);
    assert!(data.len() < LONGEST || whole != Ok(None), "it waits for more than a header may have");
    // Every way to cut a long one would take too long, and its middle is all alike.
    let cuts = (0..data.len()).filter(|cut| *cut < 256 || cut + 64 > data.len());
    let mut decided = None;
    for cut in cuts {
        let verdict = parse(&data[..cut]);
        if verdict == Ok(None) {
            assert_eq!(decided, None, "a verdict is taken back at byte {cut}");
        } else {
            assert_eq!(verdict, whole, "more bytes change a verdict at byte {cut}");
            decided = Some(cut);
        }
    }
    if let Ok(Some(header)) = whole {
        assert!(header.length <= data.len() && header.length <= LONGEST);
        for (end, expected) in [(header.length, true), (header.length - 1, false)] {
            assert_eq!(matches!(parse(&data[..end]), Ok(Some(_))), expected, "it ends where it says");
        }
        let followed = [&data[..header.length], b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(parse(&followed), Ok(Some(header)), "what follows says nothing");
    }
}

/// An answer: its head has one length at most, and no more and no less than that is sent, or the connection is cut.
pub fn answer_framing(data: &[u8]) {
    let Some(mut answer) = Answer::read(data, stream) else { return };
    let Some(framing) = answer.framed() else { return };
    let pieces = answer.pieces.concat();
    let in_flight = InFlight::begin(activity(), 0, false);
    let mut body = AnswerBody::new(answer.response.into_body(), framing, answer.asked, None, in_flight);
    let (sent, is_complete) = read(&mut body);
    match framing {
        Framing::Whole => assert!(is_complete && sent == pieces),
        Framing::Exactly(length) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            assert_eq!(sent, pieces[..length.min(pieces.len())]);
            assert_eq!(is_complete, length <= pieces.len(), "what is too short must not look complete");
        }
        Framing::Withheld(_) => assert!(is_complete && sent.is_empty()),
    }
}

/// All that a body gives, and whether it ended well.
fn read(body: &mut AnswerBody) -> (Vec<u8>, bool) {
    let mut sent = Vec::new();
    // It may ask for a turn, once.
    for _ in 0..10_000 {
        match Pin::new(&mut *body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(frame))) => {
                sent.extend_from_slice(frame.data_ref().expect("there are no trailers"));
            }
            Poll::Ready(Some(Err(_))) => return (sent, false),
            Poll::Ready(None) => return (sent, true),
            Poll::Pending => {}
        }
    }
    panic!("it never ends");
}

/// A body whose length nobody knows.
fn stream(pieces: Vec<Bytes>) -> Body {
    struct Pieces(std::vec::IntoIter<Bytes>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
        }
    }

    Body::new(Pieces(pieces.into_iter()))
}

/// A connection of no thread.
fn activity() -> &'static Arc<Activity> {
    static ACTIVITY: OnceLock<Arc<Activity>> = OnceLock::new();
    ACTIVITY.get_or_init(|| {
        let clock = Arc::new(Clock::new(LoopLine::new(&Board::own(1), 0, 0)));
        let limits = Limits::new(&ServerConfig::default(), Duration::from_secs(1), 0, 1);
        Arc::new(Activity::new(&clock, &Arc::new(limits)))
    })
}

/// Any text in the access log: it stays within its quotes and its line, sends a terminal no command, and can be told from any other.
pub fn access_log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut line = Vec::new();
    log_line::escape(&mut line, &text);
    assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')));
    let mut bytes = Vec::new();
    let mut rest = line.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        assert_ne!(*first, b'"', "a quote that is not escaped");
        rest = behind;
        if *first != b'\\' {
            bytes.push(*first);
        } else if let Some(digits) = behind.strip_prefix(b"x") {
            let number = std::str::from_utf8(&digits[..2]).expect("it is ASCII");
            bytes.push(u8::from_str_radix(number, 16).expect("two digits"));
            rest = &digits[2..];
        } else {
            assert!(matches!(behind[0], b'"' | b'\\'));
            bytes.push(behind[0]);
            rest = &behind[1..];
        }
    }
    assert_eq!(bytes, text.as_bytes());
}
