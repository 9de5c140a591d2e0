//! ntex: an event loop for each thread, here upon that of tokio.

// The attributes of ntex turn functions into structs without documentation.
#![allow(missing_docs)]

use std::io;

use ntex::web::{
    self, App, HttpResponse, HttpServer,
    types::{Json, Path},
};
use peers::{HELLO, MESSAGE, Order, arguments};

#[web::get("/plaintext")]
async fn plaintext() -> &'static str {
    HELLO
}

#[web::get("/json")]
async fn json() -> HttpResponse {
    HttpResponse::Ok().json(&MESSAGE)
}

#[web::get("/user/{id}/post/{slug}")]
async fn user(path: Path<(u32, String)>) -> String {
    format!("{} {}", path.0, path.1)
}

#[web::post("/echo")]
async fn echo(order: Json<Order>) -> HttpResponse {
    HttpResponse::Ok().json(&*order)
}

#[ntex::main]
async fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    HttpServer::new(async || App::new().service((plaintext, json, user, echo)))
        .workers(threads)
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
