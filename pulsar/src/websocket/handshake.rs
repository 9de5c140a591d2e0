//! What a request has to have to become a WebSocket: RFC 6455 section 4.2.1, and RFC 8441 section 5 over HTTP/2.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version,
    header::{
        ALLOW, CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
    request::Parts,
};
use sha1_smol::Sha1;

use crate::{
    body::{Body, Response},
    problem::Problem,
    request::is_websocket_connect,
};

/// A good handshake, by the version of HTTP that it came over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// The value of `Sec-WebSocket-Accept`.
    Upgrade(HeaderValue),
    Connect,
}

impl Handshake {
    /// Fails with the answer to a request that cannot become a WebSocket.
    pub(super) fn of(parts: &Parts) -> Result<Self, Box<Problem>> {
        if is_websocket_connect(&parts.method, &parts.extensions) {
            version(&parts.headers)?;
            return Ok(Self::Connect);
        }
        if parts.method != Method::GET {
            let problem = refused(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with a GET request");
            return Err(Box::new(problem.with_header(ALLOW, HeaderValue::from_static("GET"))));
        }
        let bad = |detail| Box::new(refused(StatusCode::BAD_REQUEST, detail));
        if parts.version > Version::HTTP_11 {
            return Err(bad("over HTTP/2, a WebSocket begins with an extended CONNECT (RFC 8441)"));
        }
        if parts.version < Version::HTTP_11 || !has_token(&parts.headers, &UPGRADE, "websocket") {
            let detail = "this is a WebSocket; the request has to ask for an upgrade to it";
            return Err(Box::new(upgrade_required(detail)));
        }
        if !has_token(&parts.headers, &CONNECTION, "upgrade") {
            return Err(bad("the header `Connection` of a WebSocket handshake has to name `upgrade`"));
        }
        // What follows the head is frames, for us as for every proxy on the way.
        if parts.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
            || parts.headers.contains_key(TRANSFER_ENCODING)
        {
            return Err(bad("a WebSocket handshake has no body"));
        }
        version(&parts.headers)?;
        let mut keys = parts.headers.get_all(SEC_WEBSOCKET_KEY).iter();
        match (keys.next(), keys.next()) {
            (Some(key), None) if is_key(key) => Ok(Self::Upgrade(accept(key))),
            _ => Err(bad("a WebSocket handshake has one header `Sec-WebSocket-Key`: 16 bytes in base64")),
        }
    }

    /// The answer that makes the connection a WebSocket.
    pub(super) fn answer(self, protocol: Option<HeaderValue>) -> Response {
        let mut response = Response::new(Body::empty());
        if let Self::Upgrade(accept) = self {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, WEBSOCKET);
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

/// The protocols that a client offers, the ones it likes best first.
pub(super) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    tokens(headers, &SEC_WEBSOCKET_PROTOCOL)
}

fn version(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    let mut versions = headers.get_all(SEC_WEBSOCKET_VERSION).iter();
    match (versions.next(), versions.next()) {
        (Some(version), None) if version == "13" => Ok(()),
        _ => {
            let problem = upgrade_required("the version of the WebSocket protocol here is 13");
            Err(Box::new(problem.with_header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))))
        }
    }
}

/// RFC 9110 section 15.5.22 asks for `Upgrade`, and section 7.8 for `Connection` beside it.
fn upgrade_required(detail: &'static str) -> Problem {
    refused(StatusCode::UPGRADE_REQUIRED, detail)
        .with_header(UPGRADE, WEBSOCKET)
        .with_header(CONNECTION, HeaderValue::from_static("upgrade"))
}

fn refused(status: StatusCode, detail: &'static str) -> Problem {
    Problem::new(status).with_detail(detail)
}

fn is_key(key: &HeaderValue) -> bool {
    key.len() == KEY_LENGTH && STANDARD.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
}

/// Proves that this is a WebSocket server and not one that answers whatever it is asked.
pub(crate) fn accept(key: &HeaderValue) -> HeaderValue {
    let mut hash = Sha1::from(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(hash.digest().bytes());
    HeaderValue::try_from(accept).expect("base64 is ASCII")
}

/// Whether a header that is a list, maybe in several lines, names `token`.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|known| known.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// 16 bytes in base64.
const KEY_LENGTH: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_has_the_answer_of_the_rfc() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert!(is_key(&key));
        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
