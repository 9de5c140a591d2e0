//! From a request to a WebSocket.

use std::{any::Any, fmt, time::Duration};

use axum_core::{extract::FromRequestParts, response::IntoResponse};
use http::{HeaderMap, HeaderValue, StatusCode, request::Parts};
use hyper::upgrade::OnUpgrade;
use tokio::runtime::Handle;
use tracing::Instrument;

use crate::{
    body::Response,
    context::Context,
    drain::Notice,
    problem::Problem,
    settings::Settings,
    websocket::{
        connection::Shared,
        driver::Driver,
        handshake::{Handshake, protocols},
        options::Options,
        origin::Origins,
        socket::WebSocket,
    },
};

/// The argument of a handler whose request becomes a WebSocket.
///
/// Over HTTP/1.1 that is a GET request with `Upgrade: websocket`, over HTTP/2 an extended CONNECT; both find the route of a
/// `#[get]`.
///
/// ```
/// use std::time::Duration;
///
/// use pulsar::{Response, get, websocket::{Message, WebSocketUpgrade}};
///
/// #[get("/shout")]
/// async fn shout(upgrade: WebSocketUpgrade) -> Response {
///     let upgrade = upgrade
///         .max_message_size(4096)
///         .ping(Duration::from_secs(5), Duration::from_secs(10))
///         .origins(["https://app.example.com"]);
///     upgrade.on_upgrade(async |mut socket| {
///         while let Some(Ok(Message::Text(text))) = socket.recv().await {
///             if socket.send(text.to_uppercase()).await.is_err() {
///                 return;
///             }
///         }
///     })
/// }
/// ```
///
/// # Rejection
///
/// * 426 if the request does not ask for a WebSocket, or for another version than 13
/// * 405 if the method is another one
/// * 400 if the rest of the handshake is wrong
/// * 500 if the connection cannot be upgraded: the request came over no socket, or a layer kept what is needed
#[must_use]
pub struct WebSocketUpgrade {
    handshake: Handshake,
    upgrade: OnUpgrade,
    /// The event loop of the connection. A handler that is no `async fn` runs elsewhere.
    runtime: Handle,
    /// Whether the page that asks is one of ours.
    is_own: bool,
    headers: HeaderMap,
    protocol: Option<HeaderValue>,
    options: Options,
    origins: Origins,
}

impl WebSocketUpgrade {
    /// Names the protocols that the handler speaks, the best one first. The first of them that the client offers is agreed on.
    ///
    /// If the client offers none of them there is none; browsers then close at once.
    ///
    /// ```
    /// use pulsar::{Response, get, websocket::WebSocketUpgrade};
    ///
    /// #[get("/chat")]
    /// async fn chat(upgrade: WebSocketUpgrade) -> Response {
    ///     let upgrade = upgrade.protocols(["chat.v2", "chat.v1"]);
    ///     upgrade.on_upgrade(async |socket| match socket.protocol() {
    ///         Some("chat.v2") => println!("new"),
    ///         _ => println!("old"),
    ///     })
    /// }
    /// ```
    pub fn protocols<P: AsRef<str>>(mut self, known: impl IntoIterator<Item = P>) -> Self {
        let mut known = known.into_iter();
        let agreed = known.find(|known| self.offered_protocols().any(|offered| offered == known.as_ref()));
        // What came in a header may go out in one.
        self.protocol = agreed.and_then(|agreed| HeaderValue::from_str(agreed.as_ref()).ok());
        self
    }

    /// The protocols that the client offers, the ones it likes best first.
    ///
    /// ```
    /// use pulsar::websocket::WebSocketUpgrade;
    ///
    /// fn is_old(upgrade: &WebSocketUpgrade) -> bool {
    ///     upgrade.offered_protocols().all(|protocol| protocol == "chat.v1")
    /// }
    /// ```
    pub fn offered_protocols(&self) -> impl Iterator<Item = &str> {
        protocols(&self.headers)
    }

