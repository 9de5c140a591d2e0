//! What the benches have in common: requests, and futures that never wait.
//!
//! Each file below `benches/` measures one part of pulsar by its public interface. Requests are made before the clock runs.

use std::{
    fmt::Write,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use pulsar::{
    Method, Request,
    body::Body,
    http::{self, request::Builder},
};
use serde::{Deserialize, Serialize};

/// What `POST /echo` takes and gives.
#[derive(Deserialize, Serialize)]
pub struct Order {
    id: u64,
    customer: String,
    /// Sixteen, in the text of [`order`].
    pub items: Vec<Item>,
    note: Option<String>,
}

/// One of them.
#[derive(Deserialize, Serialize)]
pub struct Item {
    sku: String,
    quantity: u32,
    price: f64,
}

/// A request as a browser sends it, without a body.
#[must_use]
pub fn get(path: &str) -> Request {
    made(head(Method::GET, path), Body::empty())
}

/// A request with a body of this type.
#[must_use]
pub fn post(path: &str, kind: &str, body: &str) -> Request {
    let head = head(Method::POST, path).header("content-type", kind).header("content-length", body.len());
    made(head, Body::from(body.to_owned()))
}

fn head(method: Method, path: &str) -> Builder {
    http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8060")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("accept-language", "en-US,en;q=0.5")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("cookie", "session=5f2b7c1d9e; theme=dark")
}

fn made(head: Builder, body: Body) -> Request {
    head.body(body).expect("the path and the fields are valid")
}

/// What a future comes to that has nothing to wait for.
///
/// # Panics
///
/// If it waits.
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a bench with nothing to wait for waits"),
    }
}

/// An order of sixteen items as JSON, about 700 bytes.
#[must_use]
pub fn order() -> String {
    let mut text = r#"{"id":42,"customer":"Ada Lovelace","items":["#.to_owned();
    for number in 1..=16 {
        let comma = if number == 1 { "" } else { "," };
        let _ = write!(text, r#"{comma}{{"sku":"A-{number:04}","quantity":{number},"price":{number}.5}}"#);
    }
    text + r#"],"note":"leave at the door"}"#
}
