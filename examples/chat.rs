//! A room in which everybody hears everybody: over WebSockets, and for those who only listen as server-sent events.
//!
//!     cargo run --example chat
//!     curl http://127.0.0.1:8060/                              # the page; open it in two windows
//!     curl -i http://127.0.0.1:8060/say -d 'hello, all'        # says something
//!     curl -N -m 2 http://127.0.0.1:8060/events                # what is said, for two seconds
//!     curl -i http://127.0.0.1:8060/ws                         # 426: it is a WebSocket
//!     curl -i -m 1 http://127.0.0.1:8060/ws -H 'Connection: upgrade' -H 'Upgrade: websocket' \
//!         -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
//!
//! Its tests are at the end: `cargo test --example chat`.
//!
//! The room is that of one worker: with `--workers 4`, which is four processes, there are four rooms.

use futures_util::{Stream, StreamExt, stream};
use pulsar::{
    Response, State, StatusCode, get, post, provide,
    sse::{Event, LastEventId, Sse},
    websocket::{Message, Utf8Bytes, WebSocketUpgrade},
};
use tokio::sync::broadcast::{self, error::RecvError};

struct Room {
    said: broadcast::Sender<Utf8Bytes>,
}

#[provide]
fn room() -> Room {
    // Whoever is more than 64 messages behind misses some.
    Room { said: broadcast::Sender::new(64) }
}

/// Says what the client sends, and sends what others say.
#[get("/ws")]
async fn ws(upgrade: WebSocketUpgrade, room: State<Room>) -> Response {
    upgrade.max_message_size(1024).on_upgrade(async move |mut socket| {
        let mut heard = room.said.subscribe();
        loop {
            tokio::select! {
                said = socket.recv() => match said {
                    // Nobody may be there to hear it, or only the one who said it.
                    Some(Ok(Message::Text(text))) => drop(room.said.send(text)),
                    Some(Ok(Message::Binary(_))) => return drop(socket.close(1003, "texts only").await),
                    _ => return,
                },
                text = heard.recv() => match text {
                    Ok(text) => {
                        if socket.send(text).await.is_err() {
                            return;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    })
}

/// The same for those who only listen. A client that comes back is told so in a comment.
#[get("/events")]
async fn events(room: State<Room>, last: Option<LastEventId>) -> Sse<impl Stream<Item = Event>> {
    let greeting = Event::new().comment(if last.is_some() { "welcome back" } else { "welcome" });
    let heard = stream::unfold(room.said.subscribe(), async |mut heard| {
        loop {
            match heard.recv().await {
                Ok(text) => return Some((Event::new().event("said").data(text), heard)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(stream::iter([greeting]).chain(heard))
}

#[post("/say")]
async fn say(room: State<Room>, text: String) -> StatusCode {
    // Nobody may be there to hear it.
    let _ = room.said.send(text.into());
    StatusCode::ACCEPTED
}

#[get("/")]
fn page() -> ([(&'static str, &'static str); 1], &'static str) {
    ([("content-type", "text/html; charset=utf-8")], PAGE)
}

const PAGE: &str = r#"<!doctype html>
<title>chat</title>
<form><input autofocus placeholder="say something"></form>
<ul></ul>
<script>
    const socket = new WebSocket(location.href.replace(/^http/, "ws") + "ws");
    const input = document.querySelector("input");
    socket.onmessage = ({ data }) => {
        const line = document.createElement("li");
        line.textContent = data;
        document.querySelector("ul").append(line);
    };
    socket.onclose = ({ code }) => input.placeholder = `closed with code ${code}`;
    document.forms[0].onsubmit = (event) => {
        event.preventDefault();
        socket.send(input.value);
        input.value = "";
    };
</script>
"#;

pulsar::main!();

#[cfg(test)]
mod tests {
    use pulsar::{
        testing::Client,
        websocket::{CloseFrame, Message},
    };

    #[pulsar::test]
    async fn everybody_hears_everybody(ada: Client, bob: Client, carol: Client) {
        let mut events = carol.get("/events").events().await;
        // Whoever has heard what he said himself is in the room.
        let mut bob = bob.get("/ws").websocket().await;
        bob.send_text("I am here").await;
        assert_eq!(bob.receive_text().await, "I am here");
        let mut ada = ada.get("/ws").websocket().await;
        ada.send_text("and I").await;
        assert_eq!(ada.receive_text().await, "and I");
        assert_eq!(bob.receive_text().await, "and I");
        carol.post("/say").body("hello, all").send().await.assert_status(202);
        for listener in [&mut ada, &mut bob] {
            assert_eq!(listener.receive_text().await, "hello, all");
        }
        for text in ["I am here", "and I", "hello, all"] {
            let event = events.next().await.unwrap();
            assert_eq!((event.event.as_str(), event.data.as_str()), ("said", text));
        }
        ada.close().await;
    }

    #[pulsar::test(socket)]
    async fn what_is_no_text_is_refused(client: Client) {
        let mut socket = client.get("/ws").websocket().await;
        socket.send(Message::Binary("\0".into())).await;
        assert_eq!(socket.receive_close().await, Some(CloseFrame::new(1003, "texts only")));
        client.get("/ws").send().await.assert_status(426);
    }
}
