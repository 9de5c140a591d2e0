//! The "native strings" of PEP 3333: text in which each character stands for one byte, ISO-8859-1.
//!
//! HTTP sends bytes and the PEP wants text of them that loses nothing. So a byte of 0x80 or more in a header or a path is the
//! character of that number here, and back.

use std::borrow::Cow;

/// Bytes as text: borrowed if they are ASCII, which they nearly always are.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// Text as bytes; the first character that is none is the error.
pub(super) fn encode(text: &str) -> Result<Cow<'_, [u8]>, char> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    text.chars().map(|c| u8::try_from(c).map_err(|_| c)).collect::<Result<Vec<_>, _>>().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_one_character_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = decode(&bytes);
        assert_eq!(text.chars().count(), 256);
        assert_eq!(encode(&text).unwrap().as_ref(), bytes);
        assert!(matches!(decode(b"plain"), Cow::Borrowed("plain")));
        assert_eq!(encode("caf\u{e9} \u{20ac}").unwrap_err(), '\u{20ac}');
    }
}
