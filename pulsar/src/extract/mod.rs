//! What a handler's arguments may be, besides path values: extractors.
//!
//! The traits are axum-core's, with [`Context`](crate::Context) as their state, so that extractors from that ecosystem
//! work in our handlers and ours work elsewhere. The ones here share one rejection, [`Problem`](crate::Problem).
//!
//! | argument | what it gives | its rejection |
//! |---|---|---|
//! | [`Path<T>`] | all path values at once | 404 |
//! | [`Query<T>`] | the query string | 400 |
//! | [`Form<T>`] | an HTML form | 400, 408, 413, 415, 422 |
//! | [`Json<T>`] | a JSON body | 400, 408, 413, 415, 422 |
//! | [`State<T>`] | what a provider made | 500, found at start |
//! | [`Bytes`](crate::Bytes), `String` | the body | 400, 408, 413 |
//! | `Method`, `Uri`, `Version`, `HeaderMap` | a part of the request | none |
//! | [`Peer`](crate::request::Peer), [`RequestId`](crate::request::RequestId), [`Connection`](crate::request::Connection) | what the server knows | none |
//! | [`MatchedRoute`](crate::request::MatchedRoute) | what the router knows | 500 where no route matched |
//! | [`Urls`](crate::url::Urls) | URLs of routes, as the client has to write them | 400 if the request names a host that is none |
//! | [`LastEventId`](crate::sse::LastEventId) | where a client of server-sent events was | 400 |
//! | `WebSocketUpgrade`, with the feature `websocket` | the connection, as a WebSocket | 400, 405, 426 |
//! | [`Request`](crate::Request) | all of it | none |
//! | `Option<E>`, where `E` is [optional](OptionalFromRequestParts), as [`Json<T>`], [`Form<T>`], `MatchedRoute`, `LastEventId` are | `E`, if it is there | that of `E`, if it is there and wrong |
//! | `Result<E, E::Rejection>` | `E`, or why not | none |
//!
//! Bodies are read up to the setting `max_body` of the server (8 MiB by default); without a server, as with a test's client,
//! up to 2 MiB. A layer [`DefaultBodyLimit`] sets a lower limit.
//!
//! ```
//! use pulsar::{Json, get, http::HeaderMap, post};
//!
//! #[get("/agent")]
//! async fn agent(headers: HeaderMap) -> String {
//!     format!("{:?}", headers.get("user-agent"))
//! }
//!
//! /// The last argument may take the body.
//! #[post("/sum")]
//! async fn sum(headers: HeaderMap, Json(numbers): Json<Vec<u32>>) -> String {
//!     format!("{} of {} headers", numbers.iter().sum::<u32>(), headers.len())
//! }
//! ```

mod body;
mod form;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod json;
mod path;
mod query;
mod state;

pub use axum_core::extract::{
    DefaultBodyLimit, FromRef, FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts,
};

pub use self::{form::Form, json::Json, path::Path, query::Query, state::State};
