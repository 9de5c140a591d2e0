//! What is written about what happens.

use crate::settings::row::{Row, Scope, Type};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "log_level",
        short: None,
        value_name: "LEVEL",
        section: SECTION,
        scope: Scope::Program,
        default: "info",
        help: "What is logged",
        details: "error, warn, info, debug, trace or off, or directives for single modules such as info,hyper=warn.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|level| settings.log_level = level),
        show: |settings| settings.log_level.to_string(),
    },
    Row {
        name: "log_format",
        short: None,
        value_name: "FORMAT",
        section: SECTION,
        scope: Scope::Program,
        default: "text",
        help: "How lines of the log are written",
        details: "text for people, json for one JSON object per line.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|format| settings.log_format = format),
        show: |settings| settings.log_format.to_string(),
    },
    Row {
        name: "access_log",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Program,
        default: "off",
        help: "Where one line per request is written",
        details: "The path of a file, - for the standard output, or off.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|log| settings.access_log = log),
        show: |settings| settings.access_log.to_string(),
    },
];

const SECTION: &str = "Logs";
