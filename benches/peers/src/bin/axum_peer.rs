//! axum, on the runtime of tokio that its documentation uses, where any thread may run any task.

use std::io;

use axum::{
    Json, Router,
    extract::Path,
    routing::{get, post},
    serve::ListenerExt,
};
use peers::{HELLO, MESSAGE, Order, arguments, listen};
use tokio::{net::TcpListener, runtime::Builder};

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    let router = Router::new()
        .route("/plaintext", get(async || HELLO))
        .route("/json", get(async || Json(MESSAGE)))
        .route(
            "/user/{id}/post/{slug}",
            get(async |Path((id, slug)): Path<(u32, String)>| format!("{id} {slug}")),
        )
        .route("/echo", post(async |Json(order): Json<Order>| Json(order)));
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()?.block_on(async {
        let listener = TcpListener::from_std(listen(port)?)?.tap_io(|stream| {
            // Without it nothing but the last answer of a pipeline would wait.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await
    })
}
