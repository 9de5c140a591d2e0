//! The judgement on the head of a request.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header, uri::Scheme};
use http_body::Body;

use super::{body::BodyLimits, coding, host, hosts::Hosts, refusal::Refusal, target};
use crate::{
    board::Limit,
    problem::Accept,
    request::{Connection, X_REQUEST_ID, is_standard, is_websocket_connect},
};

/// What an application's settings ask of a request.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The longest target, in bytes.
    pub(crate) max_target: usize,
    /// The most header fields. hyper counts those of HTTP/1.
    pub(crate) max_headers: usize,
    /// What the body may take.
    pub(crate) body: BodyLimits,
    /// The hosts that are answered for.
    pub(crate) hosts: Hosts,
}

/// What the headers of a request have that matters here. All of it is found in one pass: to ask for each would cost more than the rest.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    headers: &'a HeaderMap,
    host: Option<&'a HeaderValue>,
    hosts: usize,
    types: usize,
    is_coded: bool,
    expects_more: bool,
    accept: Option<&'a HeaderValue>,
    accepts: usize,
    /// The id that the client gave the request.
    pub(crate) request_id: Option<&'a HeaderValue>,
}

impl<'a> Seen<'a> {
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        static REQUEST_ID: HeaderName = X_REQUEST_ID;
        let (mut host, mut accept, mut request_id) = (None, None, None);
        let (mut hosts, mut types, mut accepts, mut is_coded, mut expects_more) = (0, 0, 0, false, false);
        for (name, value) in headers {
            match *name {
                header::HOST => {
                    host.get_or_insert(value);
                    hosts += 1;
                }
                header::ACCEPT => {
                    accept.get_or_insert(value);
                    accepts += 1;
                }
                header::TRANSFER_ENCODING => is_coded = true,
                header::CONTENT_TYPE => types += 1,
                header::EXPECT => {
                    expects_more |= !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
                }
                _ if *name == REQUEST_ID => {
                    request_id.get_or_insert(value);
                }
                _ => {}
            }
        }
        Self { headers, host, hosts, types, is_coded, expects_more, accept, accepts, request_id }
    }

    pub(crate) fn accept(&self) -> Accept {
        Accept::seen(self.accept, self.accepts == 1, self.headers)
    }
}

/// Judges a request that came by this connection, with what its headers have. A host that was found to be good stays in `known`, for the
/// next request of the same connection.
///
/// # Errors
///
/// When it must not reach the application; the refusal is the answer.
pub(crate) fn judge<B: Body>(
    rules: &Rules,
    request: &Request<B>,
    seen: &Seen<'_>,
    connection: &Connection,
    known: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let (method, uri, version) = (request.method(), request.uri(), request.version());
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length + uri.authority().map_or(0, |authority| authority.as_str().len()) > rules.max_target {
        return Err(TARGET_TOO_LONG);
    }
    if !is_standard(method) && method.as_str().len() > LONGEST_METHOD {
        return Err(METHOD_TOO_LONG);
    }
    // Over HTTP/2 a WebSocket is opened by CONNECT, with the target of any other request: RFC 8441 section 4.
    let is_websocket = is_websocket_connect(method, request.extensions());
    let named = target::judge(if is_websocket { &Method::GET } else { method }, uri)?;
    if seen.hosts > 1 {
        return Err(TWO_HOSTS);
    }
    if seen.expects_more && version > Version::HTTP_10 {
        return Err(EXPECTATION);
    }
    let headers = seen.headers;
    if seen.is_coded {
        coding::judge(headers.get_all(header::TRANSFER_ENCODING).iter())?;
    }
    if seen.types > 1 {
        return Err(TWO_TYPES);
    }
    if version == Version::HTTP_2 {
        // HTTP/1 has lost them when it is parsed; in HTTP/2 they are malformed: RFC 9113 section 8.2.1.
        if headers.values().any(|value| has_outer_space(value.as_bytes())) {
            return Err(OUTER_SPACE);
        }
        if headers.len() > rules.max_headers {
            return Err(TOO_MANY_HEADERS);
        }
        // The transport is what is known of it, unless a proxy speaks for its client: RFC 9113 section 8.3.1.
        let is_own = |scheme: &Scheme| (*scheme == Scheme::HTTPS) == connection.is_secure();
        if !connection.is_trusted() && !uri.scheme().is_none_or(is_own) {
            return Err(OTHER_SCHEME);
        }
    }
    let host = seen.host.map(HeaderValue::as_bytes);
    if named.is_some() || host.is_none_or(|host| host.is_empty() || host != known.as_slice()) {
        judge_host(rules, request, named, host, connection)?;
        known.clear();
        // With a host in the target as well, it matters which of them it was.
        known.extend_from_slice(host.filter(|_| named.is_none()).unwrap_or_default());
    }
    judge_length(rules, request.body())
}

