//! The types of the settings of processes, and how they are read from text.
//!
//! The rule it keeps is that of `values`: every reader refuses what it does not understand, with a message that says what it
//! does.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::settings::{
    mistake::InvalidValue,
    values::{OFF, not_among, path},
};

/// What a worker is.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Concurrency;
///
/// assert_eq!("thread".parse(), Ok(Concurrency::Thread));
/// assert_eq!(Concurrency::default(), Concurrency::Process);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Concurrency {
    /// A process of its own; on systems other than Unix the same as [`Thread`](Concurrency::Thread).
    #[default]
    Process,
    /// As many event loops as `threads` says, in a process that all workers share.
    Thread,
}

impl fmt::Display for Concurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Concurrency::Process => "process",
            Concurrency::Thread => "thread",
        })
    }
}

impl FromStr for Concurrency {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "process" => Ok(Concurrency::Process),
            "thread" => Ok(Concurrency::Thread),
            _ => Err(not_among(text, &["process", "thread"])),
        }
    }
}

/// Where the commands to a running instance reach it.
///
/// # Examples
///
/// ```
/// use pulsar::settings::ControlSocket;
///
/// assert_eq!("auto".parse(), Ok(ControlSocket::Auto));
/// assert_eq!("off".parse(), Ok(ControlSocket::Off));
/// assert_eq!("/run/shop.ctl".parse(), Ok(ControlSocket::Path("/run/shop.ctl".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ControlSocket {
    /// At a socket of its own in the runtime directory; written `auto`.
    #[default]
    Auto,
    /// Nowhere; written `off`.
    Off,
    /// At the unix socket of this path, which is relative to the working directory unless it starts with `/`.
    Path(PathBuf),
}

impl fmt::Display for ControlSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ControlSocket::Auto => f.write_str(AUTO),
            ControlSocket::Off => f.write_str(OFF),
            ControlSocket::Path(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for ControlSocket {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            AUTO => Ok(ControlSocket::Auto),
            OFF => Ok(ControlSocket::Off),
            _ => path(text)
                .map(ControlSocket::Path)
                .map_err(|invalid| invalid.with_help("write the path of a socket, `auto`, or `off`")),
        }
    }
}

/// The name or the number of a user or a group.
pub(super) fn account(text: &str) -> Result<String, InvalidValue> {
    let named = !text.is_empty()
        && !text.starts_with(['-', '+'])
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/' | ','));
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // The highest number means `nobody in particular` to the system.
    if named && (!digits || text.parse::<u32>().is_ok_and(|number| number < u32::MAX)) {
        return Ok(text.into());
    }
    Err(InvalidValue::new(format!("`{text}` is neither a name nor a number"))
        .with_help("write a name such as `www-data`, a number such as `33`, or `off`"))
}

/// Permissions as three octal digits, a fourth in front allowed if it is 0.
pub(super) fn octal(text: &str) -> Result<u32, InvalidValue> {
    let digits = text.strip_prefix('0').filter(|rest| rest.len() == 3).unwrap_or(text);
    match u32::from_str_radix(digits, 8).ok().filter(|_| digits.len() == 3 && !digits.starts_with('+')) {
        Some(mode) => Ok(mode),
        None => Err(InvalidValue::new(format!("`{text}` is not a number of three octal digits"))
            .with_help("write digits from 0 to 7 for owner, group and others, such as `660` or `027`")),
    }
}

/// What `read` reads, or nothing, which is written `off`.
pub(super) fn off_or<T>(
    text: &str,
    read: fn(&str) -> Result<T, InvalidValue>,
) -> Result<Option<T>, InvalidValue> {
    if text == OFF { Ok(None) } else { read(text).map(Some) }
}

/// A value that [`off_or`] reads back.
pub(super) fn shown(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| OFF.into(), |value| value.to_string())
}

const AUTO: &str = "auto";
