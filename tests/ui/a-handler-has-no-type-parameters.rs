#![allow(unused_variables)]

use pulsar::get;

#[get("/users")]
async fn users<T: Clone>(db: pulsar::State<T>) {}

fn main() {}
