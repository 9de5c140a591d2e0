//! The order of the members: the first one that answers wins, and what passes on may change the environ, on whatever
//! thread it runs.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    thread,
};

use pulsar::{
    testing::block_on,
    wsgi::{self, Application, Environ, IntoBody, StartResponse, Value, WsgiHandler},
};

use crate::support::{TEXT, client, connect, on_socket, tell, with_pool};

/// A member that writes its letter into the environ and answers at `/LETTER`; of each kind.
fn member(kind: &str, letter: &'static str) -> Application {
    fn step(
        letter: &str,
        environ: &mut Environ,
        start_response: &StartResponse,
    ) -> wsgi::Result<Option<String>> {
        let seen = format!("{}{letter}", environ.get("HTTP_X_SEEN").unwrap_or_default());
        environ.set("HTTP_X_SEEN", seen.clone());
        if environ.get("PATH_INFO").as_deref() != Some(&format!("/{letter}")) {
            return Ok(None);
        }
        start_response("200 OK", TEXT)?;
        Ok(Some(seen))
    }
    let sync =
        move |environ: &mut Environ, start_response: StartResponse| step(letter, environ, &start_response);
    match kind {
        "sync" => Application::new(sync),
        "inline" => Application::new(sync).inline(),
        _ => Application::new(Async(letter)),
    }
    .named(letter)
}

