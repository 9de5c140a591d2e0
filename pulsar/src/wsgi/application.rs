//! What an application is: any callable of an environ and a `start_response`, whichever way it is written.
//!
//! Callables come as plain functions, which run on the thread pool, and as `async` ones, which run on the event loop. Here both
//! become an [`Application`], which the rest of the module knows. It says when what is called, not how an answer is sent.

use std::{
    any::type_name,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use tower_service::Service;

use super::{
    body::{Body, IntoBody},
    environ::Environ,
    failure::Failure,
    start_response::StartResponse,
};
use crate::{
    body::{BoxError, BoxFuture, Request},
    error::Error,
    middleware::{BoxService, into_infallible},
    pool::{Pool, panic_message},
};

/// What comes of a call: a body, or nothing, so that somebody else may answer.
pub(super) type Outcome = Result<Option<Body>, Failure>;

/// A WSGI application: a callable of either kind, without its type.
///
/// [`WsgiServer`](crate::WsgiServer) and [`WsgiHandler`](super::WsgiHandler) make it of what they are given; made by hand it can be
/// [mounted](Self::service) anywhere.
///
/// ```
/// use pulsar::wsgi::{self, Application, Environ, IntoBody, StartResponse};
///
/// fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok("Hello World!\n")
/// }
///
/// # pulsar::testing::block_on(async {
/// let client = pulsar::testing::Client::new(Application::new(hello).service(Default::default()));
/// client.get("/").send().await.assert_status(200).assert_text("Hello World!\n");
/// # });
/// ```
#[derive(Clone)]
pub struct Application {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// Runs on the thread pool.
    Pool(Arc<Blocking>),
    /// The same, on the event loop.
    Inline(Arc<Blocking>),
    Async(Arc<dyn AsyncApplication>),
}

pub(super) type Blocking = dyn Fn(&mut Environ, StartResponse) -> Outcome + Send + Sync;

/// An application that does not block.
pub(crate) trait AsyncApplication: Send + Sync + 'static {
    /// Answers, or does not: then somebody else gets the environ.
    fn call<'a>(&'a self, environ: &'a mut Environ, start_response: StartResponse)
    -> BoxFuture<'a, Answered>;

    /// Answers with an environ that nobody else will ask for.
    fn call_alone(
        self: Arc<Self>,
        mut environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        Box::pin(async move { self.call(&mut environ, start_response).await })
    }
}

/// What comes of calling an `async` callable: a body, nothing, or what went wrong. Generated code makes it of what your function
/// returns, see [`Answer`] and [`AnswerError`].
#[derive(Debug)]
pub struct Answered(pub(super) Outcome);

impl Answered {
    /// With a body, or not at all.
    pub(crate) fn with(body: Option<Body>) -> Self {
        Self(Ok(body))
    }
}

impl Application {
    /// The application that a callable is.
    ///
    /// ```
    /// use pulsar::wsgi::{self, Application, Environ, IntoBody, StartResponse};
    ///
    /// async fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     Ok("Hello World!\n")
    /// }
    ///
    /// assert!(Application::new(hello).name().ends_with("::hello"));
    /// ```
    pub fn new<C: Callable<Kind>, Kind>(callable: C) -> Self {
        callable.into_application()
    }

    /// Gives it another name for the log; the default is the path of the function.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Has a plain `fn` run on the event loop. That saves the way to another thread and back, and is right only for one that
    /// never waits. A body of a request that is longer than the setting `body_buffer` (64 KiB) cannot be read in this way, and a client that asks whether to send
    /// its body is told to before the function is called.
    #[must_use]
    pub fn inline(mut self) -> Self {
        if let Kind::Pool(callable) = self.kind {
            self.kind = Kind::Inline(callable);
        }
        self
    }

