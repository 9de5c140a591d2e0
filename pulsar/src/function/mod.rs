//! An annotated function as what a route runs.
//!
//! A route attribute writes no code that runs: it names the function and where each argument comes from, and what is here does the
//! rest, compiled once and instantiated for each function. So there is little for the compiler to read beside each route. What
//! is wrong with a type in the signature is found where it is named, by the traits in `bounds`, and not here.
//!
//! Path values and state come first, before anything of the request is read: a value that its type refuses means that there is no such
//! page. Then the extractors, the last of them with the body, then the call: awaited, on the pool, or at once.
//!
//! What is generic over the function itself is a method of a trait of it, or of a tuple that begins with it, as far as that can be: the
//! compiler keeps such a method with the module that the function is in, and so compiles it anew only if that one is edited. What
//! stands in an impl for a type of ours, in a closure or in an `async` block is compiled anew for all handlers of a program together.

mod arguments;
mod call;
mod output;

use std::{fmt, marker::PhantomData, ops::Deref};

pub use self::arguments::{Anything, Head, Last, MayReadMore, Reads, TextAt, ValueAt};
use self::{
    arguments::{Arguments, Call, Source, Takes},
    call::{Answer, Awaited, Called, Calls, Inline, Keeps, Pooled},
    output::{Immediate, Responds, Sides},
};
use crate::{
    body::{Request, Response},
    bounds::Named,
    context::Context,
    handler::{Needs, Reply, Serve, needed},
    request::Params,
};

/// A function, where its arguments come from, and how it is called. Not public API. Used by generated code.
#[doc(hidden)]
pub struct Function<F, A, How>((F, A, How));

/// The way a function is called. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct Way<How>(PhantomData<fn() -> How>);

/// A function is awaited, and has what it is given from the path values: so both are kept together. Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct Borrowing<Gives>(PhantomData<fn() -> Gives>);

/// It is called on the event loop, and its future polled once.
type CalledOnce<A, Gives> = Way<Inline<A, Immediate<Gives>>>;

impl<F, A> Function<F, A, ()> {
    /// One that is awaited. Not public API. Used by generated code.
    pub const fn awaited<R, S>(
        function: F,
        arguments: A,
        _: Named<R>,
        _: S,
    ) -> Function<F, A, Way<Awaited<S::Gives>>>
    where
        A: Takes,
        F: Call<A::Given<'static>, Output = R> + Copy,
        R: Future,
        S: Sides<R::Output> + Copy,
    {
        Function((function, arguments, Way(PhantomData)))
    }

    /// One that is awaited, and is given text. Not public API. Used by generated code.
    pub const fn awaited_with_text<R, S>(
        function: F,
        arguments: A,
        _: Named<R>,
        _: S,
    ) -> Function<F, A, Borrowing<S::Gives>>
    where
        A: Takes,
        F: Call<A::Given<'static>, Output = R> + Copy,
        R: Future,
        S: Sides<R::Output> + Copy,
    {
        Function((function, arguments, Borrowing(PhantomData)))
    }

    /// One whose future is ready when it is polled first. Not public API. Used by generated code.
    pub const fn immediate<R, S>(
        function: F,
        arguments: A,
        _: Named<R>,
        _: S,
    ) -> Function<F, A, CalledOnce<A, S::Gives>>
    where
        A: Takes,
        F: Call<A::Given<'static>, Output = R> + Copy,
        R: Future,
        S: Sides<R::Output> + Copy,
    {
        Function((function, arguments, Way(PhantomData)))
    }

    /// One that runs on the pool. Not public API. Used by generated code.
    pub const fn pooled<S>(function: F, arguments: A, _: S) -> Function<F, A, Way<Pooled<A, S::Gives>>>
    where
        A: Takes,
        F: Call<A::Given<'static>> + Copy,
        S: Sides<F::Output> + Copy,
    {
        Function((function, arguments, Way(PhantomData)))
    }

