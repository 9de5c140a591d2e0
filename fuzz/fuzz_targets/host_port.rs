//! A host with its port.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsar::__fuzz::host_port(data));
