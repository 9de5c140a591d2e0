//! The vocabulary of the waist: what a request, an answer and their body are.
//!
//! The body is axum-core's, so that every extractor, layer and answer of that ecosystem fits without a conversion.
//! An empty one costs no allocation; one of known length costs a small box.

/// The body of requests and answers.
///
/// ```
/// use pulsar::body::Body;
/// let body = Body::from("hello");
/// ```
pub type Body = axum_core::body::Body;

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