/// Which host is meant: exactly one, by one name.
fn judge_host<B>(
    rules: &Rules,
    request: &Request<B>,
    named: Option<&str>,
    host: Option<&[u8]>,
    connection: &Connection,
) -> Result<(), Refusal> {
    let version = request.version();
    let is_https = request.uri().scheme().map_or(connection.is_secure(), |scheme| *scheme == Scheme::HTTPS);
    let default_port: &[u8] = if is_https { b"443" } else { b"80" };
    let meant = match (named.map(str::as_bytes), host) {
        (_, Some(host)) if !host::is_valid(host) => return Err(MALFORMED_HOST),
        (Some(named), Some(host)) if !host::is_same(named, host, default_port) => return Err(OTHER_HOST),
        (_, Some(host)) => host,
        // The target may stand for the field in HTTP/2, and in HTTP/1.0, which has none.
        (Some(named), None) if version != Version::HTTP_11 => named,
        (None, None) if version < Version::HTTP_11 => return Ok(()),
        (_, None) => return Err(NO_HOST),
    };
    if !rules.hosts.allow(meant) {
        return Err(MISDIRECTED);
    }
    let Some(tls) = connection.tls() else { return Ok(()) };
    let name = std::str::from_utf8(host::split_port(meant).0);
    if name.is_ok_and(|name| tls.is_misdirected(name)) { Err(OTHER_CERTIFICATE) } else { Ok(()) }
}

/// A length that is said is compared before anything is read.
fn judge_length(rules: &Rules, body: &impl Body) -> Result<(), Refusal> {
    let said = body.size_hint().lower();
    match rules.body.max {
        Some(max) if said > max => Err(BODY_TOO_LONG),
        _ if said > LONGEST_BODY => Err(IMPOSSIBLE_LENGTH),
        _ => Ok(()),
    }
}

fn has_outer_space(value: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_space(value.first()) || is_space(value.last())
}

/// Longer than any method that is registered.
const LONGEST_METHOD: usize = 32;
/// What a signed number holds: nobody means more, and not everybody can count further.
const LONGEST_BODY: u64 = i64::MAX as u64;

const METHOD_TOO_LONG: Refusal =
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "no method has a name of more than 32 characters");
const TARGET_TOO_LONG: Refusal =
    Refusal::over(Limit::MaxTarget, StatusCode::URI_TOO_LONG, "the target is longer than `max_target`");
