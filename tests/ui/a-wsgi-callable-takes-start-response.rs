#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut Environ, start_response: fn(&str)) -> wsgi::Result<&'static str> {
    Ok("a function of another form")
}

fn main() {}
