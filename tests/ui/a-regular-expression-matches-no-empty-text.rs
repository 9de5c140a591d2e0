#![allow(unused_variables)]

use pulsar::get;

#[get(r#"/x/<re("[a-z]*"):value>"#)]
async fn value(value: &str) {}

fn main() {}
