//! What a WSGI callable adds to a request, and what an overload and a long upload do to a server of one.
//!
//!     cargo bench -p pulsar-tests --bench wsgi
//!     ROUNDS=9 REQUESTS=200000 FLOOD=10000 UPLOAD_MIB=1024 cargo bench -p pulsar-tests --bench wsgi
//!     ARGUMENTS='--thread-workers 1' cargo bench -p pulsar-tests --bench wsgi     # of the server whose cost is measured
//!
//! | part | what is measured |
//! |---|---|
//! | cost | server CPU per request of an `async` callable, a plain one and an inline one, beside that of a route, all of one process; they take turns, so that a machine that changes its speed changes it for all |
//! | flood | requests for a callable that takes 50 ms, all at once, at a pool of 4 threads and a queue of 64: how many are refused, how long the last of these waits, what it does to memory |
//! | upload | a chunked body that a plain callable reads slowly: what it does to memory |

mod support;

use std::{
    env,
    io::Read,
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

use pulsar::{
    wsgi::{self, Environ, IntoBody, StartResponse},
    wsgi_app,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
    sync::watch,
    time::timeout,
};

use crate::support::{CONNECTIONS, ROLE, Server, number};

/// Whoever has no answer by then has none.
const PATIENCE: Duration = Duration::from_secs(120);

const TEXT: &[(&str, &str)] = &[("Content-Type", "text/plain")];

#[pulsar::get("/plaintext")]
async fn plaintext() -> &'static str {
    "Hello, World!"
}

#[wsgi_app("/awsgi")]
async fn awsgi(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok("Hello, World!")
}

#[wsgi_app("/wsgi")]
fn wsgi(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok("Hello, World!")
}

#[wsgi_app("/inline", inline)]
fn inline(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok("Hello, World!")
}

/// What is measured is what becomes of those that come meanwhile.
#[wsgi_app("/slow")]
fn slow(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    thread::sleep(Duration::from_millis(50));
    start_response("200 OK", TEXT)?;
    Ok("slept")
}

/// Lets somebody else run before each piece, so that the client is the faster one.
#[wsgi_app("/sink")]
fn sink(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut length, mut sum) = (0_u64, 0_u64);
    loop {
        match Read::read(environ.input(), &mut buffer)? {
            0 => break,
            count => {
                length += count as u64;
                sum = buffer[..count].iter().fold(sum, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
            }
        }
        thread::yield_now();
    }
    start_response("200 OK", &[TEXT[0], ("X-Sum", &sum.to_string())])?;
    Ok(length.to_string())
}

