//! What `python3 benches/instructions.py --costs` asks: routes that are `/plaintext` with one thing more, and WSGI callables.
//!
//! With `COSTS_LAYER` in the environment the program has a layer of tower around it, which does nothing.

use std::{env, process::ExitCode};

use pulsar::{
    Json, Query, Request, State, get, post, provide,
    wsgi::{self, Environ, IntoBody, StartResponse},
    wsgi_app,
};
use serde::{Deserialize, Serialize};
use tower::util::MapRequestLayer;

const HELLO: &str = "Hello, World!";

#[get("/plaintext")]
async fn plaintext() -> &'static str {
    HELLO
}

#[get("/inline", inline)]
fn inline() -> &'static str {
    HELLO
}

#[get("/pool")]
fn pool() -> &'static str {
    HELLO
}

#[get("/path/<int:id>")]
async fn path(id: u32) -> &'static str {
    if id == 0 { "" } else { HELLO }
}

struct Greeting(&'static str);

#[provide]
fn greeting() -> Greeting {
    Greeting(HELLO)
}

#[get("/state")]
async fn state(greeting: State<Greeting>) -> &'static str {
    greeting.0.0
}

#[derive(Deserialize)]
struct Page {
    page: u32,
    search: String,
}

#[get("/query")]
async fn query(page: Query<Page>) -> &'static str {
    if page.0.page == 0 || page.0.search.is_empty() { "" } else { HELLO }
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[get("/json")]
async fn json() -> Json<Message> {
    Json(Message { message: HELLO })
}

#[post("/body")]
async fn body(body: String) -> &'static str {
    if body.is_empty() { "" } else { HELLO }
}

#[wsgi_app("/wsgi/pool")]
fn wsgi_pool(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok(HELLO)
}

#[wsgi_app("/wsgi/inline", inline)]
fn wsgi_inline(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok(HELLO)
}

#[wsgi_app("/wsgi/async")]
async fn wsgi_async(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain")])?;
    Ok(HELLO)
}

fn main() -> ExitCode {
    if env::var_os("COSTS_LAYER").is_some() {
        pulsar::program! { layers: [MapRequestLayer::new(|request: Request| request)] }.run()
    } else {
        pulsar::program! {}.run()
    }
}
