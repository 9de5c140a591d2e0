#![allow(unused)] // what is wrong is something else

use pulsar::{
    wsgi::{self, StartResponse},
    wsgi_app,
};

#[wsgi_app]
fn app(environ: &mut String, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("a text is no environ")
}

#[wsgi_app("/async")]
async fn later(environ: &mut String, start_response: StartResponse) -> wsgi::Result<&'static str> {
    Ok("a text is no environ")
}

fn main() {}
