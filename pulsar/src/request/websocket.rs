//! Which requests open a WebSocket over HTTP/2.

use http::{Extensions, Method};

/// Whether a request is a WebSocket handshake over HTTP/2 (RFC 8441), which is to CONNECT what GET is over HTTP/1.1.
#[inline]
pub(crate) fn is_websocket_connect(method: &Method, extensions: &Extensions) -> bool {
    *method == Method::CONNECT && is_websocket(extensions)
}

// Few requests have the method, and every one is asked for it.
#[cold]
fn is_websocket(extensions: &Extensions) -> bool {
    extensions
        .get::<hyper::ext::Protocol>()
        .is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}
