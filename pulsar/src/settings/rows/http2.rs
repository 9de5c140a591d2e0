//! Whether HTTP/2 is served, and what one of its connections may make us keep.

use crate::settings::{
    mistake::InvalidValue,
    row::{Row, Scope, Type},
    values::{BodyLimit, boolean, some_seconds, whole},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "http2",
        short: None,
        value_name: "BOOL",
        section: SECTION,
        scope: Scope::Application,
        default: "true",
        help: "Serve HTTP/2 as well, on the same addresses",
        details: "true or false. Without TLS a client has to know that it may begin with HTTP/2, as many proxies and \
                  curl --http2-prior-knowledge do; an Upgrade: h2c is ignored.",
        types: &[Type::Boolean],
        several: None,
        set: |settings, text| boolean(text).map(|http2| settings.http2 = http2),
        show: |settings| settings.http2.to_string(),
    },
    Row {
        name: "h2_max_streams",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "100",
        help: "Most requests in flight on one connection of HTTP/2",
        details: "From 1 to 65535. A client learns of it at the beginning; what it opens beyond that is refused.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 1, 65_535).map(|number| settings.h2_max_streams = number),
        show: |settings| settings.h2_max_streams.to_string(),
    },
    Row {
        name: "h2_stream_window",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "256KiB",
        help: "What a client may send of one body before it is read",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; from 65535 to 2147483647. More is faster \
                  for uploads from far away, and needs more memory.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| window(text).map(|window| settings.h2_stream_window = window),
        show: |settings| BodyLimit::Bytes(settings.h2_stream_window.into()).to_string(),
    },
    Row {
        name: "h2_connection_window",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "1MiB",
        help: "What a client may send of all bodies before it is read",
        details: "As h2_stream_window. It bounds the memory that the bodies of one connection can take.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| window(text).map(|window| settings.h2_connection_window = window),
        show: |settings| BodyLimit::Bytes(settings.h2_connection_window.into()).to_string(),
    },
    Row {
        name: "h2_ping_interval",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "30",
        help: "After how long a silent client is asked whether it is there",
        details: "In seconds, fractions allowed, not 0; unlimited never asks. It finds clients that are gone without a word \
                  while a request of theirs is in flight.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.h2_ping_interval = limit),
        show: |settings| settings.h2_ping_interval.to_string(),
    },
    Row {
        name: "h2_ping_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "10",
        help: "How long its answer to that may take",
        details: "In seconds, fractions allowed, not 0. After it the connection is closed.",
        types: &[Type::Integer, Type::Float],
        several: None,
        set: |settings, text| some_seconds(text).map(|time| settings.h2_ping_timeout = time),
        show: |settings| settings.h2_ping_timeout.as_secs_f64().to_string(),
    },
    Row {
        name: "h2_max_resets",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "256",
        help: "Requests that may fail because the client breaks the rules",
        details: "From 1 to 65535. Each is reset; with one more the connection is closed with GOAWAY. Of those that a client \
                  gives up before they could be begun, 20 may be pending.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 1, 65_535).map(|number| settings.h2_max_resets = number),
        show: |settings| settings.h2_max_resets.to_string(),
    },
];

const SECTION: &str = "HTTP/2";

/// A window of flow control: RFC 9113 section 6.9.2 knows none below nor above.
fn window(text: &str) -> Result<u32, InvalidValue> {
    const LEAST: u32 = 65_535;
    const MOST: u32 = i32::MAX.unsigned_abs();
    let size = match text.parse()? {
        BodyLimit::Bytes(bytes) => u32::try_from(bytes).ok(),
        BodyLimit::Unlimited => None,
    };
    size.filter(|size| (LEAST..=MOST).contains(size)).ok_or_else(|| {
        InvalidValue::new(format!("`{text}` is not a number of bytes from {LEAST} to {MOST}"))
            .with_help("write a size such as `256KiB` or `1MiB`")
    })
}
