#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<id>/friends/<id>")]
async fn friend(id: u64) {}

fn main() {}
