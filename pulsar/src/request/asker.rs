//! What the answer to a request depends on, kept while somebody else has the request.

use http::{Method, Request};
use hyper::body::Incoming;

use crate::{
    body::Body,
    problem::Accept,
    request::{connection::Connection, id::RequestId},
};

/// Makes a request that came from a server ready for whoever looks at more than its head. To do so takes as long as to find a route.
pub(crate) type Ready<'a> = &'a mut dyn FnMut(Request<Incoming>) -> Request<Body>;

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
