//! Routers as members of a chain, chains as services of routers, services of others as members.

use axum::routing;
use pulsar::{
    Context, Method, Router,
    router::RouterService,
    testing::{Client, block_on},
    wsgi::{self, Application, Environ, IntoBody, StartResponse, WsgiHandler},
};
use pulsar_tests::Folder;
use tower_http::services::ServeDir;

use crate::support::{TEXT, client, connect, on_socket, tell};

fn router() -> RouterService {
    Router::new()
        .add(Method::GET, "/news", async || "news")
        .add(Method::POST, "/news", async |body: String| format!("posted {body}"))
        .add(
            Method::GET,
            "/user/<int:id>/<name>",
            async |pulsar::Path((id, name)): pulsar::Path<(u32, String)>| format!("{id} {name}"),
        )
        .add(Method::GET, "/dir/", async || "dir")
        .add(Method::GET, "/seen", async |request: pulsar::Request| {
            let headers = request.headers();
            let header =
                |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
            format!("{} {} {} {}", request.method(), request.uri(), header("x-seen"), header("cookie"))
        })
        .add(Method::PUT, "/seen", async |request: pulsar::Request| format!("{}", request.method()))
        .compile(Context::default())
        .unwrap()
}

#[test]
fn a_router_answers_what_its_rules_match_and_passes_on_the_rest() {
    let client = client(WsgiHandler::new().add(router()).add(tell));
    for (method, path, body, status, text) in [
        ("GET", "/news", "", 200, "news"),
        ("HEAD", "/news", "", 200, ""),
        ("POST", "/news", "it", 200, "posted it"),
        ("GET", "/user/7/ada", "", 200, "7 ada"),
        ("GET", "/user/7/caf%C3%A9", "", 200, "7 caf\u{e9}"),
        // What no rule matches goes on as it came, its body untouched.
        ("POST", "/else?q=1", "it", 200, "POST [] [/else] ?q=1 seen= body=it"),
        ("GET", "/user/x/ada", "", 200, "GET [] [/user/x/ada] ? seen= body="),
        ("GET", "/newsreel", "", 200, "GET [] [/newsreel] ? seen= body="),
        ("GET", "/%ff", "", 200, "GET [] [/\u{ff}] ? seen= body="),
        ("GET", "/%zz", "", 200, "GET [] [/%zz] ? seen= body="),
    ] {
        let request = client.request(method.parse().unwrap(), path).body(body);
        block_on(request.send()).assert_status(status).assert_text(text);
    }
    // A path that it knows is its own, whatever the method.
    let answer = block_on(client.delete("/news").send());
    answer.assert_status(405).assert_header("allow", "GET, HEAD, OPTIONS, POST");
    block_on(client.options("/news").send()).assert_status(204);
    let answer = block_on(client.get("/dir?q").send());
    answer.assert_status(308).assert_header("location", "/dir/?q");
}

#[test]
fn a_long_body_is_untouched_after_a_miss() {
    async fn length(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        let mut body = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(environ.input(), &mut body).await?;
        start_response("200 OK", TEXT)?;
        Ok(body.len().to_string())
    }
    let other = Router::new().compile(Context::default()).unwrap();
    let client =
        on_socket(WsgiHandler::new().add(router()).add(other).add(wsgi::wait_for_body(1 << 20)).add(length));
    let body = "x".repeat(300_000);
    let mut client = connect(&client);
    client.request("POST", "/else", &[], &body).assert(200, "300000");
    client.send("POST /else HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(50_000) {
        client.send(format!("{:x}\r\n", chunk.len()));
        client.send(chunk);
        client.send("\r\n");
    }
    client.send("0\r\n\r\n");
    client.answer().assert(200, "300000");
}

#[test]
fn a_body_that_was_read_ahead_is_passed_on_to_a_router() {
    // A plain function has the beginning of a body read before it is called, and this one takes some of it.
    fn peeks(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        let mut word = [0; 4];
        std::io::Read::read_exact(environ.input(), &mut word)?;
        environ.set("HTTP_X_SEEN", String::from_utf8_lossy(&word).into_owned());
        Ok(None)
    }
    #[allow(clippy::unnecessary_wraps)] // that is how a callable is written
    fn looks(_: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        Ok(None)
    }
    let body = format!("word{}", "x".repeat(200_000));
    for (first, rest) in [(Application::new(looks), &body[..]), (Application::new(peeks), &body[4..])] {
        let client = on_socket(WsgiHandler::new().add(first).add(router()));
        connect(&client).request("POST", "/news", &[], &body).assert(200, &format!("posted {rest}"));
    }
}

