#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<id>/<slug>")]
async fn user(id: u64, slugs: String) {}

fn main() {}
