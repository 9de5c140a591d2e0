//! Layers of tower-http around an answer of WSGI: compression, access control.

use std::io::Read;

use flate2::read::GzDecoder;
use pulsar::{
    Context,
    testing::{Client, block_on},
    wsgi::{self, Application, Body, Environ, IntoBody, StartResponse, WsgiHandler},
};
use pulsar_tests::until;
use tower::Layer;
use tower_http::{
    compression::{CompressionLayer, predicate::SizeAbove},
    cors::CorsLayer,
};

use crate::support::{Drops, Gate, TEXT, connect, tell};

fn long(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok((0..100).map(|n| format!("line {n}\n")))
}

fn service(application: Application) -> wsgi::WsgiService {
    application.service(Context::default())
}

fn unzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).expect("it is gzip");
    text
}

#[test]
fn values_and_iterators_are_compressed() {
    let expected = (0..100).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    let value = {
        let expected = expected.clone();
        move |_: &mut Environ, start_response: StartResponse| {
            start_response("200 OK", &[TEXT[0], ("Content-Length", &expected.len().to_string())])?;
            wsgi::Result::<_>::Ok(expected.clone())
        }
    };
    for application in [Application::new(long), Application::new(value)] {
        let chain = WsgiHandler::new().add(wsgi::clean_path()).add(application);
        let client = Client::new(CompressionLayer::new().layer(service(chain.into()))).on_socket().unwrap();
        let zipped = block_on(client.get("/").header("accept-encoding", "gzip").send());
        zipped
            .assert_status(200)
            .assert_header("content-encoding", "gzip")
            .assert_header("vary", "accept-encoding");
        assert_eq!(zipped.header("content-length"), None, "the length is that of something else");
        assert_eq!(unzip(zipped.bytes()), expected);
        let plain = block_on(client.get("/").send());
        assert_eq!((plain.header("content-encoding"), plain.text()), (None, &expected[..]));
    }
}

#[test]
fn the_pieces_of_an_iterator_are_sent_through_compression_as_they_come() {
    let gate = Gate::default();
    let slow = {
        let gate = gate.clone();
        move |_: &mut Environ, start_response: StartResponse| {
            start_response("200 OK", TEXT)?;
            let gate = gate.clone();
            wsgi::Result::<_>::Ok((0..2).map(move |n| {
                if n == 1 {
                    gate.wait();
                }
                format!("piece {n}\n")
            }))
        }
    };
    let layer = CompressionLayer::new().compress_when(SizeAbove::new(0));
    let client = Client::new(layer.layer(service(Application::new(slow)))).on_socket().unwrap();
    let mut client = connect(&client);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    assert_eq!(client.head().header("content-encoding"), Some("gzip"));
    // The first piece is there in full, while the second one is waited for: the layer flushes when nothing comes.
    let mut zipped = Vec::new();
    let mut seen = String::new();
    while seen != "piece 0\n" {
        zipped.extend(client.chunk());
        seen.clear();
        // What is there, as far as it goes.
        let mut bytes = Vec::new();
        let _ = GzDecoder::new(&zipped[..]).read_to_end(&mut bytes);
        seen = String::from_utf8(bytes).unwrap();
    }
    until("the second piece is waited for", || gate.count() == 1);
    gate.open();
    loop {
        match client.chunk() {
            chunk if chunk.is_empty() => break,
            chunk => zipped.extend(chunk),
        }
    }
    assert_eq!(unzip(&zipped), "piece 0\npiece 1\n");
}

#[test]
fn a_client_that_leaves_a_compressed_answer_has_its_body_dropped_once() {
    let drops = Drops::default();
    let endless = {
        let drops = drops.clone();
        move |_: &mut Environ, start_response: StartResponse| {
            start_response("200 OK", TEXT)?;
            let guard = drops.guard();
            let mut n = 0_u64;
            wsgi::Result::<_>::Ok(Body::chunks(std::iter::from_fn(move || {
                let _alive = &guard;
                // Nothing that would become small.
                n += 1;
                Some(
                    (0..4096)
                        .map(|i| (n ^ i).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_string())
                        .collect::<String>(),
                )
            })))
        }
    };
    let client =
        Client::new(CompressionLayer::new().layer(service(Application::new(endless)))).on_socket().unwrap();
    let mut reads = connect(&client);
    reads.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    assert_eq!(reads.head().status, 200);
    for _ in 0..5 {
        assert!(!reads.chunk().is_empty());
    }
    drop(reads);
    until("the body is dropped", || drops.count() == 1);
    drop(client);
    assert_eq!(drops.count(), 1);
}

#[test]
fn access_control_answers_before_the_callable_and_marks_its_answers() {
    let service =
        CorsLayer::permissive().layer(CompressionLayer::new().layer(service(Application::new(tell))));
    let client = Client::new(service).on_socket().unwrap();
    let preflight = client
        .options("/x")
        .header("origin", "http://shop.example")
        .header("access-control-request-method", "PUT");
    let preflight = block_on(preflight.send());
    preflight.assert_status(200).assert_text("").assert_header("access-control-allow-origin", "*");
    let answer = block_on(client.get("/x").header("origin", "http://shop.example").send());
    answer.assert_text("GET [] [/x] ? seen= body=").assert_header("access-control-allow-origin", "*");
}
