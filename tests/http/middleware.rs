//! Layers of tower and tower-http around an application.
//!
//! Proves: traces have the handler's own lines within, those of a pool thread too; CORS answers a preflight before the
//! router's OPTIONS and marks errors too; a compressed body decodes, of HEAD there is none; a timeout drops the handler
//! and the connection goes on; a body over a limit is refused, declared or not,
//! and one that stops is not waited for; functions and stacks are layers; the ids of a request agree; a panic in
//! a layer is caught and one in a handler is still ours; a service that is not ready is waited for; the first layer
//! is the outermost.

use std::{
    io::Read,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use axum::middleware::{self, Next};
use axum_extra::{TypedHeader, headers::UserAgent};
use pulsar::{
    Bytes, Request, Response, StatusCode, get, http,
    http::{HeaderValue, Method, header},
    post,
    request::RequestId,
    testing::{Answer, block_on},
};
use pulsar_tests::until;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service, ServiceBuilder, util::MapRequestLayer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::CorsLayer,
    limit::RequestBodyLimitLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
    trace::TraceLayer,
};

use crate::support::{self, Log, connect, problem};

pulsar::scope!("/middleware");

#[get("/text")]
async fn text() -> String {
    "a text that is long enough to be compressed\n".repeat(50)
}

#[get("/log/<marker>")]
async fn log(marker: &str) {
    tracing::info!("in the handler of {marker}");
}

#[get("/pool-log/<marker>")]
fn pool_log(marker: &str) {
    tracing::info!("in the handler of {marker}");
}

#[test]
fn what_a_handler_logs_stands_in_the_span_of_its_request() {
    let log = Log::get();
    let client = support::client(module_path!(), |app| app.layer(TraceLayer::new_for_http()));
    for path in ["/middleware/log/loop", "/middleware/pool-log/pool"] {
        block_on(client.get(path).send()).assert_status(200);
        let lines = log.lines(&format!("uri={path} "));
        let marker = path.rsplit('/').next().unwrap();
        for part in ["started processing request", &format!("in the handler of {marker}"), "status=200"] {
            let found =
                lines.iter().filter(|line| line.contains(part) && line.contains("request{method=GET"));
            assert_eq!(found.count(), 1, "{path}: {part:?} in {lines:#?}");
        }
    }
    block_on(client.get("/middleware/failed").send()).assert_status(500);
    let lines = log.lines("uri=/middleware/failed ");
    assert!(lines.iter().any(|line| line.contains("response failed")), "{lines:#?}");
}

#[get("/failed")]
async fn failed() -> pulsar::Result<()> {
    Err(pulsar::Error::new("on purpose"))
}

#[test]
fn a_preflight_is_answered_by_the_layer_and_every_answer_is_marked() {
    let origin = "http://good.example";
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static("http://good.example")])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .max_age(Duration::from_secs(60));
    let client = support::client(module_path!(), |app| app.layer(cors));
    let preflight = |origin: &str| {
        let request = client.options("/middleware/text").header("origin", origin);
        block_on(request.header("access-control-request-method", "POST").send())
    };
    let answer = preflight(origin);
    answer.assert_status(200).assert_header("access-control-allow-origin", origin);
    answer.assert_header("access-control-allow-methods", "GET,POST");
    answer.assert_header("access-control-allow-headers", "content-type");
    answer.assert_header("access-control-max-age", "60");
    assert_eq!(answer.header("allow"), None, "the router has not been asked: {answer}");
    assert_eq!(preflight("http://evil.example").header("access-control-allow-origin"), None);

    for (path, status) in [("/text", 200), ("/nothing", 404), ("/failed", 500)] {
        let get = |origin: &str| {
            block_on(client.get(&format!("/middleware{path}")).header("origin", origin).send())
        };
        get(origin).assert_status(status).assert_header("access-control-allow-origin", origin);
        let other = get("http://evil.example");
        assert_eq!(other.assert_status(status).header("access-control-allow-origin"), None);
    }
}

