//! What a client writes into the access log.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::access_log(data));
