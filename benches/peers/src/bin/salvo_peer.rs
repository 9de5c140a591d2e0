//! salvo, on the runtime of tokio that its documentation uses.

use std::io;

use peers::{HELLO, MESSAGE, Order, arguments};
use salvo::{
    Request, Response, Router, Server, conn::TcpListener, handler, http::ParseError, prelude::Listener,
    writing::Json,
};
use tokio::runtime::Builder;

#[handler]
async fn plaintext() -> &'static str {
    HELLO
}

#[handler]
async fn json(response: &mut Response) {
    response.render(Json(MESSAGE));
}

#[handler]
async fn user(request: &mut Request) -> String {
    let id: u32 = request.param("id").unwrap_or_default();
    let slug: &str = request.param("slug").unwrap_or_default();
    format!("{id} {slug}")
}

#[handler]
async fn echo(request: &mut Request, response: &mut Response) -> Result<(), ParseError> {
    let order: Order = request.parse_json().await?;
    response.render(Json(order));
    Ok(())
}

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    let router = Router::new()
        .push(Router::with_path("plaintext").get(plaintext))
        .push(Router::with_path("json").get(json))
        .push(Router::with_path("user/{id}/post/{slug}").get(user))
        .push(Router::with_path("echo").post(echo));
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()?.block_on(async {
        Server::new(TcpListener::new(("127.0.0.1", port)).bind().await).serve(router).await;
    });
    Ok(())
}
