//! How requests are read and matched.

use crate::settings::{
    row::{Row, Scope, Type},
    values::{boolean, seconds},
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
