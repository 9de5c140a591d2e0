#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut Environ) -> wsgi::Result<&'static str> {
    Ok("one is missing")
}

#[wsgi_app("/more")]
async fn more(environ: &mut Environ, start_response: StartResponse, id: u32) -> wsgi::Result<&'static str> {
    Ok("one is too many")
}

fn main() {}
