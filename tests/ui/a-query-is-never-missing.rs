#![allow(unused_variables)]

use pulsar::{Query, get};

#[get("/users")]
async fn users(filter: Option<Query<Vec<(String, String)>>>) {}

fn main() {}
