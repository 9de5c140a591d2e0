//! Extractors alone, as a handler calls them, and JSON as an answer. Path values need a router: `application` and `router` have them.

use std::sync::Arc;

use divan::Bencher;
use micro::{Order, get, order, post, ready};
use pulsar::{Context, Form, FromRequest, FromRequestParts, IntoResponse, Json, Query, State};
use serde::Deserialize;

#[derive(Deserialize)]
struct Search {
    page: u32,
    words: String,
    tag: Vec<String>,
}

const PAIRS: &str = "page=7&words=caf%C3%A9+au+lait&tag=hot&tag=strong";

fn right(search: &Search) {
    assert_eq!((search.page, search.words.as_str(), search.tag.len()), (7, "café au lait", 2));
}

#[divan::bench]
fn query(bencher: Bencher<'_, '_>) {
    let context = Context::default();
    let path = format!("/?{PAIRS}");
    bencher.with_inputs(|| get(&path).into_parts().0).bench_values(|mut parts| {
        let query = Query::<Search>::from_request_parts(&mut parts, &context);
        let Ok(Query(search)) = ready(query) else { panic!("the query is right") };
        right(&search);
    });
}

#[divan::bench]
fn form(bencher: Bencher<'_, '_>) {
    let context = Context::default();
    let request = || post("/", "application/x-www-form-urlencoded", PAIRS);
    bencher.with_inputs(request).bench_values(|request| {
        let Ok(Form(search)) = ready(Form::<Search>::from_request(request, &context)) else {
            panic!("the form is right")
        };
        right(&search);
    });
}

#[divan::bench]
fn json(bencher: Bencher<'_, '_>) {
    let context = Context::default();
    let order = order();
    bencher.with_inputs(|| post("/", "application/json", &order)).bench_values(|request| {
        let Ok(Json(order)) = ready(Json::<Order>::from_request(request, &context)) else {
            panic!("the order is right")
        };
        assert_eq!(order.items.len(), 16);
        order
    });
}

/// What reading the same JSON takes without an extractor.
#[divan::bench]
fn json_by_serde(bencher: Bencher<'_, '_>) {
    let order = order();
    bencher.bench(|| serde_json::from_str::<Order>(&order).expect("the order is right"));
}

#[divan::bench]
fn state(bencher: Bencher<'_, '_>) {
    let context = Context::default().with(7_u64);
    bencher.with_inputs(|| get("/").into_parts().0).bench_values(|mut parts| -> Arc<u64> {
        let Ok(State(number)) = ready(State::<u64>::from_request_parts(&mut parts, &context)) else {
            panic!("there is a number")
        };
        number
    });
}

#[divan::bench]
fn json_answer(bencher: Bencher<'_, '_>) {
    let order: Order = serde_json::from_str(&order()).expect("the order is right");
    bencher.bench(|| Json(&order).into_response());
}
