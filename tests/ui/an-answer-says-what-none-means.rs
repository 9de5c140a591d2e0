#![allow(unused_variables)]

use pulsar::get;

#[get("/users/<int:id>")]
async fn user(id: u64) -> Option<String> {
    None
}

fn main() {}
