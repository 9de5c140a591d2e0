#![allow(unused_variables)]

use pulsar::get;

#[get("/users" name = "users")]
async fn users() {}

#[get("/groups", name: "groups", "inline")]
fn groups() {}

fn main() {}
