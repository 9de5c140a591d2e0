#![allow(unused_variables)]

use pulsar::get;

#[get("/keys/<uuid:key>")]
async fn key(key: u128) {}

fn main() {}
