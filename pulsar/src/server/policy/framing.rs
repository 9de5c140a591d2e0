//! How the body of an answer is delimited: by what the application says, if that can be true, RFC 9112 section 6, RFC 9113 section 8.1.1.
//!
//! hyper trusts a Content-Length over HTTP/1 and sends any body over HTTP/2, so that a wrong one would make the next answer a part
//! of this one.

use std::fmt;

use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use http_body::Body;

use crate::body::Response;

/// What of the request decides how its answer is framed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) is_head: bool,
    pub(crate) version: Version,
    /// Whether the client asked for another protocol on this connection.
    pub(crate) is_upgrade: bool,
}

impl Asked {
    pub(crate) fn is_http2(self) -> bool {
        self.version == Version::HTTP_2
    }

    /// Whether it knows no chunks, so that a body without a length ends with the connection.
    pub(crate) fn is_old(self) -> bool {
        self.version < Version::HTTP_11
    }
}

/// How much of the body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// All of it, however long it is.
    Whole,
    /// This many bytes: more is cut off, and less is no end.
    Exactly(u64),
    /// Nothing, though it has this length, if it is known.
    Withheld(Option<u64>),
}

/// What an application must not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Informational(StatusCode),
    NotAsked,
    Length,
    Coding,
    TooShort { said: u64, is: u64 },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Informational(status) => write!(f, "{} is no final status", status.as_u16()),
            Self::NotAsked => {
                f.write_str("101 answers a client that asked for another protocol, and this one did not")
            }
            Self::Length => f.write_str("Content-Length is not one number"),
            Self::Coding => f.write_str("Transfer-Encoding is the server's to choose"),
            Self::TooShort { said, is } => {
                write!(f, "Content-Length says {said} bytes, and the body has {is}")
            }
        }
    }
}

