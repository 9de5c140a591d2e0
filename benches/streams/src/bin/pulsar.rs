//! The program on pulsar. Its settings are those of the command line; the folder of files is in the working directory.

use futures_util::{Stream, StreamExt};
use http_body_util::BodyExt;
use pulsar::{
    Body, Bytes, Response, get, post,
    sse::{Event, Sse},
    static_files,
    websocket::WebSocketUpgrade,
};
use streams::{events, pieces, published, text};

#[get("/")]
async fn hello() -> &'static str {
    "Hello, World!"
}

#[get("/download")]
async fn download() -> Response {
    Response::new(Body::from_stream(pieces()))
}

#[post("/upload")]
async fn upload(mut body: Body) -> String {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
    }
    count.to_string()
}

#[post("/publish")]
async fn publish(event: Bytes) -> &'static str {
    let _ = events().send(event);
    "published"
}

#[get("/events")]
async fn sse() -> Sse<impl Stream<Item = Event>> {
    Sse::new(published().map(|event| Event::new().data(text(&event))))
}

#[get("/ws")]
async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

static_files!("/files", "files");

pulsar::main!();
