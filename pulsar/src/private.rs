//! What generated code names.
//!
//! Not public API: it may change in any version. Everything that a macro writes goes through this module, so that a user
//! needs no dependency but pulsar, and nothing of the user's is captured.

pub use std::{
    boxed::Box,
    clone::Clone,
    convert::{From, Into},
    future::Future,
    option::Option::{self, None, Some},
    result::Result::{self, Err, Ok},
    string::ToString,
    vec::Vec,
};

pub use axum_core::response::IntoResponse;
pub use http::StatusCode;
pub use inventory;

pub use crate::{
    app::{App, Main, Program},
    body::{BoxError, BoxFuture, Request, Response},
    bounds::{
        Extractor, Failure, HandlerError, HandlerFuture, HandlerOutput, HeadExtractor, MessageAnswer,
        MessagePayload, PathValue, Provided,
    },
    context::Context,
    extract::State,
    files::EmbeddedFile,
    function::{Anything, Function, Head, Last, MayReadMore, Reads, TextAt, ValueAt},
    place::Place,
    problem::Problem,
    registry::{
        Built, Hook, Message, NoRequirement, Outcome, Probe, Provider, Requirement, Returned, ReturnedValue,
        Returns, Route, Scope, StaticFiles, Task, WsgiApp, answered, answered_in_pool, in_pool, payload,
    },
    router::{RouteUrl, UrlRoute},
    testing::{
        Setup as TestSetup, Test, argument, compare_routes, program_of, run_alone, run_async, run_sync,
    },
    url::{UrlValue, UrlValues},
    worker::{Worker, WorkerExit},
    wsgi::{Answer, AnswerError, Application},
};
