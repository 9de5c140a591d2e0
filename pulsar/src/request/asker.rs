//! What the answer to a request depends on, kept while somebody else has the request.

use http::{Method, Request};
use hyper::body::Incoming;

use crate::{
    body::Body,
    problem::Accept,
    request::{connection::Connection, id::RequestId},
};

/// A request that came from a server, where the server holds it: it is large, and most of those who answer only look at its head.
pub(crate) struct Arrival<'a> {
    request: Option<Request<Incoming>>,
    ready: &'a mut dyn FnMut(Request<Incoming>) -> Request<Body>,
}

impl<'a> Arrival<'a> {
    /// One that `ready` makes ready for whoever looks at more than its head. To do so takes as long as to find a route.
    #[inline]
    pub(crate) fn new(
        request: Request<Incoming>,
        ready: &'a mut dyn FnMut(Request<Incoming>) -> Request<Body>,
    ) -> Self {
        Self { request: Some(request), ready }
    }

    /// What can be seen before it is taken.
    ///
    /// # Panics
    ///
    /// When it has been taken.
    #[inline]
    pub(crate) fn head(&self) -> &Request<Incoming> {
        self.request.as_ref().expect(TAKEN)
    }

    /// The same, to be changed.
    ///
    /// # Panics
    ///
    /// When it has been taken.
    pub(crate) fn head_mut(&mut self) -> &mut Request<Incoming> {
        self.request.as_mut().expect(TAKEN)
    }

    /// The whole request, ready.
    ///
    /// # Panics
    ///
    /// When it has been taken.
    pub(crate) fn take(&mut self) -> Request<Body> {
        (self.ready)(self.request.take().expect(TAKEN))
    }
}

const TAKEN: &str = "a request is taken once, and not looked at afterwards";

/// Who asked: for the form of an error, and for what is logged of it.
#[derive(Debug)]
pub(crate) struct Asker {
    /// None if the request came from no server.
    pub(crate) id: Option<RequestId>,
    pub(crate) accept: Accept,
    /// Whether the answer is to have no body.
    pub(crate) is_head: bool,
}

impl Asker {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let connection = request.extensions().get::<Connection>();
        Self {
            id: connection.map(|connection| connection.request_id().clone()),
            accept: Accept::of(request.headers()),
            is_head: *request.method() == Method::HEAD,
        }
    }
}

impl Connection {
    /// Puts what is known of the connection into a request that came by it.
    pub(crate) fn introduce<B>(&self, request: &mut Request<B>, asker: &Asker) {
        if let Some(id) = &asker.id {
            let connection = self.for_request(id.clone(), request.headers());
            request.extensions_mut().insert(connection);
        }
    }
}
