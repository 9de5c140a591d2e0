//! What a WebSocket may cost, and how long it may be silent.

use crate::settings::{
    row::{Row, Scope, Type},
    values::{seconds, some_seconds, whole},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "websocket_max_message",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "1MiB",
        help: "Longest message that a WebSocket reads",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; unlimited removes the limit. A longer one \
                  ends the connection with code 1009. All settings of this section are for programs built with the feature \
                  websocket, and a handler may set others for its connections.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.websocket_max_message = limit),
        show: |settings| settings.websocket_max_message.to_string(),
    },
    Row {
        name: "websocket_max_frame",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "256KiB",
        help: "Longest frame that a WebSocket reads",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; unlimited removes the limit. Browsers send a \
                  message as one frame or as several, as they like. A longer one ends the connection with code 1009.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.websocket_max_frame = limit),
        show: |settings| settings.websocket_max_frame.to_string(),
    },
    Row {
        name: "websocket_max_fragments",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "1024",
        help: "Most frames that one message of a WebSocket may come in",
        details: "From 1, which allows no message in parts, to 4294967295. One more ends the connection with code 1009: \
                  frames may be empty, so that the limits in bytes do not end a message without an end.",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| {
            whole(text, 1, u32::MAX).map(|number| settings.websocket_max_fragments = number)
        },
        show: |settings| settings.websocket_max_fragments.to_string(),
    },
    Row {
        name: "websocket_write_buffer",
        short: None,
        value_name: "BYTES",
        section: SECTION,
        scope: Scope::Application,
        default: "1MiB",
        help: "Bytes that may wait for a slow client of a WebSocket",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; unlimited removes the limit. When so many \
                  wait, whoever sends waits too, and nothing is read.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.websocket_write_buffer = limit),
        show: |settings| settings.websocket_write_buffer.to_string(),
    },
    Row {
        name: "websocket_ping",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "20",
        help: "How long a WebSocket may hear nothing before it pings",
        details: "In seconds, fractions allowed; 0 never pings, and then a client that is gone without a word is not noticed.",
        types: &[Type::Integer, Type::Float],
        several: None,
        set: |settings, text| seconds(text).map(|time| settings.websocket_ping = time),
        show: |settings| settings.websocket_ping.as_secs_f64().to_string(),
    },
    Row {
        name: "websocket_pong_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "20",
        help: "How long the client of a WebSocket may take to answer a ping",
        details: "In seconds, fractions allowed. Any byte is an answer. Without one the connection is ended with code 1011.",
        types: &[Type::Integer, Type::Float],
        several: None,
        set: |settings, text| some_seconds(text).map(|time| settings.websocket_pong_timeout = time),
        show: |settings| settings.websocket_pong_timeout.as_secs_f64().to_string(),
    },
    Row {
        name: "websocket_close_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "5",
        help: "How long the close handshake of a WebSocket may take",
        details: "In seconds, fractions allowed; 0 does not wait for the client. A program that stops waits no longer than \
                  graceful_timeout.",
        types: &[Type::Integer, Type::Float],
        several: None,
        set: |settings, text| seconds(text).map(|time| settings.websocket_close_timeout = time),
        show: |settings| settings.websocket_close_timeout.as_secs_f64().to_string(),
    },
];

const SECTION: &str = "WebSockets";
