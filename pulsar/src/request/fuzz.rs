//! What has to hold for whatever proxies say, and whatever clients have written before them.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header, uri::Authority};

use super::{
    forwarded::{Headers, Told},
    host,
};
use crate::{
    __fuzz::{headers, lines},
    settings::{ForwardedHeaders, Peers},
};

/// Header lines: what is told is well-formed, and what the last proxy adds is what counts.
pub fn forwarded(data: &[u8]) {
    let Some(sent) = headers(lines(data), true) else { return };
    let trusted: Peers =
        ["10.0.0.0/8", "fd00::/8"].iter().map(|network| network.parse().expect("it is a network")).collect();
    let told = |sent: &HeaderMap, kind| {
        Headers::of(sent).map(|headers| headers.evaluate(kind, &trusted)).unwrap_or_default()
    };
    let [auto, forwarded, x_forwarded] =
        [ForwardedHeaders::Auto, ForwardedHeaders::Forwarded, ForwardedHeaders::XForwarded];
    for kind in [auto, forwarded, x_forwarded] {
        check(&told(&sent, kind));
    }
    let has_x =
        ["for", "proto", "host", "port"].iter().any(|end| sent.contains_key(format!("x-forwarded-{end}")));
    match (sent.contains_key(header::FORWARDED), has_x) {
        (true, true) => {
            let (one, other) = (told(&sent, forwarded), told(&sent, x_forwarded));
            let agreed = told(&sent, auto);
            let both = [one.client, other.client].map(|client| client.map(|client| client.0));
            assert!(agreed.client.is_none_or(|client| both == [Some(client.0); 2]), "{agreed:?}");
            assert!(agreed.scheme.is_none_or(|scheme| [one.scheme, other.scheme] == [Some(scheme); 2]));
        }
        (true, false) => assert_eq!(told(&sent, auto), told(&sent, forwarded)),
        (false, true) => assert_eq!(told(&sent, auto), told(&sent, x_forwarded)),
        (false, false) => assert_eq!(told(&sent, auto), Told::default()),
    }
    // The proxy before us adds its line behind everything else, or its entry to the last line.
    let client: Option<IpAddr> = "203.0.113.9".parse().ok();
    for (name, entry, kind) in [
        ("x-forwarded-for", "203.0.113.9", x_forwarded),
        ("forwarded", "for=203.0.113.9;proto=https;host=shop.example", forwarded),
    ] {
        let mut added = sent.clone();
        added.append(name, HeaderValue::from_static(entry));
        let mut joined = sent.clone();
        let last = sent.get_all(name).iter().next_back().map_or(&b""[..], HeaderValue::as_bytes);
        let line =
            HeaderValue::from_bytes(&[last, b",", entry.as_bytes()].concat()).expect("both were values");
        let before: Vec<_> = sent.get_all(name).iter().rev().skip(1).cloned().collect();
        joined.remove(name);
        for value in before.into_iter().rev().chain([line]) {
            joined.append(name, value);
        }
        for sent in [added, joined] {
            let told = told(&sent, kind);
            assert_eq!(told.client.map(|client| client.0), client, "{sent:?}");
            if kind == forwarded {
                assert_eq!(
                    (told.scheme, told.host.as_deref()),
                    (Some("https"), Some("shop.example")),
                    "{sent:?}"
                );
            }
        }
    }
}

fn check(told: &Told) {
    if let Some((address, port)) = told.client {
        assert_eq!(address, address.to_canonical());
        assert_ne!(port, Some(0));
    }
    assert!(told.scheme.is_none_or(|scheme| ["http", "https"].contains(&scheme)));
    assert_ne!(told.port, Some(0));
    if let Some(host) = &told.host {
        let authority: Authority = host.parse().expect("a host with or without a port");
        assert_eq!(authority.as_str(), host);
        assert!(!host.is_empty() && !host.contains(['@', '/', '?', '#', '\\', '"']), "{host:?}");
        assert!(!host.contains(|c: char| c.is_whitespace() || c.is_control()), "{host:?}");
        assert!(told.port.is_none(), "a host brings its port with it");
    }
}

/// A host as `Host` has it: what is read of it is what stands there.
pub fn host_port(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((name, port)) = host::split(text) else { return };
    match port {
        None => assert_eq!(name, text),
        Some(port) => {
            assert_ne!(port, 0);
            let (before, digits) = text.rsplit_once(':').expect("a port has a colon before it");
            assert_eq!((before, digits.parse()), (name, Ok(port)));
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    assert!(!name.is_empty() && !name.contains(['@', '/', '?', '#', '\\', ' ']), "{name:?}");
    assert!(!name.contains(':') || (name.starts_with('[') && name.ends_with(']')), "{name:?}");
    assert_eq!(host::split(name), Some((name, None)), "a host alone is a host");
}
