//! A program of which there are many editions without building it again, for `development.rs`: its number, and how its start goes,
//! are what stands behind the program in its own file.

use std::{
    convert::Infallible,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    thread,
    time::Duration,
};

use futures_util::{Stream, stream};
use pulsar::{
    Bytes, Json, Response, State, Worker, get, post, provide,
    sse::{Event, Sse},
    websocket::WebSocketUpgrade,
};
use serde_json::{Value, json};

/// What stands behind the program, and in its template.
struct Edition {
    name: String,
    greeting: String,
}

#[provide]
fn edition() -> io::Result<Edition> {
    let mut file = File::open("/proc/self/exe")?;
    file.seek(SeekFrom::End(-64))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    let name = end.rsplit_once("edition ").map_or("0", |(_, name)| name);
    match name {
        "broken" => return Err(io::Error::other("this edition does not start")),
        "hanging" => loop {
            thread::park();
        },
        "demanding" if !Path::new("templates/demanded").exists() => {
            return Err(io::Error::other("this edition needs templates/demanded"));
        }
        _ => {}
    }
    let greeting = fs::read_to_string("templates/greeting").unwrap_or_default();
    Ok(Edition { name: name.to_owned(), greeting })
}

#[get("/")]
async fn home(edition: State<Edition>) -> String {
    format!("{} {}", edition.name, edition.greeting)
}

#[get("/whoami")]
async fn whoami(worker: State<Worker>) -> Json<Value> {
    Json(json!({ "pid": worker.pid(), "generation": worker.generation() }))
}

#[post("/sink")]
async fn sink(body: Bytes) -> String {
    format!("{}\n", body.len())
}

/// Answers when the test has made this file.
#[get("/held")]
async fn held() -> &'static str {
    while !Path::new("release").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    "held\n"
}

/// Goes on for ever, and pays no heed to a stop.
#[get("/endless")]
async fn endless() -> pulsar::Body {
    pulsar::Body::from_stream(stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, Infallible>("more\n"), ()))
    }))
}

#[get("/events")]
async fn events() -> Sse<impl Stream<Item = Event>> {
    Sse::new(stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Event::new().data("tick"), ()))
    }))
}

#[get("/ws")]
async fn ws(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
}

pulsar::main!();
