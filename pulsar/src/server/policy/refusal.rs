//! Why a request is refused before anybody answers it.

use axum_core::response::IntoResponse;
use http::StatusCode;

use crate::{board::Limit, body::Response, problem::Problem};

/// What the client is told, and which limit it ran into, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) detail: &'static str,
    pub(crate) limit: Option<Limit>,
}

impl Refusal {
    pub(super) const fn new(status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail, limit: None }
    }

    /// The request is malformed, or could be understood in two ways.
    pub(super) const fn bad(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The request is longer than a setting says.
    pub(super) const fn over(limit: Limit, status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail, limit: Some(limit) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Problem::new(self.status).with_detail(self.detail).into_response()
    }
}