    /// The name in the log.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The application that a service is, such as an axum router or a tower-http `ServeDir`, so that it can be a member of a
    /// chain. It answers every request.
    ///
    /// ```
    /// use pulsar::{
    ///     Context, Request, Response,
    ///     testing::{Client, block_on},
    ///     wsgi::{self, Application, WsgiHandler},
    /// };
    ///
    /// let service = tower::service_fn(|_: Request| async {
    ///     Ok::<_, std::convert::Infallible>(Response::new(pulsar::body::Body::from("from a service")))
    /// });
    /// let handler = WsgiHandler::new().add(wsgi::clean_path()).add(Application::from_service("old", service));
    /// block_on(async {
    ///     let client = Client::new(Application::new(handler).service(Context::default()));
    ///     client.get("/").send().await.assert_text("from a service");
    /// });
    /// ```
    pub fn from_service<S, B>(name: &'static str, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self::from_async(name, OfService(into_infallible(service)))
    }

    pub(crate) fn from_async(name: &'static str, application: impl AsyncApplication) -> Self {
        Self { name, kind: Kind::Async(Arc::new(application)) }
    }

    /// Not public API. Used by generated code, in which the compiler looks at each argument and at the answer by itself.
    #[doc(hidden)]
    pub fn of_fn(
        name: &'static str,
        callable: impl Fn(&mut Environ, StartResponse) -> Answered + Send + Sync + 'static,
    ) -> Self {
        let callable: Arc<Blocking> =
            Arc::new(move |environ: &mut Environ, start_response| callable(environ, start_response).0);
        Self { name, kind: Kind::Pool(callable) }
    }

    /// Not public API. The same for an `async` function, called alone and as a member of a chain.
    #[doc(hidden)]
    pub fn of_async_fn(
        name: &'static str,
        alone: impl Fn(Environ, StartResponse) -> BoxFuture<'static, Answered> + Send + Sync + 'static,
        chained: impl for<'a> Fn(&'a mut Environ, StartResponse) -> BoxFuture<'a, Answered>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::from_async(name, Generated { alone, chained })
    }

    /// Whether it runs on the thread pool.
    pub(crate) fn is_blocking(&self) -> bool {
        matches!(self.kind, Kind::Pool(_))
    }

    /// Answers, or does not: then somebody else may ask the environ.
    pub(super) fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Outcome> {
        match &self.kind {
            Kind::Async(application) => {
                let answered = application.call(environ, start_response);
                Box::pin(async { answered.await.0 })
            }
            Kind::Inline(callable) => Box::pin(async {
                read_ahead(environ).await?;
                callable(environ, start_response)
            }),
            Kind::Pool(callable) => Box::pin(async {
                let (back, outcome) = on_pool(Arc::clone(callable), environ.take(), start_response).await?;
                *environ = back;
                outcome
            }),
        }
    }

    /// Answers as the only application that is asked.
    pub(super) fn call_alone(
        &self,
        mut environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        match &self.kind {
            Kind::Async(application) => Arc::clone(application).call_alone(environ, start_response),
            Kind::Inline(callable) => {
                let callable = Arc::clone(callable);
                Box::pin(async move {
                    if let Err(failure) = read_ahead(&mut environ).await {
                        return Answered(Err(failure));
                    }
                    Answered(callable(&mut environ, start_response))
                })
            }
            Kind::Pool(callable) => {
                let callable = Arc::clone(callable);
                Box::pin(async move {
                    Answered(match on_pool(callable, environ, start_response).await {
                        Ok((_, outcome)) => outcome,
                        Err(failure) => Err(failure),
                    })
                })
            }
        }
    }
}

/// Calls a function that may block, and has the first piece of its body made, on a thread of the pool.
async fn on_pool(
    callable: Arc<Blocking>,
    mut environ: Environ,
    start_response: StartResponse,
) -> Result<(Environ, Outcome), Failure> {
    // A client that sends slowly has no thread that waits for it. One that waits to be told to send is told when the callable
    // wants the body.
    if !environ.awaits_continue() {
        read_ahead(&mut environ).await?;
    }
    let pool = environ.context().pool().clone();
    let job_pool = pool.clone();
    let job = move || {
        // The chain that it may be a member of runs on an event loop, with others beside it or none.
        let several = job_pool.most_threads() > 1;
        let before = environ.set_multithread(several);
        let outcome = callable(&mut environ, start_response.clone());
        environ.set_multithread(before);
        (environ, outcome.and_then(|body| first_piece(body, &start_response, &job_pool)))
    };
    Ok(pool.run(job).await?)
}

