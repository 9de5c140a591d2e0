#![allow(unused_variables)]

use pulsar::get;

#[get(r#"/x/<re("[a-z]{1000}{1000}"):value>"#)]
async fn value(value: &str) {}

fn main() {}