const TOO_MANY_HEADERS: Refusal = Refusal::over(
    Limit::MaxHeaders,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "there are more header fields than `max_headers`",
);
const BODY_TOO_LONG: Refusal =
    Refusal::over(Limit::MaxBody, StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than `max_body`");
const IMPOSSIBLE_LENGTH: Refusal = Refusal::bad("Content-Length is more than a body can have");
const NO_HOST: Refusal = Refusal::bad("the header Host is missing");
const TWO_HOSTS: Refusal = Refusal::bad("there is more than one header Host");
const MALFORMED_HOST: Refusal = Refusal::bad("the header Host is not a host with or without a port");
const OTHER_HOST: Refusal = Refusal::bad("the target and the header Host name different hosts");
const MISDIRECTED: Refusal = Refusal::new(
    StatusCode::MISDIRECTED_REQUEST,
    "this server does not answer for that host (see `allowed_hosts`)",
);
const OTHER_CERTIFICATE: Refusal = Refusal::new(
    StatusCode::MISDIRECTED_REQUEST,
    "the connection was made for another host, whose certificate does not cover this one",
);
const OTHER_SCHEME: Refusal = Refusal::bad("the scheme is not the one of the connection");
const OUTER_SPACE: Refusal = Refusal::bad("a header value begins or ends with a space");
const TWO_TYPES: Refusal = Refusal::bad("there is more than one header Content-Type");
const EXPECTATION: Refusal =
    Refusal::new(StatusCode::EXPECTATION_FAILED, "the only expectation that can be met is 100-continue");

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::{
        request::{Peer, Tls},
        settings::TlsVersion,
    };

    fn plain() -> Connection {
        Connection::new(Peer::Unknown, None, 1)
    }

    fn rules() -> Rules {
        Rules {
            max_target: 100,
            max_headers: 5,
            body: BodyLimits { max: Some(10), ..BodyLimits::default() },
            hosts: Hosts::default(),
        }
    }

    fn judged(rules: &Rules, request: &Request<Full<&[u8]>>, connection: &Connection) -> Result<(), Refusal> {
        judge(rules, request, &Seen::of(request.headers()), connection, &mut Vec::new())
    }

    type Row = (Version, &'static str, &'static [(&'static str, &'static str)], Result<(), Refusal>);

    #[test]
    fn requests_are_judged() {
        const ONE: Version = Version::HTTP_11;
        const TWO: Version = Version::HTTP_2;
        const ZERO: Version = Version::HTTP_10;
        let rows: &[Row] = &[
            (ONE, "/", &[("host", "a")], Ok(())),
            (ONE, "/", &[], Err(NO_HOST)),
            (ZERO, "/", &[], Ok(())),
            (ONE, "/", &[("host", "a"), ("host", "a")], Err(TWO_HOSTS)),
            (ONE, "/", &[("host", "a"), ("host", "b")], Err(TWO_HOSTS)),
            (ONE, "/", &[("host", "")], Err(MALFORMED_HOST)),
            (ONE, "/", &[("host", "a b")], Err(MALFORMED_HOST)),
            (ONE, "http://a/x", &[("host", "a")], Ok(())),
            (ONE, "http://a:80/x", &[("host", "a")], Ok(())),
            (ONE, "http://a/x", &[("host", "A:80")], Ok(())),
            (ONE, "http://evil/x", &[("host", "a")], Err(OTHER_HOST)),
            // The field is required in HTTP/1.1 even then: RFC 9112 section 3.2.
            (ONE, "http://a/x", &[], Err(NO_HOST)),
            (ZERO, "http://a/x", &[], Ok(())),
            (TWO, "http://a/", &[], Ok(())),
            (TWO, "http://a/", &[("host", "a")], Ok(())),
            (TWO, "http://a/", &[("host", "b")], Err(OTHER_HOST)),
            (TWO, "/", &[("host", "a")], Ok(())),
            (TWO, "/", &[], Err(NO_HOST)),
            (TWO, "https://a/", &[], Err(OTHER_SCHEME)),
            (TWO, "http://a/", &[("x", " y")], Err(OUTER_SPACE)),
            (TWO, "http://a/", &[("x", "y\t")], Err(OUTER_SPACE)),
            (TWO, "http://a/", &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "")], Ok(())),
            (
                TWO,
                "http://a/",
                &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", ""), ("f", "")],
                Err(TOO_MANY_HEADERS),
            ),
            (ONE, "/", &[("host", "a"), ("transfer-encoding", "chunked")], Ok(())),
            (ONE, "/", &[("host", "a"), ("expect", "100-Continue")], Ok(())),
            (ONE, "/", &[("host", "a"), ("expect", "200-maybe")], Err(EXPECTATION)),
            (ZERO, "/", &[("host", "a"), ("expect", "200-maybe")], Ok(())),
            (ONE, "/", &[("host", "a"), ("content-type", "a/b"), ("content-type", "a/b")], Err(TWO_TYPES)),
        ];
        for (version, uri, headers, expected) in rows {
            let mut request = Request::builder().version(*version).uri(*uri);
            for (name, value) in *headers {
                // As HTTP/2 lets them through.
                request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let request = request.body(Full::<&[u8]>::default()).unwrap();
            assert_eq!(judged(&rules(), &request, &plain()), *expected, "{version:?} {uri} {headers:?}");
        }
    }

    #[test]
    fn a_host_that_is_known_to_be_good_is_good_alone() {
        let mut known = Vec::new();
        let rules = Rules { hosts: Hosts::new(&["a".to_owned(), "b".to_owned()]), ..rules() };
        for (uri, host, expected) in [
            ("/", Some("a"), Ok(())),
            ("/", Some("a"), Ok(())),
            ("http://b/", Some("a"), Err(OTHER_HOST)),
            ("http://b/", Some("b"), Ok(())),
            ("/", Some("c"), Err(MISDIRECTED)),
            ("/", Some("c"), Err(MISDIRECTED)),
            ("/", Some(""), Err(MALFORMED_HOST)),
            ("/", None, Err(NO_HOST)),
            ("/", Some("b"), Ok(())),
            ("/", Some("a b"), Err(MALFORMED_HOST)),
            ("/", Some("b"), Ok(())),
            ("http://a/", Some("b"), Err(OTHER_HOST)),
        ] {
            let mut request = Request::builder().uri(uri);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let request = request.body(Full::<&[u8]>::default()).unwrap();
            let judged = judge(&rules, &request, &Seen::of(request.headers()), &plain(), &mut known);
            assert_eq!(judged, expected, "{uri} {host:?}");
        }
    }

    #[test]
    fn limits_are_met_at_their_value_and_not_above() {
        let request = |method: &str, target: String, body: usize| {
            let body = Full::new(vec![b'x'; body].leak() as &[u8]);
            Request::builder().method(method).uri(target).header("host", "a").body(body).unwrap()
        };
        let path = |length: usize| format!("/{}", "x".repeat(length - 1));
        for (request, expected) in [
            (request("GET", path(100), 0), Ok(())),
            (request("GET", path(101), 0), Err(TARGET_TOO_LONG)),
            (request(&"M".repeat(32), path(1), 0), Ok(())),
            (request(&"M".repeat(33), path(1), 0), Err(METHOD_TOO_LONG)),
            (request("POST", path(1), 10), Ok(())),
            (request("POST", path(1), 11), Err(BODY_TOO_LONG)),
        ] {
            assert_eq!(judged(&rules(), &request, &plain()), expected, "{request:?}");
        }
    }

    #[test]
    fn the_scheme_of_http2_is_that_of_the_connection() {
        let encrypted = plain().with_tls(Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256"));
        for (uri, connection, expected) in [
            ("http://a/", &plain(), Ok(())),
            ("https://a/", &plain(), Err(OTHER_SCHEME)),
            ("https://a/", &encrypted, Ok(())),
            ("http://a/", &encrypted, Err(OTHER_SCHEME)),
        ] {
            let request =
                Request::builder().version(Version::HTTP_2).uri(uri).body(Full::<&[u8]>::default()).unwrap();
            assert_eq!(judged(&rules(), &request, connection), expected, "{uri}");
        }
    }

    #[test]
    fn other_hosts_are_misdirected() {
        let rules = Rules { hosts: Hosts::new(&["a".to_owned()]), ..rules() };
        for (host, expected) in [("a", Ok(())), ("a:1", Ok(())), ("b", Err(MISDIRECTED))] {
            let request = Request::builder().header("host", host).body(Full::<&[u8]>::default()).unwrap();
            assert_eq!(judged(&rules, &request, &plain()), expected, "{host}");
        }
    }
}
