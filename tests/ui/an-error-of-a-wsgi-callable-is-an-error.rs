#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{Environ, StartResponse},
    wsgi_app,
};

struct Broken;

#[wsgi_app]
fn app(environ: &mut Environ, start_response: StartResponse) -> Result<&'static str, Broken> {
    Err(Broken)
}

fn main() {}
