//! actix-web: an event loop for each thread, which shares nothing with others.

use std::io;

use actix_web::{
    App, HttpServer, get, post,
    web::{Json, Path},
};
use peers::{HELLO, MESSAGE, Message, Order, arguments};

#[get("/plaintext")]
async fn plaintext() -> &'static str {
    HELLO
}

#[get("/json")]
async fn json() -> Json<Message> {
    Json(MESSAGE)
}

#[get("/user/{id}/post/{slug}")]
async fn user(path: Path<(u32, String)>) -> String {
    format!("{} {}", path.0, path.1)
}

#[post("/echo")]
async fn echo(order: Json<Order>) -> Json<Order> {
    order
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    HttpServer::new(|| App::new().service(plaintext).service(json).service(user).service(echo))
        .workers(threads)
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
