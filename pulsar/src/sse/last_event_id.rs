//! Where a client was when its connection broke.

use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderName, StatusCode, request::Parts};

use crate::problem::Problem;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The header `Last-Event-ID`: the id of the last event that a client has seen, sent when it comes back.
///
/// It dereferences to the text. A client that comes for the first time sends none, so that handlers mostly ask for
/// `Option<LastEventId>`.
///
/// ```
/// use pulsar::{get, sse::LastEventId};
///
/// #[get("/news")]
/// async fn news(last: Option<LastEventId>) -> String {
///     match last {
///         Some(id) => format!("what came after {}", &*id),
///         None => "all of it".to_owned(),
///     }
/// }
/// ```
///
/// # Rejection
///
/// 400 if the header is missing, which for `Option<LastEventId>` is `None`, or is no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEventId(pub String);

impl Deref for LastEventId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        id.ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST).with_detail("the header `Last-Event-ID` is missing")
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let Some(value) = parts.headers.get(LAST_EVENT_ID) else {
            return Ok(None);
        };
        match str::from_utf8(value.as_bytes()) {
            Ok(id) => Ok(Some(Self(id.to_owned()))),
            Err(_) => {
                Err(Problem::new(StatusCode::BAD_REQUEST)
                    .with_detail("the header `Last-Event-ID` is no UTF-8"))
            }
        }
    }
}
