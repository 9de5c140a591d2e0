//! Middleware: tower's layers around the program, the first one outermost.
//!
//!     cargo run --example middleware
//!     curl -i http://127.0.0.1:8060/ --compressed
//!     curl -i http://127.0.0.1:8060/ -H 'origin: http://example.org'
//!     curl -i http://127.0.0.1:8060/slow              # cut off after a second

use std::time::Duration;

use pulsar::{StatusCode, Uri, get, http::HeaderValue, http::header};
use tower_http::{
    compression::CompressionLayer, cors::CorsLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer, trace::TraceLayer,
};

#[get("/")]
async fn index() -> String {
    "a text that is long enough to be compressed\n".repeat(20)
}

#[get("/slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "you waited a minute\n"
}

/// Answers what no rule matches.
async fn not_found(uri: Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("there is nothing at {}\n", uri.path()))
}

pulsar::main! {
    layers: [
        TraceLayer::new_for_http(),
        SetResponseHeaderLayer::if_not_present(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        CorsLayer::permissive(),
        CompressionLayer::new(),
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(1)),
    ],
    fallback: not_found,
}
