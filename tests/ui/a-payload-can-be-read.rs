#![allow(unused_variables)]

use pulsar::on;

struct Key;

#[on(message = "clear")]
async fn clear(key: Key) {}

fn main() {}