/// Decides how an answer is framed, and takes out of its head what must not stand there.
///
/// # Errors
///
/// When it cannot be sent as it is.
pub(crate) fn frame(response: &mut Response, asked: Asked) -> Result<Framing, Mistake> {
    let status = response.status();
    if status.is_informational() {
        return match status {
            // In HTTP/2 another protocol has a stream of its own: RFC 8441.
            StatusCode::SWITCHING_PROTOCOLS if asked.is_upgrade && !asked.is_http2() => Ok(Framing::Whole),
            StatusCode::SWITCHING_PROTOCOLS => Err(Mistake::NotAsked),
            _ => Err(Mistake::Informational(status)),
        };
    }
    let (said, is) = (length(response.headers_mut())?, response.body().size_hint().exact());
    if status == StatusCode::NO_CONTENT {
        // RFC 9110 section 8.6.
        if said.is_some() {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        return Ok(Framing::Withheld(None));
    }
    if asked.is_head || status == StatusCode::NOT_MODIFIED {
        let length = said.or(if asked.is_head { is } else { None });
        if asked.is_http2()
            && said.is_none()
            && let Some(length) = length
        {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        return Ok(Framing::Withheld(length));
    }
    match (said, is) {
        (None, _) => Ok(Framing::Whole),
        (Some(said), Some(is)) if said == is => Ok(Framing::Whole),
        (Some(said), Some(is)) if said > is => Err(Mistake::TooShort { said, is }),
        (Some(said), _) => Ok(Framing::Exactly(said)),
    }
}

/// The length that the head says.
fn length(headers: &mut HeaderMap) -> Result<Option<u64>, Mistake> {
    let (mut said, mut lengths, mut codings) = (None, 0, 0);
    for (name, value) in &*headers {
        match *name {
            header::CONTENT_LENGTH => {
                lengths += 1;
                said = number(value.as_bytes());
                if said.is_none() || lengths > 1 {
                    return Err(Mistake::Length);
                }
            }
            header::TRANSFER_ENCODING => {
                codings += 1;
                if codings > 1 || !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
                    return Err(Mistake::Coding);
                }
            }
            _ => {}
        }
    }
    if codings > 0 {
        if lengths > 0 {
            return Err(Mistake::Coding);
        }
        // An application that passes on what another server said: the body is chunked, or not, as this connection needs it.
        headers.remove(header::TRANSFER_ENCODING);
    }
    Ok(said)
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;
    use crate::body::Body;

    const PLAIN: Asked = Asked { is_head: false, version: Version::HTTP_11, is_upgrade: false };
    const HEAD: Asked = Asked { is_head: true, ..PLAIN };
    const HTTP2: Asked = Asked { version: Version::HTTP_2, ..PLAIN };
    const HTTP2_HEAD: Asked = Asked { is_head: true, ..HTTP2 };
    const UPGRADE: Asked = Asked { is_upgrade: true, ..PLAIN };

    fn stream() -> Body {
        let frames: futures_util::stream::Pending<Result<http_body::Frame<bytes::Bytes>, std::io::Error>> =
            futures_util::stream::pending();
        Body::new(StreamBody::new(frames))
    }

    #[test]
    fn an_answer_is_framed_by_what_is_true() {
        use Framing::{Exactly, Whole, Withheld};
        const LENGTH: &str = "content-length";
        const CODING: &str = "transfer-encoding";
        type Row = (Asked, u16, &'static [(&'static str, &'static str)], bool, Result<Framing, Mistake>);
        // The body has 5 bytes, or is a stream.
        let rows: &[Row] = &[
            (PLAIN, 200, &[], false, Ok(Whole)),
            (PLAIN, 200, &[], true, Ok(Whole)),
            (PLAIN, 200, &[(LENGTH, "5")], false, Ok(Whole)),
            (PLAIN, 200, &[(LENGTH, "3")], false, Ok(Exactly(3))),
            (PLAIN, 200, &[(LENGTH, "10")], false, Err(Mistake::TooShort { said: 10, is: 5 })),
            (PLAIN, 200, &[(LENGTH, "10")], true, Ok(Exactly(10))),
            (HTTP2, 200, &[(LENGTH, "10")], true, Ok(Exactly(10))),
            (PLAIN, 200, &[(LENGTH, "abc")], false, Err(Mistake::Length)),
            (PLAIN, 200, &[(LENGTH, "+5")], false, Err(Mistake::Length)),
            (PLAIN, 200, &[(LENGTH, "")], false, Err(Mistake::Length)),
            (PLAIN, 200, &[(LENGTH, "18446744073709551616")], false, Err(Mistake::Length)),
            (PLAIN, 200, &[(LENGTH, "5"), (LENGTH, "5")], false, Err(Mistake::Length)),
            (PLAIN, 200, &[(LENGTH, "5"), (CODING, "chunked")], false, Err(Mistake::Coding)),
            (PLAIN, 200, &[(CODING, "chunked")], false, Ok(Whole)),
            (PLAIN, 200, &[(CODING, "gzip")], false, Err(Mistake::Coding)),
            (HEAD, 200, &[], false, Ok(Withheld(Some(5)))),
            (HEAD, 200, &[], true, Ok(Withheld(None))),
            (HEAD, 200, &[(LENGTH, "10")], false, Ok(Withheld(Some(10)))),
            (HTTP2_HEAD, 200, &[(LENGTH, "10")], false, Ok(Withheld(Some(10)))),
            (PLAIN, 304, &[(LENGTH, "10")], false, Ok(Withheld(Some(10)))),
            (PLAIN, 304, &[], false, Ok(Withheld(None))),
            (HTTP2, 304, &[], false, Ok(Withheld(None))),
            (PLAIN, 204, &[(LENGTH, "5")], false, Ok(Withheld(None))),
            (HTTP2, 204, &[], false, Ok(Withheld(None))),
            (UPGRADE, 101, &[], false, Ok(Whole)),
            (PLAIN, 101, &[], false, Err(Mistake::NotAsked)),
            (HTTP2, 101, &[], false, Err(Mistake::NotAsked)),
            (PLAIN, 100, &[], false, Err(Mistake::Informational(StatusCode::CONTINUE))),
            (PLAIN, 103, &[], false, Err(Mistake::Informational(StatusCode::EARLY_HINTS))),
        ];
        for (asked, status, headers, is_stream, expected) in rows {
            let body = if *is_stream { stream() } else { Body::from("12345") };
            let mut response = http::Response::builder().status(*status);
            for (name, value) in *headers {
                response = response.header(*name, *value);
            }
            let mut response = response.body(body).unwrap();
            let framing = frame(&mut response, *asked);
            assert_eq!(framing, *expected, "{asked:?} {status} {headers:?}");
            let headers = response.headers();
            if framing.is_ok() {
                assert!(!headers.contains_key(header::TRANSFER_ENCODING));
                assert!(*status != 204 || !headers.contains_key(header::CONTENT_LENGTH));
            }
        }
        let mut response = Response::new(Body::from("12345"));
        frame(&mut response, HTTP2_HEAD).unwrap();
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "5", "nobody else would say it");
    }
}
