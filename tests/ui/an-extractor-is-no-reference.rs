#![allow(unused_variables)]

use pulsar::get;

#[get("/settings")]
async fn settings(settings: &pulsar::Settings) {}

fn main() {}
