#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app("/legacy", name = "legacy", bind = ":8070", workers = 2)]
fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("part of another one, or one of its own")
}

fn main() {}
