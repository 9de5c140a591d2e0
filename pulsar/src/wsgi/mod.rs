//! WSGI, PEP 3333: an application is a callable of an environ and a `start_response`, and returns the body.
//!
//! ```
//! use pulsar::{
//!     Context,
//!     testing::{Client, block_on},
//!     wsgi::{self, Application, Environ, IntoBody, StartResponse, WsgiHandler},
//! };
//!
//! /// A plain `fn` may block: it runs on the thread pool.
//! fn hello(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
//!     let text = format!("Hello {}!\n", environ.get("REMOTE_USER").unwrap_or_default());
//!     start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", &text.len().to_string())])?;
//!     Ok([text])
//! }
//!
//! /// An `async fn` runs on the event loop. This one is a middleware: `None` passes the request on.
//! async fn log_in(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<&'static str>> {
//!     if environ.get("HTTP_X_TOKEN").as_deref() == Some("secret") {
//!         environ.set("REMOTE_USER", "Ada");
//!         return Ok(None);
//!     }
//!     start_response("403 Forbidden", &[("Content-Type", "text/plain")])?;
//!     Ok(Some("who are you?\n"))
//! }
//!
//! block_on(async {
//!     let chain = WsgiHandler::new().add(log_in).add(hello);
//!     let client = Client::new(Application::new(chain).service(Context::default()));
//!     client.get("/").send().await.assert_status(403);
//!     client.get("/").header("x-token", "secret").send().await.assert_text("Hello Ada!\n");
//! });
//! ```
//!
//! A program is made of callables by [`#[wsgi_app]`](macro@crate::wsgi_app), by [`WsgiServer`](crate::WsgiServer) or by
//! [`App::wsgi`](crate::app::App::wsgi). A callable knows of no router and no server: what it becomes is a `tower::Service`.
//!
//! | what | types |
//! |---|---|
//! | what a callable takes | [`Environ`], [`Value`], [`Input`], [`Errors`]; [`StartResponse`], [`WithError`], [`Write`] |
//! | what it gives | [`Result`], [`IntoBody`], [`IntoChunk`], [`Body`], [`FileWrapper`] |
//! | what it can do wrong | [`Error`] |
//! | what can be called | [`Callable`]; [`Application`], which is any of them |
//! | a callable as a service | [`Application::service`], [`WsgiService`], [`WsgiFuture`] |
//! | several callables | [`WsgiHandler`]; [`LazyWsgi`]; a [`Router`](crate::Router); [`Application::from_service`] for other services |
//! | members for a chain | [`clean_path`], [`authorization()`] with [`Authorization`] and [`Digest`], [`wait_for_body`] |
//! | the checks of `wsgiref.validate` | [`validator()`] |
//!
//! Files, lower ones first: `error`, `errors`, `latin1`, `tls`, `value`, `input`, `authorization`, `body`; `cgi`, `head`, `failure`;
//! `exchange`; `environ`, `start_response`, `pieces`; `application`; `handler`, `lazy`, `middleware`, `validator`, `sending`; `service`.

mod application;
mod authorization;
mod body;
mod cgi;
mod environ;
mod error;
mod errors;
mod exchange;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
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
mod tls;
mod validator;
mod value;

pub(crate) use self::application::AsyncApplication;
pub use self::{
    application::{Answer, AnswerError, Answered, Application, Callable},
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
