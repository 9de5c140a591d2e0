//! The program on actix-web, with actix-files and actix-ws.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, get, post, web};
use actix_ws::Message;
use bytes::Bytes;
use futures_util::StreamExt;
use streams::{arguments, events, listen, pieces, published, text};

#[get("/")]
async fn hello() -> &'static str {
    "Hello, World!"
}

#[get("/download")]
async fn download() -> HttpResponse {
    HttpResponse::Ok().streaming(pieces())
}

#[post("/upload")]
async fn upload(mut body: web::Payload) -> String {
    let mut count = 0;
    while let Some(Ok(bytes)) = body.next().await {
        count += bytes.len();
    }
    count.to_string()
}

#[post("/publish")]
async fn publish(event: Bytes) -> &'static str {
    let _ = events().send(event);
    "published"
}

#[get("/events")]
async fn sse() -> HttpResponse {
    let events = published()
        .map(|event| Ok::<_, std::convert::Infallible>(Bytes::from(format!("data: {}\n\n", text(&event)))));
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .streaming(events)
}

#[get("/ws")]
async fn echo(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let sent = match message {
                Message::Text(text) => session.text(text).await,
                Message::Binary(bytes) => session.binary(bytes).await,
                Message::Ping(bytes) => session.pong(&bytes).await,
                Message::Close(reason) => return drop(session.close(reason).await),
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let (port, threads, folder) = arguments();
    HttpServer::new(move || {
        App::new()
            .service((hello, download, upload, publish, sse, echo))
            .service(actix_files::Files::new("/files", &folder))
    })
    .workers(threads)
    .listen(listen(port)?)?
    .run()
    .await
}
