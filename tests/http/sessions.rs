//! Sessions of tower-sessions: a layer that sets cookies, and an extractor.
//!
//! Proves: a session lasts over requests, is another one for another client, ends when it is flushed, and an id that
//! nobody was given opens nothing; a client that keeps cookies need not know of any of it.

use pulsar::{Result, get, post, testing::block_on};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::support;

pulsar::scope!("/sessions");

#[post("/count")]
async fn count(session: Session) -> Result<String> {
    let count = session.get::<u32>("count").await?.unwrap_or_default() + 1;
    session.insert("count", count).await?;
    Ok(count.to_string())
}

#[get("/count")]
async fn current(session: Session) -> Result<String> {
    Ok(format!("{:?}", session.get::<u32>("count").await?))
}

#[post("/logout")]
async fn logout(session: Session) -> Result<()> {
    Ok(session.flush().await?)
}

#[test]
fn every_client_has_a_session_of_its_own() {
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_secure(false).with_name("sid");
    let in_process = support::client(module_path!(), |app| app.layer(layer)).without_cookies();
    let on_socket = in_process.clone().on_socket().unwrap();
    // Both reach the same store.
    for client in [in_process, on_socket] {
        let send = |method: &str, path: &str, cookie: &str| {
            let request = client.request(method.parse().unwrap(), &format!("/sessions{path}"));
            block_on(if cookie.is_empty() { request } else { request.header("cookie", cookie) }.send())
        };
        let begin = || {
            let first = send("POST", "/count", "");
            let cookie = first.assert_text("1").header("set-cookie").expect("a cookie").to_owned();
            assert!(cookie.starts_with("sid=") && cookie.contains("HttpOnly"), "{cookie}");
            cookie.split(';').next().unwrap().to_owned()
        };
        let (ada, grace) = (begin(), begin());
        assert_ne!(ada, grace);
        send("POST", "/count", &ada).assert_text("2");
        send("POST", "/count", &ada).assert_text("3");
        send("POST", "/count", &grace).assert_text("2");
        send("GET", "/count", &ada).assert_text("Some(3)");
        let none = send("GET", "/count", "");
        none.assert_text("None");
        assert_eq!(none.header("set-cookie"), None, "who only looks gets no session");
        for forged in ["sid=AAAAAAAAAAAAAAAAAAAAAA", "sid=nonsense", "sid="] {
            send("GET", "/count", forged).assert_status(200).assert_text("None");
        }
        let end = send("POST", "/logout", &ada);
        assert!(end.header("set-cookie").unwrap().starts_with("sid=; "), "{end}");
        send("GET", "/count", &ada).assert_text("None");
        send("GET", "/count", &grace).assert_text("Some(2)");
    }
}

#[test]
fn a_client_that_keeps_cookies_is_in_its_session() {
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_name("sid");
    // The cookie of this layer is for TLS alone.
    let ada = support::client(module_path!(), |app| app.layer(layer)).over_https();
    let grace = ada.new_browser();
    block_on(async {
        ada.post("/sessions/count").send().await.assert_text("1");
        ada.post("/sessions/count").send().await.assert_text("2");
        grace.get("/sessions/count").send().await.assert_text("None");
        assert!(ada.cookie("sid").is_some() && grace.cookie("sid").is_none());
        ada.post("/sessions/logout").send().await.assert_status(200);
        assert_eq!(ada.cookie("sid"), None, "the answer took it away");
        ada.get("/sessions/count").send().await.assert_text("None");
    });
}
