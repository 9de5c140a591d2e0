//! How requests are read and matched.

use crate::settings::{
    row::{Row, Scope, Several, Type},
    values::{boolean, host, seconds, show_size, size, whole},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "keep_alive",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "30",
        help: "How long a connection may be idle between two requests",
        details: "In seconds, fractions allowed. It is also how long a new connection may send nothing. 0 closes a connection \
                  after its answer; its first request may then take 30 s to begin.",
        types: &[Type::Integer, Type::Float],
        several: None,
        set: |settings, text| seconds(text).map(|time| settings.keep_alive = time),
        show: |settings| settings.keep_alive.as_secs_f64().to_string(),
    },
    Row {
        name: "max_target",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "8KiB",
        help: "Longest target of a request, path and query",
        details: "In bytes, or with k, m (or KiB, MiB) for steps of 1024, up to 63KiB. A longer one is answered with 414.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| size(text, 64, 63 << 10).map(|bytes| settings.max_target = bytes),
        show: |settings| show_size(settings.max_target),
    },
    Row {
        name: "max_head",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "32KiB",
        help: "Longest head of a request, all its header fields and its first line",
        details: "In bytes, or with k, m (or KiB, MiB) for steps of 1024, from 1KiB to 1MiB. A longer one is answered with 431. The \
                  trailers of a chunked body have the same limit, and so has the list of header fields in HTTP/2.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| size(text, 1 << 10, 1 << 20).map(|bytes| settings.max_head = bytes),
        show: |settings| show_size(settings.max_head),
    },
    Row {
        name: "max_headers",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "100",
        help: "Most header fields of a request",
        details: "More are answered with 431. Another number than 100 makes each request of HTTP/1 a little slower.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 8, 4096).map(|most| settings.max_headers = most),
        show: |settings| settings.max_headers.to_string(),
    },
    Row {
        name: "max_body",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "8MiB",
        help: "Longest request body that is read",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; unlimited removes the limit. A \
                  longer body is answered with 413. A layer DefaultBodyLimit sets a lower limit for what extractors read.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.max_body = limit),
        show: |settings| settings.max_body.to_string(),
    },
    Row {
        name: "body_buffer",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "64KiB",
        help: "How much of a body is read before a callable that blocks is called",
        details: "In bytes, or with k, m (or KiB, MiB) for steps of 1024, up to 16MiB. It is for WSGI: a client that sends a short body slowly \
                  holds no thread then; what is longer is read while it comes. A callable that is inline reads no more than that.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| size(text, 0, 16 << 20).map(|bytes| settings.body_buffer = bytes),
        show: |settings| show_size(settings.body_buffer),
    },
    Row {
        name: "body_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "15",
        help: "How long the next piece of a request body may take",
        details: "In seconds, fractions allowed; unlimited removes the limit. It counts while the application waits for the client. Then \
                  reading the body fails, and the answer is 408.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.body_timeout = limit),
        show: |settings| settings.body_timeout.to_string(),
    },
    Row {
        name: "slow_request",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "30",
        help: "How long a route may take until its answer before the log says so",
        details: "In seconds, fractions allowed; unlimited says nothing. Nobody is cut off for it: a line of the log names the route, its \
                  place and the id of the request.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.slow_request = limit),
        show: |settings| settings.slow_request.to_string(),
    },
    Row {
        name: "allowed_hosts",
        short: None,
        value_name: "HOST",
        section: SECTION,
        scope: Scope::Application,
        default: "any",
        help: "A host that the application answers for; others are refused",
        details: "A name such as example.org, every name below one such as *.example.org, or an address; with a port only that port. A \
                  request for another host is answered with 421. any is every host.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.allowed_hosts.clear(),
            texts: |settings| settings.allowed_hosts.clone(),
        }),
        set: |settings, text| match text {
            ANY => {
                settings.allowed_hosts.clear();
                Ok(())
            }
            _ => host(text).map(|host| settings.allowed_hosts.push(host)),
        },
        show: |settings| match settings.allowed_hosts.as_slice() {
            [] => ANY.to_owned(),
            hosts => hosts.join(", "),
        },
    },
    Row {
        name: "strict_slashes",
        short: None,
        value_name: "BOOL",
        section: SECTION,
        scope: Scope::Application,
        default: "true",
        help: "Redirect /users/ to /users, or the reverse, if only that exists",
        details: "true or false. With false such a path is served as if it were spelt like the rule.",
        types: &[Type::Boolean],
        several: None,
        set: |settings, text| boolean(text).map(|strict| settings.strict_slashes = strict),
        show: |settings| settings.strict_slashes.to_string(),
    },
];

const SECTION: &str = "Requests";
/// How it is written that every host is meant.
const ANY: &str = "any";