#[test]
fn a_router_sees_what_was_set_in_the_environ() {
    let rows: [(&'static str, Option<&'static str>, &str, &str); 9] = [
        ("HTTP_X_SEEN", Some("set"), "/seen?q", "GET /seen?q set a=1"),
        ("HTTP_X_SEEN", Some("caf\u{e9}\n"), "/seen?q", "GET /seen?q - a=1"),
        ("HTTP_COOKIE", None, "/seen", "GET /seen - -"),
        ("PATH_INFO", Some("/seen"), "/else?q", "GET /seen?q - a=1"),
        ("PATH_INFO", Some("/user/7/a b?c%"), "/else", "7 a b?c%"),
        ("PATH_INFO", Some("/user/7/caf\u{c3}\u{a9}"), "/else", "7 caf\u{e9}"),
        ("QUERY_STRING", Some("r=2"), "/seen?q", "GET /seen?r=2 - a=1"),
        ("QUERY_STRING", None, "/seen?q", "GET /seen - a=1"),
        ("REQUEST_METHOD", Some("PUT"), "/seen", "PUT"),
    ];
    for (name, value, path, text) in rows {
        let sets = move |environ: &mut Environ, _: StartResponse| {
            match value {
                Some(value) => environ.set(name, value),
                None => environ.remove(name),
            }
            wsgi::Result::<Option<()>>::Ok(None)
        };
        for sets in [Application::new(sets), Application::new(sets).inline()] {
            let client = client(WsgiHandler::new().add(sets).add(router()).add(tell));
            let answer = block_on(client.get(path).header("cookie", "a=1").send());
            assert_eq!(answer.text(), text, "{name} = {value:?}: {answer}");
        }
    }
}

#[test]
fn what_was_set_holds_behind_a_router_that_passes_on() {
    async fn sets(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        environ.set("HTTP_X_SEEN", "set");
        environ.set("PATH_INFO", "/other");
        environ.set("REQUEST_METHOD", "PUT");
        Ok(None)
    }
    let client = client(WsgiHandler::new().add(sets).add(router()).add(tell));
    block_on(client.post("/news").body("it").send()).assert_text("PUT [] [/other] ? seen=set body=it");
}

#[test]
fn a_redirect_of_a_router_keeps_what_was_shifted() {
    async fn shifts(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        environ.shift_path_info();
        Ok(None)
    }
    let client = client(WsgiHandler::new().add(shifts).add(router()).add(tell));
    let answer = block_on(client.get("/shop/dir?q").send());
    answer.assert_status(308).assert_header("location", "/shop/dir/?q");
    block_on(client.get("/shop/news").send()).assert_text("news");
    block_on(client.get("/shop/else").send()).assert_text("GET [/shop] [/else] ? seen= body=");
}

#[test]
fn a_router_with_a_fallback_answers_everything() {
    let router = Router::new()
        .add(Method::GET, "/news", async || "news")
        .fallback(async || "fallback")
        .compile(Context::default())
        .unwrap();
    let client = client(WsgiHandler::new().add(router).add(tell));
    block_on(client.get("/news").send()).assert_text("news");
    block_on(client.get("/else").send()).assert_text("fallback");
}

#[test]
fn a_router_alone_is_a_callable() {
    let client = client(router());
    block_on(client.get("/news").send()).assert_text("news");
    block_on(client.post("/news").body("it").send()).assert_text("posted it");
    block_on(client.get("/else").send()).assert_status(404);
}

#[test]
fn a_service_answers_every_request() {
    let axum = axum::Router::new()
        .route(
            "/old/{id}",
            routing::get(async |axum::extract::Path(id): axum::extract::Path<u32>| id.to_string()),
        )
        .route("/old", routing::post(async |body: String| format!("axum {body}")));
    let chain = WsgiHandler::new().add(router()).add(Application::from_service("axum", axum)).add(tell);
    let client = on_socket(chain);
    let mut client = connect(&client);
    client.get("/news").assert(200, "news");
    client.get("/old/7").assert(200, "7");
    client.request("POST", "/old", &[], "it").assert(200, "axum it");
    client
        .request("POST", "/old", &[], &"x".repeat(100_000))
        .assert(200, &format!("axum {}", "x".repeat(100_000)));
    // It has no way to say that it has none.
    client.get("/else").assert(404, "");
}

