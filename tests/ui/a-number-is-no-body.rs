#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<u32> {
    start_response("200 OK", &[])?;
    Ok(7)
}

#[wsgi_app("/async")]
async fn later(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<u32> {
    start_response("200 OK", &[])?;
    Ok(7)
}

fn main() {}
