#![allow(unused_variables)]

use pulsar::on;

#[on(message = "clear")]
async fn clear(key: &str) {}

fn main() {}
