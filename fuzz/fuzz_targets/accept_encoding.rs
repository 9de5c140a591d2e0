//! Which coding of a file a client gets.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::accept_encoding(data));
