//! What a function gives, and how that becomes an answer.

use std::{
    marker::PhantomData,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
};

use axum_core::response::IntoResponse;
use http::StatusCode;

use crate::{
    body::Response,
    bounds::{HandlerError, HandlerOutput, Named},
    problem::Problem,
};

/// What a function gives: a value, the two sides of a `Result`. Each side is asked for what it has to be where it is named.
/// Not public API. Used by generated code.
#[doc(hidden)]
pub trait Sides<Output> {
    /// How the output is made an answer.
    type Gives;
}

impl<T> Sides<T> for Named<T> {
    type Gives = Value;
}

impl<T, E> Sides<Result<T, E>> for (Named<T>, Named<E>) {
    type Gives = ValueOrError;
}

/// What a function gives is an answer. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct Value;

/// What a function gives is a `Result` of answers. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct ValueOrError;

/// How an output is made an answer. Not public API.
#[doc(hidden)]
pub trait Responds<Output> {
    fn respond(output: Output) -> Response;
}

/// What a function gives is a future that is ready when it is polled first, and so need not be kept. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct Immediate<G>(PhantomData<fn() -> G>);

impl<R: Future, G: Responds<R::Output>> Responds<R> for Immediate<G> {
    fn respond(future: R) -> Response {
        future.now().map_or_else(waits, G::respond)
    }
}

/// Takes the output of a future that waits for nothing.
trait Now: Future + Sized {
    fn now(self) -> Option<Self::Output> {
        match pin!(self).poll(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl<R: Future> Now for R {}

/// The answer in place of one that did wait: the macro reads the text of a function, and somebody else's `format!` may have any.
#[cold]
fn waits() -> Response {
    let why = "this `async fn` waits, and no `.await` is to be seen in it: a macro that hides one must not have the name of a usual one,                such as `format!`";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(why).into_response()
}

impl<T: HandlerOutput> Responds<T> for Value {
    fn respond(output: T) -> Response {
        output.respond()
    }
}

impl<T: HandlerOutput, E: HandlerError> Responds<Result<T, E>> for ValueOrError {
    fn respond(output: Result<T, E>) -> Response {
        match output {
            Ok(value) => value.respond(),
            Err(error) => error.respond(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_waits_unseen_is_an_error_that_says_so() {
        let answer = <Immediate<Value> as Responds<_>>::respond(std::future::ready("at once"));
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = <Immediate<Value> as Responds<_>>::respond(std::future::pending::<&'static str>());
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let source =
            answer.extensions().get::<Problem>().and_then(|problem| problem.source()).unwrap().to_string();
        assert!(source.contains("no `.await` is to be seen in it"), "{source}");
    }
}
