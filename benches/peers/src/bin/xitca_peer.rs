//! xitca-web: an event loop for each thread, which shares nothing with others.

use std::io;

use peers::{HELLO, MESSAGE, Message, Order, arguments};
use xitca_web::{
    App,
    handler::{handler_service, json::Json, params::Params},
    route::{get, post},
};

async fn plaintext() -> &'static str {
    HELLO
}

async fn json() -> Json<Message> {
    Json(MESSAGE)
}

async fn user(Params((id, slug)): Params<(u32, String)>) -> String {
    format!("{id} {slug}")
}

async fn echo(Json(order): Json<Order>) -> Json<Order> {
    Json(order)
}

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    App::new()
        .at("/plaintext", get(handler_service(plaintext)))
        .at("/json", get(handler_service(json)))
        .at("/user/{id}/post/{slug}", get(handler_service(user)))
        .at("/echo", post(handler_service(echo)))
        .serve()
        .worker_threads(threads)
        .bind(("127.0.0.1", port))?
        .run()
        .wait()
}
