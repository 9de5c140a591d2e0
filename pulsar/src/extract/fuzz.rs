//! What has to hold for every query string and every form.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::collections::BTreeMap;

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Form, FromRequest, FromRequestParts, Query};
use crate::{__fuzz::ready, body::Body, problem::Problem};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Search {
    q: String,
    page: Option<u32>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    tag: Vec<String>,
    kind: Option<Kind>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    New,
    Used,
}

/// URL-encoded pairs: as a query and as a form they are the same value, or the client's fault.
pub fn urlencoded(data: &[u8]) {
    same_in_both::<Search>(data);
    same_in_both::<BTreeMap<String, Vec<String>>>(data);
    let pairs = same_in_both::<Vec<(String, String)>>(data).expect("any bytes are pairs");
    let written = serde_html_form::to_string(&pairs).expect("pairs of text can be written");
    assert_eq!(form::<Vec<(String, String)>>(written.as_bytes()).ok(), Some(pairs), "{written}");
}

/// The value, and the same from a query if it can stand in one.
fn same_in_both<T: DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) -> Option<T> {
    let as_form = form::<T>(data);
    let target = [b"/?", data].concat();
    if let Ok(uri) = http::Uri::try_from(target)
        && uri.query().is_some_and(|query| query.as_bytes() == data)
    {
        let mut parts = Request::new(()).into_parts().0;
        parts.uri = uri;
        let as_query = ready(Query::<T>::from_request_parts(&mut parts, &())).map(|query| query.0);
        assert_eq!(as_query.as_ref().ok(), as_form.as_ref().ok());
        as_query.err().map(|problem| blames_the_client(problem, 400)).unwrap_or_default();
    }
    match as_form {
        Ok(value) => Some(value),
        Err(problem) => {
            blames_the_client(problem, 422);
            None
        }
    }
}

#[allow(clippy::result_large_err)] // it is that of the extractor
fn form<T: DeserializeOwned>(data: &[u8]) -> Result<T, Problem> {
    let mut request =
        Request::post("/").body(Body::from(Bytes::copy_from_slice(data))).expect("it is a request");
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    ready(Form::<T>::from_request(request, &())).map(|form| form.0)
}

fn blames_the_client(problem: Problem, status: u16) {
    assert_eq!(problem.status.as_u16(), status);
    assert!(!problem.errors.is_empty(), "it says what is wrong");
    let response = problem.into_response();
    assert_eq!(response.status().as_u16(), status);
}
