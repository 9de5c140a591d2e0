//! A client for tests: over any service without a socket, or over a real one.
//!
//! What it asserts it shows: a failed assertion prints the request, the status and the body. It is for tests and stops at
//! the first thing that is wrong, by a panic at the line of the test.

use std::{fmt, io, net::SocketAddr, sync::Arc, thread};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Collected};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::{
    body::{Body, BoxError, Request, Response},
    middleware::{BoxService, into_infallible},
    server::{Address, BoundAddress, Server, ServerConfig, Shutdown},
};

/// Sends requests to an application and looks at its answers.
///
/// ```
/// use pulsar::{Json, Method, Router, testing::Client};
/// use serde_json::{Value, json};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let router = Router::new().add(Method::POST, "/double", async |Json(n): Json<u32>| Json(n * 2));
/// let client = Client::new(router.compile(Default::default())?);
///
/// client.post("/double").json(&21).send().await.assert_status(200).assert_json(&42);
/// let answer = client.post("/double").json(&"x").send().await;
/// assert_eq!(answer.assert_status(422).json::<Value>()["errors"][0]["pointer"], "#");
/// # Ok(())
/// # }
/// # pulsar::testing::block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    target: Target,
}

#[derive(Clone)]
enum Target {
    Service(BoxService),
    Socket(Arc<Running>),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(_) => f.write_str("Service"),
            Self::Socket(running) => running.address.fmt(f),
        }
    }
}

/// A server on a socket of its own, which ends with the last client.
struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has made the test fail already.
            let _ = thread.join();
        }
    }
}

impl Client {
    /// A client that calls `service` directly.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// ```
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self { target: Target::Service(into_infallible(service)) }
    }

    /// The same application behind a real socket: on a free port of 127.0.0.1, until the last clone of the client is gone.
    ///
    /// # Errors
    ///
    /// Fails if no port can be bound.
    ///
    /// ```
    /// use pulsar::{Method, Router, request::Peer, testing::Client};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = Router::new().add(Method::GET, "/", async |peer: Peer| peer.to_string());
    /// let client = Client::new(router.compile(Default::default())?).on_socket()?;
    /// assert!(client.get("/").send().await.text().starts_with("127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub fn on_socket(self) -> io::Result<Self> {
        let Target::Service(service) = self.target else {
            return Ok(self);
        };
        let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
        let bound =
            Server::bind(ServerConfig { binds, ..ServerConfig::default() }).map_err(io::Error::other)?;
        let Some(&BoundAddress::Tcp(address)) = bound.addresses().first() else {
            return Err(io::Error::other("the server has no TCP address"));
        };
        let shutdown = Shutdown::new();
        let thread = thread::Builder::new().name("pulsar-test".into()).spawn({
            let shutdown = shutdown.clone();
            move || {
                let _ = bound.serve(service, shutdown);
            }
        })?;
        Ok(Self { target: Target::Socket(Arc::new(Running { address, shutdown, thread: Some(thread) })) })
    }

    /// The address of the socket, if there is one.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// assert!(client.address().is_none());
    /// assert!(client.on_socket().unwrap().address().is_some());
    /// ```
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.target {
            Target::Service(_) => None,
            Target::Socket(running) => Some(running.address),
        }
    }

    /// A GET request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.get("/").send()).assert_status(200);
    /// ```
    pub fn get(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::GET, path)
    }

    /// A HEAD request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::HEAD, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.head("/").send()).assert_status(200);
    /// ```
    pub fn head(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::HEAD, path)
    }

    /// A POST request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::POST, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.post("/").send()).assert_status(200);
    /// ```
    pub fn post(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::POST, path)
    }

    /// A PUT request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::PUT, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.put("/").send()).assert_status(200);
    /// ```
    pub fn put(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::PUT, path)
    }

    /// A PATCH request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::PATCH, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.patch("/").send()).assert_status(200);
    /// ```
    pub fn patch(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::DELETE, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.delete("/").send()).assert_status(200);
    /// ```
    pub fn delete(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::DELETE, path)
    }

    /// An OPTIONS request.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::OPTIONS, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.options("/").send()).assert_status(200);
    /// ```
    pub fn options(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::OPTIONS, path)
    }

    /// A request of any method. The path may have a query.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let purge = Method::from_bytes(b"PURGE").unwrap();
    /// let router = Router::new().add(purge.clone(), "/cache", async || "gone");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.request(purge, "/cache?all").send()).assert_text("gone");
    /// ```
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'_> {
        RequestBuilder {
            client: self,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Body::empty(),
        }
    }

    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        match &self.target {
            Target::Service(service) => Ok(service.answer(request).await),
            Target::Socket(running) => {
                let stream = TcpStream::connect(running.address).await?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                // It ends with the answer's body or with the sender.
                tokio::spawn(connection);
                Ok(sender.send_request(request).await?.map(Body::new))
            }
        }
    }
}

/// A request on its way.
///
/// ```
/// use pulsar::{Method, Router, http::HeaderMap, testing::{Client, block_on}};
/// let router = Router::new().add(Method::POST, "/", async |headers: HeaderMap, body: String| {
///     format!("{body} in {:?}", headers["accept-language"])
/// });
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// let request = client.post("/").header("accept-language", "it").body("ciao");
/// block_on(request.send()).assert_text("ciao in \"it\"");
/// ```
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Body,
}