#[test]
fn files_are_a_member() {
    async fn only_files(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        if environ.shift_path_info().as_deref() != Some("files") {
            return Err(pulsar::Error::status(pulsar::StatusCode::NOT_FOUND));
        }
        Ok(None)
    }
    let folder = Folder::new();
    folder.write("a.txt", "0123456789");
    let files = Application::from_service("files", ServeDir::new(folder.path()));
    let client = on_socket(WsgiHandler::new().add(router()).add(only_files).add(files));
    let mut client = connect(&client);
    client.get("/news").assert(200, "news");
    let whole = client.get("/files/a.txt");
    whole.assert(200, "0123456789");
    assert_eq!(whole.header("content-length"), Some("10"));
    client.request("GET", "/files/a.txt", &["Range: bytes=2-3"], "").assert(206, "23");
    let head = client.request("HEAD", "/files/a.txt", &[], "");
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
    client.get("/files/../a.txt").assert_status(404);
    client.get("/else").assert_status(404);
}

/// A chain that tells what it sees behind `/m`, in a router of ours and in one of axum.
fn mounted(chain: impl Fn() -> WsgiHandler) -> [(&'static str, Client); 2] {
    let service = || Application::new(chain()).service(Context::default());
    let ours = Router::new().mount("/m", service()).compile(Context::default()).unwrap();
    let axum = axum::Router::new().nest_service("/m", service());
    [("ours", Client::new(ours)), ("axum", Client::new(axum))]
}

#[test]
fn a_chain_is_mounted_in_a_router() {
    let [(_, ours), (_, axum)] =
        mounted(|| WsgiHandler::new().add(wsgi::clean_path()).add(router()).add(tell));
    for (path, text) in [
        ("/m/news", "news"),
        ("/m/else?q", "GET [/m] [/else] ?q seen= body="),
        ("/m", "GET [/m] [] ? seen= body="),
        ("/m/", "GET [/m] [/] ? seen= body="),
    ] {
        block_on(ours.get(path).send()).assert_status(200).assert_text(text);
    }
    block_on(ours.get("/m/dir").send()).assert_status(308).assert_header("location", "/m/dir/");
    block_on(ours.get("/m//a//b?q").send()).assert_status(308).assert_header("location", "/m/a/b?q");

    // axum cuts its prefix off and tells nobody, so that the application thinks that it is not mounted.
    block_on(axum.get("/m/news").send()).assert_text("news");
    block_on(axum.get("/m/else?q").send()).assert_text("GET [] [/else] ?q seen= body=");
    block_on(axum.post("/m/else").body("it").send()).assert_text("POST [] [/else] ? seen= body=it");
}

#[test]
fn a_path_that_was_set_is_the_path_of_whatever_is_asked_next() {
    // Asked for the prefix alone, the chain has an empty path, until a member sets another one.
    async fn sets(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        if environ.get("PATH_INFO").as_deref() == Some("") {
            environ.set("PATH_INFO", "/index");
        }
        Ok(None)
    }
    let next = || Application::from_service("next", Application::new(tell).service(Context::default()));
    let [(_, client), _] = mounted(|| WsgiHandler::new().add(sets).add(next()));
    for (path, text) in [
        ("/m", "GET [/m] [/index] ? seen= body="),
        ("/m/", "GET [/m] [/] ? seen= body="),
        ("/m/x", "GET [/m] [/x] ? seen= body="),
    ] {
        block_on(client.get(path).send()).assert_text(text);
    }
    // The same by way of a mount within the router that is a member.
    let inner = Router::new().mount("/index", Application::new(tell).service(Context::default()));
    let inner = inner.compile(Context::default()).unwrap();
    let [(_, client), _] = mounted(|| WsgiHandler::new().add(sets).add(inner.clone()));
    block_on(client.get("/m").send()).assert_text("GET [/m/index] [] ? seen= body=");
    block_on(client.get("/m/index/x").send()).assert_text("GET [/m/index] [/x] ? seen= body=");
}

#[test]
fn an_empty_path_stays_empty_for_whatever_is_asked_next() {
    async fn shifts(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        environ.shift_path_info();
        Ok(None)
    }
    let next = || Application::from_service("next", Application::new(tell).service(Context::default()));
    let client = client(WsgiHandler::new().add(shifts).add(next()));
    for (path, text) in [
        ("/a/b", "GET [/a] [/b] ? seen= body="),
        ("/a/", "GET [/a] [/] ? seen= body="),
        ("/a", "GET [/a] [] ? seen= body="),
        ("/a?q", "GET [/a] [] ?q seen= body="),
    ] {
        block_on(client.get(path).send()).assert_text(text);
    }
}
