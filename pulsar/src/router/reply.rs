//! Answers that the router gives itself, and what it changes of those that it is given.

use axum_core::response::IntoResponse;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;

use crate::{body::Response, order::sort_by, pool::panic_message, problem::Problem};

/// The answer in place of one whose handler panicked.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
        .with_source(format!("the handler panicked: {}", panic_message(panic)))
        .into_response()
}

/// The answer to HEAD: the headers of a GET without its body (RFC 9110 section 9.3.2).
pub(super) fn without_body(response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    if let Some(length) = body.size_hint().exact()
        && !response.headers().contains_key(header::CONTENT_LENGTH)
        && length > 0
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// The value of `Allow` for the methods that rules have: HEAD follows GET, and OPTIONS is always answered.
pub(super) fn allow(mut methods: Vec<Method>) -> HeaderValue {
    if methods.contains(&Method::GET) {
        methods.push(Method::HEAD);
    }
    methods.push(Method::OPTIONS);
    sort_by(&mut methods, |one, other| one.as_str().cmp(other.as_str()));
    methods.dedup();
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    // Methods are tokens, which a header value may hold.
    HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}
