//! What the server asks of an application: an answer to a request, and an answer to a panic.
//!
//! A foreign service may look for anything in a request, so that everything has to be there; an application of this crate says
//! itself what it looks for. Whoever answers here catches the panics of what it calls.

use std::{
    any::Any,
    convert::Infallible,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use axum_core::response::IntoResponse;
use http::StatusCode;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    body::{BoxFuture, Request, Response},
    pool::panic_message,
    problem::Problem,
    request::{Arrival, Asker, Connection},
};

/// What answers the requests of a server.
pub(crate) trait Answers: Clone + Send + 'static {
    type Answer: Answer;

    /// Answers a request that came by this connection, which does not stand in the request: see [`Connection::for_request`]. Whoever looks
    /// at more than its head takes it.
    fn answer(&self, arrival: &mut Arrival<'_>, connection: &Connection, asker: &Asker) -> Self::Answer;
}

/// An answer on its way.
pub(crate) trait Answer: Send {
    /// Polls it like a future, with who asked for it.
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>, asker: &Asker) -> Poll<Response>;
}

/// Any service.
#[derive(Clone, Debug)]
pub(crate) struct Foreign<S>(pub(crate) S);

impl<S> Answers for Foreign<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Answer = ForeignAnswer<S::Future>;

    /// Calls the service at once if it is ready, as nearly all are: a request that waits in a future is moved
    /// more often, and a request is large.
    fn answer(&self, arrival: &mut Arrival<'_>, connection: &Connection, asker: &Asker) -> Self::Answer {
        let mut request = arrival.take();
        connection.introduce(&mut request, asker);
        // Nothing of a service is used after its panic, so that no broken state of it can be seen.
        let called = catch_unwind(AssertUnwindSafe(|| {
            let mut service = self.0.clone();
            // This waker wakes nobody, but a service that is not ready is asked again with a real one.
            match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(())) => ForeignAnswer::Made { future: service.call(request) },
                Poll::Pending => ForeignAnswer::Waiting {
                    future: Box::pin(async move {
                        let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                        let Ok(response) = service.call(request).await;
                        response
                    }),
                },
            }
        }));
        called.unwrap_or_else(|panic| ForeignAnswer::Panicked { panic: Some(panic) })
    }
}

pin_project! {
    /// The answer of any service.
    #[project = ForeignProjection]
    pub(crate) enum ForeignAnswer<F> {
        Made { #[pin] future: F },
        Waiting { future: BoxFuture<'static, Response> },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

impl<F> Answer for ForeignAnswer<F>
where
    F: Future<Output = Result<Response, Infallible>> + Send,
{
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>, _: &Asker) -> Poll<Response> {
        let polled = catch_unwind(AssertUnwindSafe(|| match self.project() {
            ForeignProjection::Made { future } => future.poll(cx).map(|Ok(response)| response),
            ForeignProjection::Waiting { future } => future.as_mut().poll(cx),
            ForeignProjection::Panicked { panic } => match panic.take() {
                Some(panic) => resume_unwind(panic),
                None => Poll::Pending,
            },
        }));
        polled.unwrap_or_else(|panic| Poll::Ready(panicked(&*panic)))
    }
}

/// The answer in place of one that panicked. The panic hook has reported where.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    tracing::error!(
        panic = panic_message(panic),
        "the application panicked; the request is answered with 500"
    );
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
