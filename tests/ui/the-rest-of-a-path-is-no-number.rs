#![allow(unused_variables)]

use pulsar::get;

#[get("/files/<path:rest>")]
async fn file(rest: u64) {}

fn main() {}
