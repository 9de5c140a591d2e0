#![allow(unused_variables)]

use pulsar::{State, get};

struct Db;
struct Visitor;

#[get("/<int:id>")]
async fn home(first: Visitor, id: u32, db: Db, state: State<Db>, last: Vec<Visitor>) {}

fn main() {}