fn main() -> ExitCode {
    match env::var(ROLE).as_deref() {
        Ok("measure") => {
            cost(number("ROUNDS", 7), number("REQUESTS", 60_000));
            let runtime = Builder::new_current_thread().enable_all().build().expect("an event loop");
            runtime.block_on(flood(number("FLOOD", 10_000)));
            runtime.block_on(upload(number("UPLOAD_MIB", 1024)));
            ExitCode::SUCCESS
        }
        Ok(_) => pulsar::program! {}.run(),
        Err(_) => {
            // As many sockets as there may be, here and in the servers.
            let script = "ulimit -n 65536 2>/dev/null || ulimit -n $(ulimit -Hn); exec \"$0\"";
            let this = env::current_exe().expect("a running program has a path");
            let error = Command::new("bash").args(["-c", script]).arg(this).env(ROLE, "measure").exec();
            eprintln!("bash cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn cost(rounds: usize, requests: u32) {
    const PATHS: [&str; 4] = ["/plaintext", "/awsgi", "/inline", "/wsgi"];
    let arguments = env::var("ARGUMENTS").unwrap_or_default();
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let server = Server::start("server", &arguments);
    println!(
        "cost: {rounds} rounds of {requests} requests each over {CONNECTIONS} connections; server CPU in microseconds"
    );
    let mut costs = [const { Vec::new() }; PATHS.len()];
    for round in 0..rounds {
        let mut row = [0.0; PATHS.len()];
        for turn in 0..PATHS.len() {
            // Whoever goes first finds other caches than whoever goes last.
            let n = (round + turn) % PATHS.len();
            row[n] = server.cost(PATHS[n], requests);
        }
        for (costs, cost) in costs.iter_mut().zip(row) {
            costs.push((cost, cost / row[0]));
        }
    }
    println!("| path         | per request | of /plaintext |");
    println!("|---|---|---|");
    for (path, costs) in PATHS.iter().zip(costs) {
        let cost = median(costs.iter().map(|(cost, _)| *cost));
        let ratio = median(costs.iter().map(|(_, ratio)| *ratio));
        println!("| {path:12} | {cost:11.2} | {ratio:13.3} |");
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn flood(count: usize) {
    const WAVES: usize = 3;
    let server = Server::start("server", &["--thread-workers", "4", "--thread-queue", "64"]);
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(TcpStream::connect(server.address).await.expect("the server accepts"));
    }
    println!();
    println!("flood: {count} requests at once for 50 ms on each of 4 threads, 64 may wait; {WAVES} times");
    println!(
        "| wave | served | refused | no answer | last 503 after | last answer after | RSS before, most, after (MiB) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for number in 1..=WAVES {
        let before = server.memory("VmRSS:");
        let begun = Instant::now();
        let (mut served, mut refused, mut hung, mut longest) = (0, 0, 0, Duration::ZERO);
        let answers = wave(&mut streams).await;
        for (status, took) in answers {
            match status {
                Some(200) => served += 1,
                Some(503) => {
                    refused += 1;
                    longest = longest.max(took);
                }
                Some(status) => panic!("an answer of status {status}"),
                None => hung += 1,
            }
        }
        println!(
            "| {number} | {served} | {refused} | {hung} | {} ms | {} ms | {:.1}, {:.1}, {:.1} |",
            longest.as_millis(),
            begun.elapsed().as_millis(),
            mib(before),
            mib(server.memory("VmHWM:")),
            mib(server.memory("VmRSS:"))
        );
        assert_eq!(hung, 0, "every request has an answer");
    }
}

/// Asks on all connections at the same time; each answer with how long it took.
async fn wave(streams: &mut Vec<TcpStream>) -> Vec<(Option<u16>, Duration)> {
    let (begin, word) = watch::channel(false);
    let mut clients = Vec::new();
    for mut stream in streams.drain(..) {
        let mut word = word.clone();
        clients.push(tokio::spawn(async move {
            word.wait_for(|begin| *begin).await.expect("the word is given");
            let begun = Instant::now();
            let status = timeout(PATIENCE, ask(&mut stream)).await.ok();
            (status, begun.elapsed(), stream)
        }));
    }
    begin.send_replace(true);
    let mut answers = Vec::new();
    for client in clients {
        let (status, took, stream) = client.await.expect("no client panics");
        answers.push((status, took));
        streams.push(stream);
    }
    answers
}

async fn ask(stream: &mut TcpStream) -> u16 {
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let more = stream.read(&mut buffer).await.expect("the server writes");
        assert!(more > 0, "the connection ended without an answer");
        answer.extend_from_slice(&buffer[..more]);
        // The next one comes on the same connection.
        if let Some(status) = whole_answer(&answer) {
            return status;
        }
    }
}

/// The status of an answer that is there to its end.
fn whole_answer(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer).expect("an answer is text");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().expect("a number");
    (body.len() == length).then(|| head[9..12].parse().expect("a status"))
}

async fn upload(mib_count: usize) {
    let server = Server::start("server", &["--max-body", "unlimited"]);
    send(server.address, 1).await;
    let before = server.memory("VmRSS:");
    let begun = Instant::now();
    send(server.address, mib_count).await;
    let took = begun.elapsed();
    let most = server.memory("VmHWM:");
    let grown = most.saturating_sub(before);
    println!();
    println!("upload: {mib_count} MiB in chunks to a plain callable, {} ms", took.as_millis());
    println!("| RSS before (MiB) | most (MiB) | more (MiB) |");
    println!("|---|---|---|");
    println!("| {:.1} | {:.1} | {:.1} |", mib(before), mib(most), mib(grown));
    assert!(mib(grown) < 16.0, "memory grows with the body");
}

async fn send(address: SocketAddr, mib_count: usize) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    let head = "POST /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let chunk = [&b"100000\r\n"[..], &vec![b'x'; 1 << 20], b"\r\n"].concat();
    for _ in 0..mib_count {
        let sent = timeout(PATIENCE, stream.write_all(&chunk)).await;
        sent.expect("the server goes on reading").expect("the server reads");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("the server reads");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .expect("an answer")
        .expect("the server writes");
    assert!(answer.ends_with(&format!("\r\n{}", mib_count << 20)), "{answer}");
}

#[allow(clippy::cast_precision_loss)] // less than there are atoms
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
