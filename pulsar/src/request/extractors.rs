//! What handlers read of it: each fact is an argument of its own.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{StatusCode, request::Parts};

use crate::{
    problem::Problem,
    request::{connection::Connection, id::RequestId, origin::Origin, peer::Peer, route::MatchedRoute},
};

impl<S: Sync> FromRequestParts<S> for Connection {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).clone())
    }
}

fn connection(parts: &mut Parts) -> &mut Connection {
    parts.extensions.get_or_insert_with(Connection::none)
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).peer().clone())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(connection(parts).request_id().clone())
    }
}

impl<S: Sync> FromRequestParts<S> for MatchedRoute {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let route = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await;
        route.unwrap_or(None).ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(
                "`MatchedRoute` was asked for where no route matched; use `Option<MatchedRoute>`",
            )
        })
    }
}

/// In a fallback or a mounted service no route has matched.
impl<S: Sync> OptionalFromRequestParts<S> for MatchedRoute {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        let matched = parts.extensions.get::<Connection>().and_then(|connection| connection.matched.as_ref());
        Ok(matched.map(|matched| Self(Arc::clone(&matched.route))))
    }
}

/// The address of the client; an argument `ClientAddress(address): ClientAddress` gives it to a handler.
///
/// It is that of the other end of the socket or, if that is one of the `trusted_proxies`, the one that the proxy says. A client
/// of a unix socket has no address, and neither has a request of a test that came over no socket: then the answer is 500, and
/// an argument `Option<ClientAddress>` is `None`.
///
/// ```
/// use pulsar::{get, request::ClientAddress};
///
/// #[get("/whoami")]
/// async fn whoami(ClientAddress(address): ClientAddress) -> String {
///     format!("{address}\n")
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        connection(parts).client().map(Self).ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(
                "`ClientAddress` was asked for where the client has none, as on a unix socket whose peers are not in \
                 `trusted_proxies`; use `Option<ClientAddress>`",
            )
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(connection(parts).client().map(Self))
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(parts).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST).with_detail("the request names a host that is none")
        })
    }
}