    /// Sets the longest message that is read, in bytes; `None` is unlimited.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn uploads(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.max_message_size(16 << 20).max_frame_size(None)
    /// }
    /// ```
    pub fn max_message_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.max_message = bytes.into().unwrap_or(usize::MAX);
        self
    }

    /// Sets the longest frame that is read, in bytes; `None` is unlimited. A message is one frame or several.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn small(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.max_frame_size(1024)
    /// }
    /// ```
    pub fn max_frame_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.max_frame = bytes.into().unwrap_or(usize::MAX);
        self
    }

    /// Sets the most frames that a message may come in; `None` is unlimited.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn whole(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.max_fragments(1)
    /// }
    /// ```
    pub fn max_fragments(mut self, frames: impl Into<Option<u32>>) -> Self {
        // A message has one frame at least.
        self.options.max_fragments = frames.into().unwrap_or(u32::MAX).max(1);
        self
    }

    /// Sets how many bytes may wait for a slow client before [`send`](WebSocket::send) waits as well; `None` is unlimited.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn thin(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.write_buffer(64 << 10)
    /// }
    /// ```
    pub fn write_buffer(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.write_buffer = bytes.into().unwrap_or(usize::MAX);
        self
    }

    /// Sets after how much silence the client is pinged, and how long it may take to answer; no `silence` never pings.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn mobile(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.ping(Duration::from_secs(60), Duration::from_secs(60))
    /// }
    /// ```
    pub fn ping(mut self, silence: Duration, answer: Duration) -> Self {
        (self.options.ping, self.options.pong_timeout) = (silence.min(LONGEST), answer.min(LONGEST));
        self
    }

    /// Sets how long the close handshake may take.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn hasty(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.close_timeout(Duration::from_secs(1))
    /// }
    /// ```
    pub fn close_timeout(mut self, time: Duration) -> Self {
        self.options.close_timeout = time.min(LONGEST);
        self
    }

    /// Names origins of pages that may open this WebSocket, besides the host of the request: `https://app.example.com`.
    ///
    /// What is no origin, such as a host without a scheme, makes the answer a 500, and the log says why.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn shared(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.origins(["https://app.example.com", "http://localhost:3000"])
    /// }
    /// ```
    pub fn origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.origins = Origins::Own(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Allows pages of any site, for what knows its clients by something other than cookies, or need not know them.
    ///
    /// ```
    /// # use pulsar::websocket::WebSocketUpgrade;
    /// fn public(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    ///     upgrade.any_origin()
    /// }
    /// ```
    pub fn any_origin(mut self) -> Self {
        self.origins = Origins::Any;
        self
    }

    /// The answer that makes the connection a WebSocket, which `handler` gets as soon as the answer is out.
    ///
    /// The handler runs as a task of its own on the event loop of the connection; it must not block. If it panics, that is
    /// logged and the connection is closed with code 1011. A page of a site that is not allowed gets 403 instead, and the
    /// handler does not run.
    ///
    /// See [`WebSocketUpgrade`] for an example.
    pub fn on_upgrade<F, Fut>(self, handler: F) -> Response
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Self { handshake, upgrade, runtime, is_own, headers, protocol, options, origins } = self;
        if let Err(problem) = origins.check(is_own, &headers) {
            return problem.into_response();
        }
        let notice = Notice::default();
        let mut response = handshake.answer(protocol.clone());
        response.extensions_mut().insert(notice.clone());
        let run = async move {
            let stream = match upgrade.await {
                Ok(stream) => stream,
                // The client has gone, or a layer has answered something else.
                Err(error) => return tracing::debug!(%error, "a connection did not become a WebSocket"),
            };
            let connection = Shared::new(stream, options, Box::pin(notice.begun()));
            let socket = WebSocket::new(connection.clone(), protocol);
            Driver::new(connection, Box::pin(async move { handler(socket).await })).await;
        };
        runtime.spawn(run.in_current_span());
        response
    }
}

impl<S: Send + Sync + 'static> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let handshake = Handshake::of(parts).map_err(|problem| *problem)?;
        let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(
                "the connection cannot become a WebSocket: the request came over no socket, or its extensions were lost in \
                 a layer",
            )
        })?;
        let options = match (state as &dyn Any).downcast_ref::<Context>() {
            Some(context) => Options::new(context.settings()),
            None => Options::new(&Settings::default()),
        };
        Ok(Self {
            handshake,
            upgrade,
            runtime: Handle::current(),
            is_own: Origins::is_own(parts),
            headers: parts.headers.clone(),
            protocol: None,
            options,
            origins: Origins::Own(Vec::new()),
        })
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade").field("handshake", &self.handshake).finish_non_exhaustive()
    }
}

/// More is a slip of the hand, and far more overflows the clock: a year.
const LONGEST: Duration = Duration::from_secs(31_536_000);
