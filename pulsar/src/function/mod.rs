//! An annotated function as what a route runs.
//!
//! A route attribute writes no code that runs: it names the function and where each argument comes from, and what is here does the
//! rest, compiled once and instantiated for each function. So there is little for the compiler to read beside each route. What
//! is wrong with a type in the signature is found where it is named, by the traits in `bounds`, and not here.
//!
//! Path values come first, before anything of the request is read: a value that its type refuses means that there is no such
//! page. Then the extractors, the last of them with the body, then the call: awaited, on the pool, or at once.

mod arguments;

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
};

use pin_project_lite::pin_project;

use self::arguments::{Arguments, Call, Source, Takes};
pub use self::arguments::{Head, Last, MayReadMore, Reads, TextAt, ValueAt};
use crate::{
    body::{Request, Response},
    bounds::{HandlerError, HandlerOutput, Named},
    context::Context,
    handler::{Needs, Reply, Serve, needed, on_pool},
    request::Params,
};

/// A function, where its arguments come from, and how it is called. Not public API. Used by generated code.
#[doc(hidden)]
pub struct Function<F, A, How> {
    named: F,
    arguments: A,
    how: PhantomData<How>,
}

/// How a function is called: it is awaited. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Awaited<Gives>(PhantomData<Gives>);

/// It runs on the pool, since it may block. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pooled<Gives>(PhantomData<Gives>);

/// It runs on the event loop. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Inline<Gives>(PhantomData<Gives>);

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

impl<F, A> Function<F, A, ()> {
    /// One that is awaited. Not public API. Used by generated code.
    pub const fn awaited<R, S>(
        function: F,
        arguments: A,
        _: Named<R>,
        _: S,
    ) -> Function<F, A, Awaited<S::Gives>>
    where
        A: Takes,
        F: Call<A::Given<'static>, Output = R> + Copy,
        R: Future,
        S: Sides<R::Output> + Copy,
    {
        Function { named: function, arguments, how: PhantomData }
    }

    /// One that runs on the pool. Not public API. Used by generated code.
    pub const fn pooled<S>(function: F, arguments: A, _: S) -> Function<F, A, Pooled<S::Gives>>
    where
        A: Takes,
        F: Call<A::Given<'static>> + Copy,
        S: Sides<F::Output> + Copy,
    {
        Function { named: function, arguments, how: PhantomData }
    }

    /// One that runs on the event loop. Not public API. Used by generated code.
    pub const fn inline<S>(function: F, arguments: A, _: S) -> Function<F, A, Inline<S::Gives>>
    where
        A: Takes,
        F: Call<A::Given<'static>> + Copy,
        S: Sides<F::Output> + Copy,
    {
        Function { named: function, arguments, how: PhantomData }
    }
}

impl<F, A, How> Function<F, A, How>
where
    Self: Serve,
{
    /// What the router calls. Not public API. Used by generated code.
    #[must_use]
    pub const fn handler(&'static self) -> &'static dyn Serve {
        self
    }
}

/// The other case of [`Function::handler`]: so the compiler says what is wrong with a type once, where it is named, and not again
/// here. It is no `const fn`, so that a function that has nothing wrong with it and still cannot be served is an error here.
///
/// Not public API. Used by generated code.
#[doc(hidden)]
pub trait CannotBeAHandler {
    /// Not public API.
    fn handler(&'static self) -> &'static dyn Serve;
}

impl<F, A, How> CannotBeAHandler for Function<F, A, How> {
    fn handler(&'static self) -> &'static dyn Serve {
        unreachable!("a program with it is not compiled to its end")
    }
}

impl<F, A, How> fmt::Debug for Function<F, A, How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").finish_non_exhaustive()
    }
}

impl<F, A, G> Serve for Function<F, A, Awaited<G>>
where
    A: Arguments,
    F: for<'a> AsyncCall<A::Given<'a>, G> + Sync + 'static,
    G: 'static,
    Self: Sync,
{
    fn needs(&self) -> Needs {
        self.arguments.needs()
    }

    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        if !A::EXTRACT {
            return Reply::later(Box::pin(async move {
                let ready = arguments.at_once(early);
                function.answer(arguments.give(ready, &params)).await
            }));
        }
        let mut source = Source::new(needed(request), context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.take(early, &mut source).await?;
            drop(source);
            Ok(function.answer(arguments.give(ready, &params)).await)
        }))
    }
}

impl<F, A, G> Serve for Function<F, A, Pooled<G>>
where
    A: Arguments,
    F: for<'a> SyncCall<A::Given<'a>, G> + Sync + 'static,
    G: 'static,
    Self: Sync,
{
    fn needs(&self) -> Needs {
        self.arguments.needs()
    }

    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        let context = context.clone();
        let call = move |ready, params: Params| move || function.answer(arguments.give(ready, &params));
        if !A::EXTRACT {
            let job = call(arguments.at_once(early), params);
            return Reply::later(Box::pin(async move { on_pool(&context, job).await }));
        }
        let mut source = Source::new(needed(request), &context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.take(early, &mut source).await?;
            drop(source);
            Ok(on_pool(&context, call(ready, params)).await)
        }))
    }
}

impl<F, A, G> Serve for Function<F, A, Inline<G>>
where
    A: Arguments,
    F: for<'a> SyncCall<A::Given<'a>, G> + Sync + 'static,
    G: 'static,
    Self: Sync,
{
    fn needs(&self) -> Needs {
        self.arguments.needs()
    }

    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        if !A::EXTRACT {
            return Reply::now(function.answer(arguments.give(arguments.at_once(early), &params)));
        }
        let mut source = Source::new(needed(request), context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.take(early, &mut source).await?;
            drop(source);
            Ok(function.answer(arguments.give(ready, &params)))
        }))
    }
}

/// A function of these arguments whose future is an answer. Not public API.
#[doc(hidden)]
pub trait AsyncCall<Given, G> {
    type Answer: Future<Output = Response> + Send;

    fn answer(&self, given: Given) -> Self::Answer;
}

impl<F, Given, G> AsyncCall<Given, G> for F
where
    F: Call<Given>,
    F::Output: Future + Send,
    G: Responds<<F::Output as Future>::Output>,
{
    type Answer = Answer<F::Output, G>;

    fn answer(&self, given: Given) -> Self::Answer {
        Answer { future: self.call(given), gives: PhantomData }
    }
}

/// A function of these arguments whose output is an answer. Not public API.
#[doc(hidden)]
pub trait SyncCall<Given, G> {
    fn answer(&self, given: Given) -> Response;
}

impl<F, Given, G> SyncCall<Given, G> for F
where
    F: Call<Given>,
    G: Responds<F::Output>,
{
    fn answer(&self, given: Given) -> Response {
        G::respond(self.call(given))
    }
}

pin_project! {
    /// The future of a function, whose output becomes an answer. Not public API.
    #[doc(hidden)]
    #[derive(Debug)]
    pub struct Answer<R, G> {
        #[pin]
        future: R,
        // As a function has it: the future may go to another thread whatever this is.
        gives: PhantomData<fn() -> G>,
    }
}

impl<R: Future, G: Responds<R::Output>> Future for Answer<R, G> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Response> {
        Poll::Ready(G::respond(ready!(self.project().future.poll(task))))
    }
}
