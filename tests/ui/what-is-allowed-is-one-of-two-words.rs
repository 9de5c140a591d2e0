#![allow(unused_variables)]

use pulsar::get;

#[get("/users", allow(blockign), inline)]
fn users() {}

#[get("/groups", allow = body)]
async fn groups() {}

fn main() {}
