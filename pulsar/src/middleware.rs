//! What joins foreign services and layers to the waist.
//!
//! Middleware itself is tower's; this gives whatever a layer made the one form that the rest of the program knows: a
//! boxed service over our body that does not fail.

use std::convert::Infallible;

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::StatusCode;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_service::Service;

use crate::{
    body::{Body, BoxError, Request, Response},
    error::Chain,
    problem::Problem,
};

/// An application of any origin: a service that cannot fail.
pub(crate) type BoxService = BoxCloneSyncService<Request, Response, Infallible>;

/// Gives a service our body, and answers 500 where it fails; why is logged and not sent.
pub(crate) fn into_infallible<S, B>(service: S) -> BoxService
where
    S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    BoxCloneSyncService::new(service_fn(move |request| {
        let answer = service.clone().oneshot(request);
        async move {
            match answer.await {
                // A body that is ours already is not boxed again.
                Ok(response) => Ok(response.map(Body::new)),
                Err(error) => {
                    let error = error.into();
                    tracing::error!(status = 500, "a service failed: {}", Chain(error.as_ref()));
                    Ok(Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response())
                }
            }
        }
    }))
}
