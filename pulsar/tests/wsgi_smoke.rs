//! Smoke.
use std::io::{BufRead, Read};
use pulsar::{Context, testing::{Client, block_on}, wsgi::{self, Application, Body, Callable, Environ, IntoBody, StartResponse}};

fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", "13")])?;
    Ok(["Hello World!\n"])
}
async fn ahello(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 Fine", &[("Content-Type", "text/plain")])?;
    Ok(environ.get("PATH_INFO").unwrap_or_default().into_owned())
}
fn echo(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let mut line = String::new();
    environ.input().read_line(&mut line)?;
    let mut rest = String::new();
    environ.input().read_to_string(&mut rest)?;
    start_response("200 OK", &[])?;
    Ok([line, rest])
}
fn count(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", &[])?;
    Ok((0..100).map(|n| format!("{n}\n")))
}
fn write(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let write = start_response("200 OK", &[])?;
    for n in 0..50 { write(format!("{n}\n").as_bytes())?; }
    Ok(["end"])
}
async fn awrite(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let write = start_response("200 OK", &[])?;
    for n in 0..50 { write.send(format!("{n}\n")).await?; }
    Ok(["end"])
}
fn uncalled(_: &mut Environ, _: StartResponse) -> wsgi::Result<impl IntoBody> { Ok("x") }
fn lazy(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    let mut n = 0;
    Ok(std::iter::from_fn(move || { n += 1; if n == 1 { if let Err(e) = start_response("201 Made", &[]) { return Some(Err(e)); } } (n < 4).then_some(Ok("x")) }))
}
fn panics(_: &mut Environ, _: StartResponse) -> wsgi::Result<Body> { panic!("no luck") }

fn client<K>(app: impl Callable<K>) -> Client { Client::new(Application::new(app).service(Context::default())).on_socket().unwrap() }

#[test]
fn smoke() {
    block_on(async {
        client(hello).get("/").send().await.assert_status(200).assert_text("Hello World!\n");
        client(ahello).get("/x%20y").send().await.assert_status(200).assert_text("/x y");
        client(echo).post("/").body("a\nb\nc").send().await.assert_status(200).assert_text("a\nb\nc");
        let all: String = (0..100).map(|n| format!("{n}\n")).collect();
        client(count).get("/").send().await.assert_status(200).assert_text(&all);
        let all: String = (0..50).map(|n| format!("{n}\n")).chain(["end".to_owned()]).collect();
        client(write).get("/").send().await.assert_status(200).assert_text(&all);
        client(awrite).get("/").send().await.assert_status(200).assert_text(&all);
        client(uncalled).get("/").send().await.assert_status(500);
        client(panics).get("/").send().await.assert_status(500);
        client(lazy).get("/").send().await.assert_status(201).assert_text("xxx");
        client(async |_: &mut Environ, s: StartResponse| { s("200 OK", &[])?; wsgi::Result::<_>::Ok("closure") }).get("/").send().await.assert_text("closure");
        client(|_: &mut Environ, s: StartResponse| { s("200 OK", &[])?; wsgi::Result::<_>::Ok("closure") }).get("/").send().await.assert_text("closure");
    });
}
