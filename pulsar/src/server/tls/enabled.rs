//! TLS, in a program that is built with it.
//!
//! Files, lower ones first: `pem`, `mark`; `certificates`; `encryption`; `watch`, `handshake`.

mod certificates;
mod encryption;
mod handshake;
mod mark;
mod pem;
mod watch;

pub(crate) use self::{
    encryption::Encryption,
    handshake::{Door, Stream},
};
