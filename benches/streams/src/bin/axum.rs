//! The program on axum, with the files of tower-http.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, WebSocketUpgrade, ws::WebSocket},
    response::{IntoResponse, Sse, sse::Event},
    routing::{get, post},
    serve::ListenerExt,
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use streams::{arguments, events, listen, pieces, published, text};
use tower_http::services::ServeDir;

async fn upload(mut body: Body) -> String {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
    }
    count.to_string()
}

async fn publish(event: Bytes) -> &'static str {
    let _ = events().send(event);
    "published"
}

async fn sse() -> impl IntoResponse {
    Sse::new(published().map(|event| Ok::<_, std::convert::Infallible>(Event::default().data(text(&event)))))
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

fn main() -> std::io::Result<()> {
    let (port, threads, folder) = arguments();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let app = Router::new()
            .route("/", get(|| async { "Hello, World!" }))
            .route("/download", get(|| async { Body::from_stream(pieces()) }))
            .route("/upload", post(upload).layer(DefaultBodyLimit::disable()))
            .route("/publish", post(publish))
            .route("/events", get(sse))
            .route("/ws", get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
            .nest_service("/files", ServeDir::new(folder));
        let listener = tokio::net::TcpListener::from_std(listen(port)?)?;
        axum::serve(listener.tap_io(|socket| drop(socket.set_nodelay(true))), app).await
    })
}
