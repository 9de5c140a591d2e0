#![allow(unused_variables)]

use pulsar::{Json, Method, post};

#[post("/users")]
async fn add(user: Json<String>, method: Method) {}

fn main() {}
