#![allow(unused_variables)]

use pulsar::get;

#[get("/price/<float:price>")]
async fn price(price: u32) {}

fn main() {}
