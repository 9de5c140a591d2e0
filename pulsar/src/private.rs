//! What generated code names.
//!
//! Not public API: it may change in any version. Everything that a macro writes goes through this module, so that a user
//! needs no dependency but pulsar, and nothing of the user's is captured.

pub use std::{
    boxed::Box,
    clone::Clone,
    convert::{From, Into},
    future::Future,
    option::Option,
    result::Result,
    string::ToString,
    vec::Vec,
};

pub use axum_core::{
    extract::{FromRequest, FromRequestParts},
    response::IntoResponse,
};
pub use http::StatusCode;
pub use inventory;

pub use crate::{
    app::{App, Main, Program},
    body::{BoxError, BoxFuture, Request, Response},
    cluster::Answered,
    context::Context,
    extract::State,
    files::EmbeddedFile,
    handler::{Reply, no_such_value, on_pool, rejected},
    place::Place,
    problem::Problem,
    registry::{
        Built, Hook, Message, NoRequirement, Outcome, Probe, Provider, Requirement, Returned, ReturnedAnswer,
        ReturnedNothing, ReturnedValue, Route, Scope, StaticFiles, Task, WsgiApp, answered_in_pool, found,
        in_pool, payload,
    },
    request::Params,
    testing::{
        Setup as TestSetup, Test, argument, compare_routes, program_of, run_alone, run_async, run_sync,
    },
    worker::{Worker, WorkerExit},
    wsgi::{Application, answer},
};
