//! What the tests of this folder have in common: a client of one module's routes, the log, problem documents.

use pulsar::{
    Program,
    app::App,
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
