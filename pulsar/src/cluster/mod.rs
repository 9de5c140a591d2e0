//! Messages between workers: any of them can ask another one, tell it something, or tell all.
//!
//! Not a bus between programs, and not a store: a message goes to workers that are ready now, is lost with them, and is
//! small. The rule it keeps: everything on the way is bounded, so that whoever sends too much waits and then hears of it, and
//! nobody's memory grows.
//!
//! A handler is a function under `#[on(message = "name")]`; whoever wants to send takes [`State<Cluster>`](Cluster), which
//! is always there.
//!
//! ```standalone_crate
//! use std::{collections::HashMap, sync::Mutex};
//!
//! use pulsar::{Result, State, cluster::{Cluster, Target}, get, on, program, provide, testing::block_on};
//!
//! #[derive(Default)]
//! struct Cache(Mutex<HashMap<String, String>>);
//!
//! #[provide]
//! fn cache() -> Cache {
//!     Cache(Mutex::new([("front".to_owned(), "<h1>..".to_owned())].into()))
//! }
//!
//! #[on(message = "cache.clear")]
//! async fn clear(key: String, cache: State<Cache>) -> usize {
//!     cache.0.0.lock().unwrap().remove(&key).iter().len()
//! }
//!
//! #[get("/clear/<key>")]
//! async fn clear_everywhere(key: &str, cluster: State<Cluster>) -> Result<String> {
//!     let others = cluster.broadcast("cache.clear", key).await?;
//!     let cleared: usize = cluster.ask(Target::Me, "cache.clear", key).await?;
//!     Ok(format!("{others} other workers, and {cleared} value here"))
//! }
//!
//! # fn main() {
//! block_on(async {
//!     let client = program!().client().await.unwrap();
//!     client.get("/clear/front").send().await.assert_text("0 other workers, and 1 value here");
//! });
//! # }
//! ```
//!
//! # What can be sent
//!
//! A payload is one value that serde can write, and is read as the type of the handler's argument; both as JSON of at
//! most 256 KiB. The same holds for the answer. There is no order between two messages: handlers run side by side.
//!
//! Every worker answers these without a handler:
//!
//! | message | answer |
//! |---|---|
//! | `ping` | `"pong"` |
//! | `echo` | the payload |
//! | `info` | the [`Worker`](crate::Worker): application, slot, generation, process id |
//!
//! # What can go wrong
//!
//! [`ClusterError`] tells the sender's mistakes from the handler's, and both from a worker that ended or is too busy.
//! A worker that was asked may end: whether its handler has run is then not known, so that a handler whose message is sent
//! again should not mind. With `?` in a handler of requests any of these is a 500.
//!
//! Where a program has no worker processes, as in tests, each application has one worker: it reaches itself, and the workers of
//! other applications that the process serves.
//!
//! Files, lower ones first: `target`, `refusal`; `link`, `built_in`, `error`; `handle`.

pub(crate) mod built_in;
mod error;
mod handle;
mod link;
mod refusal;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use self::link::{MOST_BYTES, Outgoing, PLACES, Reply};
pub use self::{
    error::ClusterError,
    handle::Cluster,
    refusal::{Answered, Refusal},
    target::Target,
};
