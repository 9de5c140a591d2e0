//! The types on the waist of the framework: what a request, an answer and their body are.
//!
//! They are aliases of the field's own types, never wrappers, so that everything written for `http` and
//! `axum_core` fits without conversion.

/// A body of a request or an answer.
pub type Body = axum_core::body::Body;

/// A request as an application receives it.
pub type Request = http::Request<Body>;

/// An answer as an application gives it.
pub type Response = http::Response<Body>;

/// Any error that may cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
