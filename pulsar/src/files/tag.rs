//! Entity tags and their comparison: RFC 9110 section 8.8.3.

use http::HeaderValue;

/// What names one state of the content of an answer; in quotes, with `W/` before it if it is weak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag(HeaderValue);

impl EntityTag {
    /// A tag of this text; `None` if it has something in it that a tag may not have.
    pub(crate) fn new(text: &str, is_weak: bool) -> Option<Self> {
        let value = format!("{}\"{text}\"", if is_weak { "W/" } else { "" });
        if !text.bytes().all(is_of_tag) {
            return None;
        }
        HeaderValue::try_from(value).ok().map(Self)
    }

    pub(crate) fn to_header(&self) -> HeaderValue {
        self.0.clone()
    }

    pub(crate) fn is_weak(&self) -> bool {
        self.0.as_bytes().starts_with(b"W/")
    }

    /// The text with its quotes.
    fn quoted(&self) -> &[u8] {
        let bytes = self.0.as_bytes();
        bytes.strip_prefix(b"W/").unwrap_or(bytes)
    }
}

/// How two tags are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Both are strong and the same: the content is the same, byte by byte.
    Strong,
    /// They have the same text.
    Weak,
}

/// Whether the value of `If-Match` or `If-None-Match` names this tag, or all with `*`. What stands behind something that is no tag
/// does not count. The time is linear in the length of the value.
pub(crate) fn names(value: &[u8], tag: &EntityTag, comparison: Comparison) -> bool {
    let value = value.trim_ascii();
    if value == b"*" {
        return true;
    }
    let mut rest = value;
    loop {
        while let [b',' | b' ' | b'\t', behind @ ..] = rest {
            rest = behind;
        }
        let Some((one, behind)) = first(rest) else { return false };
        let same =
            one.quoted == tag.quoted() && (comparison == Comparison::Weak || !(one.is_weak || tag.is_weak()));
        if same {
            return true;
        }
        rest = behind.trim_ascii_start();
        // Two tags have a comma between them.
        if !rest.is_empty() && !rest.starts_with(b",") {
            return false;
        }
    }
}

/// A tag as a client sent it.
struct Sent<'a> {
    is_weak: bool,
    quoted: &'a [u8],
}

fn first(text: &[u8]) -> Option<(Sent<'_>, &[u8])> {
    let (is_weak, text) = match text.strip_prefix(b"W/") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let inside = text.strip_prefix(b"\"")?;
    let length = inside.iter().position(|&byte| !is_of_tag(byte))?;
    (inside[length] == b'"').then(|| {
        let (quoted, behind) = text.split_at(length + 2);
        (Sent { is_weak, quoted }, behind)
    })
}

fn is_of_tag(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_are_read_and_compared() {
        let strong = EntityTag::new("a,b", false).unwrap();
        let weak = EntityTag::new("a,b", true).unwrap();
        // What is sent; whether it names the strong tag, strongly and weakly; and the weak one, weakly.
        for (value, strongly, weakly) in [
            ("*", true, true),
            (" * ", true, true),
            (r#""a,b""#, true, true),
            (r#"W/"a,b""#, false, true),
            (r#""x", "a,b""#, true, true),
            (r#""x","a,b""#, true, true),
            (r#", ,"x" , W/"y",, "a,b" ,"#, true, true),
            (r#""x" "a,b""#, false, false),
            (r#"w/"a,b""#, false, false),
            (r#"W/ "a,b""#, false, false),
            ("a,b", false, false),
            (r#""a,b"#, false, false),
            (r#""a", "b""#, false, false),
            (r#""a b", "a,b""#, false, false),
            (r#"nonsense, "a,b""#, false, false),
            (r#""A,B""#, false, false),
            (r#""""#, false, false),
            ("", false, false),
            (r#""x", *"#, false, false),
        ] {
            let named = |tag, comparison| names(value.as_bytes(), tag, comparison);
            assert_eq!(named(&strong, Comparison::Strong), strongly, "{value}");
            assert_eq!(named(&strong, Comparison::Weak), weakly, "{value}");
            assert_eq!(named(&weak, Comparison::Weak), weakly, "{value}");
            assert_eq!(named(&weak, Comparison::Strong), value.trim() == "*", "{value}");
        }
    }

    #[test]
    fn a_tag_has_no_quotes_and_no_spaces_in_it() {
        assert!(EntityTag::new("5f-2a", false).is_some());
        for text in ["a\"b", "a b", "a\nb", "\u{7f}"] {
            assert!(EntityTag::new(text, false).is_none(), "{text:?}");
        }
    }
}