#[get("/small")]
async fn small() -> &'static str {
    "small"
}

#[test]
fn a_compressed_body_decodes_to_the_one_that_was_sent() {
    let in_process = support::client(module_path!(), |app| app.layer(CompressionLayer::new()));
    let on_socket = in_process.clone().on_socket().unwrap();
    let plain = block_on(text());
    for client in [&in_process, &on_socket] {
        let send = |method: Method, path: &str, accept: &str| {
            let request = client.request(method, &format!("/middleware{path}"));
            block_on(request.header("accept-encoding", accept).send())
        };
        let answer = send(Method::GET, "/text", "br;q=0.1, gzip");
        answer.assert_status(200).assert_header("content-encoding", "gzip");
        answer.assert_header("vary", "accept-encoding");
        answer.assert_header("content-type", "text/plain; charset=utf-8");
        assert!(answer.bytes().len() < plain.len() / 4, "{} bytes", answer.bytes().len());
        assert_eq!(decoded(&answer), plain);
        for accept in ["identity", "gzip;q=0", "br"] {
            let answer = send(Method::GET, "/text", accept);
            answer.assert_status(200).assert_text(&plain);
            assert_eq!(answer.header("content-encoding"), None, "{accept}");
        }
        let small = send(Method::GET, "/small", "gzip");
        assert_eq!(small.assert_text("small").header("content-encoding"), None);
        let head = send(Method::HEAD, "/text", "gzip");
        head.assert_status(200).assert_text("");
    }
}

fn decoded(answer: &Answer) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.bytes()[..]).read_to_string(&mut text).unwrap();
    text
}

/// Says when it is gone.
struct Dropped(&'static AtomicBool);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

static HANDLER_DROPPED: AtomicBool = AtomicBool::new(false);

#[get("/never")]
async fn never() {
    let _dropped = Dropped(&HANDLER_DROPPED);
    std::future::pending::<()>().await;
}

#[test]
fn a_timeout_ends_the_handler_and_the_connection_goes_on() {
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(50));
    let client = support::client(module_path!(), |app| app.layer(timeout)).on_socket().unwrap();
    let mut connection = connect(&client);
    connection.get("/middleware/never").assert_status(504);
    assert!(HANDLER_DROPPED.load(Ordering::SeqCst));
    connection.get("/middleware/small").assert(200, "small");
}

#[post("/length")]
async fn length(body: Bytes) -> String {
    body.len().to_string()
}

#[test]
fn a_body_over_the_limit_of_a_layer_is_refused() {
    let limit = RequestBodyLimitLayer::new(10);
    let in_process = support::client(module_path!(), |app| app.layer(limit));
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [&in_process, &on_socket] {
        for (length, status) in [(0, 200), (10, 200), (11, 413), (5000, 413)] {
            let answer = block_on(client.post("/middleware/length").body("x".repeat(length)).send());
            answer.assert_status(status);
            if status == 200 {
                answer.assert_text(&length.to_string());
            }
        }
    }
    // One that does not say how long it is, is read up to the limit.
    let head = "POST /middleware/length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut connection = connect(&on_socket);
    connection.send(format!("{head}5\r\nxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n"));
    connection.answer().assert(200, "10");
    connection.send(format!("{head}5\r\nxxxxx\r\n6\r\nxxxxxx\r\n0\r\n\r\n"));
    let answer = connection.answer();
    answer.assert_status(413);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let timeout = RequestBodyTimeoutLayer::new(Duration::from_millis(50));
    let client = support::client(module_path!(), |app| app.layer(timeout)).on_socket().unwrap();
    let head = "POST /middleware/length HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
    let mut connection = connect(&client);
    connection.send(format!("{head}abcd"));
    connection.answer().assert(200, "4");
    connection.send(format!("{head}ab"));
    let answer = connection.answer();
    answer.assert_status(400);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
}

