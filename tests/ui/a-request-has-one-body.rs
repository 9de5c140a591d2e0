#![allow(unused_variables)]

use pulsar::{Json, post};

#[post("/users")]
async fn add(user: Json<String>, text: String) {}

fn main() {}
