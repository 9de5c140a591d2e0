//! Addresses to listen on, and networks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::bind_address(data));
