//! What has to hold for whatever comes over the control socket.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    frame::{Decoder, LONGEST, encode},
    message::{Request, Response},
};

/// Bytes of a channel: the same messages come out of them however they are cut, and what is sent is what is read.
pub fn control_frames(data: &[u8]) {
    let whole = decoded::<Value>(data, usize::MAX);
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(decoded::<Value>(data, size), whole, "in pieces of {size}");
    }
    assert!(whole.messages.iter().map(String::len).sum::<usize>() <= 6 * data.len(), "more than was sent");
    // What are commands and answers as well come out unchanged once they are sent again.
    sent_again::<Request>(data);
    sent_again::<Response>(data);
}

/// What came out: messages as JSON, and why no more did.
#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    messages: Vec<String>,
    error: Option<String>,
}

fn decoded<T: DeserializeOwned + Serialize>(data: &[u8], size: usize) -> Decoded {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    for piece in data.chunks(size.min(data.len()).max(1)) {
        decoder.push(piece);
        loop {
            match decoder.next::<T>() {
                Ok(Some(message)) => {
                    messages.push(serde_json::to_string(&message).expect("it was JSON before"));
                }
                Ok(None) => break,
                Err(error) => return Decoded { messages, error: Some(error.to_string()) },
            }
        }
    }
    Decoded { messages, error: None }
}

fn sent_again<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let first = decoded::<T>(data, usize::MAX).messages;
    let mut bytes = Vec::new();
    for message in &first {
        let message: T = serde_json::from_str(message).expect("it was one before");
        let frame = encode(&message).expect("it is no longer than before");
        assert!(frame.len() <= 4 + LONGEST);
        bytes.extend(frame);
    }
    assert_eq!(decoded::<T>(&bytes, usize::MAX), Decoded { messages: first, error: None });
}
