//! What joins foreign services and layers to the waist.
//!
//! Middleware itself is tower's; this gives whatever a layer made the one form that the rest of the program knows: a
//! boxed service over our body that does not fail.

use std::{
    convert::Infallible,
    fmt,
    future::{poll_fn, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::StatusCode;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    body::{Body, BoxError, BoxFuture, Request, Response},
    error::Chain,
    problem::Problem,
};

/// An application of any origin: a service that cannot fail.
///
/// It is what a layer of [`App::layer`](crate::app::App::layer) is put around. It takes requests with any body, since
/// some layers, such as one that limits it, pass on another body than they got.
#[derive(Clone)]
pub struct BoxService(Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>);

impl BoxService {
    /// A service that is a function, and always ready.
    pub(crate) fn of_fn<Fut>(answer: impl Fn(Request) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Response> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(answer(request))))
    }

    /// Answers a request; waits until the service is ready for it.
    pub(crate) fn answer(&self, request: Request) -> BoxFuture<'static, Response> {
        (self.0)(request)
    }
}

impl<B> Service<http::Request<B>> for BoxService
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxServiceFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> BoxServiceFuture {
        // A body that is ours already is not boxed again.
        BoxServiceFuture(self.answer(request.map(Body::new)))
    }
}

impl fmt::Debug for BoxService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxService").finish_non_exhaustive()
    }
}

/// The answer of a [`BoxService`], when it is there.
pub struct BoxServiceFuture(BoxFuture<'static, Response>);

impl Future for BoxServiceFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for BoxServiceFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxServiceFuture").finish_non_exhaustive()
    }
}

/// Gives a service our body, and answers 500 where it fails; why is logged and not sent.
pub(crate) fn into_infallible<S, B>(service: S) -> BoxService
where
    S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    BoxService(Arc::new(move |request| {
        let mut service = service.clone();
        // Called at once if it is ready, as nearly all are: a request is large, and a future that waits with one is moved and stored with
        // it. This waker wakes nobody, but a service that is not ready is asked again with a real one.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Box::pin(Infallibly { future: service.call(request) }),
            Poll::Ready(Err(error)) => Box::pin(ready(failed(error.into()))),
            Poll::Pending => Box::pin(async move {
                match poll_fn(|cx| service.poll_ready(cx).map_err(Into::into)).await {
                    Ok(()) => Infallibly { future: service.call(request) }.await,
                    Err(error) => failed(error),
                }
            }),
        }
    }))
}

pin_project! {
    /// The answer of a service that may fail.
    struct Infallibly<F> {
        #[pin]
        future: F,
    }
}

impl<F, B, E> Future for Infallibly<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    E: Into<BoxError>,
{
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.project().future.poll(cx).map(|answer| match answer {
            Ok(response) => response.map(Body::new),
            Err(error) => failed(error.into()),
        })
    }
}

/// The answer in place of one that a service could not give.
#[cold]
fn failed(error: BoxError) -> Response {
    tracing::error!(status = 500, "a service failed: {}", Chain(error.as_ref()));
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
