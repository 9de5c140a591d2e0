//! An annotated function as what a route runs.
//!
//! A route attribute writes no code that runs: it names the function and where each argument comes from, and what is here does the
//! rest, compiled once and instantiated for each function. So there is little for the compiler to read beside each route. What
//! is wrong with a type in the signature is found where it is named, by the traits in `bounds`, and not here.
//!
//! Path values come first, before anything of the request is read: a value that its type refuses means that there is no such
//! page. Then the extractors, the last of them with the body, then the call: awaited, on the pool, or at once.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
};

use http::request::Parts;
use pin_project_lite::pin_project;

use crate::{
    body::{Body, Request, Response},
    bounds::{Extractor, HandlerError, HandlerOutput, HeadExtractor, Named, PathValue},
    context::Context,
    handler::{Reply, Serve, on_pool},
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
    fn extracts(&self) -> bool {
        A::EXTRACT
    }

    fn serve(&'static self, request: Request, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        if !A::EXTRACT {
            return Reply::later(Box::pin(async move {
                let ready = arguments.at_once(early);
                function.answer(arguments.give(ready, &params)).await
            }));
        }
        let source = Source::new(request, context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.extract(early, source).await?;
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
    fn extracts(&self) -> bool {
        A::EXTRACT
    }

    fn serve(&'static self, request: Request, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        let context = context.clone();
        let call = move |ready, params: Params| move || function.answer(arguments.give(ready, &params));
        if !A::EXTRACT {
            let job = call(arguments.at_once(early), params);
            return Reply::later(Box::pin(async move { on_pool(&context, job).await }));
        }
        let source = Source::new(request, &context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.extract(early, source).await?;
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
    fn extracts(&self) -> bool {
        A::EXTRACT
    }

    fn serve(&'static self, request: Request, params: Params, context: &Context) -> Reply {
        let Self { named: function, arguments, .. } = self;
        let Some(early) = arguments.early(&params) else { return Reply::no_such_value() };
        if !A::EXTRACT {
            return Reply::now(function.answer(arguments.give(arguments.at_once(early), &params)));
        }
        let source = Source::new(request, context);
        Reply::extracting(Box::pin(async move {
            let ready = arguments.extract(early, source).await?;
            Ok(function.answer(arguments.give(ready, &params)))
        }))
    }
}

/// A function of these arguments. Not public API.
#[doc(hidden)]
pub trait Call<Given> {
    type Output;

    fn call(&self, given: Given) -> Self::Output;
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

/// What the extractors of a handler take: the request, whole or in its parts.
#[doc(hidden)]
#[derive(Debug)]
pub struct Source {
    request: Taken,
    context: Context,
}

#[derive(Debug)]
enum Taken {
    Whole(Request),
    Split(Parts, Body),
    Gone,
}

impl Source {
    fn new(request: Request, context: &Context) -> Self {
        Self { request: Taken::Whole(request), context: context.clone() }
    }

    fn head(&mut self) -> (&mut Parts, &Context) {
        if let Taken::Whole(_) = self.request
            && let Taken::Whole(request) = std::mem::replace(&mut self.request, Taken::Gone)
        {
            let (parts, body) = request.into_parts();
            self.request = Taken::Split(parts, body);
        }
        match &mut self.request {
            Taken::Split(parts, _) => (parts, &self.context),
            Taken::Whole(_) | Taken::Gone => unreachable!("the last extractor takes the request"),
        }
    }

    fn all(&mut self) -> (Request, &Context) {
        let request = match std::mem::replace(&mut self.request, Taken::Gone) {
            Taken::Whole(request) => request,
            Taken::Split(parts, body) => Request::from_parts(parts, body),
            Taken::Gone => unreachable!("a handler has one last extractor"),
        };
        (request, &self.context)
    }
}

/// The path value at this index, as the text that it is. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct TextAt(pub usize);

/// The path value at this index, parsed. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct ValueAt<T>(pub usize, pub Named<T>);

/// An extractor before the last one. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Head<T>(pub Named<T>);

/// The last extractor, which may take the body. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Last<T, Via>(pub Named<(T, Via)>);

/// What arguments are given to a function, whether or not they can be had. Not public API.
#[doc(hidden)]
pub trait Takes {
    type Given<'a>;
}

/// Where an argument comes from, or several. Not public API.
#[doc(hidden)]
pub trait Arguments: Takes + Sync + 'static {
    /// Whether anything is taken from the request.
    const EXTRACT: bool;
    /// What is known before the request is read.
    type Early: Send + 'static;
    /// What is kept until the call.
    type Ready: Send + 'static;

    /// `None` if a path value does not fit its type.
    fn early(&self, params: &Params) -> Option<Self::Early>;

    /// What is ready without the request.
    ///
    /// # Panics
    ///
    /// Panics if something is taken from the request.
    fn at_once(&self, early: Self::Early) -> Self::Ready;

    /// The error is what an extractor refuses the request with.
    fn take(
        &self,
        early: Self::Early,
        source: &mut Source,
    ) -> impl Future<Output = Result<Self::Ready, Response>> + Send;

    /// The same, when nobody needs the request after that.
    fn extract(
        &self,
        early: Self::Early,
        mut source: Source,
    ) -> impl Future<Output = Result<Self::Ready, Response>> + Send {
        async move { self.take(early, &mut source).await }
    }

    fn give<'a>(&self, ready: Self::Ready, params: &'a Params) -> Self::Given<'a>;
}

impl Takes for TextAt {
    type Given<'a> = &'a str;
}

impl Arguments for TextAt {
    const EXTRACT: bool = false;
    type Early = ();
    type Ready = ();

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) {}

    async fn take(&self, (): (), _: &mut Source) -> Result<(), Response> {
        Ok(())
    }

    fn give<'a>(&self, (): (), params: &'a Params) -> &'a str {
        params.str(self.0)
    }
}