/// What an `async` closure would be; those that borrow the environ cannot be written yet.
struct Async(&'static str);

impl From<Async> for Application {
    fn from(member: Async) -> Self {
        async fn a(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<String>> {
            tokio::task::yield_now().await;
            let seen = format!("{}a", environ.get("HTTP_X_SEEN").unwrap_or_default());
            environ.set("HTTP_X_SEEN", seen.clone());
            if environ.get("PATH_INFO").as_deref() != Some("/a") {
                return Ok(None);
            }
            start_response("200 OK", TEXT)?;
            Ok(Some(seen))
        }
        assert_eq!(member.0, "a");
        Application::new(a)
    }
}

#[test]
fn the_first_that_answers_wins_and_the_others_change_the_environ() {
    for kinds in [["sync", "inline", "async"], ["async", "sync", "inline"], ["inline", "async", "sync"]] {
        let letters = kinds.map(|kind| match kind {
            "sync" => "s",
            "inline" => "i",
            _ => "a",
        });
        let handler = kinds
            .iter()
            .zip(letters)
            .fold(WsgiHandler::new(), |handler, (kind, letter)| handler.add(member(kind, letter)));
        let client = client(handler.add(tell));
        for (n, letter) in letters.iter().enumerate() {
            let answer = block_on(client.get(&format!("/{letter}")).send());
            answer.assert_status(200).assert_text(&letters[..=n].concat());
        }
        let answer = block_on(client.post("/z?q").body("text").send());
        answer.assert_text(&format!("POST [] [/z] ?q seen={} body=text", letters.concat()));
    }
}

#[test]
fn a_chain_without_an_answer_is_404_and_so_is_an_empty_one() {
    for handler in [WsgiHandler::new(), WsgiHandler::new().add(member("sync", "s")).add(member("async", "a"))]
    {
        let answer = block_on(client(handler).get("/nobody").send());
        answer.assert_status(404).assert_header("content-type", "application/problem+json");
    }
}

#[test]
fn each_kind_runs_on_its_own_thread() {
    type Threads = Arc<Mutex<Vec<(&'static str, String)>>>;
    fn note(threads: &Threads, kind: &'static str) {
        let name = thread::current().name().unwrap_or("?").to_owned();
        threads.lock().unwrap().push((kind, name));
    }
    async fn asynchronous(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        let threads: &Threads = environ.object("test.threads").unwrap();
        note(threads, "async");
        Ok(None)
    }
    let threads = Threads::default();
    let give = {
        let threads = Arc::clone(&threads);
        move |environ: &mut Environ, _: StartResponse| {
            environ.set("test.threads", Value::object(Arc::clone(&threads)));
            wsgi::Result::<Option<()>>::Ok(None)
        }
    };
    let plain = |kind| {
        move |environ: &mut Environ, _: StartResponse| {
            note(environ.object::<Threads>("test.threads").unwrap(), kind);
            wsgi::Result::<Option<()>>::Ok(None)
        }
    };
    let handler = WsgiHandler::new()
        .add(Application::new(give).inline())
        .add(plain("sync"))
        .add(asynchronous)
        .add(Application::new(plain("inline")).inline())
        .add(plain("sync"));
    let client = on_socket(handler);
    connect(&client).get("/").assert_status(404);
    let threads = threads.lock().unwrap();
    let kinds: Vec<_> = threads.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["sync", "async", "inline", "sync"]);
    for (kind, thread) in &*threads {
        assert_eq!(*kind == "sync", thread == "pulsar-pool", "{kind} ran on {thread}");
    }
}

#[test]
fn objects_and_removals_go_along() {
    async fn put(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        environ.set("test.basket", Value::object(vec!["a book"]));
        environ.remove("HTTP_COOKIE");
        Ok(None)
    }
    fn look(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        let basket = environ.object::<Vec<&str>>("test.basket").cloned();
        let text = format!("{basket:?} {:?}", environ.get("HTTP_COOKIE"));
        start_response("200 OK", TEXT)?;
        Ok(text)
    }
    let client = client(WsgiHandler::new().add(put).add(look));
    block_on(client.get("/").header("cookie", "a=1").send()).assert_text("Some([\"a book\"]) None");
}

#[test]
fn a_member_knows_whether_other_threads_may_call_it_at_the_same_time() {
    fn look(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<String>> {
        let text = format!("{:?}", environ.value("wsgi.multithread"));
        start_response("200 OK", TEXT)?;
        Ok(Some(text))
    }
    // One event loop: what runs there is alone, and what runs on the pool is not unless the pool is one thread.
    for (threads, application, expected) in [
        (4, Application::new(look), true),
        (4, Application::new(WsgiHandler::new().add(look)), true),
        (1, Application::new(WsgiHandler::new().add(look)), false),
        (4, Application::new(WsgiHandler::new().add(Application::new(look).inline())), false),
        (4, Application::new(look).inline(), false),
        (4, Application::new(wsgi::LazyWsgi::new(|_| wsgi::Result::<_>::Ok(look))), true),
    ] {
        let name = format!("{} with {threads} threads", application.name());
        let client = with_pool(application, threads, 8);
        let answer = block_on(client.get("/").send());
        assert_eq!(answer.text(), format!("Some({expected})"), "{name}");
    }
}

#[test]
fn an_error_and_a_panic_of_a_member_end_the_chain_and_not_the_connection() {
    fn fails(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<&'static str>> {
        match environ.get("PATH_INFO").as_deref() {
            Some("/error") => Err(pulsar::Error::new("no luck")),
            Some("/status") => Err(pulsar::Error::status(pulsar::StatusCode::CONFLICT)),
            Some("/panic") => panic!("no luck"),
            Some("/unstarted") => Ok(Some("text")),
            _ => Ok(None),
        }
    }
    async fn fails_later(
        environ: &mut Environ,
        start_response: StartResponse,
    ) -> wsgi::Result<Option<&'static str>> {
        tokio::task::yield_now().await;
        fails(environ, start_response)
    }
    for first in [Application::new(fails), Application::new(fails).inline(), Application::new(fails_later)] {
        let client = on_socket(WsgiHandler::new().add(first).add(tell));
        let mut client = connect(&client);
        for (path, status) in
            [("/error", 500), ("/status", 409), ("/panic", 500), ("/unstarted", 500), ("/panic", 500)]
        {
            let answer = client.get(path);
            answer.assert_status(status);
            assert!(!answer.text().contains("no luck"), "{answer:?}");
            client.get("/else").assert(200, "GET [] [/else] ? seen= body=");
        }
    }
}

#[test]
fn a_member_that_has_begun_an_answer_and_passes_on_leaves_the_next_one_to_say_so() {
    async fn begins(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<()>> {
        start_response("403 Forbidden", TEXT)?;
        Ok(None)
    }
    async fn again(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
        start_response.with_error("the one before changed its mind")("200 OK", TEXT)?;
        Ok("fine")
    }
    // A second call is one too many, as in PEP 3333, unless it says why.
    block_on(client(WsgiHandler::new().add(begins).add(tell)).get("/").send()).assert_status(500);
    block_on(client(WsgiHandler::new().add(begins).add(again)).get("/").send())
        .assert_status(200)
        .assert_text("fine");
}

#[test]
fn a_member_that_writes_has_answered() {
    fn writes(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<Option<()>> {
        let mut write = start_response("200 OK", TEXT)?;
        write.write_all(b"written")?;
        Ok(None)
    }
    let client = on_socket(WsgiHandler::new().add(writes));
    connect(&client).get("/").assert(200, "written");
}

#[test]
fn chains_within_chains_pass_on_as_well() {
    let inner = |kind, letter| WsgiHandler::new().add(member(kind, letter));
    let innermost = WsgiHandler::new().add(inner("sync", "s"));
    let handler =
        WsgiHandler::new().add(innermost).add(inner("async", "a")).add(inner("inline", "i")).add(tell);
    let client = client(handler);
    for (path, text) in [("/s", "s"), ("/a", "sa"), ("/i", "sai"), ("/z", "GET [] [/z] ? seen=sai body=")] {
        block_on(client.get(path).send()).assert_text(text);
    }
}
