//! Which form of an error a client gets.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::accept_qvalues(data));
