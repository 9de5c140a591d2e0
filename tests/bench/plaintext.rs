//! What pulsar adds to a request: server CPU per request of `GET /plaintext`, against a bare hyper server, in one run.
//!
//!     cargo bench -p pulsar-tests --bench plaintext
//!     ROUNDS=9 REQUESTS=200000 cargo bench -p pulsar-tests --bench plaintext
//!
//! Both servers are processes of this program with one I/O thread. They take turns, so that a machine that changes its speed
//! changes it for both, and what counts is the CPU time of the server, not the time that passes: the load generator
//! and other programs share the machine.

mod support;

use std::{convert::Infallible, env, process::ExitCode};

use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, header, service::service_fn};
use hyper_util::rt::TokioIo;
use pulsar::Bytes;
use tokio::{net::TcpListener, runtime::Builder, task::LocalSet};

use crate::support::{CONNECTIONS, ROLE, Server, number};

#[pulsar::get("/plaintext")]
async fn plaintext() -> &'static str {
    "Hello, World!"
}

fn main() -> ExitCode {
    match env::var(ROLE).as_deref() {
        Ok("pulsar") => pulsar::program! {}.run(),
        Ok(_) => {
            raw_hyper();
            ExitCode::SUCCESS
        }
        Err(_) => {
            compare();
            ExitCode::SUCCESS
        }
    }
}

fn compare() {
    let (rounds, requests) = (number("ROUNDS", 5), number("REQUESTS", 100_000));
    let (raw, ours) = (Server::start("hyper", &[]), Server::start("pulsar", &[]));
    let mut ratios = Vec::new();
    println!(
        "{requests} requests a round over {CONNECTIONS} connections; server CPU per request in microseconds"
    );
    for round in 1..=rounds {
        // Whoever goes first finds other caches than whoever goes second.
        let (raw, ours) = if round % 2 == 0 {
            let ours = ours.cost("/plaintext", requests);
            (raw.cost("/plaintext", requests), ours)
        } else {
            (raw.cost("/plaintext", requests), ours.cost("/plaintext", requests))
        };
        println!("round {round}: hyper {raw:.2}, pulsar {ours:.2}, ratio {:.3}", ours / raw);
        ratios.push(ours / raw);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.3}", ratios[ratios.len() / 2]);
}

/// The least that a hyper server can do.
fn raw_hyper() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("an event loop");
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        eprintln!("hyper: listening on http://{}", listener.local_addr().expect("it is bound"));
        let mut http = hyper::server::conn::http1::Builder::new();
        http.pipeline_flush(true);
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a TCP socket");
            let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::task::spawn_local(connection);
        }
    });
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