impl<T> Takes for ValueAt<T> {
    type Given<'a> = T;
}

impl<T: PathValue + Send + 'static> Arguments for ValueAt<T> {
    const EXTRACT: bool = false;
    type Early = T;
    type Ready = T;

    fn early(&self, params: &Params) -> Option<T> {
        T::of(params, self.0)
    }

    fn at_once(&self, early: T) -> T {
        early
    }

    async fn take(&self, early: T, _: &mut Source) -> Result<T, Response> {
        Ok(early)
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

impl<T> Takes for Head<T> {
    type Given<'a> = T;
}

impl<T: HeadExtractor + Send + 'static> Arguments for Head<T> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) -> T {
        unreachable!("an extractor takes the request")
    }

    async fn take(&self, (): (), source: &mut Source) -> Result<T, Response> {
        let (parts, context) = source.head();
        T::extract(parts, context).await
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

impl<T, Via> Takes for Last<T, Via> {
    type Given<'a> = T;
}

impl<T: Extractor<Via> + Send + 'static, Via: 'static> Arguments for Last<T, Via> {
    const EXTRACT: bool = true;
    type Early = ();
    type Ready = T;

    fn early(&self, _: &Params) -> Option<()> {
        Some(())
    }

    fn at_once(&self, (): ()) -> T {
        unreachable!("an extractor takes the request")
    }

    async fn take(&self, (): (), source: &mut Source) -> Result<T, Response> {
        let (request, context) = source.all();
        T::extract(request, context).await
    }

    fn give(&self, ready: T, _: &Params) -> T {
        ready
    }
}

macro_rules! arguments {
    ($($type:ident $index:tt)*) => {
        impl<$($type: Takes),*> Takes for ($($type,)*) {
            type Given<'a> = ($($type::Given<'a>,)*);
        }

        #[allow(unused_variables, clippy::unused_unit)] // of none there is nothing to take
        impl<$($type: Arguments),*> Arguments for ($($type,)*) {
            const EXTRACT: bool = false $(|| $type::EXTRACT)*;
            type Early = ($($type::Early,)*);
            type Ready = ($($type::Ready,)*);

            fn early(&self, params: &Params) -> Option<Self::Early> {
                Some(($(self.$index.early(params)?,)*))
            }

            fn at_once(&self, early: Self::Early) -> Self::Ready {
                ($(self.$index.at_once(early.$index),)*)
            }

            async fn take(&self, early: Self::Early, source: &mut Source) -> Result<Self::Ready, Response> {
                Ok(($(self.$index.take(early.$index, source).await?,)*))
            }

            fn give<'a>(&self, ready: Self::Ready, params: &'a Params) -> Self::Given<'a> {
                ($(self.$index.give(ready.$index, params),)*)
            }
        }

        impl<F: Fn($($type),*) -> R, R, $($type),*> Call<($($type,)*)> for F {
            type Output = R;

            #[allow(unused_variables)] // of none there is nothing to give
            fn call(&self, given: ($($type,)*)) -> R {
                self($(given.$index),*)
            }
        }
    };
}

arguments!();
arguments!(T0 0);
arguments!(T0 0 T1 1);
arguments!(T0 0 T1 1 T2 2);
arguments!(T0 0 T1 1 T2 2 T3 3);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11 T12 12);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11 T12 12 T13 13);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11 T12 12 T13 13 T14 14);
arguments!(T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11 T12 12 T13 13 T14 14 T15 15);
