//! What the tests of this folder have in common: a client of one module's routes, the log, problem documents.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use pulsar::{
    Program,
    app::App,
    testing::{Answer, Client, block_on},
};
use pulsar_tests::wire;
use tracing_subscriber::fmt::MakeWriter;

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

/// What was logged by all tests of this crate together: a test looks for lines that name its own routes.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The log, which is written from the first call on.
    pub(crate) fn get() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_writer(log.clone())
                .with_ansi(false)
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
            log
        })
    }

    /// The lines that have `part` in them.
    pub(crate) fn lines(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