    /// One that runs on the event loop. Not public API. Used by generated code.
    pub const fn inline<S>(function: F, arguments: A, _: S) -> Function<F, A, Way<Inline<A, S::Gives>>>
    where
        A: Takes,
        F: Call<A::Given<'static>> + Copy,
        S: Sides<F::Output> + Copy,
    {
        Function((function, arguments, Way(PhantomData)))
    }
}

impl<F, A, How> Function<F, A, How>
where
    (F, A, How): Serve,
{
    /// What the router calls. Not public API. Used by generated code.
    #[must_use]
    pub const fn handler(&'static self) -> &'static dyn Serve {
        &self.0
    }
}

/// The other case of [`Function::handler`], which is found behind it: so the compiler says what is wrong with a type once, where it is
/// named, and not again here. Nothing of it is `const`, so that a function that has nothing wrong with it and still cannot be served is
/// an error here.
///
/// Not public API.
#[doc(hidden)]
#[derive(Debug)]
pub struct CannotBeAHandler;

impl CannotBeAHandler {
    /// Not public API.
    #[allow(clippy::unused_self)] // it is found as a method
    pub fn handler(&'static self) -> &'static dyn Serve {
        unreachable!("a program with it is not compiled to its end")
    }
}

impl<F, A, How> Deref for Function<F, A, How> {
    type Target = CannotBeAHandler;

    fn deref(&self) -> &CannotBeAHandler {
        &CannotBeAHandler
    }
}

impl<F, A, How> fmt::Debug for Function<F, A, How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").finish_non_exhaustive()
    }
}

impl<F, A, How> Serve for (F, A, Way<How>)
where
    A: Arguments,
    F: Calls<A::Ready, How, Kept = How::Kept> + Sync,
    How: Keeps<A> + 'static,
{
    fn needs(&self) -> Needs {
        self.1.needs()
    }

    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        let (function, arguments, _) = self;
        let early = match arguments.early(&params, context) {
            Ok(early) => early,
            Err(refused) => return *refused,
        };
        let (function, kept) = (*function, How::keep(arguments, params, context));
        if A::EXTRACT {
            let taking = arguments.take_all(early, Source::new(needed(request), context));
            Reply::extracting(Box::pin(Answer::<_, _, How>::Taking { taking, function, kept }))
        } else {
            function.reply(arguments.at_once(early), kept)
        }
    }
}

impl<F, A, G> Serve for (F, A, Borrowing<G>)
where
    A: Arguments,
    F: for<'a> AsyncCall<A::Given<'a>, G> + Sync + 'static,
    G: 'static,
{
    fn needs(&self) -> Needs {
        self.1.needs()
    }

    fn serve(&'static self, request: &mut Option<Request>, params: Params, context: &Context) -> Reply {
        let (function, arguments, _) = self;
        let early = match arguments.early(&params, context) {
            Ok(early) => early,
            Err(refused) => return *refused,
        };
        if A::EXTRACT {
            let taking = arguments.take_all(early, Source::new(needed(request), context));
            Reply::extracting(Box::pin(async move {
                let ready = taking.await?;
                Ok(function.answer(arguments.give(ready, &params)).await)
            }))
        } else {
            let ready = arguments.at_once(early);
            Reply::later(Box::pin(async move { function.answer(arguments.give(ready, &params)).await }))
        }
    }
}

/// A function of these arguments whose future is an answer. Not public API.
#[doc(hidden)]
pub trait AsyncCall<Given, G> {
    fn answer(&self, given: Given) -> impl Future<Output = Response> + Send;
}

impl<F, Given, G> AsyncCall<Given, G> for F
where
    F: Call<Given>,
    F::Output: Future + Send,
    G: Responds<<F::Output as Future>::Output> + 'static,
{
    fn answer(&self, given: Given) -> impl Future<Output = Response> + Send {
        Called::<_, G>::new(self.call(given))
    }
}
