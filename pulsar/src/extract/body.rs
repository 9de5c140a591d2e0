//! Reading a body into memory, and telling what a failed value was called.

use axum_core::RequestExt;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::{
    body::{Body, NEVER_TOO_LONG, Request, blame},
    problem::{FieldError, Problem},
};

/// The body of a request, within the limit that is in force.
pub(super) fn limited(request: Request) -> Body {
    // A limit that somebody has set is in an extension. Without one it is that of axum-core, in a box, which this cannot reach.
    let is_short = request.body().size_hint().exact().is_some_and(|length| length <= NEVER_TOO_LONG);
    if is_short && request.extensions().is_empty() {
        return request.into_body();
    }
    request.into_limited_body()
}

/// The whole of a body.
pub(super) async fn read(mut body: Body) -> Result<Bytes, Problem> {
    let first = loop {
        let Some(frame) = body.frame().await else { return Ok(Bytes::new()) };
        // Trailers are left out.
        if let Ok(data) = frame.map_err(why)?.into_data() {
            break data;
        }
    };
    // Most bodies come in one piece, which is theirs without a copy.
    if body.is_end_stream() {
        return Ok(first);
    }
    let rest = body.collect().await.map_err(why)?.to_bytes();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(first.len() + rest.len());
    all.extend_from_slice(&first);
    all.extend_from_slice(&rest);
    Ok(all.freeze())
}

/// Why a body could not be read: whose fault it is, and what a client is told.
fn why(error: axum_core::Error) -> Problem {
    match blame(&error) {
        Some((status, detail)) => Problem::new(status).with_detail(detail),
        None => {
            Problem::new(StatusCode::BAD_REQUEST).with_detail(format!("the body could not be read: {error}"))
        }
    }
}

/// Whether the content type is `essence`, or a type with the structured suffix `+suffix` (RFC 6838 section 4.2.8).
pub(super) fn has_content_type(headers: &HeaderMap, essence: &str, suffix: Option<&str>) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    if value.as_bytes() == essence.as_bytes() {
        return true; // what nearly everybody sends
    }
    value.to_str().ok().and_then(|value| value.parse::<mime::Mime>().ok()).is_some_and(|mime| {
        mime.essence_str() == essence
            || suffix.is_some_and(|suffix| mime.suffix().is_some_and(|s| s == suffix))
    })
}

/// The entry for the value at which deserializing name-value pairs stopped.
pub(super) fn field_error<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> FieldError {
    let path = error.path().to_string();
    let detail = error.inner().to_string();
    if path == "." {
        // A field that is missing has no path; serde's text names it.
        let name = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match name {
            Some(name) => FieldError::field(name.to_owned(), detail),
            None => FieldError { pointer: None, field: None, detail },
        }
    } else {
        FieldError::field(path, detail)
    }
}
