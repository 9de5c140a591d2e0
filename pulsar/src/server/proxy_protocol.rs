//! The PROXY protocol, versions 1 and 2: the addresses that a proxy sends before everything else.
//!
//! A pure parser over the bytes that have come so far; who may send such a header, and how long it may take, is decided where it is read.
//! The rule it keeps: whatever is not a whole header of the specification is refused as soon as that can be seen.

use std::{
    ffi::OsStr,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::ffi::OsStrExt,
    path::Path,
    str::FromStr,
    sync::Arc,
};

use crate::request::Peer;

/// A header that is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Its length in bytes; what follows is the connection's.
    pub(super) length: usize,
    /// Who is connected to the proxy, and to which address of it. Nothing if the proxy speaks for itself, as in a health check, or
    /// does not know: then the addresses are those of the socket.
    pub(super) addresses: Option<(Peer, Peer)>,
}

/// The bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    Signature,
    Line,
    LineTooLong,
    Version,
    Command,
    Family,
    Address,
    TooShort,
    TooLong,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "the connection does not begin with a PROXY header",
            Self::Line => "the line of the PROXY header is malformed",
            Self::LineTooLong => "the line of the PROXY header does not end",
            Self::Version => "the version of the PROXY header is none of ours",
            Self::Command => "the command of the PROXY header is neither LOCAL nor PROXY",
            Self::Family => "the PROXY header is about another kind of connection",
            Self::Address => "an address of the PROXY header is malformed",
            Self::TooShort => "the PROXY header has no room for its addresses",
            Self::TooLong => "the PROXY header is too long",
        })
    }
}

impl std::error::Error for Malformed {}

/// The longest header in bytes; so much room is enough to read one.
pub(super) const LONGEST: usize = FIXED + MOST_VARIABLE;

/// The header that these bytes begin with, or nothing if its end has not come yet.
///
/// # Errors
///
/// Fails as soon as no header can become of them.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let begins = |signature: &[u8]| bytes.iter().zip(signature).all(|(byte, expected)| byte == expected);
    if begins(SIGNATURE_1) {
        if bytes.len() < SIGNATURE_1.len() { Ok(None) } else { line(bytes) }
    } else if begins(SIGNATURE_2) {
        binary(bytes)
    } else {
        Err(Malformed::Signature)
    }
}

/// Version 1: a line of text.
fn line(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some(end) = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(Malformed::LineTooLong) };
    };
    let text = bytes[SIGNATURE_1.len()..end].strip_suffix(b"\r").ok_or(Malformed::Line)?;
    let text = std::str::from_utf8(text).map_err(|_| Malformed::Line)?;
    let mut words = text.split(' ');
    let addresses = match words.next() {
        // What follows is for nobody.
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(pair::<Ipv4Addr>(words)?),
        Some("TCP6") => Some(pair::<Ipv6Addr>(words)?),
        _ => return Err(Malformed::Family),
    };
    Ok(Some(Header { length: end + 1, addresses }))
}

/// Two addresses and two ports.
fn pair<'a, A>(mut words: impl Iterator<Item = &'a str>) -> Result<(Peer, Peer), Malformed>
where
    A: FromStr + Into<IpAddr>,
{
    let mut next = || words.next().ok_or(Malformed::Line);
    let (source, target) = (address::<A>(next()?)?, address::<A>(next()?)?);
    let (source_port, target_port) = (port(next()?)?, port(next()?)?);
    if words.next().is_some() {
        return Err(Malformed::Line);
    }
    let peer = |address, port| Peer::Tcp(SocketAddr::new(address, port));
    Ok((peer(source, source_port), peer(target, target_port)))
}

fn address<A: FromStr + Into<IpAddr>>(word: &str) -> Result<IpAddr, Malformed> {
    word.parse::<A>().map(Into::into).map_err(|_| Malformed::Address)
}

fn port(word: &str) -> Result<u16, Malformed> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    word.parse().ok().filter(|_| plain).ok_or(Malformed::Address)
}

