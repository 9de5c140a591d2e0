//! What the tests of this folder have in common: a client of one module's routes, the log, problem documents.

use std::{
    convert::Infallible,
    net::TcpStream,
    os::unix::net::UnixStream,
    thread::{self, JoinHandle},
};

use pulsar::{
    Program,
    app::App,
    body::{Request, Response},
    server::{BoundAddress, Server, ServerConfig, Shutdown},
    testing::{Answer, Client, block_on},
};
pub(crate) use pulsar_tests::log::Log;
use pulsar_tests::wire;

/// A client of an application that has the routes of `module`, and what `build` adds.
pub(crate) fn client(module: &str, build: impl FnOnce(App) -> App) -> Client {
    let app = build(App::new("tested").routes(module));
    let program = Program::new("http", "0.0.0").root(module).app(app);
    block_on(program.client_of("tested")).unwrap_or_else(|error| panic!("{error}"))
}

/// A connection to the socket of a client.
pub(crate) fn connect(client: &Client) -> wire::Client<std::net::TcpStream> {
    wire::Client::tcp(client.address().expect("a client on a socket"))
}

/// Asserts that the answer is a problem document, and gives its detail.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16) -> String {
    answer.assert_status(status).assert_header("content-type", "application/problem+json");
    let document: serde_json::Value = answer.json();
    assert_eq!(document["status"], status, "{answer}");
    document["detail"].as_str().unwrap_or_default().to_owned()
}

/// A server on a free port of this machine, until it is dropped.
pub(crate) struct Served {
    addresses: Vec<BoundAddress>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves `service` as `config` says, on a free port if it does not say where.
    pub(crate) fn start<S>(config: ServerConfig, service: S) -> Self
    where
        S: tower::Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let bound = Server::bind(config).unwrap_or_else(|error| panic!("{error}"));
        let addresses = bound.addresses().to_vec();
        let shutdown = Shutdown::new();
        let thread = thread::spawn({
            let shutdown = shutdown.clone();
            move || drop(bound.serve(service, shutdown))
        });
        Self { addresses, shutdown, thread: Some(thread) }
    }

    /// A connection to its TCP address.
    pub(crate) fn connect(&self) -> wire::Client<TcpStream> {
        let address = self.addresses.iter().find_map(|address| match address {
            BoundAddress::Tcp(address) => Some(*address),
            _ => None,
        });
        wire::Client::tcp(address.expect("a TCP address"))
    }
}

impl Served {
    /// A connection to its unix socket.
    pub(crate) fn connect_unix(&self) -> wire::Client<UnixStream> {
        let path = self.addresses.iter().find_map(|address| match address {
            BoundAddress::Unix(path) => Some(path),
            _ => None,
        });
        wire::Client::unix(path.expect("a unix socket"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic hook, and is not worth another one.
            let _ = thread.join();
        }
    }
}
