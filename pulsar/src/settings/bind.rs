//! The addresses that an application listens on.
//!
//! It parses and prints addresses; it resolves no names and opens no sockets, which is the server's work. The rule it keeps:
//! what `Display` prints, `FromStr` reads back as the same value.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use crate::settings::{mistake::InvalidValue, values::whole};

/// An address to listen on: `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, `unix:PATH` or `fd://N`.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Bind, Host};
///
/// let bind: Bind = ":8060".parse()?;
/// assert_eq!(bind, Bind::Tcp { host: Host::All, port: 8060 });
/// assert_eq!(bind.to_string(), ":8060");
/// assert_eq!("unix:/run/shop.sock".parse::<Bind>()?, Bind::Unix("/run/shop.sock".into()));
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bind {
    /// A TCP address.
    Tcp {
        /// Which of the machine's addresses.
        host: Host,
        /// The port; 0 lets the system choose a free one, which is then printed.
        port: u16,
    },
    /// A unix domain socket at this path, which is relative to the working directory unless it starts with `/`.
    Unix(PathBuf),
    /// The listening socket that whoever started the program has opened as this descriptor.
    Fd(u32),
}

impl Bind {
    /// Whether a second socket can be bound to the same value at the same time: only where the system chooses the port.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self, Bind::Tcp { port: 0, .. })
    }
}

impl Default for Bind {
    /// `127.0.0.1:8060`: reachable from this machine alone until somebody decides otherwise.
    fn default() -> Self {
        Bind::Tcp { host: Host::Ip(Ipv4Addr::LOCALHOST.into()), port: 8060 }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bind::Tcp { host, port } => write!(f, "{host}:{port}"),
            Bind::Unix(path) => write!(f, "unix:{}", path.display()),
            Bind::Fd(descriptor) => write!(f, "fd://{descriptor}"),
        }
    }
}

impl FromStr for Bind {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(text, path);
        }
        if let Some(descriptor) = text.strip_prefix("fd://") {
            return fd(text, descriptor);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(has_scheme(text, scheme, rest));
        }
        let (host, port) = match text.rsplit_once(':') {
            None => return Err(no_port(text)),
            Some((host, _)) if host.starts_with('[') && !host.ends_with(']') => return Err(no_port(text)),
            Some((host, _)) if !host.starts_with('[') && host.contains(':') => return Err(no_brackets(text)),
            Some(parts) => parts,
        };
        let host = host_of(text, host)?;
        // `u16::from_str` alone would let `+80` pass.
        match port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(port) => Ok(Bind::Tcp { host, port }),
            None if port.is_empty() => Err(no_port(text)),
            None => Err(InvalidValue::new(format!("the port of `{text}` is not a number from 0 to 65535"))
                .with_help(format!("write a port, such as `{host}:8060`"))),
        }
    }
}

/// The part of a TCP address before the port.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Host;
///
/// assert_eq!(Host::Ip([127, 0, 0, 1].into()).to_string(), "127.0.0.1");
/// assert_eq!(Host::Name("localhost".into()).to_string(), "localhost");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// Every address of the machine; written as nothing, as in `:8060`.
    All,
    /// One address; version 6 is written in brackets.
    Ip(IpAddr),
    /// A name that is resolved when the server starts, such as `localhost`.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::All => Ok(()),
            Host::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

fn unix(text: &str, path: &str) -> Result<Bind, InvalidValue> {
    if path.is_empty() {
        return Err(InvalidValue::new("`unix:` has no path")
            .with_help("write the path of the socket after it, such as `unix:/run/app.sock`"));
    }
    if let Some(rest) = path.strip_prefix("//") {
        let plain = format!("unix:/{}", rest.trim_start_matches('/'));
        return Err(InvalidValue::new(format!("the path of `{text}` starts with more than one slash"))
            .with_help(format!("a unix socket is written without `//`: `{plain}`")));
    }
    if path.contains('\0') {
        return Err(InvalidValue::new("the path of a unix socket cannot contain a zero byte"));
    }
    Ok(Bind::Unix(path.into()))
}

