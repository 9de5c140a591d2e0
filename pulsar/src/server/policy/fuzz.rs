//! What has to hold for every request that is let pass, and for every answer that is sent.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Version, header};
use http_body::Body as _;
use http_body_util::Full;

use super::{Asked, BodyLimits, Framing, Hosts, Rules, Seen, frame, judge};
use crate::{
    __fuzz::{headers, lines, request},
    body::{Body, Response},
    request::{Connection, Peer, Tls},
    settings::TlsVersion,
};

/// A request: if it is let pass, nobody can understand it in two ways.
pub fn policy_judge(data: &[u8]) {
    let Some(request) = request(data) else { return };
    let request = request.map(Full::new);
    let plain = Connection::new(Peer::Unknown, None, 1);
    let encrypted = plain.clone().with_tls(Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256"));
    for connection in [plain, encrypted] {
        let open = judge(&rules(&[]), &request, &Seen::of(request.headers()), &connection, &mut Vec::new());
        if open.is_ok() {
            check(&request, connection.is_secure());
        }
        let mut turned = request.clone();
        *turned.headers_mut() = reversed(request.headers());
        let verdict = judge(&rules(&[]), &turned, &Seen::of(turned.headers()), &connection, &mut Vec::new());
        assert_eq!(verdict.is_ok(), open.is_ok(), "the order of headers says nothing");

        let few = rules(&["shop.example", "*.shop.example", "127.0.0.1:8060"]);
        if judge(&few, &request, &Seen::of(request.headers()), &connection, &mut Vec::new()).is_ok() {
            assert_eq!(open, Ok(()), "fewer hosts let no more pass");
            let host = host(&request).map(str::to_ascii_lowercase);
            assert!(host.is_none_or(|host| is_of_shop(&host)), "{:?}", request.headers());
        }
    }
}

fn rules(hosts: &[&str]) -> Rules {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let body = BodyLimits { max: Some(1000), ..BodyLimits::default() };
    Rules { max_target: 1000, max_headers: 100, body, hosts: Hosts::new(&hosts) }
}

fn check(request: &Request<Full<Bytes>>, secure: bool) {
    let (method, uri, version) = (request.method(), request.uri(), request.version());
    assert_ne!(*method, Method::CONNECT);
    assert!(method.as_str().len() <= 32);
    assert!(request.body().size_hint().lower() <= 1000);

    let path = uri.path();
    assert!(path.starts_with('/') || (path == "*" && *method == Method::OPTIONS), "{path}");
    for (at, _) in path.match_indices('%') {
        let digits = path.get(at + 1..at + 3).unwrap_or_default();
        assert!(
            u8::from_str_radix(digits, 16).is_ok_and(|byte| byte != 0) && !digits.contains('+'),
            "{path}"
        );
    }

    let all =
        |name| request.headers().get_all(name).iter().map(|value| value.as_bytes().to_ascii_lowercase());
    let hosts: Vec<_> = all(header::HOST).collect();
    let authority = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    assert!(hosts.len() == 1 || (hosts.is_empty() && version != Version::HTTP_11), "{hosts:?}");
    assert!(version != Version::HTTP_2 || hosts.len() == 1 || authority.is_some());
    for host in hosts.iter().map(Vec::as_slice).chain(authority.as_deref().map(str::as_bytes)) {
        assert!(!host.is_empty());
        assert!(
            !host.iter().any(|byte| byte.is_ascii_control() || b" ,@/?#\\\"<>^`{|}".contains(byte)),
            "{host:?}"
        );
        assert!(host.is_ascii() && host.split(|byte| *byte == b'[').count() <= 2);
    }
    if let (Some(authority), [host]) = (&authority, &hosts[..]) {
        let is_https = uri.scheme_str().map_or(secure, |scheme| scheme == "https");
        let port = if is_https { ":443" } else { ":80" };
        let plain = |host: &[u8]| {
            let host = host.strip_suffix(port.as_bytes()).unwrap_or(host);
            host.strip_suffix(b":").unwrap_or(host).to_vec()
        };
        assert_eq!(plain(authority.as_bytes()), plain(host), "two hosts");
    }
    assert!(uri.scheme_str().is_none_or(|scheme| scheme == "http" || scheme == "https"));
    assert!(
        version != Version::HTTP_2 || uri.scheme_str().is_none_or(|scheme| (scheme == "https") == secure)
    );

    let codings: Vec<_> = all(header::TRANSFER_ENCODING).collect();
    assert!(codings.len() <= 1, "two lines of codings");
    for coding in codings {
        let names =
            coding.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
        assert_eq!(names.collect::<Vec<_>>(), [b"chunked"]);
    }
    assert!(all(header::CONTENT_TYPE).count() <= 1);
    if version == Version::HTTP_2 {
        let is_trimmed = |value: &[u8]| !value.starts_with(b" ") && !value.ends_with(b" ");
        assert!(request.headers().values().all(|value| is_trimmed(value.as_bytes())));
        assert!(request.headers().len() <= 100);
    }
}

/// The host that a request is for, as it was sent.
fn host(request: &Request<Full<Bytes>>) -> Option<&str> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    header.or(request.uri().authority().map(http::uri::Authority::as_str))
}

