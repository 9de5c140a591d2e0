#![allow(unused_variables)]

use pulsar::get;

#[get(r#"/x/<re("[a&&b]"):value>"#)]
async fn value(value: &str) {}

fn main() {}
