#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app(bnid = ":8070")]
fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("misspelt")
}

#[wsgi_app(path = "/legacy")]
fn legacy(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("the path has no key")
}

fn main() {}
