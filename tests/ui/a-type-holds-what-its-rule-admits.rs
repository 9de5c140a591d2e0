#![allow(unused_variables)]

use pulsar::get;

#[get("/archive/<int(max=9999):year>")]
async fn year(year: u8) {}

#[get("/archive/<int(max=9999):year>/<int(fixed_digits=3):day>")]
async fn day(year: u16, day: i8) {}

// A number that is too large is a 404, since the rule does not say more.
#[get("/users/<int:id>")]
async fn user(id: u8) {}

fn main() {}
