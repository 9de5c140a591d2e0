#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<int:id>")]
async fn user(id: Option<u64>) {}

fn main() {}
