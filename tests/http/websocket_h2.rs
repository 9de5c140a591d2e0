//! WebSockets over HTTP/2 (RFC 8441): an extended CONNECT finds the route that a GET finds, and becomes the same socket.
//!
//! The server is hyper's, with our router as its service.

use std::net::SocketAddr;

use futures_util::future;
use http_body_util::{BodyExt, Empty};
use hyper::{
    client::conn::http2::{self, SendRequest},
    ext::Protocol,
    service::service_fn,
    upgrade::Upgraded,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pulsar::{
    Bytes, Context, Method, Request, Response, Router, http,
    http::Version,
    testing::block_on,
    websocket::{Message, WebSocketUpgrade},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::Service;

use crate::websocket::frame;

/// What is on both: a handler in our router, one in a router that is mounted in it, and one in an axum router.
fn router() -> Router {
    let echo = async |upgrade: WebSocketUpgrade| -> Response {
        upgrade.protocols(["v1"]).max_message_size(5).on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                if !matches!(message, Message::Close(_)) && socket.send(message).await.is_err() {
                    return;
                }
            }
        })
    };
    let axum = axum::Router::new().route("/echo", axum::routing::any(echo));
    Router::new()
        .add(Method::GET, "/echo", echo)
        .add(Method::GET, "/rooms/<int:id>/echo", echo)
        .add(Method::POST, "/post", echo)
        .add(Method::GET, "/plain", async || "plain")
        .nest("/nested", Router::new().add(Method::GET, "/echo", echo))
        .mount("/mounted", Router::new().add(Method::GET, "/echo", echo).compile(Context::default()).unwrap())
        .mount("/axum", axum)
}

/// Serves HTTP/2 as a server does that knows extended CONNECT.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router().compile(Context::default()).unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service.clone();
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder.enable_connect_protocol();
            let answer = service_fn(move |request| service.clone().call(request));
            tokio::spawn(builder.serve_connection(TokioIo::new(socket), answer));
        }
    });
    address
}

async fn connect(address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    // Behind the first answer the client knows the settings of the server, and that it may ask for WebSockets.
    let answer = client.send_request(request("/plain")).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "plain");
    client
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::builder().version(Version::HTTP_2).uri(format!("http://example.com{path}"));
    request.body(Empty::new()).unwrap()
}

fn handshake(
    path: &str,
    protocol: &'static str,
    headers: &[(&'static str, &'static str)],
) -> Request<Empty<Bytes>> {
    let mut request = request(path);
    *request.method_mut() = Method::CONNECT;
    request.extensions_mut().insert(Protocol::from_static(protocol));
    for &(name, value) in headers {
        request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    request
}

const GOOD: &[(&str, &str)] = &[("sec-websocket-version", "13")];

async fn open(client: &mut SendRequest<Empty<Bytes>>, path: &str) -> TokioIo<Upgraded> {
    let answer = client.send_request(handshake(path, "websocket", GOOD)).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    for name in ["sec-websocket-accept", "connection", "upgrade"] {
        assert!(!answer.headers().contains_key(name), "{path}: {name} is of HTTP/1.1");
    }
    TokioIo::new(hyper::upgrade::on(answer).await.unwrap())
}

#[test]
fn an_extended_connect_finds_the_route_of_a_get() {
    block_on(async {
        let address = serve().await;
        let mut client = connect(address).await;
        for path in ["/echo", "/rooms/7/echo", "/nested/echo", "/mounted/echo", "/axum/echo"] {
            let mut socket = open(&mut client, path).await;
            socket.write_all(&frame(0x81, b"hello")).await.unwrap();
            let mut echo = [0; 7];
            socket.read_exact(&mut echo).await.unwrap();
            assert_eq!(&echo, b"\x81\x05hello", "{path}");
            socket.write_all(&frame(0x88, &1000_u16.to_be_bytes())).await.unwrap();
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"\x88\x02\x03\xe8", "{path}: the close handshake, and the end of the stream");
        }
    });
}

#[test]
fn many_sockets_share_a_connection_and_one_that_fails_takes_no_other_along() {
    block_on(async {
        let mut client = connect(serve().await).await;
        let mut good = open(&mut client, "/echo").await;
        let mut bad = open(&mut client, "/echo").await;
        bad.write_all(&frame(0x81, b"longer")).await.unwrap();
        let mut told = Vec::new();
        bad.read_to_end(&mut told).await.unwrap();
        assert_eq!(told.get(2..4), Some(&1009_u16.to_be_bytes()[..]), "{told:?}");
        let echoes = (0..100).map(|number| format!("{number:05}"));
        for text in echoes {
            good.write_all(&frame(0x81, text.as_bytes())).await.unwrap();
            let mut echo = [0; 7];
            good.read_exact(&mut echo).await.unwrap();
            assert_eq!(&echo[2..], text.as_bytes());
        }
        let others = (0..20).map(|_| {
            let mut client = client.clone();
            async move {
                let mut socket = open(&mut client, "/echo").await;
                socket.write_all(&frame(0x89, b"ping")).await.unwrap();
                let mut pong = [0; 6];
                socket.read_exact(&mut pong).await.unwrap();
                assert_eq!(&pong, b"\x8a\x04ping");
            }
        });
        future::join_all(others).await;
    });
}

#[test]
fn a_handshake_over_http_2_is_checked_as_well() {
    block_on(async {
        let mut client = connect(serve().await).await;
        let evil: &[_] = &[("sec-websocket-version", "13"), ("origin", "https://evil.example")];
        let own: &[_] = &[("sec-websocket-version", "13"), ("origin", "https://example.com")];
        let asks: &[_] = &[("sec-websocket-version", "13"), ("sec-websocket-protocol", "v0, v1")];
        for (path, protocol, headers, status, told) in [
            ("/echo", "WebSocket", GOOD, 200, None),
            ("/echo", "websocket", own, 200, None),
            ("/echo", "websocket", asks, 200, Some(("sec-websocket-protocol", "v1"))),
            ("/echo", "websocket", evil, 403, None),
            ("/echo", "websocket", &[], 426, Some(("sec-websocket-version", "13"))),
            (
                "/echo",
                "websocket",
                &[("sec-websocket-version", "12")],
                426,
                Some(("sec-websocket-version", "13")),
            ),
            ("/echo", "connect-udp", GOOD, 405, Some(("allow", "GET, HEAD, OPTIONS"))),
            ("/post", "websocket", GOOD, 405, Some(("allow", "OPTIONS, POST"))),
            ("/nothing", "websocket", GOOD, 404, None),
        ] {
            let answer = client.send_request(handshake(path, protocol, headers)).await.unwrap();
            assert_eq!(answer.status(), status, "{path} {protocol} {headers:?}");
            if let Some((name, value)) = told {
                assert_eq!(answer.headers()[name], value, "{path} {protocol} {headers:?}");
            }
        }
        // Without the extension it is a request like any other, with nothing to upgrade.
        let answer = client.send_request(request("/echo")).await.unwrap();
        assert_eq!(answer.status(), 400);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let detail = "over HTTP/2, a WebSocket begins with an extended CONNECT (RFC 8441)";
        assert!(String::from_utf8_lossy(&body).contains(detail), "{body:?}");
    });
}
