//! The vocabulary of the waist: what a request, an answer and their body are.
//!
//! The body is axum-core's, so that every extractor, layer and answer of that ecosystem fits without a conversion.
//! An empty one costs no allocation; one of known length costs a small box.

/// The body of requests and answers.
pub type Body = axum_core::body::Body;

/// A request as handlers, extractors, layers and applications see it.
pub type Request<B = Body> = http::Request<B>;

/// An answer as handlers, layers and applications give it.
pub type Response<B = Body> = http::Response<B>;

/// Any error that may cross a thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A boxed future that may cross a thread.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
