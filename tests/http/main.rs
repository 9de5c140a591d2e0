//! The application as a client sees it: annotated functions and what the ecosystem of axum and tower has for them, asked
//! in process and, where the wire makes a difference, over a socket.
//!
//! All of it is one program, since registrations belong to a crate: every file has the routes of its module in an
//! application of its own, below a prefix of its own.

mod answers;
mod client;
mod errors;
mod extractors;
mod files;
mod handlers;
mod http2;
mod middleware;
mod mounted;
mod proxies;
mod sessions;
mod sse;
mod state;
mod support;
mod urls;
mod websocket;
mod websocket_h2;
