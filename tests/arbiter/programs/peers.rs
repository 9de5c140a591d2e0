//! Two applications whose workers talk to one another, with hooks and periodic tasks that leave notes, for `messages.rs`.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use pulsar::{
    Result, State, Worker,
    cluster::{Cluster, Target},
    every, get, on, provide,
    worker::WorkerExit,
};
use serde_json::{Value, json};

/// What others have sent to this worker.
#[derive(Default)]
struct Heard(AtomicU64);

#[provide]
fn heard() -> Heard {
    Heard::default()
}

/// A line in the file that the test names. Lines of several processes do not mix.
fn note(line: &str) {
    let path = std::env::var_os("NOTES").expect("the test says where");
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("it can be written");
    file.write_all(format!("{line}\n").as_bytes()).expect("it can be written");
}

#[on(starting)]
fn starting() {
    note("starting");
}

#[on(when_ready)]
fn ready() {
    note("ready");
}

#[on(pre_spawn)]
fn pre_spawn(worker: &Worker) {
    note(&format!("spawn {} {}", worker.app(), worker.slot()));
}

#[on(worker_start)]
fn start(worker: &Worker) {
    note(&format!("start {} {} {}", worker.app(), worker.slot(), worker.pid()));
}

#[on(worker_stopping)]
fn stopping(worker: &Worker) {
    note(&format!("stopping {} {} {}", worker.app(), worker.slot(), worker.pid()));
}

#[on(worker_exit)]
fn exit(exit: &WorkerExit) {
    let (worker, pid) = (&exit.worker, exit.pid);
    note(&format!("exit {} {} {pid} {} {}", worker.app(), worker.slot(), exit.was_ready, exit.cause));
}

#[on(reload)]
fn reload() {
    note("reload");
}

#[on(exit)]
fn end(code: u8) {
    note(&format!("end {code}"));
}

#[every("100ms")]
async fn tick(worker: &Worker) {
    note(&format!("tick {} {}", worker.app(), worker.pid()));
}

#[every("100ms", once)]
fn once(worker: &Worker) {
    note(&format!("once {} {}", worker.app(), worker.pid()));
}

#[on(message = "hear")]
async fn hear(number: u64, heard: State<Heard>) -> u64 {
    heard.0.0.fetch_add(number, Relaxed) + number
}

#[on(message = "heard")]
fn heard_so_far(heard: &Heard) -> u64 {
    heard.0.load(Relaxed)
}

#[on(message = "fail")]
async fn fail() -> Result<u64> {
    Err(pulsar::Error::new("disk on fire"))
}

#[on(message = "panic")]
async fn panic() -> u64 {
    panic!("no luck")
}

#[on(message = "die")]
async fn die() {
    std::process::exit(9);
}

/// Asks the worker of a slot. The answer, or why there is none.
#[get("/ask/<int:slot>/<name>/<int:payload>")]
async fn ask(slot: usize, name: &str, payload: u64, cluster: State<Cluster>) -> String {
    told(cluster.ask::<Value>(Target::Slot(slot), name, &payload).await)
}

/// Asks a worker of another application.
#[get("/ask/<app>/<int:slot>")]
async fn ask_app(app: &str, slot: usize, cluster: State<Cluster>) -> String {
    told(cluster.ask::<Value>(Target::App(app.to_owned(), slot), "info", &()).await)
}

#[get("/any")]
async fn any(cluster: State<Cluster>) -> String {
    told(cluster.ask::<Value>(Target::Any, "info", &()).await)
}

#[get("/echo/<int:bytes>")]
async fn echo(bytes: usize, cluster: State<Cluster>) -> String {
    let text = "\"".repeat(bytes);
    told(cluster.ask::<String>(Target::Any, "echo", &text).await.map(|answer| json!(answer == text)))
}

/// Asks for so many echoes at a time.
#[get("/flood/<int:count>")]
async fn flood(count: u64, cluster: State<Cluster>) -> String {
    let asked = (0..count).map(|number| {
        let cluster = State::clone(&cluster);
        tokio::spawn(async move { cluster.ask::<u64>(Target::Any, "echo", &number).await })
    });
    let (mut right, mut busy) = (0, 0);
    for (number, asked) in (0..count).zip(asked.collect::<Vec<_>>()) {
        match asked.await {
            Ok(Ok(answer)) => right += u64::from(answer == number),
            _ => busy += 1,
        }
    }
    format!("{right} {busy}")
}

#[get("/broadcast/<int:number>")]
async fn broadcast(number: u64, cluster: State<Cluster>) -> String {
    told(cluster.broadcast("hear", &number).await.map(|reached| json!(reached)))
}

#[get("/workers")]
async fn workers(cluster: State<Cluster>) -> String {
    told(cluster.workers().await.map(|workers| json!(workers)))
}

#[get("/me")]
async fn me(worker: State<Worker>) -> String {
    json!(*worker.0).to_string()
}

fn told(outcome: std::result::Result<Value, pulsar::cluster::ClusterError>) -> String {
    outcome.map_or_else(|error| format!("error: {error}"), |value| value.to_string())
}

mod other {
    use pulsar::get;

    #[get("/")]
    async fn home() -> &'static str {
        "the other one"
    }
}

pulsar::main! {
    app other { bind: "127.0.0.1:0", routes: crate::other },
}
