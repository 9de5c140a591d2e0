//! Rules of routes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::route_pattern_parse(data));
