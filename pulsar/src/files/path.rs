//! From the path of a request to the name of a file below a root, and nowhere else.
//!
//! The raw path is split before it is decoded, and each segment is decoded once: what was `%2F` can never become a step
//! into another folder, and what was `%252e` never a dot. What could mean something else to the system or to a proxy is no
//! path at all.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The name of a file or a folder, relative to a root: segments that are names, with single slashes between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath {
    /// Not empty segments, none of them `.` or `..`; empty for the root itself.
    bytes: Vec<u8>,
    is_folder: bool,
}

impl FilePath {
    /// Reads the path of a request. A name that begins with a dot counts only if `hidden` is true. The time is linear.
    pub(crate) fn parse(raw: &str, hidden: bool) -> Option<Self> {
        let below = raw.strip_prefix('/')?;
        let (names, is_folder) = match below.strip_suffix('/') {
            Some(names) => (names, true),
            None => (below, below.is_empty()),
        };
        let mut bytes = Vec::with_capacity(names.len());
        // A single slash is the root. Two are not.
        if below.is_empty() {
            return Some(Self { bytes, is_folder });
        }
        for segment in names.split('/') {
            if !bytes.is_empty() {
                bytes.push(b'/');
            }
            let start = bytes.len();
            if !is_encoded_well(segment) {
                return None;
            }
            bytes.extend(percent_decode_str(segment));
            if !is_name(&bytes[start..], hidden) {
                return None;
            }
        }
        Some(Self { bytes, is_folder })
    }

    /// Reads what an application names: a file below the root, with slashes between the segments.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let is_good = name.split('/').all(|segment| is_name(segment.as_bytes(), true));
        is_good.then(|| Self { bytes: name.into(), is_folder: false })
    }

    /// The name, relative to the root.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it was written as that of a folder, with a slash at its end.
    pub(crate) fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// A file in it.
    pub(crate) fn join(&self, name: &str) -> Self {
        let mut bytes = self.bytes.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_bytes());
        Self { bytes, is_folder: false }
    }

    /// The file beside it that has an ending more.
    pub(crate) fn with_extension(&self, extension: &str) -> Self {
        let bytes = [&self.bytes, ".".as_bytes(), extension.as_bytes()].concat();
        Self { bytes, is_folder: false }
    }

    /// Whether its name has this ending.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.bytes.strip_suffix(extension.as_bytes()).is_some_and(|name| name.ends_with(b"."))
    }
}

/// For the log.
impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.bytes).escape_debug().fmt(f)
    }
}

/// Whether each `%` has two digits behind it.
fn is_encoded_well(segment: &str) -> bool {
    segment.split('%').skip(1).all(|behind| {
        let digits = behind.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

/// Whether a segment can be the name of something in a folder.
fn is_name(segment: &[u8], hidden: bool) -> bool {
    let is_dotted = matches!(segment, b"" | b"." | b"..");
    let is_hidden = segment.first() == Some(&b'.') && !hidden;
    !is_dotted && !is_hidden && !segment.iter().any(|byte| matches!(byte, 0 | b'/' | b'\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_split_and_then_decoded() {
        type Seen = (&'static [u8], bool);
        let table: &[(&str, Option<Seen>)] = &[
            ("/", Some((b"", true))),
            ("/a", Some((b"a", false))),
            ("/a/", Some((b"a", true))),
            ("/a/b.txt", Some((b"a/b.txt", false))),
            ("/a%20b", Some((b"a b", false))),
            ("/caf%C3%A9", Some(("caf\u{e9}".as_bytes(), false))),
            ("/caf\u{e9}", Some(("caf\u{e9}".as_bytes(), false))),
            ("/%FF", Some((b"\xff", false))),
            ("/%61", Some((b"a", false))),
            ("/a..b", Some((b"a..b", false))),
            ("/a.", Some((b"a.", false))),
            ("/%252e%252e", Some((b"%2e%2e", false))),
            ("/~", Some((b"~", false))),
            ("/-", Some((b"-", false))),
            ("/a:b", Some((b"a:b", false))),
            ("", None),
            ("*", None),
            ("a", None),
            ("//", None),
            ("//a", None),
            ("/a//b", None),
            ("/a//", None),
            ("/.", None),
            ("/..", None),
            ("/../a", None),
            ("/a/../b", None),
            ("/a/.", None),
            ("/%2e", None),
            ("/%2e%2E/a", None),
            ("/.%2e/a", None),
            ("/..%2fa", None),
            ("/a%2fb", None),
            ("/%2F", None),
            ("/a%5cb", None),
            ("/a\\b", None),
            ("/..%5ca", None),
            ("/a%00", None),
            ("/a%", None),
            ("/a%2", None),
            ("/a%zz", None),
            ("/%%32", None),
            ("/.hidden", None),
            ("/a/.git/config", None),
            ("/%2egit", None),
            ("/...", None),
        ];
        for (raw, expected) in table {
            let found = FilePath::parse(raw, false);
            let found = found.as_ref().map(|path| (path.as_bytes(), path.is_folder()));
            assert_eq!(found, *expected, "{raw:?}");
        }
        for (raw, expected) in [("/.git/x", Some(&b".git/x"[..])), ("/..", None), ("/.", None)] {
            let found = FilePath::parse(raw, true);
            assert_eq!(found.as_ref().map(FilePath::as_bytes), expected, "{raw:?}");
        }
    }

    #[test]
    fn names_are_put_together() {
        let folder = FilePath::parse("/a/b/", false).unwrap();
        assert_eq!(folder.join("index.html").as_bytes(), b"a/b/index.html");
        assert_eq!(FilePath::parse("/", false).unwrap().join("x").as_bytes(), b"x");
        let file = FilePath::of_file("a/b.js").unwrap();
        assert_eq!(file.with_extension("gz").as_bytes(), b"a/b.js.gz");
        assert!(file.has_extension("js") && !file.has_extension("s") && !file.has_extension("b.js"));
        for wrong in ["", "/", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\0"] {
            assert_eq!(FilePath::of_file(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_root(raw in "(/|%2[fFeE]|%5[cC]|%00|\\.|\\\\|[a-c]|%[0-9a-f]{2}|%){0,20}") {
            if let Some(path) = FilePath::parse(&raw, true) {
                let bytes = path.as_bytes();
                prop_assert!(!bytes.contains(&0) && !bytes.contains(&b'\\'));
                let mut names = bytes.split(|&byte| byte == b'/');
                prop_assert!(bytes.is_empty() || names.all(|name| !matches!(name, b"" | b"." | b"..")));
            }
        }
    }
}
