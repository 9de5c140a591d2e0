//! An answer that leads elsewhere.

use axum_core::response::IntoResponse;
use http::{HeaderValue, StatusCode, header};

use super::text::{Url, encoded};
use crate::body::Response;

/// An answer that leads the client to another URL.
///
/// ```
/// use pulsar::{get, post, url, url::Redirect};
///
/// #[get("/notes/<int:id>")]
/// async fn note(id: u64) -> String {
///     format!("note {id}")
/// }
///
/// #[post("/notes")]
/// async fn add() -> Redirect {
///     Redirect::to(url!(note { id: 7 }))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Redirect {
    status: StatusCode,
    location: String,
}

impl Redirect {
    /// To another page, which is asked for with GET whatever the method was: 303. It is the answer to a form.
    ///
    /// ```
    /// use pulsar::{IntoResponse, url::Redirect};
    /// let answer = Redirect::to("/thanks").into_response();
    /// assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/thanks".parse().unwrap()));
    /// ```
    pub fn to(location: impl AsRef<str>) -> Self {
        Self::with(StatusCode::SEE_OTHER, location)
    }

    /// To where it is for now, with the same method and body: 307.
    ///
    /// ```
    /// use pulsar::{IntoResponse, url::Redirect};
    /// assert_eq!(Redirect::temporary("/elsewhere").into_response().status(), 307);
    /// ```
    pub fn temporary(location: impl AsRef<str>) -> Self {
        Self::with(StatusCode::TEMPORARY_REDIRECT, location)
    }

    /// To where it is from now on, with the same method and body: 308. Clients remember it.
    ///
    /// ```
    /// use pulsar::{IntoResponse, url::Redirect};
    /// assert_eq!(Redirect::permanent("/new").into_response().status(), 308);
    /// ```
    pub fn permanent(location: impl AsRef<str>) -> Self {
        Self::with(StatusCode::PERMANENT_REDIRECT, location)
    }

    /// A text that is no [`Url`] may have characters that no header can have.
    fn with(status: StatusCode, location: impl AsRef<str>) -> Self {
        Self { status, location: encoded(location.as_ref()) }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let location = HeaderValue::from(Url::of_encoded(self.location));
        (self.status, [(header::LOCATION, location)]).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_can_be_any_text() {
        for (location, header) in [
            ("/a?b=c#d", "/a?b=c#d"),
            ("/a%20b", "/a%20b"),
            ("/a b/é", "/a%20b/%C3%A9"),
            ("https://example.com/\r\nset-cookie: x", "https://example.com/%0D%0Aset-cookie:%20x"),
            ("http://[::1]/", "http://[::1]/"),
        ] {
            let answer = Redirect::to(location).into_response();
            assert_eq!(answer.headers()[header::LOCATION], header);
        }
    }
}
