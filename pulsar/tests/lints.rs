//! What the macros write is under no lint of whoever uses them: this program is strict with itself, and nothing but the lints that
//! it could not `forbid` anyway is allowed anywhere.

#![deny(warnings, nonstandard_style)]
#![forbid(missing_docs, unreachable_pub, non_ascii_idents, uncommon_codepoints, confusable_idents)]
#![forbid(
    mixed_script_confusables,
    unused,
    single_use_lifetimes,
    unnameable_types,
    missing_debug_implementations
)]
#![forbid(elided_lifetimes_in_paths, unused_qualifications, private_interfaces, let_underscore_drop)]

use std::time::Duration;

use pulsar::{
    Json, State, delete, every, get, on, post, provide, route, url,
    wsgi::{self, Environ, StartResponse},
    wsgi_app,
};

struct Db(u32);

#[provide]
fn db() -> Db {
    Db(7)
}

#[provide]
async fn limit(db: &Db) -> pulsar::Result<Duration> {
    Ok(Duration::try_from_secs_f64(f64::from(db.0))?)
}

#[get("/")]
async fn home() -> &'static str {
    "home"
}

#[route("/state", methods = ["GET", "PUT"])]
async fn state(db: State<Db>, limit: State<Duration>) -> String {
    format!("{} {:?}", db.0.0, limit.0)
}

#[post("/users/<int:id>/<slug>")]
#[delete("/people/<int:id>/<slug>")]
async fn user(id: u32, slug: &str, db: State<Db>, body: Json<u32>) -> pulsar::Result<Json<u32>> {
    assert!(!slug.is_empty());
    Ok(Json(id + db.0.0 + body.0))
}

#[get("/pool/<slug>")]
fn pool(slug: String) -> Result<String, pulsar::Error> {
    if slug == "/" { Err(pulsar::Error::status(404)) } else { Ok(slug) }
}

#[get("/quick", inline)]
fn quick() {}

#[wsgi_app("/legacy")]
async fn legacy(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
    start_response("200 OK", &[])?;
    Ok("legacy")
}

#[on(worker_start)]
fn started(db: &Db) {
    assert_eq!(db.0, 7);
}

#[on(message = "double")]
async fn double(number: u32) -> u32 {
    2 * number
}

#[every("1h")]
async fn sweep(db: &Db) -> pulsar::Result<()> {
    if db.0 == 7 { Ok(()) } else { Err(pulsar::Error::new("another database")) }
}

#[pulsar::test(socket)]
async fn it_is_a_program(client: pulsar::testing::Client) {
    client.get(&url!(home)).send().await.assert_text("home");
    client.get("/state").send().await.assert_text("7 7s");
    client.get(&url!(pool { slug: "a/b" })).send().await.assert_text("a/b");
    client.delete(&url!(user { id: 1, slug: "x" })).json(&2).send().await.assert_json(&10);
    client.get("/quick").send().await.assert_status(200);
    client.get("/legacy/x").send().await.assert_text("legacy");
}

#[test]
fn nothing_is_wrong_with_it() {
    pulsar::check!();
}
