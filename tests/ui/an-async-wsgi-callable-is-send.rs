#![allow(unused)] // what is wrong is something else

use std::rc::Rc;

use pulsar::{
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

#[wsgi_app]
async fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<String> {
    let text = Rc::new("kept over an await".to_owned());
    std::future::ready(()).await;
    start_response("200 OK", &[])?;
    Ok(text.to_string())
}

fn main() {}
