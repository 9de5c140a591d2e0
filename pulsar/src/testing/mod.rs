//! Tests: a client for any service, in this process or over a socket, and what a test of a program needs besides.
//!
//! What it asserts it shows: a failed assertion prints the request, the status and the body. It is for tests and stops at
//! the first thing that is wrong, by a panic at the line of the test, or with that line in its text.
//!
//! ```test_harness,standalone_crate
//! use pulsar::{get, testing::Client};
//!
//! #[get("/hello/<name>")]
//! async fn hello(name: &str) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! // What it writes is a test like any other: `cargo test` lists it as `hello_is_said`.
//! #[pulsar::test]
//! async fn hello_is_said(client: Client) {
//!     client.get("/hello/Ada").send().await.assert_text("Hello, Ada!");
//! }
//! # fn main() {}
//! ```
//!
//! # What there is
//!
//! | for | |
//! |---|---|
//! | a test with the client of the program | [`#[pulsar::test]`](macro@crate::test), [`FromTest`] |
//! | a client without it | [`Client::new`], [`Program::client`](crate::Program::client), [`block_on`] |
//! | bodies | [`RequestBuilder::json`], [`form`](RequestBuilder::form), [`multipart`](RequestBuilder::multipart) |
//! | cookies | kept as a browser does; [`Client::cookie`], [`Client::new_browser`] |
//! | answers | [`Answer`], [`AnswerStream`] piece by piece, [`Events`], `WebSocket` with the feature `websocket` |
//! | the table of routes | [`assert_routes!`] |
//!
//! Files, lower ones first: `waiting`, `cookies`, `multipart`, `snapshot`, `event_parser`, `target`, `block_on`; `session`;
//! `answer`; `stream`; `events`, `websocket`; `request`; `client`; `program`; `test`; `run`.

mod answer;
mod block_on;
mod client;
mod cookies;
mod event_parser;
mod events;
mod multipart;
mod program;
mod request;
mod run;
mod session;
mod snapshot;
mod stream;
mod target;
mod test;
mod waiting;
#[cfg(feature = "websocket")]
mod websocket;

#[cfg(feature = "websocket")]
pub use self::websocket::WebSocket;
pub use self::{
    answer::Answer,
    block_on::block_on,
    client::Client,
    event_parser::Event,
    events::Events,
    multipart::Multipart,
    program::{assert_routes, program},
    request::RequestBuilder,
    stream::AnswerStream,
    test::{FromTest, Test},
};
#[doc(hidden)]
pub use self::{
    program::{compare_routes, program_of},
    run::{argument, run_alone, run_async, run_sync},
    test::Setup,
};
