//! How many frames a message of a WebSocket has.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::websocket_fragments(data));
