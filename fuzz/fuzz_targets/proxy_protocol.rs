//! The PROXY protocol.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::proxy_protocol(data));
