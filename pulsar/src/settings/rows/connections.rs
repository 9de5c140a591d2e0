//! How long connections may take for what they do, and how many there may be.

use crate::settings::row::{Row, Scope, Type};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "head_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "10",
        help: "How long the head of a request may take",
        details: "In seconds from its first byte on, fractions allowed, not 0; unlimited removes the limit. A slower one is answered with 408, and \
                  the connection is closed. A client that sends no byte has keep_alive.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.head_timeout = limit),
        show: |settings| settings.head_timeout.to_string(),
    },
    Row {
        name: "preface_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "5",
        help: "How long what comes before the first request may take",
        details: "In seconds, fractions allowed, not 0; unlimited removes the limit. A client that begins the preface of \
                  HTTP/2, or has to begin with a PROXY header, and does not complete it in time is disconnected.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.preface_timeout = limit),
        show: |settings| settings.preface_timeout.to_string(),
    },
    Row {
        name: "write_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "30",
        help: "How long a client may take nothing of an answer that is ready",
        details: "In seconds, fractions allowed, not 0; unlimited removes the limit. A client that takes not one byte for so \
                  long is disconnected. It does not matter how long the application takes to make the answer.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.write_timeout = limit),
        show: |settings| settings.write_timeout.to_string(),
    },
    Row {
        name: "min_rate",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "500",
        help: "Bytes a second that a client has to send or take",
        details: "A whole number; off removes the limit. It is measured over at least 10 s in which the client was always waited \
                  for: a body that comes more slowly is answered with 408, a client that takes less of its answer is disconnected.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|rate| settings.min_rate = rate),
        show: |settings| settings.min_rate.to_string(),
    },
    Row {
        name: "max_connections",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "10000",
        help: "Most connections that a worker has open at the same time",
        details: "A whole number; unlimited removes the limit. It is shared out among the event loops of a worker (threads); \
                  each has room for one at least. Beyond it connections wait in the backlog until one is closed. A worker \
                  needs as many open files, and some more for itself (ulimit -n).",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.max_connections = limit),
        show: |settings| settings.max_connections.to_string(),
    },
    Row {
        name: "max_connection_requests",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "10000",
        help: "Most requests on one connection",
        details: "A whole number; unlimited removes the limit. The last answer says that the connection is closed, with \
                  Connection: close, or GOAWAY in HTTP/2, so that clients connect again and are spread anew.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.max_connection_requests = limit),
        show: |settings| settings.max_connection_requests.to_string(),
    },
    Row {
        name: "max_connection_age",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "3600",
        help: "How old a connection may get",
        details: "In seconds, fractions allowed, not 0; unlimited removes the limit. An older one is closed when it is idle, \
                  else after the answers that are under way, as with max_connection_requests.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.max_connection_age = limit),
        show: |settings| settings.max_connection_age.to_string(),
    },
];

const SECTION: &str = "Connections";
