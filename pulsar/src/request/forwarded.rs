//! What proxies say of a client: `Forwarded` (RFC 7239) and the headers `X-Forwarded-*`.
//!
//! A header is a list to which every proxy adds at the right end, so only the right end is the word of the proxy before us;
//! what stands further to the left is the word of whoever is named there. So lists are read from the right for as long as those who are
//! named are trusted. What cannot be read ends the walk at the last proxy that could. Nothing here knows a connection: the caller has made
//! sure that the peer is trusted.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    request::host,
    settings::{ForwardedHeaders, Peers},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// What trusted proxies say; what they do not say is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The address of the client, and its port.
    pub(super) client: Option<(IpAddr, Option<u16>)>,
    /// `http` or `https`.
    pub(super) scheme: Option<&'static str>,
    /// The host, with its port if that is not the scheme's own.
    pub(super) host: Option<String>,
    /// The port that the client asked for, if no host was told with it.
    pub(super) port: Option<u16>,
}

/// The forwarding headers of a request.
#[derive(Debug, Default)]
pub(super) struct Headers {
    forwarded: Vec<HeaderValue>,
    client: Vec<HeaderValue>,
    scheme: Vec<HeaderValue>,
    host: Vec<HeaderValue>,
    port: Vec<HeaderValue>,
}

impl Headers {
    /// Those of a request, if it has any.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let all = |name: &HeaderName| headers.get_all(name).iter().cloned().collect();
        let found = Self {
            forwarded: all(&header::FORWARDED),
            client: all(&X_FORWARDED_FOR),
            scheme: all(&X_FORWARDED_PROTO),
            host: all(&X_FORWARDED_HOST),
            port: all(&X_FORWARDED_PORT),
        };
        (found.has_forwarded() || found.has_x_forwarded()).then_some(found)
    }

    fn has_forwarded(&self) -> bool {
        !self.forwarded.is_empty()
    }

    fn has_x_forwarded(&self) -> bool {
        [&self.client, &self.scheme, &self.host, &self.port].iter().any(|values| !values.is_empty())
    }

    /// What they come to, if they are a trusted peer's.
    pub(super) fn evaluate(&self, kind: ForwardedHeaders, trusted: &Peers) -> Told {
        match kind {
            ForwardedHeaders::Forwarded => self.forwarded(trusted),
            ForwardedHeaders::XForwarded => self.x_forwarded(trusted),
            ForwardedHeaders::Auto => match (self.has_forwarded(), self.has_x_forwarded()) {
                (true, false) => self.forwarded(trusted),
                (false, _) => self.x_forwarded(trusted),
                // A proxy that writes one kind passes on what a client has sent as the other one.
                (true, true) => agreed(self.forwarded(trusted), self.x_forwarded(trusted)),
            },
        }
    }

    fn forwarded(&self, trusted: &Peers) -> Told {
        let (mut told, mut host) = (Told::default(), None);
        for element in self.forwarded.iter().rev().flat_map(Elements::of) {
            let Some(Element { client, scheme, host: element_host }) = Element::parse(element) else { break };
            told.scheme = scheme.or(told.scheme);
            host = element_host.or(host);
            let Some(client) = client else { break };
            told.client = Some(client);
            if !trusted.contains(client.0) {
                break;
            }
        }
        told.host = host.map(|(host, port)| written(&host, port, told.scheme));
        told
    }

    fn x_forwarded(&self, trusted: &Peers) -> Told {
        let (mut client, mut hops) = (None, 0);
        for entry in from_the_right(&self.client) {
            let Some(node) = address(entry) else { break };
            hops += 1;
            client = Some(node);
            if !trusted.contains(node.0) {
                break;
            }
        }
        // The other lists need not be as long: proxies that write one value in place of what was there are as common.
        let far = |values| from_the_right(values).take(hops.max(1)).last();
        let scheme = far(&self.scheme).and_then(scheme);
        let port = far(&self.port).and_then(host::port);
        match far(&self.host).and_then(host::split) {
            Some((host, own)) => {
                Told { client, scheme, host: Some(written(host, port.or(own), scheme)), port: None }
            }
            None => Told { client, scheme, host: None, port },
        }
    }
}

/// What both say. A client that one of them does not name, or names another, is nobody's word.
fn agreed(one: Told, other: Told) -> Told {
    if one.client.map(|client| client.0) != other.client.map(|client| client.0) {
        return Told::default();
    }
    Told {
        client: one
            .client
            .map(|(address, port)| (address, port.or(other.client.and_then(|client| client.1)))),
        scheme: one.scheme.filter(|scheme| other.scheme == Some(scheme)),
        host: one
            .host
            .filter(|host| other.host.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(host))),
        port: one.port.filter(|port| other.port == Some(*port)),
    }
}

