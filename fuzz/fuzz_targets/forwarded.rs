//! What proxies say of a client.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::forwarded(data));
