//! The whole application in one process: router, handler, extractors, answer; no server and no socket.

use divan::Bencher;
use micro::{Order, get, order, post, ready};
use pulsar::{Json, Query, Request, State, provide, testing::block_on};
use serde::{Deserialize, Serialize};
use tower_service::Service;

#[pulsar::get("/plaintext")]
async fn plaintext() -> &'static str {
    "Hello, World!"
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[pulsar::get("/json")]
async fn json() -> Json<Message> {
    Json(Message { message: "Hello, World!" })
}

#[pulsar::get("/user/<int:id>/post/<slug>")]
async fn user(id: u32, slug: &str) -> String {
    format!("{id} {slug}")
}

#[derive(Deserialize)]
struct Page {
    page: u32,
    search: String,
}

#[pulsar::get("/search")]
async fn search(page: Query<Page>) -> String {
    format!("{} {}", page.0.page, page.0.search)
}

struct Greeting(&'static str);

#[provide]
fn greeting() -> Greeting {
    Greeting("Hello, World!")
}

#[pulsar::get("/state")]
async fn state(greeting: State<Greeting>) -> &'static str {
    greeting.0.0
}

#[pulsar::post("/echo")]
async fn echo(order: Json<Order>) -> Json<Order> {
    order
}

/// From a request to the head of its answer; bodies in memory are there by then.
fn answer(bencher: Bencher<'_, '_>, status: u16, request: impl Fn() -> Request + Sync) {
    let service = block_on(pulsar::program! {}.service()).expect("the routes are right");
    bencher.with_inputs(|| (service.clone(), request())).bench_values(|(mut service, request)| {
        let answer = ready(service.call(request)).expect("it cannot fail");
        assert_eq!(answer.status(), status);
        answer
    });
}

#[divan::bench]
fn plaintext_route(bencher: Bencher<'_, '_>) {
    answer(bencher, 200, || get("/plaintext"));
}

#[divan::bench]
fn json_answer(bencher: Bencher<'_, '_>) {
    answer(bencher, 200, || get("/json"));
}

#[divan::bench]
fn path_values(bencher: Bencher<'_, '_>) {
    answer(bencher, 200, || get("/user/12345/post/hello-world"));
}

#[divan::bench]
fn query_values(bencher: Bencher<'_, '_>) {
    answer(bencher, 200, || get("/search?page=7&search=pulsar"));
}

#[divan::bench]
fn provider(bencher: Bencher<'_, '_>) {
    answer(bencher, 200, || get("/state"));
}

#[divan::bench]
fn json_in_and_out(bencher: Bencher<'_, '_>) {
    let order = order();
    answer(bencher, 200, || post("/echo", "application/json", &order));
}

#[divan::bench]
fn not_found(bencher: Bencher<'_, '_>) {
    answer(bencher, 404, || get("/nothing"));
}

#[divan::bench]
fn bad_json(bencher: Bencher<'_, '_>) {
    answer(bencher, 400, || post("/echo", "application/json", r#"{"id":42"#));
}
