//! `LazyWsgi`: built once in each worker, on the pool, however many requests come first.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use pulsar::{
    Context,
    testing::block_on,
    wsgi::{self, Application, Environ, LazyWsgi, StartResponse, WsgiHandler},
};
use pulsar_tests::until;

use crate::support::{Gate, TEXT, client, connect, on_socket, tell, with_pool};

#[test]
fn fifty_first_requests_have_it_built_once_and_on_the_pool() {
    let (gate, builds, built_on) =
        (Gate::default(), Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let lazy = {
        let (gate, builds, built_on) = (gate.clone(), Arc::clone(&builds), Arc::clone(&built_on));
        LazyWsgi::new(move |_: &Context| {
            built_on.lock().unwrap().push(thread::current().name().unwrap_or("?").to_owned());
            gate.wait();
            let number = builds.fetch_add(1, Ordering::SeqCst) + 1;
            let app = move |_: &mut Environ, start_response: StartResponse| {
                start_response("200 OK", TEXT)?;
                wsgi::Result::<_>::Ok(format!("build {number}"))
            };
            wsgi::Result::<_>::Ok(Application::new(app).inline())
        })
    };
    assert_eq!(builds.load(Ordering::SeqCst), 0);
    // One thread, and no place to wait: whoever waits for the build must hold neither.
    let client = with_pool(lazy, 1, 0);
    let mut clients: Vec<_> = (0..50).map(|_| connect(&client)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    until("it is being built", || gate.count() == 1);
    gate.open();
    for client in &mut clients {
        client.answer().assert(200, "build 1");
    }
    connect(&client).get("/").assert(200, "build 1");
    assert_eq!(builds.load(Ordering::SeqCst), 1);
    assert_eq!(*built_on.lock().unwrap(), ["pulsar-pool"]);
}

#[test]
fn a_build_goes_on_when_the_client_that_began_it_goes_away() {
    let (gate, builds) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let lazy = {
        let (gate, builds) = (gate.clone(), Arc::clone(&builds));
        LazyWsgi::new(move |_: &Context| {
            builds.fetch_add(1, Ordering::SeqCst);
            gate.wait();
            wsgi::Result::<_>::Ok(tell)
        })
    };
    let server = on_socket(lazy);
    let mut first = connect(&server);
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    until("it is being built", || gate.count() == 1);
    let mut second = connect(&server);
    second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    drop(first);
    // An answer on a third connection: by then the event loop has seen that the first one is gone.
    connect(&server).request("BAD METHOD", "/", &[], "").assert_status(400);
    gate.open();
    second.answer().assert_status(200);
    connect(&server).get("/").assert_status(200);
    assert_eq!(builds.load(Ordering::SeqCst), 1);
}

#[test]
fn a_build_that_fails_is_an_answer_and_the_next_request_tries_again() {
    let builds = Arc::new(AtomicUsize::new(0));
    let lazy = {
        let builds = Arc::clone(&builds);
        LazyWsgi::new(move |_: &Context| match builds.fetch_add(1, Ordering::SeqCst) {
            0 => Err(pulsar::Error::new("the database is away")),
            1 => panic!("the database is a teapot"),
            _ => Ok(tell),
        })
    };
    let client = on_socket(lazy);
    let mut client = connect(&client);
    for _ in 0..2 {
        let answer = client.get("/");
        answer.assert_status(500);
        assert!(!answer.text().contains("database"), "{answer:?}");
    }
    for _ in 0..2 {
        client.get("/").assert(200, "GET [] [/] ? seen= body=");
    }
    assert_eq!(builds.load(Ordering::SeqCst), 3);
}

#[test]
fn each_worker_builds_its_own_and_sees_its_state() {
    let builds = Arc::new(AtomicUsize::new(0));
    let lazy = {
        let builds = Arc::clone(&builds);
        LazyWsgi::new(move |context: &Context| {
            builds.fetch_add(1, Ordering::SeqCst);
            let state = *context.get::<u32>().expect("it is given");
            let app = move |_: &mut Environ, start_response: StartResponse| {
                start_response("200 OK", TEXT)?;
                wsgi::Result::<_>::Ok(format!("state {state}"))
            };
            wsgi::Result::<_>::Ok(app)
        })
    };
    for state in [1_u32, 2] {
        let context = Context::default().with(state);
        let client = pulsar::testing::Client::new(Application::new(lazy.clone()).service(context));
        for _ in 0..2 {
            block_on(client.get("/").send()).assert_text(&format!("state {state}"));
        }
    }
    assert_eq!(builds.load(Ordering::SeqCst), 2);
}

#[test]
fn it_is_a_member_that_may_pass_on() {
    async fn passes(environ: &mut Environ, _: StartResponse) -> wsgi::Result<Option<()>> {
        environ.set("HTTP_X_SEEN", "lazy");
        Ok(None)
    }
    let lazy = LazyWsgi::new(|_: &Context| wsgi::Result::<_>::Ok(WsgiHandler::new().add(passes)));
    let client = client(WsgiHandler::new().add(lazy).add(tell));
    block_on(client.post("/").body("it").send()).assert_text("POST [] [/] ? seen=lazy body=it");
}
