//! The extractor of the query string.

use std::ops::{Deref, DerefMut};

use axum_core::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use super::body::field_error;
use crate::problem::Problem;

/// The query string, deserialized: `?page=2&tag=a&tag=b`.
///
/// A name that occurs several times fits a `Vec`; one that may be missing fits an `Option` or has `#[serde(default)]`.
///
/// ```
/// use pulsar::{Query, get};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Search {
///     q: String,
///     #[serde(default)]
///     page: u32,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// #[get("/search")]
/// async fn search(query: Query<Search>) -> String {
///     format!("{} on page {}, {} tags\n", query.q, query.page, query.tag.len())
/// }
/// ```
///
/// # Rejection
///
/// 400, with an entry that names the parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Query<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        from_pairs(query.as_bytes())
            .map(Self)
            .map_err(|problem| problem(StatusCode::BAD_REQUEST, "the query string does not fit"))
    }
}

/// Deserializes `application/x-www-form-urlencoded` pairs. What is wrong with them is looked for only when something is.
pub(super) fn from_pairs<T: DeserializeOwned>(
    pairs: &[u8],
) -> Result<T, impl FnOnce(StatusCode, &'static str) -> Problem + use<T>> {
    serde_html_form::from_bytes(pairs).map_err(|error| {
        let found =
            serde_path_to_error::deserialize::<_, T>(serde_html_form::Deserializer::from_bytes(pairs)).err();
        move |status, detail| {
            let entry = found.as_ref().map(field_error);
            let entry = entry.unwrap_or_else(|| crate::problem::FieldError {
                pointer: None,
                field: None,
                detail: error.to_string(),
            });
            Problem::new(status).with_detail(detail).with_field(entry)
        }
    })
}
