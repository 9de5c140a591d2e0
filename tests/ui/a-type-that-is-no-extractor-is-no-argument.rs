#![allow(unused_variables)]

use pulsar::get;

struct Visitor;

#[get("/")]
async fn home(visitor: Visitor) {}

#[get("/pool")]
fn pool(visitor: Visitor) {}

fn main() {}
