#![allow(unused_variables)]

use pulsar::get;

struct UserId(u64);

#[get("/users/<id>")]
async fn user(id: UserId) {}

fn main() {}
