//! poem, on the runtime of tokio that its documentation uses.

use std::io;

use peers::{HELLO, MESSAGE, Message, Order, arguments};
use poem::{
    Route, Server, get, handler,
    listener::TcpListener,
    post,
    web::{Json, Path},
};
use tokio::runtime::Builder;

#[handler]
fn plaintext() -> &'static str {
    HELLO
}

#[handler]
fn json() -> Json<Message> {
    Json(MESSAGE)
}

#[handler]
fn user(Path((id, slug)): Path<(u32, String)>) -> String {
    format!("{id} {slug}")
}

#[handler]
fn echo(order: Json<Order>) -> Json<Order> {
    order
}

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    let routes = Route::new()
        .at("/plaintext", get(plaintext))
        .at("/json", get(json))
        .at("/user/:id/post/:slug", get(user))
        .at("/echo", post(echo));
    let server = Server::new(TcpListener::bind(("127.0.0.1", port)));
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()?.block_on(server.run(routes))
}
