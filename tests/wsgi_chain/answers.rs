//! Changes of an answer on its way out: whatever it is made of, as long as its head is not out; and who is dropped when the
//! client goes.

use std::iter;

use futures_util::stream;
use pulsar::{
    Context, Method, Router,
    testing::block_on,
    wsgi::{self, Application, Body, Environ, IntoBody, StartResponse, WsgiHandler},
};
use pulsar_tests::until;

use crate::support::{Drops, Gate, TEXT, client, connect, on_socket};

fn value(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok("value")
}

fn pieces(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok(["a", "", "b"])
}

/// Calls `start_response` when its body is asked for the first piece, as a generator of Python does.
#[allow(clippy::unnecessary_wraps)] // that is how a callable is written
fn lazy(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<Body> {
    let mut pieces = ["a", "b"].into_iter();
    let mut started = false;
    Ok(Body::chunks(iter::from_fn(move || {
        if !started {
            started = true;
            if let Err(error) = start_response("200 OK", TEXT) {
                return Some(Err(error));
            }
        }
        pieces.next().map(Ok)
    })))
}

/// The same behind an empty piece.
#[allow(clippy::unnecessary_wraps)] // that is how a callable is written
fn lazier(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<Body> {
    let pieces = ["", "", "ab"].into_iter().enumerate();
    Ok(Body::chunks(pieces.map(move |(n, piece)| {
        if n == 1 {
            start_response("200 OK", TEXT)?;
        }
        wsgi::Result::<_, wsgi::Error>::Ok(piece)
    })))
}

async fn asynchronous(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    start_response("200 OK", TEXT)?;
    Ok(Body::stream(stream::iter(["a", "b"].map(Ok::<_, std::io::Error>))))
}

fn changed(handler: WsgiHandler) -> WsgiHandler {
    handler
        .response(|environ, response| {
            let path = environ.get("PATH_INFO").unwrap_or_default();
            response.headers_mut().insert("x-path", path.parse().unwrap());
            response.headers_mut().insert("x-order", "first".parse().unwrap());
        })
        .response(|_, response| {
            let before = response.headers()["x-order"].to_str().unwrap().to_owned();
            response.headers_mut().insert("x-order", format!("{before}, second").parse().unwrap());
            response.headers_mut().remove("content-type");
            *response.status_mut() = pulsar::StatusCode::ACCEPTED;
        })
}

#[test]
fn every_kind_of_answer_is_changed() {
    let router = Router::new().add(Method::GET, "/x", async || "ab").compile(Context::default()).unwrap();
    let members: [(&str, Application); 9] = [
        ("value", Application::new(value)),
        ("pieces", Application::new(pieces)),
        ("lazy", Application::new(lazy)),
        ("lazy inline", Application::new(lazy).inline()),
        ("lazier", Application::new(lazier)),
        ("lazier inline", Application::new(lazier).inline()),
        ("async", Application::new(asynchronous)),
        ("router", Application::from(router)),
        ("validated", wsgi::validator(pieces)),
    ];
    for (name, member) in members {
        let client = on_socket(changed(WsgiHandler::new().add(member)));
        let answer = block_on(client.get("/x").send());
        assert!(["value", "ab"].contains(&answer.text()), "{name}: {answer}");
        assert_eq!(answer.status(), 202, "{name}: {answer}");
        assert_eq!(answer.header("x-path"), Some("/x"), "{name}: {answer}");
        assert_eq!(answer.header("x-order"), Some("first, second"), "{name}: {answer}");
        assert_eq!(answer.header("content-type"), None, "{name}: {answer}");
    }
}

#[test]
fn the_inner_chain_changes_first() {
    let mark = |word: &'static str| {
        move |_: &Environ, response: &mut pulsar::http::Response<()>| {
            response.headers_mut().append("x-mark", word.parse().unwrap());
        }
    };
    let inner = WsgiHandler::new().add(value).response(mark("inner"));
    let client = client(WsgiHandler::new().add(inner).response(mark("outer")));
    let answer = block_on(client.get("/").send());
    let marks: Vec<_> = answer.headers().get_all("x-mark").iter().collect();
    assert_eq!(marks, ["inner", "outer"]);
}

#[test]
fn what_is_written_is_not_changed() {
    async fn asynchronous(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        let write = start_response("200 OK", TEXT)?;
        write.send("written, ").await?;
        Ok("returned")
    }
    // Whether the callable has returned by the time that the answer is begun is a matter of chance for one on the pool, and
    // must make no difference.
    fn sync(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        let write = start_response("200 OK", TEXT)?;
        write(b"written, ")?;
        Ok("returned")
    }
    for member in [Application::new(asynchronous), Application::new(sync), Application::new(sync).inline()] {
        let client = on_socket(changed(WsgiHandler::new().add(member)));
        let mut client = connect(&client);
        let answer = client.get("/");
        answer.assert(200, "written, returned");
        assert_eq!(answer.header("x-order"), None, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("text/plain"), "{answer:?}");
    }
}

#[test]
fn failures_are_not_changed() {
    fn fails(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        start_response("200 OK", TEXT)?;
        Err(pulsar::Error::new("no luck"))
    }
    fn fails_in_its_body(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<Body> {
        start_response("200 OK", TEXT)?;
        Ok(Body::chunks(iter::once(Err::<&str, _>(std::io::Error::other("no luck")))))
    }
    async fn passes(_: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        Ok(None)
    }
    for (member, status) in [
        (Application::new(fails), 500),
        (Application::new(fails_in_its_body), 500),
        (Application::new(fails_in_its_body).inline(), 500),
        (Application::new(passes), 404),
    ] {
        let answer = block_on(client(changed(WsgiHandler::new().add(member))).get("/").send());
        answer.assert_status(status).assert_header("content-type", "application/problem+json");
        assert_eq!(answer.header("x-order"), None, "{answer}");
    }
}

#[test]
fn a_change_that_panics_is_an_answer() {
    let handler = WsgiHandler::new().add(value).response(|_, _| panic!("no luck"));
    let client = on_socket(handler);
    let mut client = connect(&client);
    for _ in 0..2 {
        client.get("/").assert_status(500);
    }
}

#[test]
fn a_client_that_goes_away_has_everything_dropped_once() {
    // What the first member holds, what the answer holds, what the environ holds.
    let (body, object) = (Drops::default(), Drops::default());
    let gate = Gate::default();
    let guard = {
        let object = object.clone();
        move |environ: &mut Environ, _: StartResponse| {
            environ.set("test.guard", wsgi::Value::object(object.guard()));
            wsgi::Result::<Option<()>>::Ok(None)
        }
    };
    let endless = {
        let (body, gate) = (body.clone(), gate.clone());
        move |_: &mut Environ, start_response: StartResponse| {
            start_response("200 OK", TEXT)?;
            let (guard, gate) = (body.guard(), gate.clone());
            let mut first = true;
            wsgi::Result::<_>::Ok(Body::chunks(iter::from_fn(move || {
                let _alive = &guard;
                if !std::mem::take(&mut first) {
                    gate.wait();
                }
                Some(vec![b'x'; 64 * 1024])
            })))
        }
    };
    for inline in [false, true] {
        let (bodies, objects) = (body.count(), object.count());
        let guard = Application::new(guard.clone());
        let guard = if inline { guard.inline() } else { guard };
        let server = on_socket(changed(WsgiHandler::new().add(guard).add(endless.clone())));
        let mut client = connect(&server);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.head().status, 202);
        assert_eq!(client.chunk().len(), 64 * 1024);
        until("the next piece is being made", || gate.count() > 0);
        drop(client);
        gate.open();
        until("the body is dropped", || body.count() > bodies);
        until("the environ is dropped", || object.count() > objects);
        drop(server);
        assert_eq!((body.count() - bodies, object.count() - objects), (1, 1));
    }
}

#[test]
fn a_client_that_goes_away_during_a_call_has_everything_dropped_once() {
    let (drops, gate) = (Drops::default(), Gate::default());
    let waits = {
        let (drops, gate) = (drops.clone(), gate.clone());
        move |environ: &mut Environ, start_response: StartResponse| {
            environ.set("test.guard", wsgi::Value::object(drops.guard()));
            gate.wait();
            start_response("200 OK", TEXT)?;
            wsgi::Result::<_>::Ok("too late")
        }
    };
    let server = on_socket(WsgiHandler::new().add(waits));
    let mut client = connect(&server);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    until("the callable runs", || gate.count() == 1);
    drop(client);
    gate.open();
    until("the environ is dropped", || drops.count() == 1);
    // The server goes on.
    connect(&server).get("/").assert(200, "too late");
    until("the environ is dropped", || drops.count() == 2);
}
