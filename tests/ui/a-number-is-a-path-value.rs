#![allow(unused_variables)]

use pulsar::get;

#[get("/users")]
async fn users(page: u32) {}

fn main() {}
