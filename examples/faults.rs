//! What goes wrong in a service, on demand: for the tests of the arbiter, and for whoever wants to see it at work.
//!
//!     cargo run --example faults
//!     curl http://127.0.0.1:8060/whoami
//!     curl http://127.0.0.1:8060/slow/0.2      # waits, on the event loop
//!     curl http://127.0.0.1:8060/pool/0.2      # waits, on a thread of the pool
//!     curl http://127.0.0.1:8060/block/0.2     # holds the event loop: nothing else is answered meanwhile
//!     curl -i http://127.0.0.1:8060/panic      # 500, and the worker lives
//!     curl http://127.0.0.1:8060/leak/1        # MiB that are never given back
//!     curl http://127.0.0.1:8060/stream/3      # chunks, 10 ms apart
//!     curl http://127.0.0.1:8060/sink -d 'five!'
//!
//! `/ws` sends back what comes over a WebSocket, `/events` sends an event each second for ever. `/abort` and `/exit/3` end
//! the worker.
//!
//! `FAULTS_BOOT=exit:3`, `panic`, `hang` or `slow:2.5` is what the start of a worker does. It is read from the file that
//! `FAULTS_BOOT_FILE` names when that is set, at the start of every worker; no file and an empty file are a good start.

use std::{
    convert::Infallible,
    env, fs, io, process,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use futures_util::{Stream, stream};
use pulsar::{
    Body, Bytes, Error, Json, Response, Result, State, Worker, get, post, provide,
    sse::{Event, Sse},
    websocket::WebSocketUpgrade,
};
use serde::Serialize;

/// A start that went well.
struct Started;

/// Runs at the start of every worker, before it is ready.
#[provide]
fn started() -> io::Result<Started> {
    let fault = match env::var_os("FAULTS_BOOT_FILE") {
        Some(file) => match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        },
        None => env::var("FAULTS_BOOT").unwrap_or_default(),
    };
    let fault = fault.trim();
    let unknown = || io::Error::other(format!("`{fault}` is no fault: exit:N, panic, hang, slow:S"));
    match fault.split_once(':').unwrap_or((fault, "")) {
        ("", "") => {}
        ("exit", code) => process::exit(code.parse().map_err(|_| unknown())?),
        ("panic", "") => panic!("FAULTS_BOOT says so"),
        ("hang", "") => loop {
            thread::park();
        },
        ("slow", seconds) => {
            thread::sleep(seconds.parse().map(duration).map_err(|_| unknown())?.map_err(io::Error::other)?);
        }
        _ => return Err(unknown()),
    }
    Ok(Started)
}

#[derive(Serialize)]
struct Whoami {
    pid: u32,
    worker: usize,
    generation: u64,
    app: String,
}

/// Which process answers.
#[get("/whoami")]
async fn whoami(worker: State<Worker>) -> Json<Whoami> {
    Json(Whoami {
        pid: worker.pid(),
        worker: worker.slot(),
        generation: worker.generation(),
        app: worker.app().to_owned(),
    })
}

/// A request that takes its time and disturbs nobody.
#[get("/slow/<float:seconds>")]
async fn slow(seconds: f64) -> Result<&'static str> {
    tokio::time::sleep(duration(seconds)?).await;
    Ok("slow\n")
}

/// The same without `async`: it takes a thread of the pool.
#[get("/pool/<float:seconds>")]
fn pool(seconds: f64) -> Result<&'static str> {
    thread::sleep(duration(seconds)?);
    Ok("pool\n")
}

/// The mistake that a heartbeat finds: an `async fn` that blocks. The compiler warns of it, unless it is meant.
#[get("/block/<float:seconds>", allow(blocking))]
async fn block(seconds: f64) -> Result<&'static str> {
    thread::sleep(duration(seconds)?);
    Ok("block\n")
}

#[get("/panic")]
async fn panic() -> &'static str {
    panic!("this request is one too many")
}

#[get("/abort")]
async fn abort() -> &'static str {
    process::abort()
}

#[get("/exit/<int:code>")]
async fn exit(code: i32) -> &'static str {
    process::exit(code)
}

/// Memory that is written to, so that it is there, and kept.
#[get("/leak/<int:mib>")]
fn leak(mib: usize) -> String {
    static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    let more = vec![1; mib << 20];
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(more);
    format!("{} MiB\n", kept.iter().map(Vec::len).sum::<usize>() >> 20)
}

/// An answer that comes piece by piece.
#[get("/stream/<int:chunks>")]
async fn stream(chunks: u32) -> Body {
    Body::from_stream(stream::unfold(0, move |number| async move {
        if number == chunks {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        Some((Ok::<_, Infallible>(format!("chunk {number}\n")), number + 1))
    }))
}

/// Reads the body and answers how long it was.
#[post("/sink")]
async fn sink(body: Bytes) -> String {
    format!("{}\n", body.len())
}

/// Sends back what comes, until the client closes.
#[get("/ws")]
async fn ws(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

/// An answer without an end.
#[get("/events")]
async fn events() -> Sse<impl Stream<Item = Event>> {
    Sse::new(stream::unfold(0, async |number: u64| {
        if number > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Some((Event::new().event("tick").data(number), number + 1))
    }))
}

fn duration(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| Error::status(400).detail(error.to_string()))
}

pulsar::main!();
