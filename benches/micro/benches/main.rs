//! Micro-benchmarks: what single parts of pulsar take, in one process and without a socket.
//!
//!     cd benches/micro
//!     cargo bench                     # all; about a minute once it is built
//!     cargo bench -- router::text     # those with this in their names
//!
//! They are for a change and what was before it, on one quiet machine. What a request takes as a whole is counted by
//! `benches/instructions.py`.

#[cfg(not(benching))]
compile_error!(
    "what is measured here is private but for `cargo bench` in benches/micro, where .cargo/config.toml opens it"
);

mod application;
mod channel;
mod extractors;
mod router;
mod wsgi;

fn main() {
    divan::main();
}
