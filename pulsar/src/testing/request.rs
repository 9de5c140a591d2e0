//! A request as a test puts it together, and the ways to send it.

use std::{fmt, panic::Location};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Collected};
use serde::Serialize;

#[cfg(feature = "websocket")]
use crate::testing::websocket::WebSocket;
use crate::{
    body::{Body, Response},
    testing::{
        answer::Answer,
        event_parser::Parser,
        events::{Events, LAST_EVENT_ID},
        multipart::Multipart,
        session::{Head, Session},
        stream::AnswerStream,
        waiting::{Caller, fail},
    },
};

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
    session: &'a Session,
    head: Head,
    body: Body,
    follows_redirects: bool,
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(session: &'a Session, method: Method, path: &str) -> Self {
        let head = Head { method, path: path.to_owned(), headers: HeaderMap::new() };
        Self { session, head, body: Body::empty(), follows_redirects: false }
    }

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
        self.head.headers.append(name, value.try_into().expect("the value of a header"));
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

    /// Sets a form with files as the body, and its content type.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, Multipart, block_on}};
    /// let router = Router::new().add(Method::POST, "/", async |body: String| body);
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// let form = Multipart::new().text("title", "Ada").file("photo", "ada.png", "image/png", vec![0x41; 9]);
    /// let answer = block_on(client.post("/").multipart(form).send());
    /// assert!(answer.text().contains("AAAAAAAAA"));
    /// ```
    pub fn multipart(self, form: Multipart) -> Self {
        let (content_type, body) = form.into_body();
        self.header(header::CONTENT_TYPE, content_type).body(body)
    }

    /// Says with which event a client of server-sent events wants to go on: what a browser does when it comes back.
    ///
    /// # Panics
    ///
    /// Panics if the id cannot be sent in a header.
    ///
    /// ```
    /// use pulsar::{Method, Router, sse::LastEventId, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async |last: LastEventId| last.to_string());
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(client.get("/").last_event_id("7").send()).assert_text("7");
    /// ```
    #[track_caller]
    pub fn last_event_id(self, id: &str) -> Self {
        self.header(LAST_EVENT_ID, id)
    }

    /// Names the protocols that a WebSocket may speak, the best one first.
    ///
    /// # Panics
    ///
    /// Panics if one of them cannot be sent in a header.
    ///
    /// ```
    /// use pulsar::testing::Client;
    ///
    /// async fn chat(client: &Client) {
    ///     let socket = client.get("/chat").protocols(&["chat.v2", "chat.v1"]).websocket().await;
    ///     assert_eq!(socket.protocol(), Some("chat.v2"));
    /// }
    /// ```
    #[cfg(feature = "websocket")]
    #[track_caller]
    pub fn protocols(self, protocols: &[&str]) -> Self {
        self.header(header::SEC_WEBSOCKET_PROTOCOL, protocols.join(", "))
    }

    /// Has [`send`](Self::send) and [`stream`](Self::stream) go where redirects lead, as a browser does; without this the
    /// redirect is the answer.
    ///
    /// The method becomes GET after 303, and after 301 and 302 if it was POST; then there is no body. A redirect to another host
    /// than that of the request is not followed: it is the answer. [`Answer::path`] tells where it led.
    ///
    /// ```
    /// use pulsar::{Method, Router, http::header::LOCATION, testing::{Client, block_on}};
    /// let router = Router::new()
    ///     .add(Method::POST, "/login", async || (pulsar::StatusCode::SEE_OTHER, [(LOCATION, "/home")]))
    ///     .add(Method::GET, "/home", async || "welcome");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// let answer = block_on(client.post("/login").follow_redirects().send());
    /// assert_eq!((answer.path(), answer.text()), ("/home", "welcome"));
    /// ```
    pub fn follow_redirects(mut self) -> Self {
        self.follows_redirects = true;
        self
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Panics
    ///
    /// Panics if there is no answer, or if the path is none, or if redirects that are followed come to no end.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client};
    /// # pulsar::testing::block_on(async {
    /// let client = Client::new(Router::new().compile(Default::default()).unwrap());
    /// let answer = client.get("/nowhere").send().await;
    /// answer.assert_status(404);
    /// # });
    /// ```
    #[track_caller]
    pub fn send(self) -> impl Future<Output = Answer> + Send + use<'a> {
        let caller = Location::caller();
        async move {
            let (head, response) = self.answer(caller).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map(Collected::to_bytes);
            let body = body.unwrap_or_else(|error| {
                fail(caller, format_args!("{head}: the body of the answer broke off: {error}"))
            });
            Answer::new(&head, parts, body)
        }
    }

    /// Sends the request, and gives the answer when its head is there: the body comes piece by piece.
    ///
    /// # Panics
    ///
    /// Panics like [`send`](Self::send).
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}};
    /// let router = Router::new().add(Method::GET, "/", async || "hello");
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// block_on(async {
    ///     let mut answer = client.get("/").stream().await;
    ///     answer.assert_status(200).assert_header("content-type", "text/plain; charset=utf-8");
    ///     assert_eq!(answer.next().await.unwrap(), "hello");
    /// });
    /// ```
    #[track_caller]
    pub fn stream(self) -> impl Future<Output = AnswerStream> + Send + use<'a> {
        let caller = Location::caller();
        async move {
            let limit = self.session.limit;
            let (head, response) = self.answer(caller).await;
            AnswerStream::new(head, response, limit)
        }
    }

    /// Sends the request as a browser's `EventSource` does, and gives the events of the answer. A body is not sent.
    ///
    /// # Panics
    ///
    /// Panics if the answer has another status than 200, or another content type than `text/event-stream`.
    ///
    /// See [`Events`] for an example.
    #[track_caller]
    pub fn events(self) -> impl Future<Output = Events> + Send + use<'a> {
        let caller = Location::caller();
        let Self { session, mut head, .. } = self;
        head.headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("text/event-stream"));
        let last_id = head.headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
        let parser = Parser::after(last_id.to_owned(), None);
        Events::open(session.clone(), head, parser, caller)
    }

    /// Opens a WebSocket. Without a socket of its own, the client has the program served for this one connection, by the server
    /// that a program has, over a pair of sockets that no other program sees.
    ///
    /// # Panics
    ///
    /// Panics with the answer if that makes it no WebSocket.
    ///
    /// See [`WebSocket`] for an example.
    #[cfg(feature = "websocket")]
    #[track_caller]
    pub fn websocket(self) -> impl Future<Output = WebSocket> + Send + use<'a> {
        let caller = Location::caller();
        async move {
            let socket = WebSocket::open(self.session, self.head, caller).await;
            socket.unwrap_or_else(|answer| fail(caller, format_args!("this is no WebSocket:\n{answer}")))
        }
    }

    /// Opens a WebSocket that the program may refuse.
    ///
    /// # Errors
    ///
    /// Fails with the answer if that makes it no WebSocket.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::{Client, block_on}, websocket::WebSocketUpgrade};
    ///
    /// let router = Router::new()
    ///     .add(Method::GET, "/", async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| {}));
    /// let client = Client::new(router.compile(Default::default()).unwrap());
    /// let refused = block_on(client.get("/").header("origin", "https://evil.example").try_websocket());
    /// refused.unwrap_err().assert_status(403);
    /// ```
    #[cfg(feature = "websocket")]
    #[track_caller]
    pub fn try_websocket(self) -> impl Future<Output = Result<WebSocket, Answer>> + Send + use<'a> {
        let caller = Location::caller();
        async move { WebSocket::open(self.session, self.head, caller).await.map_err(|answer| *answer) }
    }

    /// The head of the answer, and of the request that it is the answer to.
    async fn answer(self, caller: Caller) -> (Head, Response) {
        let Self { session, mut head, body, follows_redirects } = self;
        if !follows_redirects {
            let response = sent(session, &head, body, caller).await;
            return (head, response);
        }
        let body = body.collect().await.map(Collected::to_bytes);
        let mut body =
            body.unwrap_or_else(|error| fail(caller, format_args!("{head}: the body failed: {error}")));
        let first = head.to_string();
        for _ in 0..=MOST_REDIRECTS {
            let response = sent(session, &head, body.clone().into(), caller).await;
            let host = head.headers.get(header::HOST).cloned().or_else(|| session.host(false));
            let Some(path) = target(&head, host.as_ref(), &response) else {
                return (head, response);
            };
            let status = response.status();
            let to_get = match status {
                StatusCode::SEE_OTHER => head.method != Method::HEAD,
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => head.method == Method::POST,
                _ => false,
            };
            if to_get {
                head.method = Method::GET;
                body = Bytes::new();
                for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
                    head.headers.remove(name);
                }
            }
            head.path = path;
        }
        fail(
            caller,
            format_args!("{first}: {MOST_REDIRECTS} redirects led nowhere; the next one would be {head}"),
        )
    }
}

