#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<id>")]
async fn user(path: axum::extract::Path<u64>) {}

#[get("/users")]
async fn users(path: axum::extract::MatchedPath) {}

fn main() {}
