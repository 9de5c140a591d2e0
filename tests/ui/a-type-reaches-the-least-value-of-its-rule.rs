#![allow(unused_variables)]

use pulsar::get;

#[get("/ports/<int(min=1024):port>")]
async fn port(port: u8) {}

#[get("/depths/<int(signed,min=-500):depth>")]
async fn depth(depth: i8) {}

fn main() {}
