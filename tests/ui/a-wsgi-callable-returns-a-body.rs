#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut Environ, start_response: StartResponse) {
    let _ = start_response("204 No Content", &[]);
}

fn main() {}
