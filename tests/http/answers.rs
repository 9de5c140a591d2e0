//! Answers of axum from our handlers: pages, redirects, server-sent events.
//!
//! Proves: `Html` and `Redirect` are sent as they are; events arrive one by one while the handler's stream still runs,
//! comments keep an idle one alive, its end is an end, and a client that leaves ends the stream.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use axum::response::{
    Html, Redirect, Sse,
    sse::{Event, KeepAlive},
};
use futures_util::{Stream, stream};
use pulsar::{Error, Result, State, get, provide, testing::block_on};
use pulsar_tests::until;
use tokio::sync::mpsc;

use crate::support::{self, connect};

pulsar::scope!("/answers");

#[get("/page")]
fn page() -> Html<&'static str> {
    Html("<p>caf\u{e9}</p>")
}

#[get("/redirect/<any(to,temporary,permanent):kind>")]
async fn redirect(kind: &str) -> Redirect {
    match kind {
        "to" => Redirect::to("/a?b=c"),
        "temporary" => Redirect::temporary("/a?b=c"),
        _ => Redirect::permanent("/a?b=c"),
    }
}

#[test]
fn pages_and_redirects_are_sent_as_they_are() {
    let client = support::client(module_path!(), |app| app);
    let page = block_on(client.get("/answers/page").send());
    page.assert_status(200).assert_header("content-type", "text/html; charset=utf-8");
    page.assert_text("<p>caf\u{e9}</p>");
    for (kind, status) in [("to", 303), ("temporary", 307), ("permanent", 308)] {
        let answer = block_on(client.get(&format!("/answers/redirect/{kind}")).send());
        answer.assert_status(status).assert_header("location", "/a?b=c").assert_text("");
    }
}

/// Where the test writes what the handler sends.
struct Feed {
    sender: Mutex<Option<mpsc::Sender<&'static str>>>,
    receiver: Mutex<Option<mpsc::Receiver<&'static str>>>,
}

#[provide]
fn feed() -> Feed {
    let (sender, receiver) = mpsc::channel(8);
    Feed { sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
}

type Events = Sse<
    axum::response::sse::KeepAliveStream<
        std::pin::Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>>,
    >,
>;

#[get("/events/<int:keep_alive>")]
async fn events(keep_alive: u64, feed: State<Feed>) -> Result<Events> {
    let receiver = feed.receiver.lock().unwrap().take().ok_or_else(|| Error::status(409))?;
    let events = stream::unfold(receiver, async |mut receiver| {
        let word = receiver.recv().await?;
        Some((Ok(Event::default().event("word").data(word)), receiver))
    });
    let alive = KeepAlive::new().interval(Duration::from_millis(keep_alive)).text("still here");
    Ok(Sse::new(Box::pin(events) as _).keep_alive(alive))
}

/// An application whose events come from the sender that is given back.
fn feeding() -> (pulsar::testing::Client, mpsc::Sender<&'static str>) {
    let feed = feed();
    let sender = feed.sender.lock().unwrap().take().unwrap();
    let program =
        pulsar::program! { app answers { bind: "127.0.0.1:0", routes: crate::answers } }.provide(feed);
    (block_on(program.client_of("answers")).unwrap().on_socket().unwrap(), sender)
}

#[test]
fn events_arrive_one_by_one_while_the_stream_runs() {
    let (client, sender) = feeding();
    let mut reader = connect(&client);
    reader.send("GET /answers/events/3600000 HTTP/1.1\r\nHost: a\r\n\r\n");
    // The head is there before the first event.
    let head = reader.head();
    assert_eq!(head.status, 200, "{head:?}");
    assert_eq!(head.header("content-type"), Some("text/event-stream"), "{head:?}");
    for word in ["one", "two"] {
        // The next is sent when the one before has arrived: nothing was held back.
        sender.try_send(word).unwrap();
        let event = format!("event: word\ndata: {word}\n\n");
        assert_eq!(String::from_utf8(reader.chunk()).unwrap(), event);
    }
    drop(sender);
    assert_eq!(reader.chunk(), b"", "the end of the stream is the end of the body");
    // The connection goes on after it.
    reader.get("/answers/page").assert_status(200);
}

#[test]
fn a_comment_keeps_an_idle_stream_alive() {
    let (client, sender) = feeding();
    let mut reader = connect(&client);
    reader.send("GET /answers/events/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    reader.head().assert_status(200);
    assert_eq!(String::from_utf8(reader.chunk()).unwrap(), ": still here\n\n");
    sender.try_send("one").unwrap();
    until("the event comes among the comments", || {
        let chunk = reader.chunk();
        chunk != b": still here\n\n" && chunk.starts_with(b"event: word\ndata: one\n")
    });
}

#[test]
fn a_client_that_leaves_ends_the_stream() {
    let (client, sender) = feeding();
    let mut reader = connect(&client);
    reader.send("GET /answers/events/3600000 HTTP/1.1\r\nHost: a\r\n\r\n");
    reader.head().assert_status(200);
    assert!(!sender.is_closed());
    drop(reader);
    until("the stream is dropped", || sender.is_closed());
}
