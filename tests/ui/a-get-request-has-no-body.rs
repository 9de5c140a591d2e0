#![allow(unused_variables)]

use pulsar::{Form, Json, get};

#[get("/users")]
async fn users(filter: Json<String>) {}

#[get("/search", allow(body))]
async fn search(filter: Json<String>) {}

// With GET a form is in the query string.
#[get("/form")]
async fn form(form: Form<Vec<(String, String)>>) {}

fn main() {}
