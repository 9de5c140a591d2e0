#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("by value")
}

#[wsgi_app("/shared")]
fn shared(environ: &Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("not to be changed")
}

fn main() {}
