//! One application, and tables of cases against it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use http_body_util::BodyExt;
use pulsar::{
    IntoResponse, Request, Response,
    server::{Address, BoundAddress, Server, ServerConfig, Shutdown},
};
use pulsar_tests::{frames::Http2, log::Log, wire};
use tokio::sync::Semaphore;
use tower::service_fn;

use crate::answers;

/// The longest body that is taken.
pub(crate) const MAX_BODY: u64 = 100_000;

/// The application behind a port, until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    /// What requests to `/wait` wait for.
    pub(crate) gate: Arc<Semaphore>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::with(ServerConfig::default())
    }

    pub(crate) fn with(config: ServerConfig) -> Self {
        // Every server of a test is one of a program that logs.
        Log::get();
        let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
        let bound = Server::bind(ServerConfig { binds, max_body: Some(MAX_BODY), ..config }).unwrap();
        let BoundAddress::Tcp(address) = bound.addresses()[0] else { panic!("it is a port") };
        let (shutdown, gate) = (Shutdown::new(), Arc::new(Semaphore::new(0)));
        let waited = Arc::clone(&gate);
        let service = service_fn(move |request| {
            let gate = Arc::clone(&waited);
            async move { Ok::<_, Infallible>(answer(request, &gate).await) }
        });
        let handle = shutdown.clone();
        let thread = thread::spawn(move || drop(bound.serve(service, handle)));
        Self { address, shutdown, gate, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> Http2 {
        Http2::connect(self.address)
    }

    /// Asserts that somebody else is served.
    #[track_caller]
    pub(crate) fn assert_alive(&self) {
        wire::Client::tcp(self.address).get("/").assert(200, "GET / localhost");
        let mut client = self.connect();
        client.get(1, "/");
        assert_eq!(client.answer(1).outcome(), "200");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has made the test fail already.
            let _ = thread.join();
        }
    }
}

/// Says what it was asked, or answers wrongly.
async fn answer(request: Request, gate: &Semaphore) -> Response {
    let (request, body) = request.into_parts();
    let path = request.uri.path();
    if let Some(number) = path.strip_prefix("/answers/") {
        return answers::answer(number.parse().unwrap());
    }
    if path == "/wait" {
        gate.acquire().await.unwrap().forget();
    }
    let text = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
    let host = text("host").unwrap_or_default();
    let own = text("x").map(|value| format!(" {value}")).unwrap_or_default();
    let said = format!("{} {path} {host}{own}", request.method);
    if request.method != "POST" {
        return said.into_response();
    }
    match body.collect().await {
        Ok(body) => {
            let trailers =
                body.trailers().map(|trailers| trailers.keys().map(ToString::to_string).collect::<Vec<_>>());
            let trailers = trailers.map(|names| format!(" {}", names.join(","))).unwrap_or_default();
            format!("{said} {} bytes{trailers}", body.to_bytes().len()).into_response()
        }
        Err(error) => pulsar::Error::from(error).into_response(),
    }
}

/// A case: its name, what the client does, and what may come of its stream 1.
pub(crate) type Case = (&'static str, fn(&mut Http2), &'static [&'static str]);

/// Plays all cases, also when one fails.
#[track_caller]
pub(crate) fn play(served: &Served, cases: &[Case]) {
    let mut failed = Vec::new();
    for (name, client, expected) in cases {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut connection = served.connect();
            client(&mut connection);
            let answer = connection.answer(1);
            served.assert_alive();
            (answer.outcome(), answer)
        }));
        match played {
            Ok((outcome, _)) if expected.contains(&&*outcome) => {}
            Ok((outcome, answer)) => {
                failed.push(format!("{name}: {outcome}, expected {expected:?}: {answer:?}"));
            }
            Err(_) => failed.push(format!("{name}: see above")),
        }
    }
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