/// A guard as axum's users write it: a function of extractors, the request and what comes next.
async fn guard(
    agent: Option<TypedHeader<UserAgent>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    match agent {
        Some(agent) if agent.as_str() == "robot" => Err(StatusCode::FORBIDDEN),
        _ => Ok(next.run(request).await),
    }
}

#[test]
fn functions_and_stacks_are_layers() {
    let stack = ServiceBuilder::new()
        .layer(middleware::from_fn(guard))
        .layer(middleware::map_response(async |response: Response| ([("x-mark", "mapped")], response)))
        .map_request(|mut request: Request| {
            request.headers_mut().insert("x-request-id", HeaderValue::from_static("from-the-stack"));
            request
        });
    let client = support::client(module_path!(), |app| app.layer(stack));
    for (agent, status, mark) in [("person", 200, Some("mapped")), ("robot", 403, None)] {
        let answer = block_on(client.get("/middleware/header").header("user-agent", agent).send());
        assert_eq!(answer.assert_status(status).header("x-mark"), mark, "{answer}");
        assert_eq!(answer.text() == "from-the-stack", status == 200, "{answer}");
    }
}

#[get("/header")]
async fn header_of_request(headers: pulsar::HeaderMap) -> String {
    String::from_utf8_lossy(headers["x-request-id"].as_bytes()).into_owned()
}

#[get("/id")]
async fn id(id: RequestId) -> String {
    id.to_string()
}

#[test]
fn the_ids_of_a_request_agree() {
    let log = Log::get();
    let client = support::client(module_path!(), |app| {
        app.layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(PropagateRequestIdLayer::x_request_id())
    });
    let client = client.on_socket().unwrap();
    // One that the client chose is the id everywhere.
    let given = block_on(client.get("/middleware/id").header("x-request-id", "chosen-1").send());
    given.assert_text("chosen-1").assert_header("x-request-id", "chosen-1");
    let failed = block_on(client.get("/middleware/failed").header("x-request-id", "chosen-2").send());
    failed.assert_status(500).assert_header("x-request-id", "chosen-2");
    assert_eq!(failed.json::<serde_json::Value>()["request_id"], "chosen-2");
    assert_eq!(log.lines("request_id=chosen-2").len(), 1);
    // What the layer makes is sent, and what a failure is logged under is sent in its place.
    let made = block_on(client.get("/middleware/id").send());
    assert_eq!(made.header("x-request-id").unwrap().len(), 36, "{made}");
    let failed = block_on(client.get("/middleware/failed").send());
    let id = failed.header("x-request-id").unwrap();
    assert_eq!(failed.json::<serde_json::Value>()["request_id"], id);
    assert_eq!(log.lines(&format!("request_id={id}")).len(), 1, "{failed}");
}

#[get("/panic")]
async fn panic() {
    panic!("the handler, on purpose");
}

#[test]
fn a_panic_in_a_layer_is_caught_and_one_in_a_handler_is_ours() {
    let panicking = MapRequestLayer::new(|request: Request| {
        assert!(!request.uri().path().ends_with("/layer"), "the layer, on purpose");
        request
    });
    let catch = CatchPanicLayer::custom(|_| http::Response::new("caught".to_owned()));
    let with = support::client(module_path!(), |app| app.layer(catch).layer(panicking.clone()));
    block_on(with.get("/middleware/layer").send()).assert_status(200).assert_text("caught");
    let ours = block_on(with.get("/middleware/panic").send());
    assert_eq!(problem(&ours, 500), "");
    // Without the layer the server catches it, and the connection goes on.
    let without = support::client(module_path!(), |app| app.layer(panicking)).on_socket().unwrap();
    let mut connection = connect(&without);
    let answer = connection.get("/middleware/layer");
    answer.assert_status(500);
    assert!(!answer.text().contains("purpose"), "{answer:?}");
    connection.get("/middleware/small").assert(200, "small");
}