/// Version 2: a binary header, whose length it says itself.
fn binary(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let given = |at: usize| bytes.get(at).copied();
    // Each byte is judged when it comes.
    let Some(version_and_command) = given(12) else { return Ok(None) };
    if version_and_command >> 4 != 2 {
        return Err(Malformed::Version);
    }
    let is_local = match version_and_command & 0xf {
        0 => true,
        1 => false,
        _ => return Err(Malformed::Command),
    };
    let Some(family) = given(13) else { return Ok(None) };
    let needed = match family {
        // A proxy that speaks for itself may say anything, and one that does not know says nothing.
        _ if is_local => 0,
        UNSPECIFIED => 0,
        TCP4 => 12,
        TCP6 => 36,
        UNIX_STREAM => 2 * UNIX_PATH,
        _ => return Err(Malformed::Family),
    };
    let (Some(high), Some(low)) = (given(14), given(15)) else { return Ok(None) };
    let variable = usize::from(u16::from_be_bytes([high, low]));
    if variable < needed {
        return Err(Malformed::TooShort);
    }
    if variable > MOST_VARIABLE {
        return Err(Malformed::TooLong);
    }
    let length = FIXED + variable;
    if bytes.len() < length {
        return Ok(None);
    }
    // Behind the addresses stand extensions, which are for nobody here.
    let addresses = &bytes[FIXED..FIXED + needed];
    let addresses = match family {
        _ if is_local => None,
        TCP4 => Some(ends(addresses, 4, |bytes| <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok())?),
        TCP6 => Some(ends(addresses, 16, |bytes| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())?),
        UNIX_STREAM => Some((unix(&addresses[..UNIX_PATH]), unix(&addresses[UNIX_PATH..]))),
        _ => None,
    };
    Ok(Some(Header { length, addresses }))
}

/// Two addresses of this size, then two ports.
fn ends(
    bytes: &[u8],
    size: usize,
    address: impl Fn(&[u8]) -> Option<IpAddr>,
) -> Result<(Peer, Peer), Malformed> {
    let end = |number: usize| {
        let port = &bytes[2 * size + 2 * number..];
        let address = address(&bytes[number * size..(number + 1) * size])?;
        Some(Peer::Tcp(SocketAddr::new(address, u16::from_be_bytes([port[0], port[1]]))))
    };
    end(0).zip(end(1)).ok_or(Malformed::Address)
}

