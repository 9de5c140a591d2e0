//! What a function gives, and how that becomes an answer.

use crate::{
    body::Response,
    bounds::{HandlerError, HandlerOutput, Named},
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
