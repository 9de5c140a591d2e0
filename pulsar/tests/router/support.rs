//! A notation for tables: a request and what comes of it, each in one line of text.

use http::{HeaderValue, Method};
use pulsar::{
    Context, Settings,
    extract::Path,
    router::{Router, RouterService},
    testing::{Client, block_on},
};

/// The header in which handlers tell that they were called, so that an answer to HEAD tells it too.
const MATCHED: &str = "x-matched";

/// Rules, and for each request what comes of it.
pub(crate) type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// Adds a route written as `METHOD RULE`, or as `RULE` for GET. Its handler answers with that text and the path values.
#[track_caller]
pub(crate) fn add(router: Router, route: &str) -> Router {
    let (method, rule) = method_and_path(route);
    let route = route.to_owned();
    router.add(method, rule, async move |Path(values): Path<Vec<String>>| {
        let mut matched = route;
        for (n, value) in values.iter().enumerate() {
            matched.push_str(if n == 0 { " " } else { " | " });
            matched.push_str(value);
        }
        [(MATCHED, HeaderValue::from_bytes(matched.as_bytes()).expect("no control characters in a test"))]
    })
}

pub(crate) fn router(routes: &[&str]) -> Router {
    routes.iter().fold(Router::new(), |router, route| add(router, route))
}

#[track_caller]
pub(crate) fn compile(router: Router) -> RouterService {
    router.compile(context()).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn context() -> Context {
    Context::new(Settings::default()).expect("a thread pool")
}

pub(crate) fn method_and_path(text: &str) -> (Method, &str) {
    match text.split_once(' ') {
        Some((method, path)) if !text.starts_with('/') => (method.parse().expect("a method"), path),
        _ => (Method::GET, text),
    }
}

/// What comes of a request: the route and its values, or the status with the header that belongs to it.
pub(crate) async fn outcome(client: &Client, request: &str) -> String {
    let (method, path) = method_and_path(request);
    let answer = client.request(method, path).send().await;
    if let Some(matched) = answer.headers().get(MATCHED) {
        return String::from_utf8(matched.as_bytes().to_vec()).expect("a rule and its values are text");
    }
    let header = answer.header("location").or_else(|| answer.header("allow"));
    match header {
        Some(value) => format!("{} {value}", answer.status().as_u16()),
        None => answer.status().as_u16().to_string(),
    }
}

/// Checks every request of every case, with the rules in every order; gives the number of requests.
#[track_caller]
pub(crate) fn check(cases: &[Case<'_>], prepare: impl Fn(Router) -> Router) -> usize {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for (routes, requests) in cases {
        rows += requests.len();
        for order in orders(routes) {
            let client = Client::new(compile(prepare(router(&order))));
            for (request, expected) in *requests {
                let found = block_on(outcome(&client, request));
                let expected = match expected.strip_prefix('*') {
                    Some("") => format!("{} {}", routes[0], request.trim_start_matches('/')),
                    Some(values) => format!("{}{values}", routes[0]),
                    None => (*expected).to_owned(),
                };
                if found != expected {
                    wrong.push(format!(
                        "{order:?}\n    {request}\n        expected {expected}\n        found    {found}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rows
}

/// All orders of a few routes, and of many these: as given, reversed.
pub(crate) fn orders<'a>(routes: &[&'a str]) -> Vec<Vec<&'a str>> {
    match routes {
        [] => vec![Vec::new()],
        _ if routes.len() > 4 => vec![routes.to_vec(), routes.iter().rev().copied().collect()],
        _ => (0..routes.len())
            .flat_map(|first| {
                let rest: Vec<_> =
                    routes.iter().enumerate().filter(|&(n, _)| n != first).map(|(_, &r)| r).collect();
                orders(&rest).into_iter().map(move |mut order| {
                    order.insert(0, routes[first]);
                    order
                })
            })
            .collect(),
    }
}
