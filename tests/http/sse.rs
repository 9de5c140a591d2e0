//! Server-sent events of our own.
//!
//! Proves: the headers; events arrive one by one while the stream runs, whatever line breaks their fields have; comments keep an
//! idle answer alive, and can be left out; errors and panics break the answer off; a client that comes back says where it was;
//! a server that drains ends the answer and waits for none.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpStream},
    sync::Mutex,
    thread,
    time::Duration,
};

use futures_util::{Stream, stream};
use pulsar::{
    Context, Error, Json, Method, Result, Router, State, get, provide,
    server::{Address, BoundAddress, Server, ServerConfig, Shutdown, Stop, Summary},
    sse::{Event, KeepAlive, LastEventId, Sse},
    testing::{Client, block_on},
};
use pulsar_tests::{until, wire};
use tokio::sync::mpsc;

use crate::support::{self, Log, connect, problem};

pulsar::scope!("/sse");

/// Where the test writes what the handler sends.
struct Feed {
    sender: Mutex<Option<mpsc::Sender<Result<Event, String>>>>,
    receiver: Mutex<Option<mpsc::Receiver<Result<Event, String>>>>,
}

#[provide]
fn feed() -> Feed {
    let (sender, receiver) = mpsc::channel(8);
    Feed { sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
}

#[get("/events/<any(usual,fast,silent):comments>")]
async fn events(
    comments: &str,
    feed: State<Feed>,
) -> Result<Sse<impl Stream<Item = Result<Event, String>> + use<>>> {
    let receiver = feed.receiver.lock().unwrap().take().ok_or_else(|| Error::status(409))?;
    let answer =
        Sse::new(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))));
    Ok(match comments {
        "fast" => answer.keep_alive(KeepAlive::new().every(Duration::ZERO).text("still\nhere")),
        "silent" => answer.keep_alive(None),
        _ => answer,
    })
}