async fn sent(session: &Session, head: &Head, body: Body, caller: Caller) -> Response {
    let answer = session.send(head, body, false).await;
    answer.unwrap_or_else(|error| fail(caller, format_args!("{head}: no answer: {error}")))
}

/// Where a redirect leads on the same host, if the answer is one.
fn target(head: &Head, host: Option<&HeaderValue>, response: &Response) -> Option<String> {
    const FOLLOWED: [StatusCode; 5] = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !FOLLOWED.contains(&response.status()) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let location = location.split('#').next().unwrap_or(location);
    let here: Uri = head.path.parse().ok()?;
    if let Some(query) = location.strip_prefix('?') {
        return Some(format!("{}?{query}", here.path()));
    }
    let authority = match location.split_once("//") {
        Some(("" | "http:" | "https:", behind)) => Some(behind),
        Some((scheme, _)) if scheme.strip_suffix(':').is_some_and(is_scheme) => return None,
        _ => None,
    };
    if let Some(behind) = authority {
        let (authority, path) = behind.split_at(behind.find(['/', '?']).unwrap_or(behind.len()));
        let is_own = host.is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()));
        return is_own.then(|| if path.starts_with('/') { path.to_owned() } else { format!("/{path}") });
    }
    if location.starts_with('/') {
        return Some(location.to_owned());
    }
    let (location, query) = match location.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (location, String::new()),
    };
    if location.is_empty() {
        return Some(format!("{}{query}", here.path_and_query()?));
    }
    let folder = here.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{}{query}", without_dots(&format!("{folder}/{location}"))))
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let all: Vec<&str> = path.split('/').skip(1).collect();
    for (number, segment) in all.iter().enumerate() {
        let is_last = number + 1 == all.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    segments.pop();
                }
                if is_last {
                    segments.push("");
                }
            }
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// As many as browsers follow, about.
const MOST_REDIRECTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_resolved_where_it_is_met() {
        let host = HeaderValue::from_static("our.example");
        for (path, location, expected) in [
            ("/a/b?c", "/x?y#z", Some("/x?y")),
            ("/a/b?c", "x", Some("/a/x")),
            ("/a/b/", "x/./y/", Some("/a/b/x/y/")),
            ("/a/b/c", "../x", Some("/a/x")),
            ("/a/b/c", "../../../x", Some("/x")),
            ("/a/b/c", "..", Some("/a/")),
            ("/a/b", ".", Some("/a/")),
            ("/a/b?c", "?d", Some("/a/b?d")),
            ("/a/b", "x?d=../e", Some("/a/x?d=../e")),
            ("/a/b?c", "#d", Some("/a/b?c")),
            ("/a", "//other.example/", None),
            ("/a", "https://other.example/", None),
            ("/a", "ftp://our.example/", None),
            ("/a", "//our.example/x?y", Some("/x?y")),
            ("/a", "http://Our.example", Some("/")),
            ("/a", "https://our.example?x", Some("/?x")),
            ("/a", "/x//y", Some("/x//y")),
            ("/a", "x?to=http://other.example/", Some("/x?to=http://other.example/")),
        ] {
            let head = Head { method: Method::GET, path: path.into(), headers: HeaderMap::new() };
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
            assert_eq!(target(&head, Some(&host), &response).as_deref(), expected, "{path} to {location}");
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            assert_eq!(target(&head, Some(&host), &response), None);
        }
    }
}
