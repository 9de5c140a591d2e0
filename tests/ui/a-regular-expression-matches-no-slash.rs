#![allow(unused_variables)]

use pulsar::get;

#[get(r#"/x/<re("[0-9]{4}/[0-9]{2}"):value>"#)]
async fn value(value: &str) {}

fn main() {}
