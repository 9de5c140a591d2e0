//! What the benches have in common: servers that are processes of the bench itself, what they cost, and a load of requests.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    str::FromStr,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
};

/// What a process of a bench is, if it is not the bench.
pub(crate) const ROLE: &str = "BENCH_ROLE";

pub(crate) const CONNECTIONS: usize = 64;

/// A number from the environment.
pub(crate) fn number<T: FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A server: this program once more.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(role: &str, arguments: &[&str]) -> Self {
        let this = env::current_exe().expect("a running program has a path");
        let mut process = Command::new(this)
            .args(["-b", "127.0.0.1:0"])
            .args(arguments)
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
    pub(crate) fn cost(&self, path: &str, requests: u32) -> f64 {
        load(self.address, path, requests / 10);
        let before = self.cpu();
        load(self.address, path, requests);
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

    /// Resident memory in KiB: now, or at most so far (`VmRSS`, `VmHWM`).
    #[allow(dead_code)] // not every bench asks
    pub(crate) fn memory(&self, what: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = fs::read_to_string(path).expect("Linux, and the server lives");
        let line = text.lines().find_map(|line| line.strip_prefix(what)).expect("it has memory");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number of KiB")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends requests over many connections, one at a time on each.
fn load(address: SocketAddr, path: &str, requests: u32) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let runtime = Builder::new_current_thread().enable_all().build().expect("an event loop");
    runtime.block_on(async {
        let connections = u32::try_from(CONNECTIONS).expect("a small number");
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(one_connection(address, request.clone(), requests / connections)))
            .collect();
        for task in tasks {
            task.await.expect("the server answers");
        }
    });
}

async fn one_connection(address: SocketAddr, request: String, requests: u32) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut buffer = [0; 1024];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut length = 0;
        // All answers end in the same body, and come in one piece or two.
        while !buffer[..length].ends_with(b"\r\n\r\nHello, World!") {
            let more = stream.read(&mut buffer[length..]).await.expect("the server writes");
            assert!(more > 0, "no answer but {}", String::from_utf8_lossy(&buffer[..length]));
            length += more;
        }
    }
}
