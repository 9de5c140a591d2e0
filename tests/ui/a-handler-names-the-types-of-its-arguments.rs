#![allow(unused_variables)]

use pulsar::get;

#[get("/users")]
async fn users(filter: impl Into<String>) {}

fn main() {}
