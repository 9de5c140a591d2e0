//! WSGI, PEP 3333: applications that are any callable of an environ and a `start_response`.

mod application;
mod authorization;
mod body;
mod cgi;
mod environ;
mod error;
mod errors;
mod exchange;
mod failure;
mod handler;
mod head;
mod input;
mod latin1;
mod lazy;
mod middleware;
mod pieces;
mod sending;
mod service;
mod start_response;
mod validator;
mod value;

#[doc(hidden)]
pub use self::application::answer;
pub(crate) use self::application::{Answered, AsyncApplication};
pub use self::{
    application::{Application, Callable},
    authorization::{Authorization, Digest},
    body::{Body, FileWrapper, IntoBody, IntoChunk},
    environ::Environ,
    error::{Error, Result},
    errors::Errors,
    handler::WsgiHandler,
    input::Input,
    lazy::LazyWsgi,
    middleware::{authorization, clean_path, wait_for_body},
    service::{WsgiFuture, WsgiService},
    start_response::{StartResponse, WithError, Write},
    validator::validator,
    value::Value,
};
