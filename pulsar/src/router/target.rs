//! The path of a request, made ready for matching.
//!
//! Segments are split before they are decoded. Decoding keeps that true with one trick: an encoded slash becomes a NUL in
//! the decoded text, which nothing else can be (`%00` is refused), so that every `/` in the text still ends a segment and
//! the offsets of values stay right. What is compared with a rule, and what a handler gets, has the slashes.

use std::borrow::Cow;

/// What stands for an encoded slash where the path is split.
const ENCODED_SLASH: char = '\0';

/// Why a path cannot be matched at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPath {
    /// It does not begin with a slash, as in `OPTIONS *` or `CONNECT host:port`.
    NoSlash,
    /// Longer than offsets of 16 bits reach.
    TooLong,
    /// A percent sign without two hexadecimal digits.
    Percent,
    /// `%00`, or decoded bytes that are no UTF-8.
    Text,
}

impl BadPath {
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::NoSlash => "the path does not begin with a slash",
            Self::TooLong => "the path is longer than 65535 bytes",
            Self::Percent => "the path has a `%` that two hexadecimal digits do not follow",
            Self::Text => "the path decodes to a NUL or to bytes that are not UTF-8",
        }
    }
}

/// The text to match: the path itself, or a decoded copy if it has percent-encoded bytes.
pub(super) fn decode(path: &str) -> Result<Cow<'_, str>, BadPath> {
    if !path.starts_with('/') {
        return Err(BadPath::NoSlash);
    }
    if path.len() > usize::from(u16::MAX) {
        return Err(BadPath::TooLong);
    }
    match memchr::memchr(b'%', path.as_bytes()) {
        None => Ok(Cow::Borrowed(path)),
        Some(first) => decode_from(path.as_bytes(), first).map(Cow::Owned),
    }
}

fn decode_from(path: &[u8], first: usize) -> Result<String, BadPath> {
    let mut text = Vec::with_capacity(path.len());
    text.extend_from_slice(&path[..first]);
    let mut rest = &path[first..];
    while let [_, behind @ ..] = rest {
        let [high, low, behind @ ..] = behind else { return Err(BadPath::Percent) };
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(BadPath::Percent);
        match u8::try_from(digit(*high)? * 16 + digit(*low)?) {
            Ok(0) | Err(_) => return Err(BadPath::Text),
            Ok(b'/') => text.push(ENCODED_SLASH as u8),
            Ok(value) => text.push(value),
        }
        let plain = memchr::memchr(b'%', behind).unwrap_or(behind.len());
        text.extend_from_slice(&behind[..plain]);
        rest = &behind[plain..];
    }
    String::from_utf8(text).map_err(|_| BadPath::Text)
}

/// The text with its encoded slashes as slashes; offsets stay.
pub(super) fn reveal(text: Cow<'_, str>) -> Cow<'_, str> {
    match memchr::memchr(ENCODED_SLASH as u8, text.as_bytes()) {
        None => text,
        Some(_) => Cow::Owned(text.replace(ENCODED_SLASH, "/")),
    }
}

/// Whether a value is `.` or `..`, or has one of them between its slashes. No placeholder takes such a value: it would
/// lead out of a directory once somebody joins it to one.
pub(super) fn is_dotted(value: &str) -> bool {
    let bytes = value.as_bytes();
    let ends = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b'/');
    memchr::memchr_iter(b'.', bytes).any(|at| {
        let begins = at == 0 || bytes[at - 1] == b'/';
        begins && (ends(at + 1) || bytes[at + 1] == b'.' && ends(at + 2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_or_refused() {
        for (path, expected) in [
            ("/a/b", Ok("/a/b")),
            ("/", Ok("/")),
            ("/a%20b", Ok("/a b")),
            ("/%C3%A9", Ok("/é")),
            ("/é%41", Ok("/éA")),
            ("/a%2Fb/c", Ok("/a\0b/c")),
            ("/a%2fb", Ok("/a\0b")),
            ("/%25%32%46", Ok("/%2F")),
            ("/a%5Cb", Ok("/a\\b")),
            ("/a%00b", Err(BadPath::Text)),
            ("/%FF", Err(BadPath::Text)),
            ("/%C3", Err(BadPath::Text)),
            ("/%ED%A0%80", Err(BadPath::Text)),
            ("/%zz", Err(BadPath::Percent)),
            ("/%", Err(BadPath::Percent)),
            ("/%4", Err(BadPath::Percent)),
            ("/%+1", Err(BadPath::Percent)),
            ("*", Err(BadPath::NoSlash)),
            ("", Err(BadPath::NoSlash)),
        ] {
            assert_eq!(decode(path).as_deref(), expected.as_ref().copied(), "{path}");
        }
        assert_eq!(decode(&"/x".repeat(40_000)), Err(BadPath::TooLong));
    }

    #[test]
    fn dots_are_found_behind_encoded_slashes_too() {
        for (value, dotted) in [
            (".", true),
            ("..", true),
            ("...", false),
            (".well-known", false),
            ("a.", false),
            ("..\0etc", true),
            ("a\0..", true),
            ("a\0b", false),
            ("a\0.\0b", true),
            ("", false),
        ] {
            assert_eq!(is_dotted(&reveal(value.into())), dotted, "{value:?}");
        }
    }
}
