//! The media type of a file, by the ending of its name: what it is called decides, never what is in it.

use http::HeaderValue;

/// What is known to nobody.
const UNKNOWN: &str = "application/octet-stream";

/// The value of `Content-Type` for a file of this name. Texts are taken to be UTF-8, but for XML, which says it in its first line.
pub(crate) fn of(name: &[u8]) -> HeaderValue {
    let name = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    let extension = name.iter().rposition(|&byte| byte == b'.').map(|dot| &name[dot + 1..]);
    let known = extension
        .and_then(|extension| std::str::from_utf8(extension).ok())
        .and_then(|extension| mime_guess::from_ext(extension).first_raw())
        .unwrap_or(UNKNOWN);
    // RFC 9239: the one name of all that scripts were called.
    let known = if known == "application/javascript" { "text/javascript" } else { known };
    let is_text = known.starts_with("text/") && known != "text/xml";
    let with_charset = is_text.then(|| HeaderValue::try_from(format!("{known}; charset=utf-8")));
    match with_charset {
        Some(Ok(value)) => value,
        _ => HeaderValue::from_static(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_types() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/b.HTM", "text/html; charset=utf-8"),
            ("style.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("readme.md", "text/markdown; charset=utf-8"),
            ("feed.xml", "text/xml"),
            ("data.json", "application/json"),
            ("app.webmanifest", "application/manifest+json"),
            ("app.wasm", "application/wasm"),
            ("logo.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.jpg", "image/jpeg"),
            ("a.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("favicon.ico", "image/x-icon"),
            ("a.woff2", "font/woff2"),
            ("a.mp4", "video/mp4"),
            ("a.pdf", "application/pdf"),
            ("a.tar.gz", "application/gzip"),
            ("a.unheard-of", UNKNOWN),
            ("Makefile", UNKNOWN),
            ("folder.html/plain", UNKNOWN),
            ("a.", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(of(name.as_bytes()), expected, "{name}");
        }
        assert_eq!(of(b"a.\xff"), UNKNOWN);
    }
}
