#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<id>")]
async fn user(id: u64, _: &str) {}

fn main() {}
