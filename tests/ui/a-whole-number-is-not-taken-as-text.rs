#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<int:id>")]
async fn user(id: String) {}

// Its value is not used.
#[get("/users/<int:id>/photo")]
async fn photo(_id: &str) {}

fn main() {}