fn first_piece(body: Option<Body>, start_response: &StartResponse, pool: &Pool) -> Outcome {
    let Some(body) = body else { return Ok(None) };
    start_response.close();
    match body.on_pool(pool) {
        Ok(body) => Ok(Some(body)),
        Err(error) => Err(Failure::Error(Error::new(error))),
    }
}

/// Reads a short body whole, and of a long one the beginning.
async fn read_ahead(environ: &mut Environ) -> Result<(), Failure> {
    if environ.input().is_complete() {
        return Ok(());
    }
    let most = environ.settings().body_buffer;
    poll_fn(|cx| environ.input().poll_ahead(cx, most)).await.map_err(Failure::Input)
}

/// What can be called as a WSGI application:
///
/// * `fn(&mut Environ, StartResponse) -> wsgi::Result<impl IntoBody>`, which may block and runs on the thread pool
/// * `async fn(&mut Environ, StartResponse) -> wsgi::Result<impl IntoBody>`, which must not and runs on the event loop
/// * closures of the same form
/// * the same with `Option<impl IntoBody>`: it may pass a request on, which is what a middleware does
/// * an [`Application`], a [`WsgiHandler`](super::WsgiHandler), a [`LazyWsgi`](super::LazyWsgi), a compiled
///   [`Router`](crate::router::RouterService)
///
/// The error may be any that turns into [`pulsar::Error`](crate::Error). It is not for you to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a WSGI callable",
    label = "not a function of `&mut Environ` and `StartResponse` that gives a body",
    note = "write `fn(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody>`, or the same with \
            `async`; the future of an `async` one must be `Send`"
)]
pub trait Callable<Kind>: Send + Sync + 'static {
    /// The application that it is.
    fn into_application(self) -> Application;
}

/// The kinds of [`Callable`], so that one function can be told from another by what it returns.
#[derive(Debug)]
#[doc(hidden)]
pub struct OfFunction;
#[derive(Debug)]
#[doc(hidden)]
pub struct OfAsyncFunction;
#[derive(Debug)]
#[doc(hidden)]
pub struct OfApplication;

impl<A: Into<Application> + Send + Sync + 'static> Callable<OfApplication> for A {
    fn into_application(self) -> Application {
        self.into()
    }
}

impl<F> Callable<OfFunction> for F
where
    F: for<'a> Call<'a> + Send + Sync + 'static,
{
    fn into_application(self) -> Application {
        let callable: Arc<Blocking> = Arc::new(move |environ: &mut Environ, start_response| {
            self.call(environ, start_response).outcome().0
        });
        Application { name: type_name::<F>(), kind: Kind::Pool(callable) }
    }
}

impl<F> Callable<OfAsyncFunction> for F
where
    F: for<'a> AsyncCall<'a> + Send + Sync + 'static,
{
    fn into_application(self) -> Application {
        Application::from_async(type_name::<F>(), AsyncFunction(self))
    }
}

struct OfService(BoxService);

impl OfService {
    async fn ask(&self, environ: &mut Environ, start_response: StartResponse) -> Outcome {
        let request = environ.lend();
        let response = self.0.answer(request).await;
        Ok(Some(start_response.answer(response)))
    }
}

impl AsyncApplication for OfService {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move { Answered(self.ask(environ, start_response).await) })
    }
}

struct Generated<A, C> {
    alone: A,
    chained: C,
}

impl<A, C> AsyncApplication for Generated<A, C>
where
    A: Fn(Environ, StartResponse) -> BoxFuture<'static, Answered> + Send + Sync + 'static,
    C: for<'a> Fn(&'a mut Environ, StartResponse) -> BoxFuture<'a, Answered> + Send + Sync + 'static,
{
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        (self.chained)(environ, start_response)
    }

    fn call_alone(
        self: Arc<Self>,
        environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        (self.alone)(environ, start_response)
    }
}

