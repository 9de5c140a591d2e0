#![allow(unused_variables)]

use pulsar::get;

#[get("/offset/<int(signed):offset>")]
async fn offset(offset: u32) {}

fn main() {}
