#![allow(unused_variables)]

use pulsar::get;

#[get("/users")]
async fn users(#[cfg(unix)] request: pulsar::Request) {}

fn main() {}