impl RequestBuilder<'_> {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// Panics if the name or the value is none.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// let request = client.get("/").header("accept", "text/html").header("x-page", 7);
    /// ```
    #[track_caller]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Debug>,
        V: TryInto<HeaderValue, Error: fmt::Debug>,
    {
        let name = name.try_into().expect("the name of a header");
        self.headers.append(name, value.try_into().expect("the value of a header"));
        self
    }

    /// Sets the body.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::PUT, "/", async |body: String| body);
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.put("/").body("text").send()).assert_text("text");
    /// ```
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body, and its content type.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialized.
    ///
    /// ```
    /// use pulsar::{Json, Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::POST, "/", async |Json(n): Json<u32>| Json(n + 1));
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.post("/").json(&1).send()).assert_json(&2);
    /// ```
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let body = serde_json::to_vec(value).expect("a value that can be written as JSON");
        self.header(header::CONTENT_TYPE, "application/json").body(body)
    }

    /// Sets a form as the body, and its content type.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialized.
    ///
    /// ```
    /// use pulsar::{Form, Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::POST, "/", async |Form(pairs): Form<Vec<(String, String)>>| pairs[0].1.clone());
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.post("/").form(&[("name", "Ada")]).send()).assert_text("Ada");
    /// ```
    #[track_caller]
    pub fn form<T: Serialize>(self, value: &T) -> Self {
        let body = serde_html_form::to_string(value).expect("a value that can be written as a form");
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Panics
    ///
    /// Panics if there is no answer, or if the path is none.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// # pulsar::testing::block_on(async {
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// let answer = client.get("/nowhere").send().await;
    /// answer.assert_status(404);
    /// # });
    /// ```
    pub async fn send(self) -> Answer {
        let Self { client, method, path, headers, body } = self;
        let what = format!("{method} {path}");
        let uri: Uri = path.parse().unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        if let Some(address) = client.address() {
            let host = HeaderValue::try_from(address.to_string()).expect("an address is a header value");
            request.headers_mut().entry(header::HOST).or_insert(host);
        }
        let answer = client.send(request).await.unwrap_or_else(|error| panic!("{what}: no answer: {error}"));
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map(Collected::to_bytes);
        let body = body.unwrap_or_else(|error| panic!("{what}: the body of the answer broke off: {error}"));
        Answer { what, status: parts.status, headers: parts.headers, body }
    }
}

/// An answer that has been read to its end. Every assertion gives the answer back, so that they chain.
///
/// ```
/// use pulsar::{Json, Method, Router, testing::{Client, block_on}};
/// let router = Router::new().add(Method::GET, "/", async || Json([1, 2]));
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// let answer = block_on(client.get("/").send());
/// answer.assert_status(200).assert_header("content-type", "application/json").assert_json(&[1, 2]).assert_text("[1,2]");
/// assert_eq!((answer.status().as_u16(), answer.header("content-type")), (200, Some("application/json")));
/// assert_eq!((answer.text(), &answer.bytes()[..], answer.json::<Vec<u8>>()), ("[1,2]", &b"[1,2]"[..], vec![1, 2]));
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// Panics if it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body)
            .unwrap_or_else(|error| panic!("{}: the body is not UTF-8: {error}", self.what))
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is not JSON or does not fit.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self}\nthe body is not the JSON that was expected: {error}"))
    }

    /// Asserts the status, given as a number or a [`StatusCode`].
    ///
    /// # Panics
    ///
    /// Panics if it is another.
    #[track_caller]
    pub fn assert_status<S>(&self, expected: S) -> &Self
    where
        S: TryInto<StatusCode, Error: fmt::Debug>,
    {
        let expected = expected.try_into().expect("a status");
        assert!(self.status == expected, "expected status {expected}, got\n{self}");
        self
    }

    /// Asserts the first value of a header.
    ///
    /// # Panics
    ///
    /// Panics if it is another, or not there.
    #[track_caller]
    pub fn assert_header(&self, name: &str, expected: &str) -> &Self {
        let value = self.header(name);
        assert!(value == Some(expected), "expected {name}: {expected}, found {value:?} in\n{self}");
        self
    }

    /// Asserts the body.
    ///
    /// # Panics
    ///
    /// Panics if it is another.
    #[track_caller]
    pub fn assert_text(&self, expected: &str) -> &Self {
        assert!(self.body == expected.as_bytes(), "expected the body {expected:?}, got\n{self}");
        self
    }

    /// Asserts the body, compared as JSON.
    ///
    /// # Panics
    ///
    /// Panics if it is no JSON, or another value.
    #[track_caller]
    pub fn assert_json<T: Serialize + ?Sized>(&self, expected: &T) -> &Self {
        let expected = serde_json::to_value(expected).expect("a value that can be written as JSON");
        let value: serde_json::Value = self.json();
        assert!(value == expected, "expected the JSON\n{expected:#}\ngot\n{self}");
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} -> {}", self.what, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", String::from_utf8_lossy(&self.body))
    }
}

/// Runs a future to its end on this thread, for a test that has no runtime.
///
/// # Panics
///
/// Panics if the operating system refuses what an event loop needs.
///
/// ```
/// assert_eq!(pulsar::testing::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system gives what an event loop needs")
        .block_on(future)
}
