//! Hooks, periodic tasks, and messages between workers.
//!
//!     cargo run --example hooks
//!     curl http://127.0.0.1:8060/visits
//!     curl http://127.0.0.1:8060/visits
//!     curl -X POST http://127.0.0.1:8060/forget
//!     curl http://127.0.0.1:8060/workers
//!
//! Each worker counts its own visits, and asks the others for theirs. What the hooks and the tasks do is in the log:
//! `cargo run --example hooks -- --log-level info`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pulsar::{
    Json, Result, State, Worker,
    cluster::{Cluster, Target},
    every, get, on, post, provide,
    worker::WorkerExit,
};

/// How often this worker was visited.
#[derive(Default)]
struct Visits(AtomicU64);

#[provide]
fn visits() -> Visits {
    Visits::default()
}

// In the arbiter: plain functions, since it waits for nobody, and without state, which is made in workers.

#[on(starting)]
fn hello() {
    tracing::info!("the program begins");
}

#[on(when_ready)]
fn ready() {
    tracing::info!("every application accepts connections");
}

#[on(pre_spawn)]
fn about_to_spawn(worker: &Worker) {
    tracing::info!("{worker} is about to be started");
}

#[on(worker_exit)]
fn exited(exit: &WorkerExit) {
    tracing::info!("{} ran {:?}: {}", exit.worker, exit.uptime, exit.cause);
}

#[on(reload)]
fn reloading() {
    tracing::info!("a reload begins");
}

#[on(exit)]
fn bye(code: u8) {
    tracing::info!("the program ends with {code}");
}

// In each worker: with its state, `async` or on the thread pool.

/// Providers have run, nothing is accepted yet. An error would keep the worker from starting.
#[on(worker_start)]
async fn warm(visits: &Visits, worker: &Worker) -> Result<()> {
    visits.0.store(0, Relaxed);
    tracing::info!("{worker} is warm");
    Ok(())
}

/// The worker ends no sooner than this has.
#[on(worker_stopping)]
fn last_words(visits: State<Visits>, worker: &Worker) {
    tracing::info!("{worker} had {} visits", visits.0.0.load(Relaxed));
}

/// In every worker.
#[every("10s")]
fn count(visits: &Visits) {
    tracing::info!("{} visits so far", visits.0.load(Relaxed));
}

/// In one worker of the application; an error is logged, and the task goes on.
#[every("1m", once)]
async fn report(cluster: State<Cluster>) -> Result<()> {
    tracing::info!("{} visits in all workers", total(&cluster).await?);
    Ok(())
}

// What other workers may ask.

/// The answer is anything that serde can write.
#[on(message = "visits.count")]
async fn visits_here(visits: State<Visits>) -> u64 {
    visits.0.0.load(Relaxed)
}

/// The argument that is neither `&T` nor `State<T>` is the payload.
#[on(message = "visits.set")]
async fn set(number: u64, visits: State<Visits>) {
    visits.0.0.store(number, Relaxed);
}

#[get("/visits")]
async fn visit(visits: State<Visits>, cluster: State<Cluster>) -> Result<String> {
    visits.0.0.fetch_add(1, Relaxed);
    Ok(format!("{} visits\n", total(&cluster).await?))
}

/// Tells all others, and does it here.
#[post("/forget")]
async fn forget(visits: State<Visits>, cluster: State<Cluster>) -> Result<String> {
    let others = cluster.broadcast("visits.set", &0).await?;
    set(0, visits).await;
    Ok(format!("forgotten here and by {others} others\n"))
}

#[get("/workers")]
async fn workers(cluster: State<Cluster>) -> Result<Json<Vec<Worker>>> {
    Ok(Json(cluster.workers().await?))
}

async fn total(cluster: &Cluster) -> Result<u64> {
    let mut total = 0;
    for worker in cluster.workers().await? {
        total += cluster.ask::<u64>(Target::Slot(worker.slot()), "visits.count", &()).await?;
    }
    Ok(total)
}

pulsar::main!();