/// Lets one request in at a time: a service that is not ready until the one before it has been answered.
#[derive(Clone)]
struct OneAtATime {
    place: Arc<Semaphore>,
    /// How often it was not ready.
    refused: Arc<AtomicUsize>,
}

impl<S> Layer<S> for OneAtATime {
    type Service = Waiting<S>;

    fn layer(&self, inner: S) -> Waiting<S> {
        Waiting { inner, layer: self.clone(), next: None, permit: None }
    }
}

type Acquire = Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send + Sync>>;

struct Waiting<S> {
    inner: S,
    layer: OneAtATime,
    next: Option<Acquire>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<S: Clone> Clone for Waiting<S> {
    fn clone(&self) -> Self {
        // A clone is not ready because this one is.
        self.layer.layer(self.inner.clone())
    }
}

impl<S> Service<Request> for Waiting<S>
where
    S: Service<Request, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.permit.is_none() {
            let place = Arc::clone(&self.layer.place);
            let next = self.next.get_or_insert_with(|| {
                Box::pin(async move { place.acquire_owned().await.expect("nobody closes it") })
            });
            let Poll::Ready(permit) = next.as_mut().poll(cx) else {
                self.layer.refused.fetch_add(1, Ordering::SeqCst);
                return Poll::Pending;
            };
            (self.permit, self.next) = (Some(permit), None);
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let permit = self.permit.take().expect("it is asked whether it is ready before it is called");
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(permit);
            answer
        })
    }
}

static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static MOST_AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static GATE: Semaphore = Semaphore::const_new(0);

#[get("/gate")]
async fn gate() -> &'static str {
    let now = AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1;
    MOST_AT_ONCE.fetch_max(now, Ordering::SeqCst);
    GATE.acquire().await.expect("nobody closes it").forget();
    AT_ONCE.fetch_sub(1, Ordering::SeqCst);
    "through"
}

#[test]
fn a_service_that_is_not_ready_is_waited_for() {
    let layer = OneAtATime { place: Arc::new(Semaphore::new(1)), refused: Arc::default() };
    let refused = Arc::clone(&layer.refused);
    let client = support::client(module_path!(), |app| app.layer(layer)).on_socket().unwrap();
    let (answers, answered) = mpsc::channel();
    let askers: Vec<_> = (0..3)
        .map(|_| {
            let (client, answers) = (client.clone(), answers.clone());
            thread::spawn(move || answers.send(connect(&client).get("/middleware/gate")).unwrap())
        })
        .collect();
    until("one is in, and two have been told to wait", || {
        AT_ONCE.load(Ordering::SeqCst) == 1 && refused.load(Ordering::SeqCst) >= 2
    });
    for _ in 0..3 {
        GATE.add_permits(1);
        answered.recv().unwrap().assert(200, "through");
    }
    for asker in askers {
        asker.join().unwrap();
    }
    assert_eq!(MOST_AT_ONCE.load(Ordering::SeqCst), 1);
}

#[test]
fn the_first_layer_is_the_outermost() {
    let order: Arc<Mutex<Vec<u8>>> = Arc::default();
    let noting = |number: u8| {
        let order = Arc::clone(&order);
        MapRequestLayer::new(move |request: Request| {
            order.lock().unwrap().push(number);
            request
        })
    };
    let mark = |value| {
        let name = header::HeaderName::from_static("x-mark");
        SetResponseHeaderLayer::<_>::appending(name, HeaderValue::from_static(value))
    };
    let client = support::client(module_path!(), |app| {
        app.layer(noting(1)).layer(mark("outer")).layer(noting(2)).layer(mark("inner"))
    });
    let answer = block_on(client.get("/middleware/small").send());
    assert_eq!(*order.lock().unwrap(), [1, 2]);
    let marks: Vec<_> = answer.headers().get_all("x-mark").iter().collect();
    assert_eq!(marks, ["inner", "outer"], "an answer comes from within");
}
