//! The types of the settings of TLS.
//!
//! Which setting uses which type is said in `rows`; what they mean for a handshake is the server's business.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::settings::{
    mistake::InvalidValue,
    values::{OFF, not_among, path},
};

/// Whether clients have to show a certificate of their own.
///
/// # Examples
///
/// ```
/// use pulsar::settings::ClientVerify;
///
/// assert_eq!("required".parse(), Ok(ClientVerify::Required));
/// assert_eq!(ClientVerify::default(), ClientVerify::Off);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClientVerify {
    /// They are not asked for one.
    #[default]
    Off,
    /// They may show one, which is then verified.
    Optional,
    /// Who shows none is not served.
    Required,
}

impl fmt::Display for ClientVerify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientVerify::Off => OFF,
            ClientVerify::Optional => OPTIONAL,
            ClientVerify::Required => REQUIRED,
        })
    }
}

impl FromStr for ClientVerify {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            OFF => Ok(ClientVerify::Off),
            OPTIONAL => Ok(ClientVerify::Optional),
            REQUIRED => Ok(ClientVerify::Required),
            _ => Err(not_among(text, &[OFF, OPTIONAL, REQUIRED])),
        }
    }
}

/// A version of TLS.
///
/// # Examples
///
/// ```
/// use pulsar::settings::TlsVersion;
///
/// assert_eq!("1.3".parse(), Ok(TlsVersion::Tls13));
/// assert!(TlsVersion::default() < TlsVersion::Tls13);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// Written `1.2`; RFC 5246.
    #[default]
    Tls12,
    /// Written `1.3`; RFC 8446.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsVersion::Tls12 => "1.2",
            TlsVersion::Tls13 => "1.3",
        })
    }
}

impl FromStr for TlsVersion {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "1.2" => Ok(TlsVersion::Tls12),
            "1.3" => Ok(TlsVersion::Tls13),
            "1" | "1.0" | "1.1" => {
                Err(InvalidValue::new(format!("TLS {text} is broken, and not spoken here (RFC 8996)"))
                    .with_help("write `1.2` or `1.3`"))
            }
            _ => Err(not_among(text, &["1.2", "1.3"])),
        }
    }
}

/// Adds a file to a list of them; `off` empties it.
pub(super) fn add_file(files: &mut Vec<PathBuf>, text: &str) -> Result<(), InvalidValue> {
    if text == OFF {
        files.clear();
        return Ok(());
    }
    files.push(path(text).map_err(|invalid| invalid.with_help("write the path of a file, or `off`"))?);
    Ok(())
}

/// The files of a list, one by one.
pub(super) fn texts(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|path| path.display().to_string()).collect()
}

/// The files of a list in one text.
pub(super) fn list(files: &[PathBuf]) -> String {
    if files.is_empty() { OFF.to_owned() } else { texts(files).join(", ") }
}

const OPTIONAL: &str = "optional";
const REQUIRED: &str = "required";
