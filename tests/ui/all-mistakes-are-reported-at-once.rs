#![allow(unused_variables)]

use pulsar::route;

#[route("/users/<itn:id>/{slug}", methods = ["get"], nmae = "user")]
async fn user<T>(id: u64, slug: String) {}

fn main() {}
