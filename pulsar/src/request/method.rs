//! Which methods are known to everybody.

use http::Method;

/// Whether a method is one that everybody knows: RFC 9110 section 9, RFC 5789, the method QUERY.
pub(crate) fn is_standard(method: &Method) -> bool {
    // Every request is asked this, and a constant list of them would be made anew each time.
    matches!(
        *method,
        Method::GET
            | Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::HEAD
            | Method::OPTIONS
            | Method::PATCH
            | Method::CONNECT
            | Method::TRACE
            | Method::QUERY
    )
}