/// The entries of a list that may be spread over several headers, the last one first; what is no text is the empty entry.
fn from_the_right(values: &[HeaderValue]) -> impl Iterator<Item = &str> {
    let entries = values.iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    let entries = entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty());
    entries.map(|entry| std::str::from_utf8(entry).unwrap_or_default())
}

/// The elements of a `Forwarded`, the last one first. A comma between quotes is no end, and a quote that a client has left open at the
/// left does not reach the elements that proxies have added.
struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    fn of(value: &'a HeaderValue) -> Self {
        Self { rest: Some(value.as_bytes()) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest.take()?;
            let (mut quoted, mut at) = (false, rest.len());
            let element = loop {
                if at == 0 {
                    break rest;
                }
                at -= 1;
                match rest[at] {
                    b'"' => {
                        let escapes = rest[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                        quoted ^= escapes % 2 == 0;
                        at -= escapes;
                    }
                    b',' if !quoted => {
                        self.rest = Some(&rest[..at]);
                        break &rest[at + 1..];
                    }
                    _ => {}
                }
            };
            let element = element.trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

/// What one proxy says.
struct Element {
    client: Option<(IpAddr, Option<u16>)>,
    scheme: Option<&'static str>,
    host: Option<(String, Option<u16>)>,
}

impl Element {
    /// The parameters of an element; none of them if it is malformed, or one is there twice.
    fn parse(element: &[u8]) -> Option<Self> {
        let mut rest = std::str::from_utf8(element).ok()?;
        let (mut by_name, mut seen) = ([None, None, None], [false; 3]);
        loop {
            rest = rest.trim_ascii_start();
            if let Some(after) = rest.strip_prefix(';') {
                rest = after;
                continue;
            }
            if rest.is_empty() {
                break;
            }
            let (name, after) = rest.split_once('=')?;
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            let (value, after) = value(after)?;
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(';') {
                return None;
            }
            let known = ["for", "proto", "host"].iter().position(|known| known.eq_ignore_ascii_case(name));
            if let Some(known) = known {
                if std::mem::replace(&mut seen[known], true) {
                    return None;
                }
                by_name[known] = Some(value);
            }
        }
        let [client, proto, name] = by_name;
        let scheme = match proto {
            Some(text) => Some(scheme(&text)?),
            None => None,
        };
        let host = match name {
            Some(text) => host::split(&text).map(|(host, port)| Some((host.to_owned(), port)))?,
            None => None,
        };
        // `unknown` and names that hide something are well-formed, and no address.
        Some(Self { client: client.and_then(|text| address(&text)), scheme, host })
    }
}

/// The value that a text begins with, a token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // Addresses with `:` and `[` have to be quoted, and often are not.
        let end = text.bytes().position(|byte| !(is_token(byte) || matches!(byte, b':' | b'[' | b']')));
        let (value, rest) = text.split_at(end.unwrap_or(text.len()));
        return (!value.is_empty()).then_some((Cow::Borrowed(value), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `192.0.2.7`, `2001:db8::7` or `[2001:db8::7]`, with a port or without. A port that hides something, `_x`, is none.
fn address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_canonical(), None));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        // An address with a zone, `%1`, is of one machine alone.
        let has_zone = matches!(address, SocketAddr::V6(address) if address.scope_id() != 0);
        let port = Some(address.port()).filter(|port| *port > 0);
        return (!has_zone).then(|| (address.ip().to_canonical(), port));
    }
    let hidden = |port: &str| {
        let name = port.strip_prefix('_').unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let host = match text.rsplit_once(':') {
        Some((host, port)) if hidden(port) && (host.ends_with(']') || !host.contains(':')) => host,
        _ => text,
    };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => Some((IpAddr::V6(inner.parse().ok()?).to_canonical(), None)),
        None if host.len() < text.len() => Some((host.parse().ok()?, None)),
        None => None,
    }
}

/// The scheme of a page; a WebSocket has that of the page that opens it.
fn scheme(text: &str) -> Option<&'static str> {
    const SCHEMES: [(&str, &str); 4] =
        [("http", "http"), ("https", "https"), ("ws", "http"), ("wss", "https")];
    SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, scheme)| *scheme)
}

/// A host with its port, if that is not the scheme's own.
fn written(host: &str, port: Option<u16>, scheme: Option<&'static str>) -> String {
    match (port, scheme) {
        (None, _) | (Some(443), Some("https")) | (Some(80), Some("http")) => host.to_owned(),
        (Some(port), _) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests;
