//! Which peers are proxies, and what is believed of what they say.

use crate::settings::row::{Row, Scope, Several, Type};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "trusted_proxies",
        short: None,
        value_name: "PEER",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Proxy that is believed; may be given several times",
        details: "An address such as 10.0.0.1, a network such as 10.0.0.0/8 or fd00::/8, or unix for all peers on unix \
                  sockets. From them, and from nobody else, Forwarded or X-Forwarded-For, -Proto, -Host and -Port say who \
                  the client is, which scheme it uses and which host it asked for. The variable takes several peers \
                  separated by commas, the file an array of strings.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.trusted_proxies.clear(),
            texts: |settings| settings.trusted_proxies.iter().map(ToString::to_string).collect(),
        }),
        set: |settings, text| settings.trusted_proxies.add(text),
        show: |settings| settings.trusted_proxies.to_string(),
    },
    Row {
        name: "forwarded_headers",
        short: None,
        value_name: "KIND",
        section: SECTION,
        scope: Scope::Application,
        default: "auto",
        help: "Which forwarding headers the trusted proxies write",
        details: "forwarded for the header Forwarded (RFC 7239), x-forwarded for X-Forwarded-For, -Proto, -Host and \
                  -Port, auto for whichever comes. Many proxies write one kind and pass on what a client sends as the other: \
                  if both kinds come, auto believes only what both of them say. Name the kind that yours write.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|kind| settings.forwarded_headers = kind),
        show: |settings| settings.forwarded_headers.to_string(),
    },
    Row {
        name: "proxy_protocol",
        short: None,
        value_name: "PEER",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Peer that begins with a PROXY header; may be given several times",
        details: "In the forms of `trusted_proxies`. Version 1 and 2 of the PROXY protocol. A connection from such a peer that \
                  begins with anything else is closed; from all others a PROXY header is a bad request.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.proxy_protocol.clear(),
            texts: |settings| settings.proxy_protocol.iter().map(ToString::to_string).collect(),
        }),
        set: |settings, text| settings.proxy_protocol.add(text),
        show: |settings| settings.proxy_protocol.to_string(),
    },
];

const SECTION: &str = "Proxies";