struct AsyncFunction<F>(F);

impl<F> AsyncApplication for AsyncFunction<F>
where
    F: for<'a> AsyncCall<'a> + Send + Sync + 'static,
{
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move { self.0.call(environ, start_response).await.outcome() })
    }

    // Written once more, for one box instead of two.
    fn call_alone(
        self: Arc<Self>,
        mut environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        Box::pin(async move { self.0.call(&mut environ, start_response).await.outcome() })
    }
}

/// A function whose output may borrow from the environ, as `impl Trait` does in a signature. Not public API.
#[doc(hidden)]
pub trait Call<'a> {
    type Output: IntoOutcome;

    fn call(&self, environ: &'a mut Environ, start_response: StartResponse) -> Self::Output;
}

impl<'a, F, O> Call<'a> for F
where
    F: Fn(&'a mut Environ, StartResponse) -> O,
    O: IntoOutcome,
{
    type Output = O;

    fn call(&self, environ: &'a mut Environ, start_response: StartResponse) -> O {
        self(environ, start_response)
    }
}

/// The same for `async` functions, whose future borrows the environ. Not public API.
#[doc(hidden)]
pub trait AsyncCall<'a> {
    type Future: Future<Output = Self::Output> + Send + 'a;
    type Output: IntoOutcome;

    fn call(&self, environ: &'a mut Environ, start_response: StartResponse) -> Self::Future;
}

impl<'a, F, Fut> AsyncCall<'a> for F
where
    F: Fn(&'a mut Environ, StartResponse) -> Fut,
    Fut: Future<Output: IntoOutcome> + Send + 'a,
{
    type Future = Fut;
    type Output = Fut::Output;

    fn call(&self, environ: &'a mut Environ, start_response: StartResponse) -> Fut {
        self(environ, start_response)
    }
}

/// What callables return. Not public API.
#[doc(hidden)]
pub trait IntoOutcome {
    fn outcome(self) -> Answered;
}

impl<B: Answer, E: AnswerError> IntoOutcome for Result<B, E> {
    fn outcome(self) -> Answered {
        match self {
            Ok(body) => body.answered(),
            Err(error) => error.answered(),
        }
    }
}

/// What a callable gives: a body, or an `Option` of one, where `None` passes the request on.
///
/// It holds by itself for every [`IntoBody`]; it is not for you to implement.
///
/// ```
/// fn is_answer<T: pulsar::wsgi::Answer>() {}
/// is_answer::<Vec<String>>();
/// is_answer::<Option<&'static str>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the body of an answer",
    label = "this is no body",
    note = "a body is a text, bytes, a list or an iterator of these, or a `wsgi::Body`; `Body::chunks` takes any iterator, \
            `Body::stream` any stream"
)]
pub trait Answer {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn answered(self) -> Answered;
}

#[diagnostic::do_not_recommend]
impl<B: IntoBody> Answer for B {
    fn answered(self) -> Answered {
        Answered(Ok(Some(self.into_body())))
    }
}

#[diagnostic::do_not_recommend]
impl<B: IntoBody> Answer for Option<B> {
    fn answered(self) -> Answered {
        Answered(Ok(self.map(IntoBody::into_body)))
    }
}

/// The error of a callable: any that turns into [`pulsar::Error`](crate::Error), as every `std::error::Error` does.
///
/// It is not for you to implement.
///
/// ```
/// fn is_error<E: pulsar::wsgi::AnswerError>() {}
/// is_error::<std::io::Error>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a WSGI callable",
    label = "this is no error",
    note = "return `wsgi::Result<impl IntoBody>`, and `?` turns any error into its own; or implement `std::error::Error` for it"
)]
pub trait AnswerError {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    fn answered(self) -> Answered;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> AnswerError for E {
    fn answered(self) -> Answered {
        Answered(Err(Failure::Error(self.into())))
    }
}

/// Runs what may panic, as callables do.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Failure::Panicked(panic_message(&*panic)))
}
