//! The status and headers of an application.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::start_response_headers(data));
