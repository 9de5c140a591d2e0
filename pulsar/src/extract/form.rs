//! The extractor and answer of HTML forms.

use std::ops::{Deref, DerefMut};

use axum_core::{
    extract::{FromRequest, OptionalFromRequest},
    response::IntoResponse,
};
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use super::{body, query::from_pairs};
use crate::{
    body::{Body, Request, Response},
    problem::Problem,
};

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// A form, as an HTML page sends it: from the query string of a GET or HEAD request, from the body of any other.
///
/// As an answer it is written in the same encoding.
///
/// ```
/// use pulsar::{Form, post};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct SignUp {
///     name: String,
///     age: u8,
/// }
///
/// #[post("/sign-up")]
/// async fn sign_up(form: Form<SignUp>) -> String {
///     format!("welcome, {}, {}\n", form.name, form.age)
/// }
/// ```
///
/// # Rejection
///
/// 415 for another content type, 413 for a body over the limit, 400 for one that could not be read (and for a query
/// string that does not fit), 422 with an entry that names the field for a form that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T> Deref for Form<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Form<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            let query = request.uri().query().unwrap_or_default();
            return from_pairs(query.as_bytes())
                .map(Self)
                .map_err(|problem| problem(StatusCode::BAD_REQUEST, "the query string does not fit"));
        }
        if !body::has_content_type(request.headers(), URL_ENCODED, None) {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with_detail(
                "the body must be a form, sent with `Content-Type: application/x-www-form-urlencoded`",
            ));
        }
        let bytes = body::read(body::limited(request)).await?;
        from_pairs(&bytes)
            .map(Self)
            .map_err(|problem| problem(StatusCode::UNPROCESSABLE_ENTITY, "the form does not fit"))
    }
}

/// No form, no value: `None` if a GET request has no query, or another one no content type.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let there = match *request.method() {
            Method::GET | Method::HEAD => request.uri().query().is_some(),
            _ => request.headers().contains_key(header::CONTENT_TYPE),
        };
        if there { <Self as FromRequest<S>>::from_request(request, state).await.map(Some) } else { Ok(None) }
    }
}

impl<T: Serialize> IntoResponse for Form<T> {
    fn into_response(self) -> Response {
        match serde_html_form::to_string(&self.0) {
            Ok(text) => {
                let mut response = Response::new(Body::from(text));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(URL_ENCODED));
                response
            }
            Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(error).into_response(),
        }
    }
}
