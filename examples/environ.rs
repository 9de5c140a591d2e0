//! What a WSGI application knows of a request: the whole environ as JSON, with the body under `wsgi.input`.
//!
//!     cargo run --example environ
//!     curl 'http://127.0.0.1:8060/some/path?a=1&b=2' -H 'X-Name: value'
//!     curl http://127.0.0.1:8060/async/some/path -d 'the body'

use pulsar::{
    request::Connection,
    wsgi::{self, Environ, IntoBody, StartResponse, Value},
    wsgi_app,
};
use serde_json::{Map, Value as Json, json};

/// The application: it reads the body with `std::io::Read`, on a thread of the pool.
#[wsgi_app]
fn environ(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    use std::io::Read;

    let mut body = Vec::new();
    environ.input().read_to_end(&mut body)?;
    let document = document(environ, &body);
    start_response("200 OK", &[("Content-Type", "application/json")])?;
    Ok(document)
}

/// The same for what is below `/async`, on the event loop: there the path is in `SCRIPT_NAME`.
#[wsgi_app("/async")]
async fn environ_async(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    use tokio::io::AsyncReadExt;

    let mut body = Vec::new();
    environ.input().read_to_end(&mut body).await?;
    let document = document(environ, &body);
    start_response("200 OK", &[("Content-Type", "application/json")])?;
    Ok(document)
}

/// Text is text; everything else is as close to it as JSON comes.
fn document(environ: &Environ, body: &[u8]) -> String {
    let mut object = Map::new();
    for (name, value) in environ.iter() {
        let value = match (name.as_ref(), value) {
            (_, Value::Text(text)) => Json::from(text.into_owned()),
            (_, Value::Bool(value)) => Json::from(value),
            (_, Value::Version(major, minor)) => json!([major, minor]),
            // A byte is a character, as in every text of the environ.
            ("wsgi.input", _) => Json::from(body.iter().copied().map(char::from).collect::<String>()),
            ("pulsar.connection", _) => environ.connection().map(connection).unwrap_or_default(),
            ("pulsar.cfg", _) => {
                json!({ "workers": environ.settings().workers, "threads": environ.settings().threads })
            }
            // `wsgi.errors` and `wsgi.file_wrapper` are things to use, not to look at.
            _ => Json::Null,
        };
        object.insert(name.into_owned(), value);
    }
    format!("{:#}\n", Json::from(object))
}

fn connection(connection: &Connection) -> Json {
    json!({ "id": connection.id(), "peer": connection.peer().to_string() })
}

pulsar::main!();