fn fd(text: &str, descriptor: &str) -> Result<Bind, InvalidValue> {
    const MOST: u32 = i32::MAX.unsigned_abs();
    match whole(descriptor, 0, MOST) {
        Ok(descriptor) => Ok(Bind::Fd(descriptor)),
        Err(_) => Err(InvalidValue::new(format!("`{text}` does not end in the number of a descriptor"))
            .with_help("write the number that the socket has in this process, such as `fd://3`")),
    }
}

fn host_of(text: &str, host: &str) -> Result<Host, InvalidValue> {
    if host.is_empty() {
        return Ok(Host::All);
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return match inner.parse::<Ipv6Addr>() {
            Ok(ip) => Ok(Host::Ip(ip.into())),
            Err(_) => Err(InvalidValue::new(format!("`[{inner}]` in `{text}` is not an IPv6 address"))
                .with_help("write an address such as `[::1]:8060`, or `[::]:8060` for all of them")),
        };
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(ip.into()));
    }
    // The system's resolver would take `127.1` or `010.0.0.1` for addresses that nobody expects.
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(InvalidValue::new(format!("`{host}` in `{text}` is not an IPv4 address"))
            .with_help("write four numbers from 0 to 255, such as `127.0.0.1:8060`"));
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if host.split('.').all(label) {
        return Ok(Host::Name(host.into()));
    }
    let invalid = InvalidValue::new(format!("`{host}` in `{text}` is not the name of a host"));
    Err(match host {
        "*" => invalid.with_help(format!("for all addresses of this machine write `{}`", &text[1..])),
        _ => invalid.with_help(FORMS),
    })
}

fn no_port(text: &str) -> InvalidValue {
    if text.is_empty() {
        return InvalidValue::new("the address is empty").with_help(FORMS);
    }
    let invalid = InvalidValue::new(format!("`{text}` has no port"));
    let host = text.trim_end_matches(':');
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        invalid.with_help(format!(
            "write `127.0.0.1:{text}` for this machine alone or `:{text}` for all its addresses"
        ))
    } else if text.starts_with('/') || text.starts_with('.') {
        invalid.with_help(format!("if it is the path of a unix socket, write `unix:{text}`"))
    } else {
        invalid.with_help(format!("write it after a colon, such as `{host}:8060`"))
    }
}

fn no_brackets(text: &str) -> InvalidValue {
    let invalid = InvalidValue::new(format!("`{text}` has more than one colon"));
    match (text.parse::<Ipv6Addr>(), text.rsplit_once(':')) {
        (_, Some((host, port))) if host.parse::<Ipv6Addr>().is_ok() && !port.is_empty() => {
            invalid.with_help(format!("an IPv6 address stands in brackets: `[{host}]:{port}`"))
        }
        (Ok(_), _) => invalid.with_help(format!("an IPv6 address stands in brackets: `[{text}]:8060`")),
        _ => invalid.with_help(FORMS),
    }
}

fn has_scheme(text: &str, scheme: &str, rest: &str) -> InvalidValue {
    let rest = rest.split('/').next().unwrap_or_default();
    let port = if rest.parse::<Bind>().is_ok() { String::new() } else { ":8060".into() };
    InvalidValue::new(format!("`{text}` is a URL, not an address"))
        .with_help(format!("write it without `{scheme}://`, such as `{rest}{port}`"))
}

