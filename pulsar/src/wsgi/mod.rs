//! WSGI, PEP 3333: applications that are any callable of an environ and a `start_response`.

mod application;
mod body;
mod cgi;
mod environ;
mod error;
mod errors;
mod exchange;
mod failure;
mod head;
mod input;
mod latin1;
mod pieces;
mod sending;
mod service;
mod start_response;
mod validator;
mod value;

pub use self::{
    application::{Application, Callable},
    body::{Body, FileWrapper, IntoBody, IntoChunk},
    environ::Environ,
    error::{Error, Result},
    errors::Errors,
    input::Input,
    service::{WsgiFuture, WsgiService},
    start_response::{StartResponse, Write},
    validator::validator,
    value::Value,
};
