#![allow(unused_variables)]

use pulsar::provide;

struct Db;

#[provide]
fn db(settings: pulsar::Settings) -> Db {
    Db
}

fn main() {}
