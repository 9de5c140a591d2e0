//! The target of a request: which of its forms may come with which method, RFC 9112 section 3.2, RFC 9113 section 8.3.1.

use http::{Method, Uri, uri::Scheme};

use super::{host, refusal::Refusal};
use http::StatusCode;

/// The host that the target names, if it does.
///
/// # Errors
///
/// When the form does not belong to the method, or its parts are malformed.
pub(super) fn judge<'a>(method: &Method, uri: &'a Uri) -> Result<Option<&'a str>, Refusal> {
    if *method == Method::CONNECT {
        return Err(if uri.path().is_empty() { NO_TUNNELS } else { CONNECT_WITH_PATH });
    }
    let authority = uri.authority().map(http::uri::Authority::as_str);
    if let Some(authority) = authority {
        match uri.scheme() {
            None => return Err(AUTHORITY_FORM),
            Some(scheme) if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS => return Err(SCHEME),
            Some(_) => {}
        }
        if !host::is_valid(authority.as_bytes()) {
            return Err(AUTHORITY);
        }
    }
    path(method, uri.path())?;
    Ok(authority)
}

/// The path as it was sent: absolute, and with nothing but whole escapes.
pub(super) fn path(method: &Method, path: &str) -> Result<(), Refusal> {
    if path == "*" {
        return if *method == Method::OPTIONS { Ok(()) } else { Err(ASTERISK) };
    }
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(NOT_ABSOLUTE);
    }
    // Most paths have none, and most are too short for anything quicker than to look.
    let first = if bytes.len() <= SHORT {
        bytes.iter().position(|byte| *byte == b'%')
    } else {
        memchr::memchr(b'%', bytes)
    };
    let Some(first) = first else { return Ok(()) };
    for at in memchr::memchr_iter(b'%', &bytes[first..]).map(|at| first + at) {
        match bytes.get(at + 1..at + 3) {
            Some(b"00") => return Err(NUL),
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
            _ => return Err(ESCAPE),
        }
    }
    Ok(())
}

/// As many bytes as are looked through one by one.
const SHORT: usize = 16;

const NO_TUNNELS: Refusal = Refusal::new(StatusCode::NOT_IMPLEMENTED, "this server opens no tunnels");
const CONNECT_WITH_PATH: Refusal = Refusal::bad("CONNECT takes a host and a port, and no path");
const AUTHORITY_FORM: Refusal =
    Refusal::bad("a host alone is a target for CONNECT only; a path begins with `/`");
const SCHEME: Refusal = Refusal::bad("the target has another scheme than http or https");
const AUTHORITY: Refusal = Refusal::bad("the host in the target is malformed, or a user stands before it");
const ASTERISK: Refusal = Refusal::bad("`*` is a target for OPTIONS only");
const NOT_ABSOLUTE: Refusal = Refusal::bad("the path does not begin with `/`");
const NUL: Refusal = Refusal::bad("the path contains a zero byte (%00)");
const ESCAPE: Refusal = Refusal::bad("the path contains a `%` without two hexadecimal digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_belongs_to_its_methods() {
        for (method, uri, expected) in [
            ("GET", "/", Ok(None)),
            ("GET", "/a?b=%zz", Ok(None)),
            ("GET", "/%41%2f", Ok(None)),
            ("GET", "//evil.com/x", Ok(None)),
            ("GET", "http://a/x?y", Ok(Some("a"))),
            ("GET", "https://a:1/", Ok(Some("a:1"))),
            ("OPTIONS", "*", Ok(None)),
            ("GET", "*", Err(ASTERISK)),
            ("GET", "foo", Err(AUTHORITY_FORM)),
            ("GET", "a:80", Err(AUTHORITY_FORM)),
            ("GET", "http://u:p@a/", Err(AUTHORITY)),
            ("GET", "http://u@a/", Err(AUTHORITY)),
            ("GET", "ftp://a/", Err(SCHEME)),
            ("GET", "/%", Err(ESCAPE)),
            ("GET", "/%2", Err(ESCAPE)),
            ("GET", "/%zz", Err(ESCAPE)),
            ("GET", "/a%00b", Err(NUL)),
            ("CONNECT", "a:443", Err(NO_TUNNELS)),
            ("CONNECT", "/x", Err(CONNECT_WITH_PATH)),
        ] {
            let (method, uri): (Method, Uri) = (method.parse().unwrap(), uri.parse().unwrap());
            assert_eq!(judge(&method, &uri), expected, "{method} {uri}");
        }
        assert_eq!(path(&Method::GET, "foo"), Err(NOT_ABSOLUTE));
        assert_eq!(path(&Method::GET, ""), Err(NOT_ABSOLUTE));
    }
}
