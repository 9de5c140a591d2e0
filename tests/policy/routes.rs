//! Routes that read bodies in every way, and answer with what they have read.

use std::collections::BTreeMap;

use http_body_util::BodyExt;
use pulsar::{
    Bytes, Method, Request, Router,
    extract::{Form, Json, Path},
    websocket::WebSocketUpgrade,
};
use serde_json::Value;

/// The paths of readers, and the header that each wants.
pub(crate) const READERS: [(&str, &str); 5] = [
    ("/json", "Content-Type: application/json\r\n"),
    ("/form", "Content-Type: application/x-www-form-urlencoded\r\n"),
    ("/bytes", ""),
    ("/text", ""),
    ("/stream", ""),
];

pub(crate) fn router() -> Router {
    Router::new()
        .add(Method::GET, "/", async || "root")
        .add(Method::POST, "/", async || "posted")
        .add(Method::GET, "/known/", async || "known")
        .add(Method::GET, "/name/<name>", async |Path(name): Path<String>| name)
        .add(Method::POST, "/json", async |Json(value): Json<Value>| value.to_string())
        .add(Method::POST, "/form", async |Form(form): Form<BTreeMap<String, String>>| {
            form.into_keys().collect::<Vec<_>>().join(",")
        })
        .add(Method::POST, "/bytes", async |bytes: Bytes| bytes)
        .add(Method::POST, "/text", async |text: String| text)
        .add(Method::POST, "/stream", stream)
        .add(Method::GET, "/ws", async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| {}))
}

/// Reads the body by itself, and leaves what goes wrong to others.
async fn stream(request: Request) -> pulsar::Result<Bytes> {
    Ok(request.into_body().collect().await?.to_bytes())
}
