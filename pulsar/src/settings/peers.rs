//! Peers by their addresses: single ones, networks, and those on unix sockets.
//!
//! It compares addresses; it resolves no names, and what is done with a peer that is in a set is said where the set is used. The rule
//! it keeps: what `Display` prints, `FromStr` reads back as the same value.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::settings::{mistake::InvalidValue, values::OFF};

/// A set of peers, such as the proxies that are believed.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Peers;
///
/// let peers: Peers = ["10.0.0.0/8".parse()?, "fd00::/8".parse()?].into_iter().collect();
/// assert!(peers.contains("10.1.2.3".parse().unwrap()));
/// assert!(!peers.contains("192.0.2.7".parse().unwrap()));
/// assert!(!peers.contains_unix());
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Peers(Vec<Network>);

impl Peers {
    /// Whether this address is in the set. An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether peers on unix sockets are in the set.
    pub fn contains_unix(&self) -> bool {
        self.0.iter().any(|network| network.0 == Kind::Unix)
    }

    /// Whether nobody is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the set is made of, in the order in which it was given.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds what a text says; `off` says nothing, and only alone.
    pub(super) fn add(&mut self, text: &str) -> Result<(), InvalidValue> {
        if text == OFF {
            return match self.0.first() {
                None => Ok(()),
                Some(first) => Err(InvalidValue::new(format!("`off` stands beside `{first}`"))
                    .with_help("write one or the other")),
            };
        }
        let network = text.parse()?;
        if !self.0.contains(&network) {
            self.0.push(network);
        }
        Ok(())
    }
}

impl FromIterator<Network> for Peers {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(OFF);
        }
        for (at, network) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            network.fmt(f)?;
        }
        Ok(())
    }
}

/// One address, a network of addresses, or all peers on unix sockets.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Network;
///
/// assert_eq!("10.0.0.1".parse::<Network>()?.to_string(), "10.0.0.1");
/// assert_eq!("unix".parse::<Network>()?.to_string(), "unix");
/// let error = "10.0.0.1/8".parse::<Network>().unwrap_err();
/// assert_eq!(error.message(), "`10.0.0.1/8` is not a network, since it has bits behind its prefix");
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    V4 { network: Ipv4Addr, prefix: u8 },
    V6 { network: Ipv6Addr, prefix: u8 },
    Unix,
}

impl Network {
    fn new(address: IpAddr, prefix: u8) -> Self {
        Self(match address {
            IpAddr::V4(address) => {
                Kind::V4 { network: Ipv4Addr::from_bits(address.to_bits() & mask32(prefix)), prefix }
            }
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) if prefix >= MAPPED => return Self::new(address.into(), prefix - MAPPED),
                _ => Kind::V6 { network: Ipv6Addr::from_bits(address.to_bits() & mask128(prefix)), prefix },
            },
        })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.0, address) {
            (Kind::V4 { network, prefix }, IpAddr::V4(address)) => {
                address.to_bits() & mask32(prefix) == network.to_bits()
            }
            (Kind::V6 { network, prefix }, IpAddr::V6(address)) => {
                address.to_bits() & mask128(prefix) == network.to_bits()
            }
            _ => false,
        }
    }

    /// Whether its first address is this one.
    fn starts_at(&self, address: IpAddr) -> bool {
        match (self.0, address.to_canonical()) {
            (Kind::V4 { network, .. }, IpAddr::V4(address)) => network == address,
            // A network that holds the IPv4 addresses among others.
            (Kind::V6 { network, .. }, _) => IpAddr::V6(network) == address,
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::V4 { network, prefix: 32 } => network.fmt(f),
            Kind::V6 { network, prefix: 128 } => network.fmt(f),
            Kind::V4 { network, prefix } => write!(f, "{network}/{prefix}"),
            Kind::V6 { network, prefix } => write!(f, "{network}/{prefix}"),
            Kind::Unix => f.write_str(UNIX),
        }
    }
}

impl FromStr for Network {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == UNIX {
            return Ok(Self(Kind::Unix));
        }
        if text.contains(',') {
            return Err(InvalidValue::new(format!("`{text}` is more than one peer"))
                .with_help("give the flag once for each; the file has an array of them"));
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else { return Err(no_address(text)) };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let Some(prefix) = prefix else { return Ok(Self::new(address, longest)) };
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let Some(prefix) = prefix.parse().ok().filter(|prefix| digits && *prefix <= longest) else {
            let sample = Self::new(address, longest / 4);
            return Err(InvalidValue::new(format!(
                "the prefix of `{text}` is not a number from 0 to {longest}"
            ))
            .with_help(format!("write how many bits the addresses have in common, such as `{sample}`")));
        };
        let network = Self::new(address, prefix);
        if !network.starts_at(address) {
            return Err(InvalidValue::new(format!(
                "`{text}` is not a network, since it has bits behind its prefix"
            ))
            .with_help(format!("write `{network}`, or `{address}` for this address alone")));
        }
        Ok(network)
    }
}

/// What is wrong with a text that begins with no address.
fn no_address(text: &str) -> InvalidValue {
    let invalid = |message: &str| InvalidValue::new(format!("`{text}` {message}"));
    if text.is_empty() {
        return InvalidValue::new("the address is empty").with_help(FORMS);
    }
    if text == "*" {
        return invalid("is not an address").with_help("for everybody write `0.0.0.0/0` and `::/0`");
    }
    if text.starts_with("unix:") {
        return invalid("is not an address")
            .with_help("clients of unix sockets have none; write `unix` for all of them");
    }
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        && address.parse::<Ipv6Addr>().is_ok()
    {
        return invalid("stands in brackets").with_help(format!("write `{address}`"));
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return invalid("has a port, which says nothing about a peer")
            .with_help(format!("write `{}`", socket.ip()));
    }
    invalid("is not an address").with_help(FORMS)
}

fn mask32(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask128(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

/// The prefix of the IPv4 addresses among those of IPv6.
const MAPPED: u8 = 96;

/// How peers on unix sockets are written.
const UNIX: &str = "unix";

const FORMS: &str = "write an address such as `10.0.0.1`, a network such as `10.0.0.0/8` or `fd00::/8`, or `unix`; names are not resolved";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_networks_that_hold_it() {
        for (network, address, is_in) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/31", "10.0.0.1", true),
            ("10.0.0.0/31", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("::1", "::1", true),
            ("unix", "127.0.0.1", false),
        ] {
            let peers: Peers = [network.parse().unwrap()].into_iter().collect();
            assert_eq!(peers.contains(address.parse().unwrap()), is_in, "{address} in {network}");
            assert_eq!(peers.contains_unix(), network == "unix");
        }
        assert!(!Peers::default().contains("127.0.0.1".parse().unwrap()));
    }
}
