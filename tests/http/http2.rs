//! Annotated functions over HTTP/2: what works over HTTP/1.1 works the same.
//!
//! Proves, over a socket and a client of hyper's: functions on the event loop and on the pool, bodies both ways, many at once
//! on one connection; HEAD, 404 and 405; a stream that breaks off is an error; the version is known to handlers.
//!
//! The limits of HTTP/2, and its end, are tested in the server itself.

use std::net::SocketAddr;

use futures_util::stream;
use http_body_util::{BodyExt, Collected, Full};
use hyper::{
    body::Bytes,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pulsar::{Body, Method, Request, StatusCode, get, http::Version, post, testing::block_on};

use crate::support;

pulsar::scope!("/http2");

#[get("/version")]
async fn version(version: Version) -> String {
    format!("{version:?}")
}

#[get("/pool/<int:n>")]
fn on_the_pool(n: u32) -> String {
    n.to_string()
}

#[post("/length")]
async fn length(body: Bytes) -> String {
    body.len().to_string()
}

#[post("/length/pool")]
fn length_on_the_pool(body: Bytes) -> String {
    body.len().to_string()
}

#[post("/echo")]
async fn echo(request: Request) -> Body {
    request.into_body()
}

#[get("/broken")]
async fn broken() -> Body {
    let pieces = [Ok("half"), Err(std::io::Error::other("on purpose"))];
    Body::from_stream(stream::iter(pieces))
}

async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The status of an answer, its headers, and its body if that came to an end.
async fn ask(
    client: &SendRequest<Full<Bytes>>,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> (StatusCode, pulsar::http::HeaderMap, hyper::Result<Bytes>) {
    let request = pulsar::http::Request::builder()
        .method(method)
        .uri(format!("http://localhost/http2{path}"))
        .body(Full::from(body))
        .unwrap();
    let (head, body) = client.clone().send_request(request).await.unwrap().into_parts();
    (head.status, head.headers, body.collect().await.map(Collected::to_bytes))
}

#[test]
fn annotated_functions_answer_over_http2() {
    let client = support::client(module_path!(), |app| app).on_socket().unwrap();
    let address = client.address().unwrap();
    block_on(async {
        let client = connect(address).await;
        let get = async |path: &str| {
            let (status, _, body) = ask(&client, Method::GET, path, Vec::new()).await;
            (status.as_u16(), String::from_utf8(body.unwrap().to_vec()).unwrap())
        };
        assert_eq!(get("/version").await, (200, "HTTP/2.0".into()));
        assert_eq!(get("/pool/7").await, (200, "7".into()));
        assert_eq!(get("/nowhere").await.0, 404);
        assert_eq!(get("/length").await.0, 405);
        let (status, headers, body) = ask(&client, Method::HEAD, "/pool/42", Vec::new()).await;
        assert_eq!((status.as_u16(), headers["content-length"].to_str().unwrap()), (200, "2"));
        assert_eq!(body.unwrap(), "");
        // More than the windows of a stream and of the connection hold.
        let long = vec![b'x'; 3 << 20];
        for path in ["/length", "/length/pool"] {
            let (_, _, body) = ask(&client, Method::POST, path, long.clone()).await;
            assert_eq!(body.unwrap(), long.len().to_string(), "{path}");
        }
        let (_, _, body) = ask(&client, Method::POST, "/echo", long.clone()).await;
        assert!(body.unwrap() == long);
        let (status, _, body) = ask(&client, Method::POST, "/length", vec![0; 9 << 20]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        drop(body);
        let (status, _, body) = ask(&client, Method::GET, "/broken", Vec::new()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.is_err(), "a truncated answer must not look complete");
    });
}

#[test]
fn many_requests_share_a_connection() {
    let client = support::client(module_path!(), |app| app).on_socket().unwrap();
    let address = client.address().unwrap();
    block_on(async {
        let client = connect(address).await;
        let asked: Vec<_> = (0..500)
            .map(|n| {
                let client = client.clone();
                tokio::spawn(
                    async move { ask(&client, Method::GET, &format!("/pool/{n}"), Vec::new()).await.2 },
                )
            })
            .collect();
        for (n, answer) in asked.into_iter().enumerate() {
            assert_eq!(answer.await.unwrap().unwrap(), n.to_string());
        }
    });
}