/// A path that ends at a zero byte or where the field does. An unnamed or abstract socket has none.
fn unix(field: &[u8]) -> Peer {
    let path = field.split(|byte| *byte == 0).next().unwrap_or_default();
    Peer::Unix((!path.is_empty()).then(|| Arc::from(Path::new(OsStr::from_bytes(path)))))
}

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line that version 1 allows, its end included.
const LONGEST_LINE: usize = 107;
/// What a header of version 2 has before its addresses.
const FIXED: usize = 16;
/// What it may have from there on. The largest that is known is of some hundred bytes.
const MOST_VARIABLE: usize = 2048;
/// The families of version 2, each with its transport.
const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;
/// The size of the path of a unix socket.
const UNIX_PATH: usize = 108;

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(command: u8, family: u8, variable: &[u8]) -> Vec<u8> {
        let length = u16::try_from(variable.len()).unwrap().to_be_bytes();
        [SIGNATURE_2, &[command, family], &length, variable].concat()
    }

    type Ends = Option<(Peer, Peer)>;

    fn tcp(source: &str, target: &str) -> (Peer, Peer) {
        (Peer::Tcp(source.parse().unwrap()), Peer::Tcp(target.parse().unwrap()))
    }

    const V4: [u8; 12] = [203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb];

    fn v6() -> Vec<u8> {
        let ends = ["2001:db8::9", "2001:db8::1"].map(|end| end.parse::<Ipv6Addr>().unwrap().octets());
        [&ends.concat()[..], &[0x12, 0x67, 1, 0xbb]].concat()
    }

    fn paths(source: &[u8], target: &[u8]) -> Vec<u8> {
        let mut field = vec![0; 2 * UNIX_PATH];
        field[..source.len()].copy_from_slice(source);
        field[UNIX_PATH..UNIX_PATH + target.len()].copy_from_slice(target);
        field
    }

    /// Whole headers, and what they come to.
    fn good() -> Vec<(Vec<u8>, Ends)> {
        let of_4 = || Some(tcp("203.0.113.9:4711", "192.0.2.1:443"));
        let of_6 = || Some(tcp("[2001:db8::9]:4711", "[2001:db8::1]:443"));
        let path = |path: &str| Some(Arc::from(Path::new(path)));
        let extensions = [0x03, 0, 4, 1, 2, 3, 4, 0x04, 0, 1, 0];
        vec![
            (b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(), of_4()),
            (
                b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".to_vec(),
                Some(tcp("255.255.255.255:65535", "255.255.255.255:65535")),
            ),
            (
                b"PROXY TCP4 203.0.113.9 192.0.2.1 0 443\r\n".to_vec(),
                Some(tcp("203.0.113.9:0", "192.0.2.1:443")),
            ),
            (b"PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n".to_vec(), of_6()),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(), None),
            ([b"PROXY UNKNOWN ", &[b'x'; 91][..], b"\r\n"].concat(), None),
            (version_2(0x21, TCP4, &V4), of_4()),
            (version_2(0x21, TCP4, &[&V4[..], &extensions].concat()), of_4()),
            (version_2(0x21, TCP6, &v6()), of_6()),
            (version_2(0x21, TCP6, &[&v6()[..], &extensions].concat()), of_6()),
            (
                version_2(0x21, UNIX_STREAM, &paths(b"/run/a", b"/run/b")),
                Some((Peer::Unix(path("/run/a")), Peer::Unix(path("/run/b")))),
            ),
            (
                version_2(0x21, UNIX_STREAM, &paths(b"", b"\0abstract")),
                Some((Peer::Unix(None), Peer::Unix(None))),
            ),
            (
                version_2(0x21, UNIX_STREAM, &paths(&[b'x'; UNIX_PATH], b"/b")),
                Some((Peer::Unix(path(&"x".repeat(UNIX_PATH))), Peer::Unix(path("/b")))),
            ),
            (version_2(0x21, UNSPECIFIED, &[]), None),
            (version_2(0x21, UNSPECIFIED, &extensions), None),
            (version_2(0x20, UNSPECIFIED, &[]), None),
            (version_2(0x20, TCP4, &V4), None),
            (version_2(0x20, 0xff, &[1, 2, 3]), None),
            (version_2(0x21, TCP4, &[&V4[..], &vec![0; MOST_VARIABLE - 12]].concat()), of_4()),
        ]
    }

    #[test]
    fn a_header_is_read_however_it_arrives() {
        for (bytes, addresses) in good() {
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut]), Ok(None), "{cut} of {}", bytes.escape_ascii());
            }
            let length = bytes.len();
            for rest in [&b""[..], b"GET / HTTP/1.1\r\n", b"\r\n", b"PROXY UNKNOWN\r\n", &[0xff; 300]] {
                let header = Header { length, addresses: addresses.clone() };
                assert_eq!(parse(&[&bytes, rest].concat()), Ok(Some(header)), "{}", bytes.escape_ascii());
            }
            assert!(length <= LONGEST);
        }
    }

    #[test]
    fn whatever_is_no_header_is_refused_at_the_byte_that_shows_it() {
        use Malformed::{Address, Command, Family, Line, LineTooLong, Signature, TooLong, TooShort, Version};
        let text = |text: &str| text.as_bytes().to_vec();
        let mut too_long = version_2(0x21, TCP4, &V4);
        too_long[14..16].copy_from_slice(&2049_u16.to_be_bytes());
        for (bytes, expected, at) in [
            (text("GET / HTTP/1.1\r\n"), Signature, 1),
            (text("POST /"), Signature, 2),
            (text("proxy TCP4"), Signature, 1),
            (text("PROXYTCP4"), Signature, 6),
            (text(" PROXY TCP4"), Signature, 1),
            (text("\r\n\r\n\0\r\nQUIX"), Signature, 11),
            (text("\r\nGET"), Signature, 3),
            (vec![0x16, 3, 1], Signature, 1),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\n"), Line, 42),
            (text("PROXY \r\n"), Family, 8),
            (text("PROXY TCP5 203.0.113.9 192.0.2.1 4711 443\r\n"), Family, 43),
            (text("PROXY tcp4 203.0.113.9 192.0.2.1 4711 443\r\n"), Family, 43),
            (text("PROXY  TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"), Family, 44),
            (text("PROXY UNKNOWNS\r\n"), Family, 16),
            (text("PROXY TCP4\r\n"), Line, 12),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n"), Line, 39),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 \r\n"), Line, 44),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 1\r\n"), Line, 45),
            (text("PROXY TCP4 203.0.113.9  192.0.2.1 4711 443\r\n"), Address, 44),
            (text("PROXY TCP4 203.0.113.009 192.0.2.1 4711 443\r\n"), Address, 45),
            (text("PROXY TCP4 2001:db8::9 2001:db8::1 4711 443\r\n"), Address, 45),
            (text("PROXY TCP6 203.0.113.9 192.0.2.1 4711 443\r\n"), Address, 43),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 04711 443\r\n"), Address, 44),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 +471 443\r\n"), Address, 43),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 65536 443\r\n"), Address, 44),
            (text("PROXY TCP4 203.0.113.9 192.0.2.1 4711 \r\n"), Address, 40),
            (text("PROXY TCP4 203.0.113.9\r192.0.2.1 4711 443\r\n"), Address, 43),
            ([b"PROXY TCP4 \xff", &b" 192.0.2.1 4711 443\r\n"[..]].concat(), Line, 33),
            ([b"PROXY UNKNOWN ", &[b'x'; 92][..], b"\r\n"].concat(), LineTooLong, 107),
            ([b"PROXY UNKNOWN ", &[b'x'; 900][..]].concat(), LineTooLong, 107),
            (version_2(0x11, TCP4, &V4), Version, 13),
            (version_2(0x31, TCP4, &V4), Version, 13),
            (version_2(0x22, TCP4, &V4), Command, 13),
            (version_2(0x2f, TCP4, &V4), Command, 13),
            (version_2(0x21, 0x12, &V4), Family, 14),
            (version_2(0x21, 0x22, &v6()), Family, 14),
            (version_2(0x21, 0x32, &paths(b"a", b"b")), Family, 14),
            (version_2(0x21, 0x10, &V4), Family, 14),
            (version_2(0x21, 0x41, &V4), Family, 14),
            (version_2(0x21, 0x13, &V4), Family, 14),
            (version_2(0x21, TCP4, &V4[..11]), TooShort, 16),
            (version_2(0x21, TCP4, &[]), TooShort, 16),
            (version_2(0x21, TCP6, &V4), TooShort, 16),
            (version_2(0x21, UNIX_STREAM, &[0; 215]), TooShort, 16),
            (too_long, TooLong, 16),
            (version_2(0x20, UNSPECIFIED, &vec![0; 3000]), TooLong, 16),
        ] {
            let seen = (0..=bytes.len()).find_map(|length| Some((parse(&bytes[..length]).err()?, length)));
            assert_eq!(seen, Some((expected, at)), "{}", bytes.escape_ascii());
            let later: Vec<_> = (at..=bytes.len()).map(|length| parse(&bytes[..length])).collect();
            assert!(later.iter().all(|result| *result == Err(expected)), "{}", bytes.escape_ascii());
            assert!(!expected.to_string().is_empty());
        }
    }

    proptest::proptest! {
        /// What has been refused stays refused, what is whole stays whole, and nothing panics.
        #[test]
        fn more_bytes_change_no_verdict(
            start in 0..3_usize,
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            cut in 0..300_usize,
        ) {
            let start: &[u8] = [b"PROXY TCP4 1.1.1.1 ", &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"[..], b""][start];
            let bytes = [start, &bytes].concat();
            let early = parse(&bytes[..cut.min(bytes.len())]);
            if early != Ok(None) {
                proptest::prop_assert_eq!(early, parse(&bytes));
            }
        }
    }
}
