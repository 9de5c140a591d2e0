//! What a handler's arguments may be, besides path values: extractors.
//!
//! The traits are axum-core's, with [`Context`](crate::Context) as their state, so that extractors from that ecosystem
//! work in our handlers and ours work elsewhere. The ones here share one rejection, [`Problem`](crate::Problem).
//!
//! | argument | what it gives | its rejection |
//! |---|---|---|
//! | [`Path<T>`] | all path values at once | 404 |
//! | [`Query<T>`] | the query string | 400 |
//! | [`Form<T>`] | an HTML form | 400, 413, 415, 422 |
//! | [`Json<T>`] | a JSON body | 400, 413, 415, 422 |
//! | [`State<T>`] | what a provider made | 500, found at start |
//! | [`Bytes`](crate::Bytes), `String` | the body | 400, 413 |
//! | `Method`, `Uri`, `Version`, `HeaderMap` | a part of the request | none |
//! | [`Peer`](crate::request::Peer), [`RequestId`](crate::request::RequestId), [`MatchedRoute`](crate::request::MatchedRoute) | what the server and the router know | none |
//! | [`Request`](crate::Request) | all of it | none |
//! | `Option<E>`, `Result<E, E::Rejection>` | `E`, if it is there | none |
//!
//! Bodies are read up to the setting `max_body` of the server (8 MiB by default); without a server, as with a test's client,
//! up to 2 MiB. A layer [`DefaultBodyLimit`] sets a lower limit.

mod body;
mod form;
mod json;
mod path;
mod query;
mod state;

pub use axum_core::extract::{
    DefaultBodyLimit, FromRef, FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts,
};

pub use self::{form::Form, json::Json, path::Path, query::Query, state::State};