/// An answer whose events come from the sender that is given back. The server lives as long as its client.
fn feeding(comments: &str) -> (Client, wire::Client<TcpStream>, mpsc::Sender<Result<Event, String>>) {
    let feed = feed();
    let sender = feed.sender.lock().unwrap().take().unwrap();
    let program = pulsar::program! { app sse { bind: "127.0.0.1:0", routes: crate::sse } }.provide(feed);
    let client = block_on(program.client_of("sse")).unwrap().on_socket().unwrap();
    let mut reader = connect(&client);
    reader.send(format!("GET /sse/events/{comments} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let head = reader.head();
    head.assert_status(200);
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")]
    {
        assert_eq!(head.header(name), Some(value), "{head:?}");
    }
    (client, reader, sender)
}

#[test]
fn events_arrive_one_by_one_and_stay_what_they_are() {
    let (_client, mut reader, sender) = feeding("silent");
    for (event, sent) in [
        (Event::new().data("one"), "data: one\n\n"),
        (Event::new().event("tick").id(7).data(1.5), "event: tick\nid: 7\ndata: 1.5\n\n"),
        (Event::new().data(""), "data: \n\n"),
        (Event::new().data(" led "), "data:  led \n\n"),
        (Event::new().data("a\nb\r\nc\rd\n\re"), "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n"),
        (Event::new().data("a\n"), "data: a\ndata: \n\n"),
        (Event::new().data("a").data("b"), "data: a\ndata: b\n\n"),
        (Event::new().data("id: 9\n\nevent: evil"), "data: id: 9\ndata: \ndata: event: evil\n\n"),
        (Event::new().json(&["a\r\nb"]).unwrap(), "data: [\"a\\r\\nb\"]\n\n"),
        (Event::new().retry(Duration::from_millis(1500)), "retry: 1500\n\n"),
        (Event::new().comment("x\rdata: evil\n\n").id(""), ": x\n: data: evil\n: \n: \nid: \n\n"),
        (Event::new().event("caf\u{e9}").data("\u{2028}"), "event: caf\u{e9}\ndata: \u{2028}\n\n"),
    ] {
        // The next is sent when the one before has arrived: nothing is held back.
        sender.try_send(Ok(event)).unwrap();
        assert_eq!(String::from_utf8(reader.chunk()).unwrap(), sent);
    }
    drop(sender);
    assert_eq!(reader.chunk(), b"", "the end of the stream is the end of the body");
    // The connection goes on after it.
    reader.request("GET", "/sse/maybe", &["Last-Event-ID: 7"], "").assert(200, "\"7\"");
}

#[test]
fn a_field_that_cannot_hold_its_value_keeps_the_event_back() {
    let log = Log::get();
    let (_client, mut reader, sender) = feeding("silent");
    for event in [
        Event::new().event("tick\ndata: evil"),
        Event::new().event("tick\rdata: evil"),
        Event::new().id("7\n\ndata: evil"),
        Event::new().id("7\r"),
        Event::new().id("7\0"),
        Event::new().event("a\nb").event("good").data("the mistake counts whatever follows"),
    ] {
        sender.try_send(Ok(event)).unwrap();
    }
    sender.try_send(Ok(Event::new().data("good"))).unwrap();
    assert_eq!(String::from_utf8(reader.chunk()).unwrap(), "data: good\n\n");
    for mistake in ["the name of an event has a line break", "the id of an event has a line break or a NUL"] {
        assert!(!log.lines(&format!("an event is not sent: {mistake}")).is_empty(), "{mistake}");
    }
}

#[test]
fn a_comment_keeps_an_idle_answer_alive() {
    let (_client, mut reader, sender) = feeding("fast");
    for _ in 0..3 {
        assert_eq!(String::from_utf8(reader.chunk()).unwrap(), ": still\n: here\n\n");
    }
    sender.try_send(Ok(Event::new().data("one"))).unwrap();
    until("the event comes among the comments", || reader.chunk() == b"data: one\n\n");
}

#[test]
fn an_error_of_the_stream_is_logged_and_breaks_the_answer_off() {
    let (_client, mut reader, sender) = feeding("usual");
    sender.try_send(Ok(Event::new().data("one"))).unwrap();
    assert_eq!(reader.chunk(), b"data: one\n\n");
    sender.try_send(Err("the feed of this test dried up".into())).unwrap();
    assert_eq!(reader.rest(), b"", "no last chunk: what is truncated must not look complete");
    until("the error is logged", || {
        !Log::get().lines("a stream of events failed: the feed of this test dried up").is_empty()
    });
}

#[test]
fn a_client_that_leaves_ends_the_stream() {
    let (_client, reader, sender) = feeding("fast");
    assert!(!sender.is_closed());
    drop(reader);
    until("the stream is dropped", || sender.is_closed());
}

#[get("/last")]
async fn last(id: LastEventId) -> String {
    id.to_uppercase()
}

#[get("/maybe")]
async fn maybe(id: Option<LastEventId>) -> Json<Option<String>> {
    Json(id.map(|id| id.0))
}

#[test]
fn a_client_that_comes_back_says_where_it_was() {
    let client: Client = support::client(module_path!(), |app| app);
    let get = |path: &str, id: Option<&[u8]>| {
        let mut request = client.get(path);
        if let Some(id) = id {
            request = request.header("last-event-id", pulsar::http::HeaderValue::from_bytes(id).unwrap());
        }
        block_on(request.send())
    };
    get("/sse/last", Some(b"abc")).assert_status(200).assert_text("ABC");
    get("/sse/maybe", Some(b"")).assert_status(200).assert_text("\"\"");
    get("/sse/maybe", Some("\u{e9}".as_bytes())).assert_status(200).assert_text("\"\u{e9}\"");
    get("/sse/maybe", None).assert_status(200).assert_text("null");
    assert_eq!(problem(&get("/sse/last", None), 400), "the header `Last-Event-ID` is missing");
    for path in ["/sse/last", "/sse/maybe"] {
        assert_eq!(problem(&get(path, Some(b"\xe9")), 400), "the header `Last-Event-ID` is no UTF-8");
    }
}

/// A server of `router` on a port of its own, its handle, and what it says in the end.
pub(crate) fn serve(
    router: Router,
    config: ServerConfig,
) -> (SocketAddr, Shutdown, thread::JoinHandle<Summary>) {
    let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
    let bound = Server::bind(ServerConfig { binds, ..config }).unwrap();
    let BoundAddress::Tcp(address) = bound.addresses()[0] else { panic!("a TCP address was asked for") };
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let service = router.compile(Context::default()).unwrap();
    (address, shutdown, thread::spawn(move || bound.serve(service, stop).unwrap()))
}

#[test]
fn a_server_that_drains_ends_the_answer_in_order() {
    let endless = async || Sse::new(stream::pending::<Event>()).keep_alive(None);
    let layered = Router::new().add(Method::GET, "/", endless).compile(Context::default()).unwrap();
    let router = Router::new().add(Method::GET, "/", endless).mount("/mounted", layered);
    let grace = ServerConfig { graceful_timeout: Duration::from_secs(3600), ..ServerConfig::default() };
    let (address, shutdown, server) = serve(router, grace);
    let mut readers: Vec<_> = ["/", "/mounted"]
        .map(|path| {
            let mut reader = wire::Client::tcp(address);
            reader.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
            reader.head().assert_status(200);
            reader
        })
        .into();
    shutdown.drain();
    for reader in &mut readers {
        assert_eq!(reader.chunk(), b"", "the last chunk");
    }
    let summary = server.join().unwrap();
    assert_eq!((summary.stop, summary.cut), (Stop::Requested, 0));
}

#[test]
fn a_stream_that_panics_breaks_the_answer_off_and_the_worker_lives() {
    let panics = async || {
        Sse::new(stream::unfold(0, async |number: u32| match number {
            0 => Some((Ok::<_, Infallible>(Event::new().data("one")), 1)),
            _ => panic!("a stream of events panics"),
        }))
    };
    let router = Router::new().add(Method::GET, "/", panics).add(Method::GET, "/alive", async || "yes");
    let (address, shutdown, server) = serve(router, ServerConfig::default());
    let mut reader = wire::Client::tcp(address);
    reader.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    reader.head().assert_status(200);
    assert_eq!(reader.chunk(), b"data: one\n\n");
    assert_eq!(reader.rest(), b"");
    wire::Client::tcp(address).get("/alive").assert(200, "yes");
    shutdown.force();
    server.join().unwrap();
}
