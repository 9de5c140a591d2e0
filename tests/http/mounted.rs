//! Services of others, mounted beside our routes.
//!
//! Proves: files of a folder with their type, by range and by date, nothing outside of it, and a redirect to a folder
//! below the prefix; an axum router with its path values, state, layers, fallback, redirects, methods and streams,
//! nested in itself; a service that fails, or is not ready at once; what the server knows of a request, inside.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body as AxumBody,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::Redirect,
    routing,
};
use futures_util::stream;
use pulsar::{
    Request, get,
    request::{Peer, RequestId},
    testing::{Client, block_on},
};
use pulsar_tests::Folder;
use tower::{Service, service_fn};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::support::{self, Log, connect, problem};

pulsar::scope!("/mounted");

#[get("/ours")]
async fn ours() -> &'static str {
    "ours"
}

fn files() -> (Client, Folder) {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.join("public/sub folder")).unwrap();
    std::fs::create_dir_all(folder.join("public/empty")).unwrap();
    for (name, text) in [
        ("secret.txt", "hunter2"),
        ("public/a.txt", "0123456789"),
        ("public/b.html", "<p>b</p>"),
        ("public/sub folder/index.html", "<p>index</p>"),
        ("public/caf\u{e9}.txt", "coffee"),
    ] {
        folder.write(name, text);
    }
    // What is mounted sees the path without the prefix: only its owner can tell it where it redirects to.
    let files = ServeDir::new(folder.join("public")).redirect_path_prefix("/files");
    let client = support::client(module_path!(), |app| app.router(|router| router.mount("/files", files)));
    (client, folder)
}

#[test]
fn files_are_served_as_a_whole_and_in_parts() {
    let (in_process, _folder) = files();
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [in_process, on_socket] {
        let get = |path: &str, name: &'static str, value: &str| {
            block_on(client.get(path).header(name, value).send())
        };
        let whole = get("/files/a.txt", "accept", "*/*");
        whole.assert_status(200).assert_text("0123456789").assert_header("content-type", "text/plain");
        whole.assert_header("content-length", "10").assert_header("accept-ranges", "bytes");
        let date = whole.header("last-modified").expect("a date").to_owned();
        get("/files/a.txt", "if-modified-since", &date).assert_status(304).assert_text("");
        get("/files/b.html", "accept", "*/*").assert_header("content-type", "text/html");
        get("/files/caf%C3%A9.txt", "accept", "*/*").assert_status(200).assert_text("coffee");
        for (range, text, part) in [
            ("bytes=0-3", "0123", "bytes 0-3/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
        ] {
            let answer = get("/files/a.txt", "range", range);
            answer.assert_status(206).assert_text(text).assert_header("content-range", part);
        }
        let beyond = get("/files/a.txt", "range", "bytes=20-");
        beyond.assert_status(416).assert_header("content-range", "bytes */10");
        let head = block_on(client.head("/files/a.txt").send());
        head.assert_status(200).assert_text("").assert_header("content-length", "10");
        block_on(client.post("/files/a.txt").send()).assert_status(405);
    }
}

#[test]
fn a_folder_has_an_index_and_its_redirect_keeps_the_prefix() {
    let (client, _folder) = files();
    let client = client.on_socket().unwrap();
    for (path, status, location, text) in [
        ("/files/sub%20folder", 307, Some("/files/sub%20folder/"), ""),
        ("/files/sub%20folder?q=1", 307, Some("/files/sub%20folder/?q=1"), ""),
        ("/files/sub%20folder/", 200, None, "<p>index</p>"),
        ("/files/empty/", 404, None, ""),
        ("/files/nothing", 404, None, ""),
        ("/files/", 404, None, ""),
        ("/files", 404, None, ""),
    ] {
        let answer = block_on(client.get(path).send());
        assert_eq!((answer.status().as_u16(), answer.header("location")), (status, location), "{answer}");
        answer.assert_text(text);
    }
}

#[test]
fn nothing_outside_of_the_folder_is_served() {
    let (client, folder) = files();
    let client = client.on_socket().unwrap();
    let absolute = format!("/files/{}/secret.txt", folder.path().display());
    let encoded = absolute.replacen("/files//", "/files/%2F", 1).replace("/secret", "%2Fsecret");
    for path in [
        "/files/../secret.txt",
        "/files/%2e%2e/secret.txt",
        "/files/..%2fsecret.txt",
        "/files/%2e%2e%2fsecret.txt",
        "/files/..%5csecret.txt",
        "/files/sub%20folder/../../secret.txt",
        "/files/./../secret.txt",
        "/files//../secret.txt",
        "/files/a.txt/../../secret.txt",
        "/files/secret.txt%00.txt",
        &absolute,
        &encoded,
    ] {
        // As bytes: a client would tidy the path.
        let answer = connect(&client).get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.text().contains("hunter2"), "{path}: {answer:?}");
    }
    connect(&client).get("/files/a.txt").assert(200, "0123456789");
}

