//! TLS: certificates from files, handshakes, and new certificates without a restart.
//!
//! rustls does the cryptography. The feature `tls` brings it along; without it a server that is told of certificates says what
//! is missing. The rule it keeps: a private key never leaves this folder, neither to a log nor to an application.

mod config;

#[cfg_attr(feature = "tls", path = "enabled.rs")]
#[cfg_attr(not(feature = "tls"), path = "disabled.rs")]
mod imp;

pub use self::config::{CertificateFiles, ClientVerify, TlsConfig, TlsVersion};
pub(crate) use self::imp::Encryption;
pub(super) use self::imp::{Door, Stream, part, socket};