fn is_of_shop(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "shop.example"
        || name.ends_with(".shop.example")
        || host == "127.0.0.1:8060"
        || host == "127.0.0.1.:8060"
}

fn reversed(headers: &HeaderMap) -> HeaderMap {
    let all: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    all.into_iter().rev().collect()
}

/// An answer of an application, and how it was asked for: a line of words, one of the status, headers, and a body.
pub(in crate::server) struct Answer {
    pub(in crate::server) asked: Asked,
    pub(in crate::server) response: Response,
    /// The pieces of its body.
    pub(in crate::server) pieces: Vec<Bytes>,
}

impl Answer {
    /// Reads it; the words are `HEAD`, `HTTP/1.0`, `HTTP/2`, `upgrade`, and `stream` for a body whose length nobody knows before it is there, which
    /// comes in pieces that `|` divides.
    pub(in crate::server) fn read(data: &[u8], stream: fn(Vec<Bytes>) -> Body) -> Option<Self> {
        let (head, body) = crate::__fuzz::head_and_body(data);
        let mut lines = lines(head);
        let words = lines.next()?;
        let has = |word: &str| words.split(|byte| *byte == b' ').any(|other| other == word.as_bytes());
        let version = match () {
            () if has("HTTP/1.0") => Version::HTTP_10,
            () if has("HTTP/2") => Version::HTTP_2,
            () => Version::HTTP_11,
        };
        let asked = Asked { is_head: has("HEAD"), version, is_upgrade: has("upgrade") };
        let status = StatusCode::from_bytes(lines.next()?).ok()?;
        let (pieces, body) = if has("stream") {
            let pieces: Vec<_> = body.split(|byte| *byte == b'|').map(Bytes::copy_from_slice).collect();
            (pieces.clone(), stream(pieces))
        } else {
            let body = Bytes::copy_from_slice(body);
            (vec![body.clone()], Body::from(body))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers(lines, true)?;
        Some(Self { asked, response, pieces })
    }

    /// Frames it and checks its head; nothing if it is not sent as it is.
    pub(in crate::server) fn framed(&mut self) -> Option<Framing> {
        let Asked { is_head, is_upgrade, .. } = self.asked;
        let known = self.response.body().size_hint().exact();
        let framing = frame(&mut self.response, self.asked).ok()?;
        let (status, headers) = (self.response.status(), self.response.headers());
        if status.is_informational() {
            assert!(status == StatusCode::SWITCHING_PROTOCOLS && is_upgrade && !self.asked.is_http2());
            return Some(framing);
        }
        let lengths: Vec<_> = headers.get_all(header::CONTENT_LENGTH).iter().collect();
        assert!(lengths.len() <= 1, "two lengths");
        assert!(!headers.contains_key(header::TRANSFER_ENCODING), "the coding is the server's");
        let said = lengths.first().map(|length| {
            let digits = length.as_bytes().iter().all(u8::is_ascii_digit);
            length
                .to_str()
                .ok()
                .and_then(|length| length.parse::<u64>().ok())
                .filter(|_| digits)
                .expect("a number")
        });
        match framing {
            Framing::Whole => assert!(said.is_none() || said == known),
            Framing::Exactly(length) => {
                assert_eq!(said, Some(length));
                assert!(known.is_none_or(|known| length < known), "less than that is no answer");
            }
            Framing::Withheld(length) => assert!(length == said || (said.is_none() && length == known)),
        }
        let none = status == StatusCode::NO_CONTENT;
        assert!(!none || said.is_none(), "a 204 has no length");
        let withheld = is_head || none || status == StatusCode::NOT_MODIFIED;
        assert_eq!(matches!(framing, Framing::Withheld(_)), withheld);
        Some(framing)
    }
}