#[derive(Clone)]
struct Greeting(&'static str);

/// What a team that comes from axum has already.
fn axum_router() -> Router {
    let admin = Router::new()
        .route("/", routing::get("the administration"))
        .route("/{user}", routing::delete(async |Path(user): Path<String>| format!("no more {user}")));
    Router::new()
        .route(
            "/users/{id}/{*rest}",
            routing::get(async |Path((id, rest)): Path<(u32, String)>, greeting: State<Greeting>| {
                format!("{} {id}, {rest}", greeting.0.0)
            }),
        )
        .route("/echo", routing::post(async |body: String| body))
        .route("/absolute", routing::get(async || Redirect::to("/mounted/ours")))
        .route("/relative", routing::get(async || Redirect::permanent("users/7/x")))
        .route(
            "/stream",
            routing::get(async || {
                AxumBody::from_stream(stream::iter(["one, ", "two"].map(Ok::<_, Infallible>)))
            }),
        )
        .route("/panic", routing::get(async || -> &'static str { panic!("axum, on purpose") }))
        .nest("/admin", admin)
        .fallback(async || (StatusCode::NOT_FOUND, "axum has no such page"))
        .layer(SetResponseHeaderLayer::appending(header::SERVER, HeaderValue::from_static("axum")))
        .with_state(Greeting("Hello"))
}

#[test]
fn an_axum_router_is_mounted_with_all_that_it_has() {
    let in_process =
        support::client(module_path!(), |app| app.router(|router| router.mount("/old", axum_router())));
    let on_socket = in_process.clone().on_socket().unwrap();
    for client in [in_process, on_socket] {
        for (request, status, text) in [
            ("GET /old/users/7/a/b%20c?q=1", 200, "Hello 7, a/b c"),
            ("POST /old/echo", 200, "the body"),
            ("GET /old/stream", 200, "one, two"),
            ("HEAD /old/stream", 200, ""),
            ("GET /old/admin/", 404, "axum has no such page"),
            ("GET /old/admin", 200, "the administration"),
            ("DELETE /old/admin/ada", 200, "no more ada"),
            ("PUT /old/admin/ada", 405, ""),
            ("GET /old/nothing", 404, "axum has no such page"),
            ("GET /old", 404, "axum has no such page"),
            ("GET /old/", 404, "axum has no such page"),
            ("GET /old/mounted/ours", 404, "axum has no such page"),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            let answer = block_on(client.request(method.parse().unwrap(), path).body("the body").send());
            answer.assert_status(status).assert_text(text).assert_header("server", "axum");
        }
        let refused = block_on(client.get("/old/users/x/y").send());
        refused.assert_status(400).assert_header("server", "axum");
        assert!(refused.text().starts_with("Invalid URL: Cannot parse value at index 0"), "{refused}");
        let put = block_on(client.put("/old/admin/ada").send());
        put.assert_status(405).assert_header("allow", "DELETE");
        // What it answers is not touched: it knows where it is mounted, or it does not.
        for (path, status, location) in
            [("/old/absolute", 303, "/mounted/ours"), ("/old/relative", 308, "users/7/x")]
        {
            block_on(client.get(path).send()).assert_status(status).assert_header("location", location);
        }
        block_on(client.get("/mounted/ours").send()).assert_text("ours");
        for beside in ["/older", "/nothing"] {
            let answer = block_on(client.get(beside).send());
            problem(&answer, 404);
            assert_eq!(answer.header("server"), None);
        }
        let panicked = block_on(client.get("/old/panic").send());
        assert_eq!(problem(&panicked, 500), "");
    }
}

#[test]
fn a_mounted_service_that_fails_is_a_500_that_tells_nothing() {
    let log = Log::get();
    let failing = service_fn(async |request: Request| {
        let error = io::Error::other(format!("the socket of {} is gone", request.uri().path()));
        Err::<pulsar::Response, _>(error)
    });
    let client =
        support::client(module_path!(), |app| app.router(|router| router.mount("/backend", failing)));
    let answer = block_on(client.get("/backend/mounted-failure").send());
    assert_eq!(problem(&answer, 500), "");
    assert!(!answer.text().contains("socket"), "{answer}");
    let lines = log.lines("the socket of /mounted-failure is gone");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("ERROR"), "{lines:?}");
}

/// Is ready when it has been asked three times.
struct Hesitant {
    asked: usize,
    called_unready: Arc<AtomicUsize>,
}

impl Clone for Hesitant {
    fn clone(&self) -> Self {
        Self { asked: 0, called_unready: Arc::clone(&self.called_unready) }
    }
}

impl Service<Request> for Hesitant {
    type Response = pulsar::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<pulsar::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked += 1;
        if self.asked < 3 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.asked < 3 {
            self.called_unready.fetch_add(1, Ordering::SeqCst);
        }
        let (peer, id) = {
            let connection = request.extensions().get::<pulsar::request::Connection>();
            connection.map_or((Peer::Unknown, None), |connection| {
                (connection.peer().clone(), Some(connection.request_id().clone()))
            })
        };
        let id = id.as_ref().map(RequestId::to_string).unwrap_or_default();
        Box::pin(async move { Ok(pulsar::Response::new(format!("{peer} {id}").into())) })
    }
}

#[test]
fn a_service_that_hesitates_is_waited_for_and_knows_who_asks() {
    let service = Hesitant { asked: 0, called_unready: Arc::default() };
    let called_unready = Arc::clone(&service.called_unready);
    let client =
        support::client(module_path!(), |app| app.router(|router| router.mount("/hesitant", service)));
    let client = client.on_socket().unwrap();
    for n in 0..3 {
        let id = format!("mounted-{n}");
        let answer = block_on(client.get("/hesitant").header("x-request-id", id.as_str()).send());
        let text = answer.assert_status(200).text();
        assert!(text.starts_with("127.0.0.1:") && text.ends_with(&format!(" {id}")), "{answer}");
    }
    assert_eq!(called_unready.load(Ordering::SeqCst), 0);
}
