//! Why a callable gave no body, and what the client is told.

use http::StatusCode;

use super::{error, input};
use crate::{body::BoxError, error::Error, pool::PoolError, problem::Problem};

/// What came instead of a body.
#[derive(Debug)]
pub(super) enum Failure {
    /// The callable returned an error.
    Error(Error),
    /// The callable panicked, with this message.
    Panicked(String),
    /// The pool is full: the callable was not called.
    Busy,
    /// The body of the request broke off before the callable was called.
    Input(input::Failure),
    /// The request cannot be told in an environ; this is why.
    Refused(&'static str),
    /// Nobody answered.
    PassedOn,
}

impl Failure {
    /// The answer, its cause included.
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Self::Error(error) => match error.source().and_then(|source| input::Failure::find(source)) {
                // The callable has passed on what it got from the client.
                Some(failure) => Self::Input(failure).into_problem(),
                None => Problem::from(error),
            },
            Self::Panicked(message) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
                .with_source(format!("the callable panicked: {message}")),
            Self::Busy => Problem::busy(),
            Self::Refused(detail) => Problem::new(StatusCode::BAD_REQUEST).with_detail(detail),
            Self::PassedOn => Problem::new(StatusCode::NOT_FOUND),
            Self::Input(failure) => {
                let status = match failure {
                    input::Failure::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                    input::Failure::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    input::Failure::Broken => StatusCode::BAD_REQUEST,
                };
                Problem::new(status).with_detail(failure.to_string())
            }
        }
    }

    /// The same for the log alone, where no answer can be given any more.
    pub(super) fn into_cause(self) -> BoxError {
        match self {
            Self::Error(error) => error.into(),
            Self::Panicked(message) => format!("the callable panicked: {message}").into(),
            Self::Busy => "the thread pool is full".into(),
            Self::Refused(detail) => detail.into(),
            Self::PassedOn => "nobody has answered".into(),
            Self::Input(failure) => failure.into(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<error::Error> for Failure {
    fn from(error: error::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Full => Self::Busy,
            PoolError::Panicked(message) => Self::Panicked(message),
        }
    }
}
