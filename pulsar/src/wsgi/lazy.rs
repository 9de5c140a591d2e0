//! An application that is built when it is first needed, in each worker.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::sync::Mutex;

use super::{
    application::{Answered, Application, AsyncApplication, Callable, Outcome},
    environ::Environ,
    failure::Failure,
    start_response::StartResponse,
};
use crate::{body::BoxFuture, context::Context, error::Error};

type Build = dyn Fn(&Context) -> Result<Application, Error> + Send + Sync;

/// A WSGI application that each worker builds on its first request: for one that is costly, or that must not exist before the
/// process that serves it does.
///
/// The function runs on the thread pool and may block; requests that come meanwhile wait for it. If it fails, they are answered
/// with 500, and the next one tries again.
///
/// ```
/// use pulsar::{
///     Context,
///     testing::{Client, block_on},
///     wsgi::{self, Application, Environ, LazyWsgi, StartResponse, WsgiHandler},
/// };
///
/// let lazy = LazyWsgi::new(|context: &Context| {
///     let threads = context.settings().threads;
///     let app = move |_: &mut Environ, start_response: StartResponse| {
///         start_response("200 OK", &[("Content-Type", "text/plain")])?;
///         wsgi::Result::<_>::Ok(format!("{threads} thread\n"))
///     };
///     wsgi::Result::<_>::Ok(WsgiHandler::new().add(wsgi::clean_path()).add(app))
/// });
///
/// block_on(async {
///     let client = Client::new(Application::new(lazy).service(Context::default()));
///     client.get("/").send().await.assert_text("1 thread\n");
/// });
/// ```
#[derive(Clone)]
pub struct LazyWsgi {
    build: Arc<Build>,
}

impl LazyWsgi {
    /// An application that `build` makes. Its state is there already.
    pub fn new<F, C, Kind, E>(build: F) -> Self
    where
        F: Fn(&Context) -> Result<C, E> + Send + Sync + 'static,
        C: Callable<Kind>,
        E: Into<Error>,
    {
        let build =
            move |context: &Context| build(context).map(Callable::into_application).map_err(Into::into);
        Self { build: Arc::new(build) }
    }
}

impl fmt::Debug for LazyWsgi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyWsgi").finish_non_exhaustive()
    }
}

struct Lazy {
    build: Arc<Build>,
    built: Arc<OnceLock<Application>>,
    /// Held by whoever builds.
    turn: Arc<Mutex<()>>,
}

impl Lazy {
    async fn ask(&self, environ: &mut Environ, start_response: StartResponse) -> Outcome {
        if self.built.get().is_none() {
            self.build(environ.context().clone()).await?;
        }
        match self.built.get() {
            Some(application) => application.call(environ, start_response).await,
            None => Ok(None), // not to be seen: it has just been built
        }
    }

    async fn build(&self, context: Context) -> Result<(), Failure> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.built.get().is_some() {
            return Ok(());
        }
        let (build, built) = (Arc::clone(&self.build), Arc::clone(&self.built));
        let pool = context.pool().clone();
        let job = move || {
            // With the job and not with the request, whose client may go away: what is begun is not begun once more.
            let _turn = turn;
            build(&context).map(|application| drop(built.set(application)))
        };
        Ok(pool.run(job).await??)
    }
}

impl AsyncApplication for Lazy {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move { Answered(self.ask(environ, start_response).await) })
    }
}

impl From<LazyWsgi> for Application {
    fn from(lazy: LazyWsgi) -> Self {
        Application::from_async(
            "LazyWsgi",
            Lazy { build: lazy.build, built: Arc::default(), turn: Arc::default() },
        )
    }
}
