#![allow(unused_variables)]

use pulsar::{Json, post, put};

#[post("/users")]
#[put("/users")]
async fn save(user: Json<String>, text: String) -> Option<String> {
    std::thread::sleep(std::time::Duration::ZERO);
    None
}

fn main() {}
