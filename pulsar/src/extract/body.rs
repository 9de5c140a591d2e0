//! Reading a body into memory, and telling what a failed value was called.

use axum_core::extract::FromRequest;
use bytes::Bytes;
use http::{HeaderMap, header};

use crate::{
    body::{Request, blame},
    problem::{FieldError, Problem},
};

/// The whole body, within the limit that is in force.
pub(super) async fn read(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        if let Some((status, detail)) = blame(&rejection) {
            return Problem::new(status).with_detail(detail);
        }
        Problem::new(rejection.status()).with_detail(rejection.body_text())
    })
}

/// Whether the content type is `essence`, or a type with the structured suffix `+suffix` (RFC 6838 section 4.2.8).
pub(super) fn has_content_type(headers: &HeaderMap, essence: &str, suffix: Option<&str>) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    if value == essence {
        return true; // what nearly everybody sends
    }
    value.parse::<mime::Mime>().is_ok_and(|mime| {
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
