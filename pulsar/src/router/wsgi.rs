//! A compiled router as a WSGI application: a member of a chain, which passes on what none of its rules matches.

use super::service::RouterService;
use crate::{
    body::BoxFuture,
    wsgi::{Answered, Application, AsyncApplication, Environ, StartResponse},
};

impl RouterService {
    async fn ask(&self, environ: &mut Environ, start_response: StartResponse) -> Answered {
        match self.offer(environ.lend()) {
            Ok(answer) => {
                let Ok(response) = answer.await;
                Answered::with(Some(start_response.answer(response)))
            }
            Err(request) => {
                environ.restore(*request);
                Answered::with(None)
            }
        }
    }
}

impl AsyncApplication for RouterService {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(self.ask(environ, start_response))
    }
}

/// What no rule matches it passes on; without anybody to pass it on to, that is a 404.
impl From<RouterService> for Application {
    fn from(router: RouterService) -> Self {
        Application::from_async("Router", router)
    }
}
