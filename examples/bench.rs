//! The endpoints that benchmarks of web frameworks have in common.
//!
//!     cargo run --release --example bench
//!     curl http://127.0.0.1:8060/plaintext
//!     curl http://127.0.0.1:8060/json
//!     curl http://127.0.0.1:8060/user/7/post/hello-world
//!     curl http://127.0.0.1:8060/echo -H 'content-type: application/json' \
//!          -d '{"id":1,"customer":"Ada","items":[{"sku":"A-1","quantity":2,"price":9.5}],"note":"soon"}'
//!     curl http://127.0.0.1:8060/wsgi
//!     curl http://127.0.0.1:8060/awsgi

use pulsar::{
    Json, get, post,
    wsgi::{self, Environ, IntoBody, StartResponse},
    wsgi_app,
};
use serde::{Deserialize, Serialize};

/// Nothing but text: what a request costs at least.
#[get("/plaintext")]
async fn plaintext() -> &'static str {
    "Hello, World!"
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[get("/json")]
async fn json() -> Json<Message> {
    Json(Message { message: "Hello, World!" })
}

/// Two path values: one is parsed, one is borrowed from the path.
#[get("/user/<int:id>/post/<slug>")]
async fn post_of_user(id: u32, slug: &str) -> String {
    format!("{id} {slug}")
}

#[derive(Deserialize, Serialize)]
struct Order {
    id: u64,
    customer: String,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    quantity: u32,
    price: f64,
}

/// Reads JSON and writes it again.
#[post("/echo")]
async fn echo(order: Json<Order>) -> Json<Order> {
    order
}

/// A WSGI callable that may block: it runs on the thread pool.
#[wsgi_app("/wsgi")]
fn wsgi(_environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok("Hello, World!")
}

/// A WSGI callable that does not: it runs on the event loop.
#[wsgi_app("/awsgi")]
async fn awsgi(_environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok("Hello, World!")
}

pulsar::main!();
