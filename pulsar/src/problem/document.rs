//! The problem document: its members, and how an [`Error`] becomes one.

use std::{borrow::Cow, error::Error as StdError, sync::Arc};

use axum_core::response::IntoResponse;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, Serializer};

use crate::{
    body::{Body, BoxError, Response, blame},
    error::Error,
};

/// The media type of a problem document, RFC 9457 section 3.
pub(super) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem document (RFC 9457): what went wrong with one request.
///
/// A client that prefers it, as browsers do, gets the same as a page or as text; the [router](crate::Router) and the server see to that.
///
/// ```
/// use pulsar::{IntoResponse, Problem, http::StatusCode};
///
/// let problem = Problem::new(StatusCode::CONFLICT).with_detail("this name is taken");
/// let answer = problem.into_response();
/// assert_eq!(answer.status(), 409);
/// assert_eq!(answer.headers()["content-type"], "application/problem+json");
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// A URI that names the kind of problem (the member `type`); `about:blank`, the default, means that the status says it all.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The kind of problem in a few words; by default the status in words.
    pub title: Cow<'static, str>,
    /// The status of the answer.
    #[serde(serialize_with = "status_number")]
    pub status: StatusCode,
    /// What went wrong this time, for the person who reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'static, str>>,
    /// One entry for each value of the request that is wrong, where that can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The id of the request, by which its log lines can be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip)]
    headers: HeaderMap,
    #[serde(skip)]
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// The answer has the form that the client prefers.
    #[serde(skip)]
    negotiated: bool,
}

/// One value of a request that is wrong.
///
/// ```
/// let error = pulsar::FieldError::field("page", "invalid digit found in string");
/// assert_eq!(error.field.as_deref(), Some("page"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Where in a JSON body: a JSON pointer (RFC 6901) in its URI fragment form, as `#/items/0/quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The name of a placeholder, a query parameter or a form field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// An error in the member of a JSON body that `pointer` leads to.
    ///
    /// ```
    /// let error = pulsar::FieldError::pointer("#/items/0", "missing field `sku`");
    /// assert_eq!(error.detail, "missing field `sku`");
    /// ```
    pub fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), field: None, detail: detail.into() }
    }

    /// An error in a placeholder, a query parameter or a form field.
    ///
    /// ```
    /// let error = pulsar::FieldError::field("page", "must be at least 1");
    /// assert!(error.pointer.is_none());
    /// ```
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: None, field: Some(field.into()), detail: detail.into() }
    }
}

impl Problem {
    /// A problem that says no more than its status.
    ///
    /// ```
    /// use pulsar::{Problem, http::StatusCode};
    /// assert_eq!(Problem::new(StatusCode::NOT_FOUND).title, "Not Found");
    /// ```
    pub fn new(status: StatusCode) -> Self {
        Self {
            kind: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Unknown Error")),
            status,
            detail: None,
            errors: Vec::new(),
            request_id: None,
            headers: HeaderMap::new(),
            source: None,
            negotiated: false,
        }
    }

    /// Every thread of the pool is busy and its queue is full.
    pub(crate) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE)
            .with_detail("every thread is busy and the queue is full")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Sets what the client is told.
    ///
    /// ```
    /// use pulsar::{Problem, http::StatusCode};
    /// let problem = Problem::new(StatusCode::GONE).with_detail("sold");
    /// assert_eq!(problem.detail.as_deref(), Some("sold"));
    /// ```
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a value that is wrong.
    ///
    /// ```
    /// use pulsar::{FieldError, Problem, http::StatusCode};
    /// let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
    ///     .with_field(FieldError::field("age", "must be at least 18"));
    /// assert_eq!(problem.errors.len(), 1);
    /// ```
    #[must_use]
    pub fn with_field(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    /// Sets the cause. It is logged for a server error (5xx), and never sent.
    ///
    /// ```
    /// use pulsar::{Problem, http::StatusCode};
    /// let problem = Problem::new(StatusCode::BAD_GATEWAY).with_source("no route to host");
    /// assert_eq!(problem.source().unwrap().to_string(), "no route to host");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds a header to the answer, such as `Allow` or `Retry-After`.
    ///
    /// ```
    /// use pulsar::{IntoResponse, Problem, http::{HeaderValue, StatusCode, header}};
    /// let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE)
    ///     .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"));
    /// assert_eq!(problem.into_response().headers()["retry-after"], "1");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The headers that the answer will have besides its content type.
    ///
    /// ```
    /// use pulsar::{Problem, http::StatusCode};
    /// assert!(Problem::new(StatusCode::NOT_FOUND).headers().is_empty());
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The cause, if there is one.
    ///
    /// ```
    /// use pulsar::{Problem, http::StatusCode};
    /// assert!(Problem::new(StatusCode::NOT_FOUND).source().is_none());
    /// ```
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// Whether its answer has the form that the client prefers already.
    pub(crate) fn is_negotiated(&self) -> bool {
        self.negotiated
    }

    pub(super) fn set_negotiated(&mut self) {
        self.negotiated = true;
    }

    /// The document as JSON.
    pub(super) fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_json()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, detail, source) = error.into_parts();
        if status == StatusCode::INTERNAL_SERVER_ERROR
            && let Some((status, detail)) = source.as_deref().and_then(|source| blame(source))
        {
            return Self::new(status).with_detail(detail);
        }
        let mut problem = Self::new(status);
        problem.detail = detail;
        problem.source = source.map(Arc::from);
        problem
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

// serde's contract for `serialize_with` is a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn status_number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_members_of_rfc_9457() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
            .with_detail("the body does not fit")
            .with_field(FieldError::pointer("#/items/0/quantity", "invalid type: string, expected u32"))
            .with_field(FieldError::field("page", "missing"));
        assert_eq!(
            serde_json::to_value(problem).unwrap(),
            serde_json::json!({
                "type": "about:blank",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "the body does not fit",
                "errors": [
                    { "pointer": "#/items/0/quantity", "detail": "invalid type: string, expected u32" },
                    { "field": "page", "detail": "missing" },
                ],
            })
        );
    }

    #[test]
    fn the_cause_of_an_error_is_kept_but_not_sent() {
        let cause = std::io::Error::other("password of the database is hunter2");
        let problem = Problem::from(Error::from(cause));
        assert_eq!(problem.source().unwrap().to_string(), "password of the database is hunter2");
        assert!(!serde_json::to_string(&problem).unwrap().contains("hunter2"));
    }

    #[test]
    fn a_status_that_is_no_error_is_the_programs_mistake() {
        for code in [0u16, 99, 200, 304, 1000] {
            let problem = Problem::from(Error::status(code));
            assert_eq!(problem.status, 500, "{code}");
            assert!(problem.source().unwrap().to_string().contains("not an error status"), "{code}");
        }
    }
}
