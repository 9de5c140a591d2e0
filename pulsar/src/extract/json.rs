//! The extractor and answer of JSON.

use std::ops::{Deref, DerefMut};

use axum_core::{
    extract::{FromRequest, OptionalFromRequest},
    response::IntoResponse,
};
use http::{HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::body;
use crate::{
    body::{Body, Request, Response},
    problem::{FieldError, Problem},
};

const APPLICATION_JSON: &str = "application/json";

/// Room for the answers of most handlers, in bytes: a document that grows is copied each time. No more, since allocators keep blocks
/// of up to this size at hand.
const USUAL_LENGTH: usize = 1024;

/// A JSON body: as an argument deserialized, as an answer serialized.
///
/// ```
/// use pulsar::{Json, post};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
///
/// #[post("/mirror")]
/// async fn mirror(point: Json<Point>) -> Json<Point> {
///     Json(Point { x: -point.x, y: point.y })
/// }
/// ```
///
/// # Rejection
///
/// 415 for a content type other than `application/json` or one that ends in `+json`, 413 for a body over the limit, 400
/// for what is no JSON or could not be read, 422 for JSON that does not fit, with an entry that points at the member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    fn from_request(request: Request, _: &S) -> impl Future<Output = Result<Self, Problem>> + Send {
        // Not within the future, which would keep the request as long as its body is read.
        let is_json = body::has_content_type(request.headers(), APPLICATION_JSON, Some("json"));
        let body = is_json.then(|| body::limited(request));
        async move {
            let Some(body) = body else {
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                    .with_detail("the body must be JSON, sent with `Content-Type: application/json`"));
            };
            let bytes = body::read(body).await?;
            // Keeping track of the path to a value costs time, so that is done only when something is wrong.
            serde_json::from_slice(&bytes).map(Self).map_err(|error| why::<T>(&bytes, &error))
        }
    }
}

/// No body, no value: `None` if the request has no content type.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut document = Vec::with_capacity(USUAL_LENGTH);
        let written = serde_json::to_writer(&mut document, &self.0);
        // Its memory is what the allocator has at hand for the answer.
        drop(self);
        match written {
            Ok(()) => {
                let mut response = Response::new(Body::from(document));
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static(APPLICATION_JSON));
                response
            }
            Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(error).into_response(),
        }
    }
}

/// What is wrong with a body that is no `T`.
fn why<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        let detail = if bytes.is_empty() {
            "the body is empty, where JSON was expected".to_owned()
        } else {
            format!("the body is not JSON: {error}")
        };
        return Problem::new(StatusCode::BAD_REQUEST).with_detail(detail);
    }
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY).with_detail("the body does not fit");
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => {
            problem.with_field(FieldError::pointer(pointer(error.path()), without_place(error.inner())))
        }
        Ok(_) => problem.with_field(FieldError::pointer("#", without_place(error))),
    }
}

/// serde_json ends its text with the place; for a person who reads a pointer that is noise.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map_or(text.clone(), str::to_owned)
}

/// A JSON pointer in its URI fragment form (RFC 6901 section 6).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const FRAGMENT: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'%').add(b'#');
    let mut pointer = String::from("#");
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => continue, // not a level of the document
        };
        pointer.push('/');
        pointer.extend(utf8_percent_encode(&part, FRAGMENT));
    }
    pointer
}
