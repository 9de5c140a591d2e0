//! The vocabulary of the waist: what a request, an answer and their body are.
//!
//! The body is axum-core's, so that every extractor, layer and answer of that ecosystem fits without a conversion.
//! An empty one costs no allocation; one of known length costs a small box.

use http::StatusCode;
use http_body_util::LengthLimitError;

/// The body of requests and answers.
///
/// ```
/// use pulsar::body::Body;
/// let body = Body::from("hello");
/// ```
pub type Body = axum_core::body::Body;

/// The length, in bytes, that no extractor finds too long by itself: axum-core's own limit is 2 MiB.
pub(crate) const NEVER_TOO_LONG: u64 = 1 << 20;

/// A request as handlers, extractors, layers and applications see it.
///
/// ```
/// use pulsar::{Request, get};
///
/// #[get("/echo/<path:rest>")]
/// async fn echo(request: Request, rest: &str) -> String {
///     format!("{} {rest}", request.method())
/// }
/// ```
pub type Request<B = Body> = http::Request<B>;

/// An answer as handlers, layers and applications give it.
///
/// ```
/// use pulsar::{Response, body::Body, get};
///
/// #[get("/teapot")]
/// async fn teapot() -> Response {
///     let mut response = Response::new(Body::from("short and stout"));
///     *response.status_mut() = pulsar::StatusCode::IM_A_TEAPOT;
///     response
/// }
/// ```
pub type Response<B = Body> = http::Response<B>;

/// Any error that may cross a thread.
///
/// ```
/// let error: pulsar::body::BoxError = "no luck".into();
/// assert_eq!(error.to_string(), "no luck");
/// ```
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A boxed future that may cross a thread.
///
/// ```
/// let future: pulsar::body::BoxFuture<'_, u8> = Box::pin(async { 7 });
/// assert_eq!(pulsar::testing::block_on(future), 7);
/// ```
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why the body of a request ended before its end: its client was slower than the settings allow.
///
/// It is what reading the body fails with, or the source of that. The client is answered with 408, if it is answered by an extractor
/// or a WSGI callable.
///
/// ```
/// use pulsar::body::{BodyTimeout, BoxError};
///
/// fn is_slow(error: &BoxError) -> bool {
///     error.is::<BodyTimeout>()
/// }
/// ```
#[derive(Debug)]
pub struct BodyTimeout {
    setting: &'static str,
}

impl BodyTimeout {
    /// The limit of this setting was reached.
    pub(crate) fn new(setting: &'static str) -> Self {
        Self { setting }
    }
}

impl std::fmt::Display for BodyTimeout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the body came too slowly (see `{}`)", self.setting)
    }
}

impl std::error::Error for BodyTimeout {}

/// Why the body of a request ended before its end: it is malformed, or its client has gone.
///
/// It is what reading the body fails with, or the source of that. Whoever is still there is answered with 400, if the error comes to an
/// extractor or a WSGI callable, or a handler passes it on with `?`.
///
/// ```
/// use pulsar::body::{BoxError, BrokenBody};
///
/// fn is_broken(error: &BoxError) -> bool {
///     error.is::<BrokenBody>()
/// }
/// ```
#[derive(Debug)]
pub struct BrokenBody {
    source: Option<BoxError>,
}

impl BrokenBody {
    /// What the connection said.
    pub(crate) fn new(source: impl Into<Option<BoxError>>) -> Self {
        Self { source: source.into() }
    }
}

impl std::fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client has gone, or sent a malformed body, before its end")
    }
}

impl std::error::Error for BrokenBody {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What a client is told whose body could not be read, if that is where an error comes from.
pub(crate) fn blame(error: &(dyn std::error::Error + 'static)) -> Option<(StatusCode, &'static str)> {
    // Only of a body of the waist: an application may limit other things by the same means.
    let is_ours = error.is::<axum_core::Error>();
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<BodyTimeout>() {
            return Some((StatusCode::REQUEST_TIMEOUT, "the body came too slowly"));
        }
        if error.is::<BrokenBody>() {
            return Some((StatusCode::BAD_REQUEST, "the body is malformed, or was not sent to its end"));
        }
        if is_ours && error.is::<LengthLimitError>() {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than it may be"));
        }
        next = error.source();
    }
    None
}
