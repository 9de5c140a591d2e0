//! Tables of rules, and the paths that they are asked for.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::router_insert_match(data));
