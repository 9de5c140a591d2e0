//! What limits a WebSocket.

use std::time::Duration;

use tungstenite::protocol::WebSocketConfig;

use crate::settings::{BodyLimit, Settings};

/// The limits of one connection. `usize::MAX` is none.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) max_message: usize,
    pub(super) max_frame: usize,
    pub(super) max_fragments: u32,
    pub(super) write_buffer: usize,
    /// Zero never pings.
    pub(super) ping: Duration,
    pub(super) pong_timeout: Duration,
    pub(super) close_timeout: Duration,
}

impl Options {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            max_message: bytes(settings.websocket_max_message),
            max_frame: bytes(settings.websocket_max_frame),
            max_fragments: settings.websocket_max_fragments,
            write_buffer: bytes(settings.websocket_write_buffer),
            ping: settings.websocket_ping,
            pong_timeout: settings.websocket_pong_timeout,
            close_timeout: settings.websocket_close_timeout,
        }
    }

    /// As the library wants them.
    pub(super) fn config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .max_message_size(Some(self.max_message))
            .max_frame_size(Some(self.max_frame))
            .read_buffer_size(BUFFER)
            // So many small messages become one write.
            .write_buffer_size(BUFFER)
            // The library would refuse a message that does not fit any more. `Connection` has its sender wait instead, and
            // reads nothing meanwhile, so that pongs do not pile up either.
            .max_write_buffer_size(usize::MAX)
    }
}

fn bytes(limit: BodyLimit) -> usize {
    limit.bytes().map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// The library's default of 128 KiB is taken by each connection, also by one that has nothing to say.
const BUFFER: usize = 8 * 1024;
