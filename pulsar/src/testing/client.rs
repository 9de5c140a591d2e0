//! The client: which application is asked, and what is remembered between requests.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Method};
use tower_service::Service;

use crate::{
    body::{BoxError, Request},
    middleware::{BoxService, into_infallible},
    server::ServerConfig,
    testing::{
        request::RequestBuilder,
        session::{Cookies, Session},
        target::Target,
        waiting::LIMIT,
    },
};

/// Sends requests to an application and looks at its answers.
///
/// It keeps cookies as a browser does: what an answer sets goes with the requests that follow, for the paths it is for, until
/// its time is over. Clones are one browser; [`new_browser`](Self::new_browser) is another one. Redirects are not followed,
/// unless a request [says so](RequestBuilder::follow_redirects).
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
    session: Session,
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
        Self::of(into_infallible(service), ServerConfig::default())
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
    pub fn on_socket(mut self) -> io::Result<Self> {
        self.session.target = self.session.target.on_socket()?;
        Ok(self)
    }

    /// The same application, as if its clients came over TLS: `Connection::is_secure` holds, and cookies that are `Secure` are
    /// sent. Call it before [`on_socket`](Self::on_socket), which it is no use to: that speaks plain HTTP.
    ///
    /// # Panics
    ///
    /// Panics if the client has a socket already.
    ///
    /// ```
    /// use pulsar::{Method, Router, request::Connection, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async |connection: Connection| connection.scheme());
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.get("/").send()).assert_text("http");
    /// block_on(client.over_https().get("/").send()).assert_text("https");
    /// ```
    #[track_caller]
    #[must_use]
    pub fn over_https(mut self) -> Self {
        let target = self.session.target.over_https();
        self.session.target = target.expect("a client on a socket speaks plain HTTP");
        self.session.is_secure = true;
        self
    }

    /// The same application for another browser, which has no cookies yet.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let ada = Client::new(Router::new().compile(Default::default()).unwrap());
    /// ada.set_cookie("session", "1");
    /// let bob = ada.new_browser();
    /// assert_eq!((ada.cookie("session").as_deref(), bob.cookie("session")), (Some("1"), None));
    /// ```
    #[must_use]
    pub fn new_browser(&self) -> Self {
        let cookies = self.session.cookies.as_ref().map(|_| Cookies::default());
        Self { session: Session { cookies, ..self.session.clone() } }
    }

    /// The same application for a client that keeps no cookies, as most programs are.
    ///
    /// ```
    /// use pulsar::{Method, Router, http::header::SET_COOKIE, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async || [(SET_COOKIE, "session=1")]);
    /// let client = Client::new(router.compile(Default::default()).unwrap()).without_cookies();
    /// block_on(client.get("/").send()).assert_header("set-cookie", "session=1");
    /// assert_eq!(client.cookie("session"), None);
    /// ```
    #[must_use]
    pub fn without_cookies(mut self) -> Self {
        self.session.cookies = None;
        self
    }

    /// Sets how long it waits for each piece of an answer that is read piece by piece, each event and each message of a
    /// WebSocket: 10 seconds, if this says nothing else. An answer that is read as a whole is waited for without a limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// let client = client.time_limit(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.session.limit = limit;
        self
    }

    /// The value of a cookie, whether or not the next request would send it. Of several with this name, that with the longest
    /// path.
    ///
    /// ```
    /// use pulsar::{Method, Router, http::header::SET_COOKIE, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async || [(SET_COOKIE, "theme=dark; Max-Age=60")]);
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.get("/").send());
    /// assert_eq!(client.cookie("theme").as_deref(), Some("dark"));
    /// ```
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.session.cookies.as_ref()?.jar().value(name, SystemTime::now())
    }

    /// Sets a cookie, for every path, as if an answer had set it. A client without cookies keeps none.
    ///
    /// # Panics
    ///
    /// Panics if the name or the value has something that a cookie cannot have.
    ///
    /// ```
    /// use pulsar::{Method, Router, http::HeaderMap, testing::{Client, block_on}};
    /// let router = Router::new()
    ///     .add(Method::GET, "/", async |headers: HeaderMap| headers["cookie"].to_str().unwrap().to_owned());
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// client.set_cookie("theme", "dark");
    /// block_on(client.get("/").send()).assert_text("theme=dark");
    /// ```
    #[track_caller]
    pub fn set_cookie(&self, name: &str, value: &str) {
        let is_name = !name.is_empty() && !name.contains(['=', ';']) && HeaderValue::from_str(name).is_ok();
        assert!(is_name, "{name:?} cannot be the name of a cookie");
        let is_value = !value.contains(';') && HeaderValue::from_str(value).is_ok();
        assert!(is_value, "{value:?} cannot be the value of a cookie");
        if let Some(cookies) = &self.session.cookies {
            cookies.jar().set(name.trim(), value.trim(), SystemTime::now());
        }
    }

    /// Takes away the cookies with this name.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// client.set_cookie("theme", "dark");
    /// client.remove_cookie("theme");
    /// assert_eq!(client.cookie("theme"), None);
    /// ```
    pub fn remove_cookie(&self, name: &str) {
        if let Some(cookies) = &self.session.cookies {
            cookies.jar().remove(name);
        }
    }

    /// Takes away all cookies.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// client.set_cookie("theme", "dark");
    /// client.clear_cookies();
    /// assert_eq!(client.cookie("theme"), None);
    /// ```
    pub fn clear_cookies(&self) {
        if let Some(cookies) = &self.session.cookies {
            cookies.jar().clear();
        }
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
        self.session.target.address()
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
        RequestBuilder::new(&self.session, method, path)
    }

    /// A client of an application that a server would serve like this.
    pub(super) fn of(service: BoxService, config: ServerConfig) -> Self {
        let target = Target::Service { service, config: Arc::new(config) };
        Self {
            session: Session { target, cookies: Some(Cookies::default()), is_secure: false, limit: LIMIT },
        }
    }

    /// Stops the server, if there is one, as a program stops that is told to be quick.
    pub(super) async fn stop(&self) {
        self.session.target.stop().await;
    }
}
