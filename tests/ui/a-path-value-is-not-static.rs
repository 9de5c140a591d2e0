#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<name>")]
async fn user(name: &'static str) {}

fn main() {}
