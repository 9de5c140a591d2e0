//! The host that a request is for: `uri-host [ ":" port ]` of RFC 3986 section 3.2, RFC 9110 section 7.2.

use std::net::Ipv6Addr;

/// Whether this is a host with or without a port, and nothing else.
///
/// A comma may stand in a name by the grammar and is refused all the same: it is how proxies join two values.
pub(super) fn is_valid(host: &[u8]) -> bool {
    // Nearly every host is a plain name or address, and every request has one.
    let plain = host.iter().take_while(|byte| PLAIN[usize::from(**byte)]).count();
    match &host[plain..] {
        [] => return plain > 0,
        [b':', port @ ..] if plain > 0 && is_port(port) => return true,
        _ => {}
    }
    let (name, port) = split_port(host);
    let named = match name {
        [] => false,
        [b'[', address @ .., b']'] => {
            std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        _ => is_name(name),
    };
    named && port.is_none_or(is_port)
}

fn is_port(port: &[u8]) -> bool {
    port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
}

/// The name without its port, and the port without its colon.
pub(super) fn split_port(host: &[u8]) -> (&[u8], Option<&[u8]>) {
    // The colons of an IPv6 address stand in brackets.
    let after = host.iter().rposition(|byte| *byte == b']').map_or(0, |at| at + 1);
    match host[after..].iter().position(|byte| *byte == b':') {
        Some(at) => (&host[..after + at], Some(&host[after + at + 1..])),
        None => (host, None),
    }
}

/// Whether a byte may stand anywhere in a name.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = u8::MIN;
    while byte < u8::MAX {
        plain[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        byte += 1;
    }
    plain
};

/// A registered name or an IPv4 address.
fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            // Unreserved ones, and delimiters within.
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(byte) => {}
            b'%' => match after {
                [high, low, behind @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    rest = behind;
                }
                _ => return false,
            },
            _ => return false,
        }
    }
    true
}

/// Whether two hosts are the same one: case does not matter, and a port that the scheme implies may be left out.
pub(super) fn is_same(one: &[u8], other: &[u8], default_port: &[u8]) -> bool {
    let (name, port) = split_port(one);
    let (other_name, other_port) = split_port(other);
    let explicit = |port: Option<&'_ [u8]>| -> Vec<u8> {
        port.filter(|port| !port.is_empty()).unwrap_or(default_port).to_vec()
    };
    name.eq_ignore_ascii_case(other_name) && (port == other_port || explicit(port) == explicit(other_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (host, expected) in [
            ("a", true),
            ("example.org", true),
            ("EXAMPLE.org:8060", true),
            ("example.org.", true),
            ("my_host", true),
            ("127.0.0.1:0", true),
            ("[::1]", true),
            ("[::1]:443", true),
            ("[2001:db8::1.2.3.4]", true),
            ("x%20y", true),
            ("a:", true), // RFC 3986 section 3.2.3: the port may be empty.
            ("", false),
            (":80", false),
            ("a b", false),
            ("a/b", false),
            ("c@d", false),
            ("a, b", false),
            ("a,b", false),
            ("a?b", false),
            ("a#b", false),
            ("a\\b", false),
            ("a:b", false),
            ("a:8 0", false),
            ("a:+80", false),
            ("a:123456", false),
            ("a:80:80", false),
            ("::1", false),
            ("[::1", false),
            ("::1]", false),
            ("[]", false),
            ("[::1]x", false),
            ("[fe80::1%25eth0]", false),
            ("[v1.x]", false),
            ("x%2", false),
            ("x%zz", false),
            ("http://a", false),
        ] {
            assert_eq!(is_valid(host.as_bytes()), expected, "{host:?}");
        }
        assert!(!is_valid(b"caf\xe9"));
    }

    #[test]
    fn hosts_are_compared_without_case_and_with_the_port_that_is_meant() {
        for (one, other, expected) in [
            ("a", "A", true),
            ("a:80", "a", true),
            ("a:", "a", true),
            ("a:443", "a", false),
            ("a:80", "a:080", false),
            ("a", "b", false),
            ("[::1]:80", "[::1]", true),
            ("[::1]:81", "[::1]", false),
        ] {
            assert_eq!(is_same(one.as_bytes(), other.as_bytes(), b"80"), expected, "{one} {other}");
        }
    }
}
