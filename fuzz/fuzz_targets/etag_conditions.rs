//! Entity tags and conditional requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::etag_conditions(data));
