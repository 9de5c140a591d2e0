//! The extractor of what a provider made.

use std::{ops::Deref, sync::Arc};

use axum_core::extract::FromRequestParts;
use http::{StatusCode, request::Parts};

use crate::{
    context::{Context, missing},
    problem::Problem,
};

/// What a provider made, shared by all requests of an application in one worker.
///
/// It dereferences to `T`. A program that mounts a handler asking for a state that nobody provides does not start; it
/// says which handler, where it stands, and what to write.
///
/// ```
/// use pulsar::{State, get, provide};
///
/// struct Greeting {
///     word: String,
/// }
///
/// #[provide]
/// fn greeting() -> Greeting {
///     Greeting { word: "Hello".to_owned() }
/// }
///
/// #[get("/hello/<name>")]
/// async fn hello(name: &str, greeting: State<Greeting>) -> String {
///     format!("{}, {name}!\n", greeting.word)
/// }
/// ```
///
/// # Rejection
///
/// 500, with the missing type in the log; only a router without a program around it can get there.
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromRequestParts<Context> for State<T> {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, context: &Context) -> Result<Self, Problem> {
        Self::of(context).map_err(|problem| *problem)
    }
}

impl<T: Send + Sync + 'static> State<T> {
    /// What was provided.
    pub(crate) fn of(context: &Context) -> Result<Self, Box<Problem>> {
        context.get().map(Self).ok_or_else(|| {
            let missing = missing(std::any::type_name::<T>());
            Box::new(Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(missing))
        })
    }
}

/// The key of signed cookies is state like any other: `#[provide] fn key() -> cookie::Key`.
///
/// # Panics
///
/// Panics if nobody provides it: the trait knows no error. The client gets a 500, and the log says what is missing.
#[cfg(feature = "signed-cookies")]
impl axum_core::extract::FromRef<Context> for cookie::Key {
    fn from_ref(context: &Context) -> Self {
        context.need::<Self>().as_ref().clone()
    }
}
