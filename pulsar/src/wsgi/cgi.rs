//! The headers of a request under their CGI names, and which of them are left out.
//!
//! `HTTP_ACCEPT_LANGUAGE` stands for `Accept-Language`. The names of CGI cannot tell `-` from `_`, which is how a client slips a
//! header past a proxy that looks for the other spelling: a header with `_` in its name is dropped. So is `Proxy`, which
//! would become the variable that tells programs where to send their requests (httpoxy, CVE-2016-5385).

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};

use super::latin1;

/// The value of `HTTP_..`: several headers of a name as one list.
pub(super) fn get<'a>(headers: &'a HeaderMap, variable: &str) -> Option<Cow<'a, str>> {
    let name = variable.strip_prefix("HTTP_")?;
    // The name of a variable is in capitals and has no dash: `HTTP_accept` is none.
    if name.bytes().any(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return None;
    }
    // Long enough for every name that is in use; header names are compared without regard to case.
    let mut short = [0; 64];
    let long;
    let name = if let Some(buffer) = short.get_mut(..name.len()) {
        for (to, from) in buffer.iter_mut().zip(name.bytes()) {
            *to = if from == b'_' { b'-' } else { from };
        }
        std::str::from_utf8(buffer).ok()?
    } else {
        long = name.replace('_', "-");
        long.as_str()
    };
    if is_left_out(name) { None } else { joined(headers, name) }
}

/// Every `HTTP_..` variable with its value.
pub(super) fn iter(headers: &HeaderMap) -> impl Iterator<Item = (String, Cow<'_, str>)> {
    headers
        .keys()
        .filter(|name| !name.as_str().contains('_') && !is_left_out(name.as_str()))
        .filter_map(|name| Some((variable(name), joined(headers, name.as_str())?)))
}

/// Whether a header has no variable of this form.
fn is_left_out(name: &str) -> bool {
    // The first two have variables of their own, and the body that is read is not chunked any more.
    const LEFT_OUT: [&str; 4] = ["content-type", "content-length", "transfer-encoding", "proxy"];
    LEFT_OUT.iter().any(|left_out| name.eq_ignore_ascii_case(left_out))
}

fn variable(name: &HeaderName) -> String {
    let mut variable = String::with_capacity(5 + name.as_str().len());
    variable.push_str("HTTP_");
    variable.extend(name.as_str().chars().map(|c| if c == '-' { '_' } else { c.to_ascii_uppercase() }));
    variable
}

fn joined<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter();
    let first = latin1::decode(values.next()?.as_bytes());
    let Some(second) = values.next() else { return Some(first) };
    // RFC 9110 section 5.3; cookies have a separator of their own (RFC 6265 section 4.2.1).
    let separator = if name.eq_ignore_ascii_case(header::COOKIE.as_str()) { "; " } else { "," };
    let mut list = first.into_owned();
    for value in std::iter::once(second).chain(values) {
        list.push_str(separator);
        list.push_str(&latin1::decode(value.as_bytes()));
    }
    Some(Cow::Owned(list))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Headers, a variable, and its value.
    type Row<'a> = (&'a [(&'a str, &'a [u8])], &'a str, Option<&'a str>);

    fn headers(list: &[(&str, &[u8])]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn headers_have_variables() {
        let long = format!("x-{}", "a".repeat(100));
        let long_variable = format!("HTTP_X_{}", "A".repeat(100));
        let table: &[Row<'_>] = &[
            (&[("Accept", b"text/html")], "HTTP_ACCEPT", Some("text/html")),
            (&[("Accept-Language", b"it")], "HTTP_ACCEPT_LANGUAGE", Some("it")),
            (&[("Accept", b"a"), ("Accept", b"b"), ("accept", b"c")], "HTTP_ACCEPT", Some("a,b,c")),
            (&[("Cookie", b"a=1"), ("Cookie", b"b=2")], "HTTP_COOKIE", Some("a=1; b=2")),
            (&[("X-Name", b"\xe9")], "HTTP_X_NAME", Some("\u{e9}")),
            (&[("X-Name", "é".as_bytes())], "HTTP_X_NAME", Some("\u{c3}\u{a9}")),
            (&[("X_Forwarded_For", b"1")], "HTTP_X_FORWARDED_FOR", None),
            (&[("X_Forwarded_For", b"1"), ("X-Forwarded-For", b"2")], "HTTP_X_FORWARDED_FOR", Some("2")),
            (&[("Proxy", b"http://evil")], "HTTP_PROXY", None),
            (&[("Content-Type", b"a/b")], "HTTP_CONTENT_TYPE", None),
            (&[("Content-Length", b"5")], "HTTP_CONTENT_LENGTH", None),
            (&[("Transfer-Encoding", b"chunked")], "HTTP_TRANSFER_ENCODING", None),
            (&[("Accept", b"a")], "HTTP_accept", None),
            (&[("X-Name", b"a")], "HTTP_X-NAME", None),
            (&[("Accept", b"a")], "ACCEPT", None),
            (&[("Accept", b"a")], "HTTP_", None),
            (&[("Accept", b"a")], "HTTP_\u{e9}", None),
            (&[(&long, b"a")], &long_variable, Some("a")),
        ];
        for (list, variable, expected) in table {
            let headers = headers(list);
            assert_eq!(get(&headers, variable).as_deref(), *expected, "{variable}");
            let listed = iter(&headers).find(|(name, _)| name == variable);
            assert_eq!(listed.map(|(_, value)| value).as_deref(), *expected, "{variable} in the list");
        }
    }
}
