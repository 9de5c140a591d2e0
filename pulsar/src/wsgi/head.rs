//! The status line and the headers that an application gives to `start_response`, checked.

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;

use super::{error::Error, latin1};

/// The head of an answer that may be sent.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// The reason, if it is not the one that the status has by itself.
    pub(super) reason: Option<ReasonPhrase>,
    pub(super) headers: HeaderMap,
    /// What `Content-Length` says.
    pub(super) length: Option<u64>,
    /// What a service has left for the layers around it.
    extensions: Extensions,
}

impl Head {
    pub(super) fn parse(status: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let (status, reason) = parse_status(status)?;
        let mut map = HeaderMap::with_capacity(headers.len());
        let mut length = None;
        for &(name, value) in headers {
            let (name, value) = parse_header(name, value)?;
            if name == header::CONTENT_LENGTH {
                if length.is_some() {
                    return Err(Error::ContentLengthTwice);
                }
                length = Some(parse_length(&value)?);
            }
            map.append(name, value);
        }
        if status == StatusCode::NO_CONTENT {
            // RFC 9110 section 8.6: a 204 has none.
            map.remove(header::CONTENT_LENGTH);
            length = None;
        }
        Ok(Self { status, reason, headers: map, length, extensions: Extensions::new() })
    }

    /// The head of an answer that something other than a callable gave.
    pub(super) fn from_service(parts: http::response::Parts) -> Self {
        let http::response::Parts { status, mut headers, mut extensions, .. } = parts;
        // Whoever made them was no WSGI application and may have set what such a one may not.
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| parse_length(value).ok());
        let reason = extensions.remove();
        Self { status, reason, headers, length, extensions }
    }

    pub(super) fn into_response(self) -> http::Response<()> {
        let mut response = http::Response::new(());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        *response.extensions_mut() = self.extensions;
        if let Some(reason) = self.reason {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// `404 Not Found`. A reason may be missing, as RFC 9112 section 4 allows.
fn parse_status(text: &str) -> Result<(StatusCode, Option<ReasonPhrase>), Error> {
    let wrong = || Error::Status(text.to_owned());
    let (number, reason) = text.split_once(' ').unwrap_or((text, ""));
    if number.len() != 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let status = StatusCode::from_bytes(number.as_bytes()).map_err(|_| wrong())?;
    if status.is_informational() {
        return Err(Error::Interim(status.as_u16()));
    }
    if reason.is_empty() || status.canonical_reason() == Some(reason) {
        return Ok((status, None));
    }
    let bytes = latin1::encode(reason).map_err(|_| wrong())?;
    let reason = ReasonPhrase::try_from(bytes.as_ref()).map_err(|_| wrong())?;
    Ok((status, Some(reason)))
}

fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::HeaderName(name.to_owned()))?;
    if is_hop_by_hop(&parsed) {
        return Err(Error::HopByHop(name.to_owned()));
    }
    let wrong = || Error::HeaderValue(name.to_owned());
    let bytes = latin1::encode(value).map_err(|_| wrong())?;
    let value = HeaderValue::from_bytes(&bytes).map_err(|_| wrong())?;
    Ok((parsed, value))
}

fn parse_length(value: &HeaderValue) -> Result<u64, Error> {
    let text = value.to_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length = digits.then(|| text.parse().ok()).flatten();
    length.ok_or_else(|| Error::ContentLength(String::from_utf8_lossy(value.as_bytes()).into_owned()))
}

/// The headers that PEP 3333 forbids to an application ("Other HTTP Features"), as `wsgiref.util.is_hop_by_hop` lists them.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers, and a part of what is said of them.
    type Row<'a> = (&'a [(&'a str, &'a str)], Result<(), &'a str>);

    #[test]
    fn a_status_is_three_digits_and_a_reason() {
        for (text, expected) in [
            ("200 OK", Some((200, None))),
            ("200", Some((200, None))),
            ("200 ", Some((200, None))),
            ("404 Nothing here", Some((404, Some("Nothing here")))),
            ("299 caf\u{e9}", Some((299, Some("caf\u{e9}")))),
            ("799 Own", Some((799, Some("Own")))),
            ("", None),
            ("OK", None),
            ("20 OK", None),
            ("2000 OK", None),
            ("200OK", None),
            (" 200 OK", None),
            ("-20 OK", None),
            ("099 Low", None),
            ("200 O\nK", None),
            ("200 \u{20ac}", None),
            ("100 Continue", None),
            ("101 Switching Protocols", None),
        ] {
            let found = parse_status(text).ok().map(|(status, reason)| {
                (status.as_u16(), reason.map(|reason| latin1::decode(reason.as_bytes()).into_owned()))
            });
            let expected =
                expected.map(|(status, reason): (u16, Option<&str>)| (status, reason.map(str::to_owned)));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn headers_are_checked() {
        let table: &[Row<'_>] = &[
            (&[], Ok(())),
            (&[("Content-Type", "text/plain"), ("X-Caf\u{e9}", "x")], Err("cannot be the name")),
            (&[("X-A", "caf\u{e9}")], Ok(())),
            (&[("X-A", "")], Ok(())),
            (&[("X-A", "\u{20ac}")], Err("`X-A`")),
            (&[("X-A", "a\r\nX-B: b")], Err("`X-A`")),
            (&[("X-A", "a\0")], Err("`X-A`")),
            (&[("X A", "b")], Err("cannot be the name")),
            (&[("", "b")], Err("cannot be the name")),
            (&[("X-A:", "b")], Err("cannot be the name")),
            (&[("Connection", "close")], Err("header of the connection")),
            (&[("TRANSFER-ENCODING", "chunked")], Err("header of the connection")),
            (&[("Upgrade", "websocket")], Err("header of the connection")),
            (&[("Content-Length", "13")], Ok(())),
            (&[("Content-Length", "abc")], Err("not a number")),
            (&[("Content-Length", "")], Err("not a number")),
            (&[("Content-Length", "-1")], Err("not a number")),
            (&[("Content-Length", "+1")], Err("not a number")),
            (&[("Content-Length", "18446744073709551616")], Err("not a number")),
            (&[("Content-Length", "1"), ("content-length", "1")], Err("given twice")),
        ];
        for (headers, expected) in table {
            let found = Head::parse("200 OK", headers);
            match expected {
                Ok(()) => assert_eq!(found.unwrap().headers.len(), headers.len()),
                Err(part) => {
                    let error = found.unwrap_err().to_string();
                    assert!(error.contains(part), "{headers:?}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_204_has_no_content_length_and_a_304_may() {
        let length = [("Content-Length", "5")];
        assert!(Head::parse("204 No Content", &length).unwrap().headers.is_empty());
        assert_eq!(Head::parse("304 Not Modified", &length).unwrap().length, Some(5));
    }
}
