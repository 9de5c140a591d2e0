#![allow(unused_variables)]

use pulsar::get;

struct Token<'a>(&'a str);

#[get("/users/<name>")]
async fn user<'a>(name: &'a str, token: Token<'a>) {}

fn main() {}
