//! How a function is called once its arguments are there, and the future of that.

use std::{
    future::Ready,
    marker::PhantomData,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
};

use pin_project_lite::pin_project;

use super::{
    arguments::{Arguments, Call},
    output::Responds,
};
use crate::{
    body::{BoxFuture, Response},
    context::Context,
    handler::{Job, Reply, on_pool},
    request::Params,
};

/// How a function is called: it is awaited. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Awaited<Gives>(PhantomData<fn() -> Gives>);

/// It runs on the pool, since it may block. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pooled<A, Gives>(PhantomData<fn() -> (A, Gives)>);

/// It runs on the event loop. Not public API. Used by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Inline<A, Gives>(PhantomData<fn() -> (A, Gives)>);

/// A way to call functions, with what is kept for it until the arguments are there. Not public API.
#[doc(hidden)]
pub trait Keeps<A> {
    type Kept: Send + 'static;

    fn keep(arguments: &'static A, params: Params, context: &Context) -> Self::Kept;
}

/// The path values, and who knows which argument each of them is.
#[doc(hidden)]
#[derive(Debug)]
pub struct Values<A: 'static>(&'static A, Params);

impl<A, G> Keeps<A> for Awaited<G> {
    type Kept = ();

    fn keep(_: &'static A, _: Params, _: &Context) {}
}

impl<A: Arguments, G> Keeps<A> for Pooled<A, G> {
    type Kept = (Values<A>, Context);

    fn keep(arguments: &'static A, params: Params, context: &Context) -> Self::Kept {
        (Values(arguments, params), context.clone())
    }
}

impl<A: Arguments, G> Keeps<A> for Inline<A, G> {
    type Kept = Values<A>;

    fn keep(arguments: &'static A, params: Params, _: &Context) -> Values<A> {
        Values(arguments, params)
    }
}

/// A function that can be called so, with what its arguments are made of. Not public API.
#[doc(hidden)]
pub trait Calls<Ready, How>: Copy + Send + 'static {
    type Kept: Send + 'static;
    /// What the call gives.
    type Future: Future + Send + 'static;

    fn call(self, ready: Ready, kept: &mut Self::Kept) -> Self::Future;

    fn respond(output: <Self::Future as Future>::Output) -> Response;

    /// The answer of a function whose arguments are all there.
    fn reply(self, ready: Ready, kept: Self::Kept) -> Reply;

    /// Goes on with an answer: what [`Answer`] is as a future.
    fn poll<T>(
        mut answer: Pin<&mut Answer<Self, T, How>>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Result<Response, Response>>
    where
        T: Taking<Ready = Ready>,
    {
        loop {
            match answer.as_mut().project() {
                Stage::Taking { taking, function, kept } => {
                    let future = function.call(ready!(taking.poll(task))?, kept);
                    answer.set(Answer::Called { future });
                }
                Stage::Called { future } => {
                    return Poll::Ready(Ok(Self::respond(ready!(future.poll(task)))));
                }
            }
        }
    }
}

/// The future of what arguments are made of. The error is what an extractor refuses the request with. Not public API.
#[doc(hidden)]
pub trait Taking: Future<Output = Result<Self::Ready, Response>> {
    type Ready;
}

impl<T: Future<Output = Result<Ready, Response>>, Ready> Taking for T {
    type Ready = Ready;
}

pin_project! {
    /// The answer of a function, whose arguments are taken first. The error is what an extractor refuses the request with.
    ///
    /// Not public API.
    #[doc(hidden)]
    #[project = Stage]
    pub enum Answer<F: Calls<T::Ready, How>, T: Taking, How> {
        Taking {
            #[pin]
            taking: T,
            function: F,
            kept: F::Kept,
        },
        Called {
            #[pin]
            future: F::Future,
        },
    }
}

impl<F: Calls<T::Ready, How>, T: Taking, How> Future for Answer<F, T, How> {
    type Output = Result<Response, Response>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        F::poll(self, task)
    }
}

impl<F, Ready, G> Calls<Ready, Awaited<G>> for F
where
    F: Call<Ready> + Copy + Send + 'static,
    F::Output: Future + Send + 'static,
    G: Responds<<F::Output as Future>::Output> + 'static,
{
    type Kept = ();
    type Future = F::Output;

    fn call(self, ready: Ready, (): &mut ()) -> F::Output {
        Call::call(&self, ready)
    }

    fn respond(output: <F::Output as Future>::Output) -> Response {
        G::respond(output)
    }

    fn reply(self, ready: Ready, (): ()) -> Reply {
        Reply::later(Box::pin(Called::<_, G>::new(Call::call(&self, ready))))
    }
}

impl<F, A, G> Calls<A::Ready, Pooled<A, G>> for F
where
    A: Arguments,
    F: for<'a> SyncCall<A::Given<'a>, G> + Copy + Send + 'static,
    G: 'static,
{
    type Kept = (Values<A>, Context);
    type Future = BoxFuture<'static, Response>;

    fn call(self, ready: A::Ready, (values, context): &mut Self::Kept) -> BoxFuture<'static, Response> {
        let values = Values(values.0, std::mem::replace(&mut values.1, Params::none()));
        on_pool(context.clone(), Box::new((self, ready, values, Pooled::<A, G>(PhantomData))))
    }

    fn respond(output: Response) -> Response {
        output
    }

    fn reply(self, ready: A::Ready, (values, context): Self::Kept) -> Reply {
        let job = Box::new((self, ready, values, Pooled::<A, G>(PhantomData)));
        Reply::later(on_pool(context, job))
    }
}

impl<F, A, G> Job for (F, A::Ready, Values<A>, Pooled<A, G>)
where
    A: Arguments,
    F: for<'a> SyncCall<A::Given<'a>, G> + Send,
{
    fn run(self: Box<Self>) -> Response {
        let (function, ready, Values(arguments, params), _) = *self;
        function.answer(arguments.give(ready, &params))
    }
}

impl<F, A, G> Calls<A::Ready, Inline<A, G>> for F
where
    A: Arguments,
    F: for<'a> SyncCall<A::Given<'a>, G> + Copy + Send + 'static,
    G: 'static,
{
    type Kept = Values<A>;
    type Future = Ready<Response>;

    fn call(self, ready: A::Ready, Values(arguments, params): &mut Values<A>) -> Ready<Response> {
        std::future::ready(self.answer(arguments.give(ready, params)))
    }

    fn respond(output: Response) -> Response {
        output
    }

    fn reply(self, ready: A::Ready, Values(arguments, params): Values<A>) -> Reply {
        Reply::now(self.answer(arguments.give(ready, &params)))
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
    pub struct Called<R, G> {
        #[pin]
        future: R,
        // As a function has it: the future may go to another thread whatever this is.
        gives: PhantomData<fn() -> G>,
    }
}

impl<R, G> Called<R, G> {
    pub(super) fn new(future: R) -> Self {
        Self { future, gives: PhantomData }
    }
}

impl<R: Future, G: Responds<R::Output>> Future for Called<R, G> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Response> {
        Poll::Ready(G::respond(ready!(self.project().future.poll(task))))
    }
}
