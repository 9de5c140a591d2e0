#![doc = include_str!("docs/guide.md")]

// From the lowest floor to the highest; a module imports only from lower floors. `tests/layers.rs` holds the table.
pub mod body;
mod place;
mod pool;
pub mod settings;

mod context;
pub mod error;

mod problem;

pub mod request;

pub mod extract;
mod handler;
mod middleware;
pub mod wsgi;

mod registry;
pub mod server;

pub mod router;
pub mod testing;

pub mod app;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

// The public interface is:
pub use axum_core::response::IntoResponse;
pub use bytes::Bytes;
pub use http::{self, HeaderMap, Method, StatusCode, Uri};

#[doc = include_str!("docs/http_error.md")]
pub use pulsar_macros::HttpError;
#[doc = include_str!("docs/main.md")]
pub use pulsar_macros::main;
/// The program that [`main!`] would run, as an expression of type [`Program`], for tests: the grammar is the same.
pub use pulsar_macros::program;
#[doc = include_str!("docs/provide.md")]
pub use pulsar_macros::provide;
#[doc = include_str!("docs/route.md")]
pub use pulsar_macros::route;
#[doc = include_str!("docs/scope.md")]
pub use pulsar_macros::scope;

/// [`route`] for the method DELETE.
pub use pulsar_macros::delete;
/// [`route`] for the method GET, which answers HEAD as well.
pub use pulsar_macros::get;
/// [`route`] for the method HEAD, where the answer to GET would cost too much.
pub use pulsar_macros::head;
/// [`route`] for the method OPTIONS, where the answer with the methods that there are is not enough.
pub use pulsar_macros::options;
/// [`route`] for the method PATCH.
pub use pulsar_macros::patch;
/// [`route`] for the method POST.
pub use pulsar_macros::post;
/// [`route`] for the method PUT.
pub use pulsar_macros::put;

pub use crate::{
    app::Program,
    body::{Body, Request, Response},
    context::Context,
    error::{Error, Result},
    extract::{Form, FromRequest, FromRequestParts, Json, Path, Query, State},
    handler::IntoHandler,
    place::Place,
    problem::{FieldError, Problem},
    registry::{Registry, Route},
    router::Router,
    settings::Settings,
};
