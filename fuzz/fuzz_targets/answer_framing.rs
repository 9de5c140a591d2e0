//! How an answer is delimited, and what is sent of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::answer_framing(data));
