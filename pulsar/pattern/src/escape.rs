//! Percent-encoding, in both directions and for three readers: the parser, the printer and the URL builder.
//!
//! It encodes text of one segment, or of several for a path value; it never sees a whole URL. Text is kept decoded
//! everywhere else in this crate.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode_byte, utf8_percent_encode};

/// All ASCII characters that RFC 3986 does not allow in a segment: everything but `pchar`.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same for a value that spans segments.
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// Encodes `text` as (a part of) one segment of a URL.
pub(crate) fn segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, SEGMENT)
}

/// Encodes `text` as several segments of a URL: its slashes stay.
pub(crate) fn path(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, PATH)
}

/// Encodes one character, whether that is needed or not.
pub(crate) fn character(c: char) -> String {
    c.encode_utf8(&mut [0; 4]).bytes().map(percent_encode_byte).collect()
}

/// Prints literal text as it stands in a rule: what may stay readable does, so letters of any script are not encoded.
///
/// `starts_segment` tells that the text is the first in its segment, where `:` and `*` would read as the placeholders
/// of another framework.
pub(crate) fn print_literal(out: &mut impl fmt::Write, text: &str, starts_segment: bool) -> fmt::Result {
    let mut utf8 = [0; 4];
    for (at, c) in text.char_indices() {
        let foreign = starts_segment && at == 0 && matches!(c, ':' | '*');
        if foreign || c.is_control() || c.is_whitespace() {
            out.write_str(&character(c))?;
        } else if c.is_ascii() {
            write!(out, "{}", segment(c.encode_utf8(&mut utf8)))?;
        } else {
            out.write_char(c)?;
        }
    }
    Ok(())
}

/// The percent escapes at the start of `text`: how many bytes they are long, and what they say.
///
/// Escapes that follow one another are decoded as one, since it may take several to make a character.
pub(crate) fn decode_run(text: &str) -> (usize, Result<String, EscapeFault>) {
    let mut run = 0;
    while let Some(b'%') = text.as_bytes().get(run) {
        let digits = text.as_bytes()[run + 1..].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
        if digits < 2 {
            if run == 0 {
                return (1 + digits, Err(EscapeFault::Malformed));
            }
            break;
        }
        run += 3;
    }
    let decoded = percent_decode_str(&text[..run]).decode_utf8();
    (run, decoded.map(std::borrow::Cow::into_owned).map_err(|_| EscapeFault::NotUtf8))
}

/// What can be wrong with a run of percent escapes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EscapeFault {
    /// A `%` without two hexadecimal digits behind it.
    Malformed,
    /// The bytes are no text.
    NotUtf8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_keeps_pchar_and_nothing_else() {
        let ascii: String = (0..128u8).map(char::from).collect();
        let kept: String =
            ascii.chars().filter(|c| segment(&c.to_string()).to_string() == c.to_string()).collect();
        assert_eq!(kept, "!$&'()*+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
        assert_eq!(segment("a/b é").to_string(), "a%2Fb%20%C3%A9");
        assert_eq!(path("a/b é").to_string(), "a/b%20%C3%A9");
    }

    #[test]
    fn runs_are_decoded_together() {
        for (text, length, expected) in [
            ("%C3%A9x", 6, Ok("é".to_owned())),
            ("%41%zz", 3, Ok("A".to_owned())),
            ("%4", 2, Err(EscapeFault::Malformed)),
            ("%", 1, Err(EscapeFault::Malformed)),
            ("%é", 1, Err(EscapeFault::Malformed)),
            ("%C3x", 3, Err(EscapeFault::NotUtf8)),
        ] {
            assert_eq!(decode_run(text), (length, expected), "{text}");
        }
    }

    #[test]
    fn literals_stay_readable() {
        for (text, printed) in [
            ("café", "café"),
            ("a b", "a%20b"),
            ("100%", "100%25"),
            ("a/b<c>{d}", "a%2Fb%3Cc%3E%7Bd%7D"),
            (":id:", "%3Aid:"),
            ("**", "%2A*"),
            ("\u{a0}\n", "%C2%A0%0A"),
        ] {
            let mut out = String::new();
            print_literal(&mut out, text, true).unwrap();
            assert_eq!(out, printed);
        }
    }
}
