#![allow(unused_variables)]

use pulsar::get;

#[get("/pages/<any(1,2,last):page>")]
async fn page(page: u8) {}

fn main() {}
