//! TLS, in a program that is built with it.
//!
//! Files, lower ones first: `pem`, `mark`, `wire`; `certificates`; `encryption`; `watch`, `handshake`.

mod certificates;
mod encryption;
mod handshake;
mod mark;
mod pem;
mod watch;
mod wire;

pub(crate) use self::{
    encryption::Encryption,
    handshake::{Door, Stream, part, socket},
};
