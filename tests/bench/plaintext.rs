//! What pulsar adds to a request: server CPU per request of `GET /plaintext`, against a bare hyper server, in one run.
//!
//!     cargo bench -p pulsar-tests --bench plaintext
//!     ROUNDS=9 REQUESTS=200000 cargo bench -p pulsar-tests --bench plaintext
//!
//! Both servers are processes of this program with one I/O thread. They take turns, so that a machine that changes its speed
//! changes it for both, and what counts is the CPU time of the server, not the time that passes: the load generator
//! and other programs share the machine.

use std::{
    convert::Infallible,
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitCode, Stdio},
};

use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, header, service::service_fn};
use hyper_util::rt::TokioIo;
use pulsar::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::LocalSet,
};

const ROLE: &str = "PLAINTEXT_BENCH_ROLE";
const REQUEST: &[u8] = b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const CONNECTIONS: usize = 64;

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
    let number =
        |name: &str, default| env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
    let (rounds, requests) = (number("ROUNDS", 5), number("REQUESTS", 100_000));
    let (raw, ours) = (Server::start("hyper"), Server::start("pulsar"));
    let mut ratios = Vec::new();
    println!(
        "{requests} requests a round over {CONNECTIONS} connections; server CPU per request in microseconds"
    );
    for round in 1..=rounds {
        // Whoever goes first finds other caches than whoever goes second.
        let (raw, ours) = if round % 2 == 0 {
            let ours = ours.cost(requests);
            (raw.cost(requests), ours)
        } else {
            (raw.cost(requests), ours.cost(requests))
        };
        println!("round {round}: hyper {raw:.2}, pulsar {ours:.2}, ratio {:.3}", ours / raw);
        ratios.push(ours / raw);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.3}", ratios[ratios.len() / 2]);
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(role: &str) -> Self {
        let this = env::current_exe().expect("a running program has a path");
        let mut process = Command::new(this)
            .args(["-b", "127.0.0.1:0"])
            .env(ROLE, role)
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program starts twice");
        let mut line = String::new();
        BufReader::new(process.stderr.take().expect("it is piped"))
            .read_line(&mut line)
            .expect("the server speaks");
        let address = line.trim().rsplit("http://").next().and_then(|address| address.parse().ok());
        Self { process, address: address.unwrap_or_else(|| panic!("no address in {line:?}")) }
    }

    /// CPU time per request in microseconds, after a tenth of the requests to warm up.
    fn cost(&self, requests: u32) -> f64 {
        load(self.address, requests / 10);
        let before = self.cpu();
        load(self.address, requests);
        f64::from(u32::try_from((self.cpu() - before) / 1000).expect("less than an hour"))
            / f64::from(requests)
    }

    /// Nanoseconds on a processor, of all threads.
    fn cpu(&self) -> u64 {
        let tasks =
            fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("Linux, and the server lives");
        tasks
            .map(|task| {
                let path = task.expect("a thread").path().join("schedstat");
                let text = fs::read_to_string(path).unwrap_or_default();
                text.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or(0)
            })
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends requests over many connections, one at a time on each.
fn load(address: SocketAddr, requests: u32) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("an event loop");
    runtime.block_on(async {
        let connections = u32::try_from(CONNECTIONS).expect("a small number");
        let tasks: Vec<_> =
            (0..connections).map(|_| tokio::spawn(one_connection(address, requests / connections))).collect();
        for task in tasks {
            task.await.expect("the server answers");
        }
    });
}

async fn one_connection(address: SocketAddr, requests: u32) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut buffer = [0; 1024];
    for _ in 0..requests {
        stream.write_all(REQUEST).await.expect("the server reads");
        let mut length = 0;
        // The answers of both end in their body, and come in one piece or two.
        while !buffer[..length].ends_with(b"\r\n\r\nHello, World!") {
            let more = stream.read(&mut buffer[length..]).await.expect("the server writes");
            assert!(more > 0, "no answer but {}", String::from_utf8_lossy(&buffer[..length]));
            length += more;
        }
    }
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
