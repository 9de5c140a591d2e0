//! What the types in the signature of an annotated function have to be.
//!
//! You implement none of these traits: each holds by itself for what implements the vocabulary of the field, as
//! [`FromRequestParts`], [`IntoResponse`] or [`FromStr`]. They are there for the messages of the
//! compiler, which name the type at fault, its place in the signature, and what it lacks.
//!
//! ```compile_fail,E0277
//! struct Visitor;
//!
//! // error: `Visitor` cannot be an argument of a handler
//! #[pulsar::get("/")]
//! async fn home(visitor: Visitor) {}
//! ```

use std::{
    any::Any,
    fmt,
    marker::PhantomData,
    pin::Pin,
    str::FromStr,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use axum_core::{
    extract::{FromRequest, FromRequestParts},
    response::IntoResponse,
};
use http::request::Parts;
use pin_project_lite::pin_project;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    body::{BoxError, Request, Response},
    context::Context,
    request::Params,
};

/// A type that a bound was asked for. Not public API.
#[doc(hidden)]
pub struct Named<T>(PhantomData<fn() -> T>);

impl<T> Named<T> {
    const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Named<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Named<T> {}

impl<T> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Named")
    }
}

/// A path value: whatever [`FromStr`] makes of the text of a placeholder, if it may go to another thread. `&str` is one without it.
///
/// ```
/// fn is_path_value<T: pulsar::bounds::PathValue>() {}
/// is_path_value::<u32>();
/// is_path_value::<std::net::IpAddr>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a path value",
    label = "text cannot be parsed into it",
    note = "implement `std::str::FromStr` for it, or take `&str` and parse it in the function"
)]
pub trait PathValue: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<Self> = Named::new();

    /// Not public API.
    #[doc(hidden)]
    fn of(params: &Params, index: usize) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr + Send + 'static> PathValue for T {
    fn of(params: &Params, index: usize) -> Option<Self> {
        params.parse(index)
    }
}

/// The last argument of a handler: what implements [`FromRequest`], which may take the body, or [`FromRequestParts`].
/// It is `Send`, since handlers go from one thread to another.
///
/// ```
/// fn is_extractor<T: pulsar::bounds::Extractor<Via>, Via>() {}
/// is_extractor::<pulsar::Json<u32>, _>();
/// is_extractor::<pulsar::HeaderMap, _>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "this is no extractor",
    note = "for what `#[provide]` makes, take `State<{Self}>`; for a path value, name the argument like its placeholder",
    note = "implement `FromRequestParts<pulsar::Context>` for a type of your own, or `FromRequest<pulsar::Context>` if it takes the body"
)]
pub trait Extractor<Via>: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<(Self, Via)> = Named::new();

    /// Not public API. The error is the answer of an extractor that refuses the request.
    #[doc(hidden)]
    fn extract(request: Request, context: &Context) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<Context> + Send + 'static> Extractor<OfHead> for T {
    async fn extract(request: Request, context: &Context) -> Result<Self, Response> {
        let (mut parts, _) = request.into_parts();
        T::from_request_parts(&mut parts, context).await.map_err(IntoResponse::into_response)
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromRequest<Context> + Send + 'static> Extractor<OfRequest> for T {
    fn extract(request: Request, context: &Context) -> impl Future<Output = Result<Self, Response>> + Send {
        // What is done before the first wait of an extractor is done here, so that the request need not be kept.
        Extracting { future: T::from_request(request, context) }
    }
}

pin_project! {
    /// The future of an extractor, whose error becomes an answer. An `async` block would keep the future twice.
    struct Extracting<F> {
        #[pin]
        future: F,
    }
}

impl<T, E: IntoResponse, F: Future<Output = Result<T, E>>> Future for Extracting<F> {
    type Output = Result<T, Response>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.project().future.poll(task).map_err(IntoResponse::into_response)
    }
}

/// How an [`Extractor`] gets at a request, so that one kind can be told from the other.
#[derive(Debug)]
#[doc(hidden)]
pub struct OfHead;
#[derive(Debug)]
#[doc(hidden)]
pub struct OfRequest;

/// An argument of a handler before the last: what implements [`FromRequestParts`] and leaves the body alone.
///
/// ```
/// fn is_extractor_of_the_head<T: pulsar::bounds::HeadExtractor>() {}
/// is_extractor_of_the_head::<pulsar::Query<Vec<(String, String)>>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument before the last one of a handler",
    label = "this is no extractor that leaves the body alone",
    note = "what takes the body, and implements `FromRequest`, is the last argument; there can be one of them",
    note = "for what `#[provide]` makes, take `State<{Self}>`; for a type of your own implement `FromRequestParts<pulsar::Context>`"
)]
pub trait HeadExtractor: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<Self> = Named::new();

    /// Not public API. The error is the answer of an extractor that refuses the request.
    #[doc(hidden)]
    fn extract(parts: &mut Parts, context: &Context) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<Context> + Send + 'static> HeadExtractor for T {
    fn extract(parts: &mut Parts, context: &Context) -> impl Future<Output = Result<Self, Response>> + Send {
        Extracting { future: T::from_request_parts(parts, context) }
    }
}

