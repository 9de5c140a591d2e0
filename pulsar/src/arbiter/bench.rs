//! The messages of the channel between the arbiter and its workers, for benches of what writing and reading them takes.

// That is what a bench does when something does not hold.
#![allow(clippy::missing_panics_doc, missing_debug_implementations)]

use serde_json::value::RawValue;

use super::{
    frame::{Decoder, encode},
    message::{Boot, SocketAddress, ToChild},
};

/// Their names: one that is sent all the time, one that handlers send, one that every worker begins with.
pub const MESSAGES: [&str; 3] = ["ping", "call", "boot"];

/// A message to a worker.
pub struct Message(ToChild);

impl Message {
    /// The one of this name.
    pub fn named(name: &str) -> Self {
        Self(match name {
            "ping" => ToChild::Ping(123_456),
            "call" => {
                let payload = format!("[{}]", ["\"a text of twenty bytes\""; 10].join(","));
                let payload = RawValue::from_string(payload).expect("it is JSON");
                ToChild::Call { number: Some(7), name: "prices_changed".into(), payload }
            }
            "boot" => ToChild::Boot(Boot {
                app: "shop".into(),
                slot: 3,
                generation: 2,
                settings: (0..20).map(|number| (format!("setting_{number}"), "a value".into())).collect(),
                addresses: vec![SocketAddress::Tcp(([127, 0, 0, 1], 8060).into())],
                log: false,
                sink: true,
                seat: 3,
                seats: 8,
                loops: 1,
                max_requests: 0,
            }),
            name => panic!("no message is called {name}"),
        })
    }

    /// As it travels.
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.0).expect("it is short")
    }
}

/// Reads one message.
pub fn decode(bytes: &[u8]) -> Message {
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    Message(decoder.next().expect("it is one").expect("it is whole"))
}
