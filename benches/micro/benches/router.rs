//! Finding the route of a path among 10, 100 and 1,000: text, one placeholder, several, none that matches; and compiling the rules.

use divan::Bencher;
use micro::{get, ready};
use pulsar::{Context, Method, Router};
use tower_service::Service;

const SIZES: [usize; 3] = [10, 100, 1000];

/// As many rules as asked for, of five kinds.
fn router(size: usize) -> Router {
    (0..size / 5).fold(Router::new(), |router, number| {
        let rules = [
            format!("/section{number}"),
            format!("/section{number}/about"),
            format!("/section{number}/users/<int:id>"),
            format!("/section{number}/users/<int:id>/posts/<slug>"),
            format!("/section{number}/files/<path:rest>"),
        ];
        rules.iter().fold(router, |router, rule| router.add(Method::GET, rule, async || "found"))
    })
}

/// The whole way through the router: the search, the handler, its answer.
fn find(bencher: Bencher<'_, '_>, size: usize, path: &str, status: u16) {
    let service = router(size).compile(Context::default()).expect("no two rules conflict");
    let path = path.replace('#', &(size / 10).to_string());
    bencher.with_inputs(|| (service.clone(), get(&path))).bench_values(|(mut service, request)| {
        let answer = ready(service.call(request)).expect("it cannot fail");
        assert_eq!(answer.status(), status);
        answer
    });
}

#[divan::bench(args = SIZES)]
fn text(bencher: Bencher<'_, '_>, size: usize) {
    find(bencher, size, "/section#/about", 200);
}

#[divan::bench(args = SIZES)]
fn one_placeholder(bencher: Bencher<'_, '_>, size: usize) {
    find(bencher, size, "/section#/users/12345", 200);
}

#[divan::bench(args = SIZES)]
fn two_placeholders(bencher: Bencher<'_, '_>, size: usize) {
    find(bencher, size, "/section#/users/12345/posts/hello-world", 200);
}

#[divan::bench(args = SIZES)]
fn rest_of_a_path(bencher: Bencher<'_, '_>, size: usize) {
    find(bencher, size, "/section#/files/images/2026/november/26.png", 200);
}

#[divan::bench(args = SIZES)]
fn nothing(bencher: Bencher<'_, '_>, size: usize) {
    find(bencher, size, "/section#/users/ada/posts", 404);
}

#[divan::bench(args = SIZES)]
fn compile(bencher: Bencher<'_, '_>, size: usize) {
    let context = Context::default();
    bencher
        .with_inputs(|| (router(size), context.clone()))
        .bench_values(|(router, context)| router.compile(context).expect("no two rules conflict"));
}
