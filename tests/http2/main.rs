//! HTTP/2 frame by frame: what is right is answered, what is wrong ends a stream or a connection with the code that RFC 9113 wants,
//! and whatever one client does, the next one is served.
//!
//! The frames are written by hand, since no client that can be trusted sends most of them.

mod answers;
mod ends;
mod frames;
mod requests;
mod support;

#[test]
fn there_are_at_least_forty_five_cases() {
    let cases = [frames::CASES, requests::CASES, answers::CASES, ends::CASES];
    let sum: usize = cases.iter().sum();
    println!("{sum} cases: {cases:?}");
    assert!(sum >= 45, "{sum} cases");
}
