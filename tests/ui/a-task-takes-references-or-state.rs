#![allow(unused_variables)]

use pulsar::every;

struct Cache;

#[every("30s")]
fn sweep(cache: Cache) {}

fn main() {}