const FORMS: &str = "write `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, `unix:PATH` or `fd://N`";

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: Host, port: u16) -> Bind {
        Bind::Tcp { host, port }
    }

    #[test]
    fn good_addresses_and_how_they_print() {
        let rows = [
            ("127.0.0.1:8060", Bind::default()),
            ("0.0.0.0:80", tcp(Host::Ip(Ipv4Addr::UNSPECIFIED.into()), 80)),
            (":8060", tcp(Host::All, 8060)),
            (":0", tcp(Host::All, 0)),
            ("[::1]:65535", tcp(Host::Ip(Ipv6Addr::LOCALHOST.into()), 65535)),
            ("[::]:8060", tcp(Host::Ip(Ipv6Addr::UNSPECIFIED.into()), 8060)),
            ("localhost:8060", tcp(Host::Name("localhost".into()), 8060)),
            ("my-host_1.example.com:1", tcp(Host::Name("my-host_1.example.com".into()), 1)),
            ("unix:/run/app.sock", Bind::Unix("/run/app.sock".into())),
            ("unix:app.sock", Bind::Unix("app.sock".into())),
            ("fd://3", Bind::Fd(3)),
            ("fd://0", Bind::Fd(0)),
            ("unix:/run/a:b", Bind::Unix("/run/a:b".into())),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn bad_addresses_and_what_is_said_about_them() {
        let rows = [
            ("", "the address is empty (write `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, `unix:PATH` or `fd://N`)"),
            (
                "8060",
                "`8060` has no port (write `127.0.0.1:8060` for this machine alone or `:8060` for all its addresses)",
            ),
            ("localhost", "`localhost` has no port (write it after a colon, such as `localhost:8060`)"),
            ("localhost:", "`localhost:` has no port (write it after a colon, such as `localhost:8060`)"),
            (
                "/run/a.sock",
                "`/run/a.sock` has no port (if it is the path of a unix socket, write `unix:/run/a.sock`)",
            ),
            ("[::1]", "`[::1]` has no port (write it after a colon, such as `[::1]:8060`)"),
            (
                "::1:8060",
                "`::1:8060` has more than one colon (an IPv6 address stands in brackets: `[::1]:8060`)",
            ),
            (
                "fe80::",
                "`fe80::` has more than one colon (an IPv6 address stands in brackets: `[fe80::]:8060`)",
            ),
            (
                "a:b:80",
                "`a:b:80` has more than one colon (write `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, `unix:PATH` or `fd://N`)",
            ),
            (
                "[::g]:80",
                "`[::g]` in `[::g]:80` is not an IPv6 address (write an address such as `[::1]:8060`, or \
                 `[::]:8060` for all of them)",
            ),
            (
                "127.0.0.256:80",
                "`127.0.0.256` in `127.0.0.256:80` is not an IPv4 address (write four numbers from 0 to 255, such \
                 as `127.0.0.1:8060`)",
            ),
            (
                "127.1:80",
                "`127.1` in `127.1:80` is not an IPv4 address (write four numbers from 0 to 255, such as \
                 `127.0.0.1:8060`)",
            ),
            (
                "localhost:65536",
                "the port of `localhost:65536` is not a number from 0 to 65535 (write a port, such as \
                 `localhost:8060`)",
            ),
            (":http", "the port of `:http` is not a number from 0 to 65535 (write a port, such as `:8060`)"),
            (":+80", "the port of `:+80` is not a number from 0 to 65535 (write a port, such as `:8060`)"),
            (
                "*:80",
                "`*` in `*:80` is not the name of a host (for all addresses of this machine write `:80`)",
            ),
            (
                "a b:80",
                "`a b` in `a b:80` is not the name of a host (write `HOST:PORT`, `:PORT`, `[IPV6]:PORT`, \
                 `unix:PATH` or `fd://N`)",
            ),
            (
                "unix:",
                "`unix:` has no path (write the path of the socket after it, such as `unix:/run/app.sock`)",
            ),
            (
                "unix:///run/a",
                "the path of `unix:///run/a` starts with more than one slash (a unix socket is written without \
                 `//`: `unix:/run/a`)",
            ),
            (
                "fd://three",
                "`fd://three` does not end in the number of a descriptor (write the number that the socket has in \
                 this process, such as `fd://3`)",
            ),
            (
                "fd://2147483648",
                "`fd://2147483648` does not end in the number of a descriptor (write the number that the socket has \
                 in this process, such as `fd://3`)",
            ),
            (
                "http://localhost:80/",
                "`http://localhost:80/` is a URL, not an address (write it without `http://`, such as \
                 `localhost:80`)",
            ),
            (
                "http://localhost",
                "`http://localhost` is a URL, not an address (write it without `http://`, such as \
                 `localhost:8060`)",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(
                text.parse::<Bind>().map_err(|error| error.to_string()),
                Err(expected.into()),
                "{text}"
            );
        }
    }
}
