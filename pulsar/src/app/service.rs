//! Applications of every kind as one type, so that what serves connections is compiled once and not for each kind.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use tower_service::Service;

use super::plan::Served;
use crate::{
    body::{Request, Response},
    context::Context,
    middleware::{BoxService, BoxServiceFuture},
    request::{Arrival, Asker, Connection},
    router::{RouteAnswer, RouteFuture, RouterService},
    server::{Answer, Answers, Foreign, ForeignAnswer},
    wsgi::{WsgiFuture, WsgiService},
};

/// An application with its state.
#[derive(Clone)]
pub(crate) enum AnyService {
    Router(RouterService),
    Callable(Foreign<WsgiService>),
    /// With layers around it.
    Layered(Foreign<BoxService>),
}

impl AnyService {
    pub(super) fn new(served: Served, context: Context) -> Self {
        match served {
            Served::Router(router) => Self::Router(router.with_context(context)),
            Served::Callable(application) => Self::Callable(Foreign(application.service(context))),
        }
    }
}

impl Answers for AnyService {
    type Answer = AnyAnswer;

    fn answer(&self, arrival: &mut Arrival<'_>, connection: &Connection, asker: &Asker) -> AnyAnswer {
        match self {
            Self::Router(router) => AnyAnswer::Router(router.answer(arrival, connection, asker)),
            Self::Callable(callable) => AnyAnswer::Callable(callable.answer(arrival, connection, asker)),
            Self::Layered(layered) => AnyAnswer::Layered(layered.answer(arrival, connection, asker)),
        }
    }
}

/// The answer of an [`AnyService`] to a server.
pub(crate) enum AnyAnswer {
    Router(RouteAnswer),
    Callable(ForeignAnswer<WsgiFuture>),
    Layered(ForeignAnswer<BoxServiceFuture>),
}

impl Answer for AnyAnswer {
    fn poll_answer(self: Pin<&mut Self>, cx: &mut TaskContext<'_>, asker: &Asker) -> Poll<Response> {
        match self.get_mut() {
            Self::Router(answer) => answer.poll_answer(cx, asker),
            Self::Callable(answer) => Pin::new(answer).poll_answer(cx, asker),
            Self::Layered(answer) => Pin::new(answer).poll_answer(cx, asker),
        }
    }
}

/// As layers see it.
impl Service<Request> for AnyService {
    type Response = Response;
    type Error = Infallible;
    type Future = AnyFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> AnyFuture {
        match self {
            Self::Router(router) => AnyFuture::Router(router.call(request)),
            Self::Callable(Foreign(callable)) => AnyFuture::Callable(callable.call(request)),
            Self::Layered(Foreign(layered)) => AnyFuture::Layered(layered.call(request)),
        }
    }
}

/// The answer of an [`AnyService`], when it is there.
pub(crate) enum AnyFuture {
    Router(RouteFuture),
    Callable(WsgiFuture),
    Layered(BoxServiceFuture),
}

impl Future for AnyFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Router(future) => Pin::new(future).poll(cx),
            Self::Callable(future) => Pin::new(future).poll(cx),
            Self::Layered(future) => Pin::new(future).poll(cx),
        }
    }
}
