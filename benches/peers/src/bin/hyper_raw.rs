//! hyper alone: what every framework upon it pays at least. Each thread has a runtime and a listening socket of its own; there is no
//! router, no limit and no time-out. With a third argument, `idle`, there is one thread more, which does nothing.

use std::{env, io, thread};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use peers::{HELLO, MESSAGE, Order, arguments, listen, user_and_slug};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    task::{LocalSet, spawn_local},
};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path();
    Ok(match (request.method(), path) {
        (&Method::GET, "/plaintext") => response(TEXT, HELLO),
        (&Method::GET, "/json") => match serde_json::to_vec(&MESSAGE) {
            Ok(json) => response(JSON, json),
            Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
        },
        (&Method::POST, "/echo") => {
            let body = request.into_body().collect().await?.to_bytes();
            let order = serde_json::from_slice::<Order>(&body);
            match order.and_then(|order| serde_json::to_vec(&order)) {
                Ok(json) => response(JSON, json),
                Err(_) => status(StatusCode::UNPROCESSABLE_ENTITY),
            }
        }
        (&Method::GET, _) => match user_and_slug(path) {
            Some((id, slug)) => response(TEXT, format!("{id} {slug}")),
            None => status(StatusCode::NOT_FOUND),
        },
        _ => status(StatusCode::NOT_FOUND),
    })
}

fn response(kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn serve(port: u16) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::from_std(listen(port)?)?;
        let mut http = http1::Builder::new();
        http.pipeline_flush(true);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn_local(http.serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    })
}

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    if env::args().any(|argument| argument == "idle") {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let others: Vec<_> = (1..threads).map(|_| thread::spawn(move || serve(port))).collect();
    serve(port)?;
    others.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
}
