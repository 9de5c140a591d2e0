#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut Environ, start_response: StartResponse) -> &'static str {
    "without a result"
}

#[wsgi_app("/async")]
async fn later(environ: &mut Environ, start_response: StartResponse) -> &'static str {
    "without a result"
}

fn main() {}