/// The future of an `async fn` that is a handler: it goes from one thread to another.
///
/// ```
/// fn is_future_of_a_handler<T: pulsar::bounds::HandlerFuture>(_: T) {}
/// is_future_of_a_handler(async { "hello" });
/// ```
pub trait HandlerFuture: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<Self> = Named::new();
}

// Here the compiler says best what it is that may not go to another thread, and where it is kept.
impl<T: Future + Send> HandlerFuture for T {}

/// What a handler returns, in a `Result` its value: what implements [`IntoResponse`].
///
/// ```
/// fn is_answer<T: pulsar::bounds::HandlerOutput>() {}
/// is_answer::<(pulsar::StatusCode, pulsar::Json<u32>)>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "this is no answer",
    note = "answers are texts, bytes, `StatusCode`, `Json(value)`, tuples of a status, headers and one of these, and `()`",
    note = "for a type of your own return `Json<{Self}>`, or implement `pulsar::IntoResponse` for it"
)]
pub trait HandlerOutput: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<Self> = Named::new();

    /// Not public API.
    #[doc(hidden)]
    fn respond(self) -> Response;
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> HandlerOutput for T {
    fn respond(self) -> Response {
        self.into_response()
    }
}

/// The error in the `Result` of a handler: what implements [`IntoResponse`], as [`pulsar::Error`](crate::Error) and what derives
/// [`HttpError`](crate::HttpError) do.
///
/// ```
/// fn is_error<E: pulsar::bounds::HandlerError>() {}
/// is_error::<pulsar::Error>();
/// is_error::<pulsar::StatusCode>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "this error says nothing to a client",
    note = "return `pulsar::Result<T>`: `?` turns any error into a `pulsar::Error`, which is answered with 500",
    note = "for a status of its own derive `pulsar::HttpError` for it, or implement `pulsar::IntoResponse`"
)]
pub trait HandlerError: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    const TYPE: Named<Self> = Named::new();

    /// Not public API.
    #[doc(hidden)]
    fn respond(self) -> Response;
}

// By way of `Result`, which axum-core implements it for with errors that have it for nothing else.
#[diagnostic::do_not_recommend]
impl<E> HandlerError for E
where
    Result<(), E>: IntoResponse,
{
    fn respond(self) -> Response {
        Err::<(), E>(self).into_response()
    }
}

/// What a provider returns, in a `Result` its value: shared by the threads of a worker.
///
/// ```
/// fn is_provided<T: pulsar::bounds::Provided>() {}
/// is_provided::<std::sync::Mutex<Vec<u32>>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be provided: the threads of a worker share it",
    label = "this cannot be shared between threads",
    note = "it has to be `Send + Sync + 'static`: use `Arc` instead of `Rc`, and `Mutex` or `RwLock` instead of `RefCell`"
)]
pub trait Provided {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn built(self) -> Arc<dyn Any + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Provided for T {
    fn built(self) -> Arc<dyn Any + Send + Sync> {
        Arc::new(self)
    }
}

/// The error in the `Result` of a provider, a hook, a task or a handler of messages: any that can be boxed.
///
/// ```
/// fn is_failure<E: pulsar::bounds::Failure>() {}
/// is_failure::<std::io::Error>();
/// is_failure::<String>();
/// is_failure::<pulsar::Error>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of this function",
    label = "this is no error",
    note = "return `pulsar::Result<T>`, implement `std::error::Error` for it, or use a text: it has to turn into a \
            `Box<dyn std::error::Error + Send + Sync>`"
)]
pub trait Failure {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn boxed(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> Failure for E {
    fn boxed(self) -> BoxError {
        self.into()
    }
}

/// The payload of a message: what serde can read from JSON.
///
/// ```
/// fn is_payload<T: pulsar::bounds::MessagePayload>() {}
/// is_payload::<Vec<String>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a message",
    label = "serde cannot read it",
    note = "derive `serde::Deserialize` for it; what a provider makes is taken as `&{Self}` or `State<{Self}>`"
)]
pub trait MessagePayload: Sized {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn read(json: &[u8]) -> serde_json::Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> MessagePayload for T {
    fn read(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }
}

/// The answer to a message, in a `Result` its value: what serde can write as JSON.
///
/// ```
/// fn is_answer<T: pulsar::bounds::MessageAnswer>() {}
/// is_answer::<Option<u32>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer to a message",
    label = "serde cannot write it",
    note = "derive `serde::Serialize` for it"
)]
pub trait MessageAnswer {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn write(&self) -> serde_json::Result<Vec<u8>>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> MessageAnswer for T {
    fn write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}
