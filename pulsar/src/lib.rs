#![doc = include_str!("docs/guide.md")]

// From the lowest floor to the highest; a module imports only from lower floors. `tests/layers.rs` holds the table.
mod board;
pub mod body;
mod drain;
mod mailbox;
mod order;
mod place;
pub mod settings;
mod task;
mod weighted;
pub mod worker;

pub mod cluster;
mod pool;

mod context;
pub mod error;
mod finding;

mod problem;

pub mod request;

pub mod bounds;
pub mod extract;
mod handler;
mod middleware;
pub mod sse;
pub mod url;
#[cfg(feature = "websocket")]
pub mod websocket;

pub mod files;
mod function;
pub mod wsgi;

mod registry;
pub mod server;

mod arbiter;
mod messages;
pub mod router;

pub mod app;

pub mod testing;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

// Not public API: what the targets below `fuzz/` check, which is private.
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[path = "fuzz.rs"]
pub mod __fuzz;

// Not public API: what `benches/micro` measures, which is private.
#[cfg(benching)]
#[doc(hidden)]
pub mod __bench {
    pub use crate::arbiter::bench::*;
}

// The public interface is:
pub use axum_core::response::IntoResponse;
pub use bytes::Bytes;
pub use http::{self, HeaderMap, Method, StatusCode, Uri};

#[doc = include_str!("docs/http_error.md")]
pub use pulsar_macros::HttpError;
#[doc = include_str!("docs/check.md")]
pub use pulsar_macros::check;
#[doc = include_str!("docs/every.md")]
pub use pulsar_macros::every;
#[doc = include_str!("docs/main.md")]
pub use pulsar_macros::main;
#[doc = include_str!("docs/on.md")]
pub use pulsar_macros::on;
/// The program that [`main!`] would run, as an expression of type [`Program`], for tests: the grammar is the same.
///
/// ```standalone_crate
/// use pulsar::{Uri, get, program, testing::block_on};
///
/// #[get("/")]
/// async fn home() -> &'static str {
///     "home"
/// }
///
/// async fn not_found(uri: Uri) -> String {
///     format!("there is no {}", uri.path())
/// }
///
/// # fn main() {
/// block_on(async {
///     let client = program! { fallback: not_found }.client().await.unwrap();
///     client.get("/").send().await.assert_text("home");
///     client.get("/x").send().await.assert_text("there is no /x");
/// });
/// # }
/// ```
pub use pulsar_macros::program;
#[doc = include_str!("docs/provide.md")]
pub use pulsar_macros::provide;
#[doc = include_str!("docs/route.md")]
pub use pulsar_macros::route;
#[doc = include_str!("docs/scope.md")]
pub use pulsar_macros::scope;
#[doc = include_str!("docs/static_files.md")]
pub use pulsar_macros::static_files;
#[doc = include_str!("docs/test.md")]
pub use pulsar_macros::test;
#[doc = include_str!("docs/url.md")]
pub use pulsar_macros::url;
#[doc = include_str!("docs/wsgi_app.md")]
pub use pulsar_macros::wsgi_app;

/// [`route`] for the method DELETE.
///
/// ```
/// use pulsar::{StatusCode, delete};
///
/// #[delete("/users/<int:id>")]
/// async fn remove(id: u64) -> StatusCode {
///     println!("{id} is gone");
///     StatusCode::NO_CONTENT
/// }
/// ```
pub use pulsar_macros::delete;
/// [`route`] for the method GET, which answers HEAD as well.
///
/// ```
/// use pulsar::get;
///
/// #[get("/users/<int:id>")]
/// async fn user(id: u64) -> String {
///     format!("user {id}")
/// }
/// ```
pub use pulsar_macros::get;
/// [`route`] for the method HEAD, where the answer to GET would cost too much.
///
/// ```
/// use pulsar::{StatusCode, head};
///
/// #[head("/reports/<int:id>")]
/// async fn exists(id: u64) -> StatusCode {
///     if id < 10 { StatusCode::OK } else { StatusCode::NOT_FOUND }
/// }
/// ```
pub use pulsar_macros::head;
/// [`route`] for the method OPTIONS, where the answer with the methods that there are is not enough.
///
/// ```
/// use pulsar::options;
///
/// #[options("/users")]
/// async fn methods() -> [(&'static str, &'static str); 1] {
///     [("allow", "GET, HEAD, OPTIONS, SEARCH")]
/// }
/// ```
pub use pulsar_macros::options;
/// [`route`] for the method PATCH.
///
/// ```
/// use pulsar::patch;
///
/// #[patch("/users/<int:id>")]
/// async fn rename(id: u64, name: String) -> String {
///     format!("{id} is now {name}")
/// }
/// ```
pub use pulsar_macros::patch;
/// [`route`] for the method POST.
///
/// ```
/// use pulsar::{StatusCode, post};
///
/// #[post("/users")]
/// async fn add(name: String) -> StatusCode {
///     println!("welcome, {name}");
///     StatusCode::CREATED
/// }
/// ```
pub use pulsar_macros::post;
/// [`route`] for the method PUT.
///
/// ```
/// use pulsar::put;
///
/// #[put("/users/<int:id>")]
/// async fn replace(id: u64, name: String) -> String {
///     format!("{id} is {name}")
/// }
/// ```
pub use pulsar_macros::put;

pub use crate::{
    app::{Arbiter, Program, WsgiServer, arbiter},
    body::{Body, Request, Response},
    context::Context,
    error::{Error, Result},
    extract::{Form, FromRequest, FromRequestParts, Json, Path, Query, State},
    handler::IntoHandler,
    place::Place,
    problem::{FieldError, Problem},
    registry::{Registry, Requirement, Route, WsgiApp},
    router::Router,
    settings::Settings,
    worker::Worker,
};
