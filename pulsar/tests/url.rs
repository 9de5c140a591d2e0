//! URLs of routes: what `url!` makes, what a handler puts before it, what is found by name.
#![allow(missing_docs)] // functions that nobody but this test calls

use std::{borrow::Cow, fmt, num::ParseIntError, path::PathBuf, str::FromStr};

use pulsar::{
    Context, Error, Json, Method, Query, Request, Router, StatusCode,
    extract::Path,
    get, post, program,
    request::MatchedRoute,
    router::RouterService,
    testing::{Client, block_on},
    url,
    url::{Redirect, Url, UrlError, Urls},
    wsgi::Application,
};
use serde::{Deserialize, Serialize};

#[get("/")]
async fn home(urls: Urls) -> String {
    format!("{} {}", urls.of(url!(user { id: 7 })), urls.absolute(url!(home)))
}

#[get("/users/<int(min=1):id>", name = "user.show")]
async fn user(id: u64) -> String {
    format!("user {id}")
}

#[derive(Debug, Deserialize, Serialize)]
struct Filter {
    q: String,
    page: Option<u32>,
    #[serde(default)]
    tag: Vec<String>,
}

#[get("/search/")]
async fn search(filter: Query<Filter>) -> Json<Filter> {
    Json(filter.0)
}

#[post("/jump/<path:to>")]
async fn jump(to: PathBuf, urls: Urls) -> Result<Redirect, Error> {
    let to = to.to_str().unwrap_or_default();
    Ok(Redirect::to(urls.of(url!(try files { rest: to })?)))
}

#[get("/files/<path:rest>")]
async fn files(rest: PathBuf, route: MatchedRoute) -> String {
    format!("{} of {}", rest.display(), route.rule())
}

#[get("/link/<name>/<int:id>")]
async fn link(name: &str, id: u64, urls: Urls) -> Result<String, Error> {
    Ok(urls.url_for(name, [("id", id)])?.to_string())
}

struct Code(u16);

struct Point {
    x: u8,
    y: u8,
}

impl FromStr for Point {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (x, y) = text.split_once(',').unwrap_or((text, "0"));
        Ok(Point { x: x.parse()?, y: y.parse()? })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.x, self.y)
    }
}

#[get("/points/<point>")]
async fn point(point: Point) -> String {
    point.to_string()
}

impl FromStr for Code {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u16::from_str_radix(text, 16).map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

pub mod catalogue {
    pulsar::scope!("/shop");

    use super::Code;
    use pulsar::get;

    #[get("/years/<int(fixed_digits=4):year>/<any(en,it):lang>")]
    pub async fn year(year: u16, lang: String) -> String {
        format!("{year} {lang}")
    }

    pub mod items {
        #[allow(unused_imports)]
        use super::*;
        /// One of the same name stands above.
        #[get("/items/<code>-<float:price>/<title>")]
        pub(crate) async fn year(code: Code, price: f64, title: String) -> String {
            format!("{} {price} {title}", code.0)
        }

        #[get(r#"/stock/<re("[A-Z]{3}"):sku>/<uuid:key>"#)]
        pub(in super::super) async fn stock(sku: String, key: String) -> String {
            format!("{sku} {key}")
        }
    }
}

use catalogue::items;

#[get("/days/<int:year>/<month>/<day>")]
async fn day(Path((year, month, day)): Path<(i32, Box<str>, Cow<'static, str>)>) -> String {
    format!("{year} {month} {day}")
}

#[get("/raw/<int:first>/<second>")]
async fn raw(request: Request) -> String {
    request.uri().path().to_owned()
}

#[get("/type/<name>/<_unused>")]
async fn r#type(name: &str, _unused: u8) -> String {
    name.to_owned()
}

mod beside {
    #[pulsar::get("/beside")]
    pub(crate) async fn beside() -> &'static str {
        "beside"
    }
}

#[get("/old-address", name = "old")]
#[post("/address")]
#[get("/address")]
async fn address() -> &'static str {
    "here"
}

/// What else is called as a handler is in nobody's way.
mod address {}

#[get("/http", url = false)]
async fn http() -> http::StatusCode {
    http::StatusCode::OK
}

#[allow(non_camel_case_types, dead_code)]
type http_url = ();

async fn answer(path: &str) -> String {
    let client = program!().client().await.unwrap();
    client.get(path).send().await.assert_status(200).text().to_owned()
}

#[test]
fn a_url_leads_to_its_route_with_its_values() {
    let code = Code(0xbeef);
    let key = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let owned = String::from("a/b c?#%é\\");
    let rows: Vec<(Url, &str, String)> = vec![
        (url!(user { id: 7 }), "/users/7", "user 7".into()),
        (url!(catalogue::year { year: 800, lang: "it" }), "/shop/years/0800/it", "800 it".into()),
        (
            url!(items::year { code, price: 9.5, title: &owned }),
            "/shop/items/beef-9.5/a%2Fb%20c%3F%23%25%C3%A9%5C",
            "48879 9.5 a/b c?#%é\\".into(),
        ),
        (
            url!(items::stock { key, sku: &"ABC".to_owned() }),
            &format!("/shop/stock/ABC/{key}"),
            format!("ABC {key}"),
        ),
        (url!(files { rest: "a/b c/" }), "/files/a/b%20c/", "a/b c/ of /files/<path:rest>".into()),
        (url!(day { year: 2026, month: "may", day: "1" }), "/days/2026/may/1", "2026 may 1".into()),
        (url!(raw { first: "1", second: "x/y" }), "/raw/1/x%2Fy", "/raw/1/x%2Fy".into()),
        (url!(r#type { name: "in", _unused: 3 }), "/type/in/3", "in".into()),
        (url!(point { point: Point { x: 1, y: 2 } }), "/points/1,2", "1,2".into()),
        (
            url!(point {
                point: std::iter::zip::<[u8; 1], [u8; 1]>([1], [2])
                    .map(|(x, y)| Point { x, y })
                    .next()
                    .unwrap()
            }),
            "/points/1,2",
            "1,2".into(),
        ),
        (url!(beside::beside), "/beside", "beside".into()),
        (url!(self::address {}), "/address", "here".into()),
    ]
    .into_iter()
    .map(|(url, text, expected)| (url, Box::leak(text.to_owned().into_boxed_str()) as &str, expected))
    .collect();
    for (url, text, expected) in rows {
        assert_eq!(url, text);
        assert_eq!(block_on(answer(&url)), expected, "{url}");
    }
}

#[test]
fn values_of_the_function_it_stands_in_are_evaluated_in_order() {
    #[get("/<a>/<b>")]
    async fn local(a: Local, b: String) -> String {
        format!("{} {b}", a.0)
    }

    struct Local(u8);

    impl FromStr for Local {
        type Err = ParseIntError;

        fn from_str(text: &str) -> Result<Self, ParseIntError> {
            text.parse().map(Local)
        }
    }

    impl fmt::Display for Local {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    let mut calls = Vec::new();
    let mut next = |name: &'static str| {
        calls.push(name);
        name.len()
    };
    let mut made = || -> Result<Url, Error> {
        let value = "value";
        Ok(url!(try local {
            b: &format!("{value}{}", next("second")),
            a: Local(u8::try_from(next("first"))?),
        })?)
    };
    assert_eq!(made().unwrap(), "/5/value6");
    assert_eq!(calls, ["second", "first"], "as they are written");
    let url = block_on(async { url!(local { a: std::future::ready(Local(1)).await, b: "x" }) });
    assert_eq!(url, "/1/x");
}

#[test]
fn the_same_struct_is_written_and_read_as_a_query() {
    let filter = Filter { q: "a & b = ü".into(), page: None, tag: vec!["x".into(), "y z".into()] };
    let url = url!(search).query_of(&filter).fragment("results");
    assert_eq!(url, "/search/?q=a+%26+b+%3D+%C3%BC&tag=x&tag=y+z#results");
    let text = block_on(answer(url.split('#').next().unwrap()));
    assert_eq!(text, r#"{"q":"a & b = ü","page":null,"tag":["x","y z"]}"#);
}

#[test]
fn a_url_is_a_header_and_a_text() {
    #[derive(Clone, Serialize)]
    struct Answer {
        url: Url,
    }
    let url = url!(user { id: 7 });
    assert_eq!(format!("{url:>10}|{url:?}"), "  /users/7|\"/users/7\"");
    assert_eq!(pulsar::http::HeaderValue::from(url.clone()), "/users/7");
    let answer = Answer { url: url.clone() };
    let router = Router::new().add(Method::GET, "/", move || std::future::ready(Json(answer.clone())));
    block_on(async {
        let client = Client::new(router.compile(Context::default()).unwrap());
        client.get("/").send().await.assert_text(r#"{"url":"/users/7"}"#);
    });
    assert_eq!(String::from(url), "/users/7");
}

#[test]
fn what_the_rule_refuses_is_an_error_with_rule_value_and_place() {
    let line = |error: UrlError| error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" | ");
    let key = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    for (made, reason) in [
        (url!(try user { id: 0 }), "\"/users/<int(min=1):id>\": <int(min=1):id> does not accept \"0\""),
        (url!(try files { rest: "" }), "\"/files/<path:rest>\": <path:rest> does not accept \"\""),
        (
            url!(try files { rest: "a/../b" }),
            "\"/files/<path:rest>\": <path:rest> does not accept \"a/../b\"",
        ),
        (url!(try files { rest: "/etc" }), "\"/files/<path:rest>\": <path:rest> does not accept \"/etc\""),
        (
            url!(try day { year: -1, month: "may", day: "1" }),
            "\"/days/<int:year>/<month>/<day>\": <int:year> does not accept \"-1\"",
        ),
        (
            url!(try day { year: 1, month: "..", day: "1" }),
            "\"/days/<int:year>/<month>/<day>\": <month> would become `..`, which clients remove from a path",
        ),
        (
            url!(try day { year: 1, month: "a/..", day: "1" }),
            "\"/days/<int:year>/<month>/<day>\": <month> does not accept \"a/..\"",
        ),
        (
            url!(try catalogue::year { year: 12345, lang: "it" }),
            "\"/shop/years/<int(fixed_digits=4):year>/<any(en,it):lang>\": <int(fixed_digits=4):year> does not accept \"12345\"",
        ),
        (
            url!(try catalogue::year { year: 1, lang: "de" }),
            "\"/shop/years/<int(fixed_digits=4):year>/<any(en,it):lang>\": <any(en,it):lang> does not accept \"de\"",
        ),
        (
            url!(try items::stock { sku: "abc", key }),
            "\"/shop/stock/<re(\"[A-Z]{3}\"):sku>/<uuid:key>\": <re(\"[A-Z]{3}\"):sku> does not accept \"abc\"",
        ),
        (
            url!(try items::year { code: Code(1), price: f64::NAN, title: "x" }),
            "\"/shop/items/<code>-<float:price>/<title>\": <float:price> does not accept \"NaN\"",
        ),
    ] {
        let error = line(made.unwrap_err());
        let (message, place) = error.split_once(" | at ").unwrap();
        assert_eq!(message, format!("cannot build a URL for {reason}"));
        assert!(place.starts_with("pulsar/tests/url.rs:"), "{place}");
    }
}

#[test]
#[should_panic(
    expected = "cannot build a URL for \"/users/<int(min=1):id>\": <int(min=1):id> does not accept \"0\""
)]
fn without_try_it_panics() {
    let _ = url!(user { id: 0 });
}

#[test]
fn a_value_that_would_be_read_as_another_is_refused() {
    let router = Router::new()
        .add(Method::GET, "/<a>-<b>", async || "")
        .name("pair")
        .add(Method::GET, "/<path:a>/x/<path:b>", async || "")
        .name("paths");
    assert_eq!(router.url_for("pair", (("a", "x-y"), ("b", "z"))).unwrap(), "/x-y-z");
    let error = router.url_for("pair", (("a", "x"), ("b", "y-z"))).unwrap_err().to_string();
    let expected = "cannot build a URL for \"/<a>-<b>\": as a part of /x-y-z the value \"x\" of <a> would be read as \"x-y\"\n    at ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(router.url_for("paths", (("a", "1"), ("b", "2/x/3"))).unwrap(), "/1/x/2/x/3");
    assert!(router.url_for("paths", (("a", "1/x/2"), ("b", "3"))).is_err());
}

#[test]
fn urls_know_where_the_application_is_mounted_and_what_the_client_calls_it() {
    let inner = Router::new()
        .add(Method::GET, "/<path:rest>", async |urls: Urls| {
            let by_name = urls.url_for("self", [("rest", "x")]).unwrap();
            format!("{} {} {by_name}", urls.of(url!(user { id: 7 })), urls.absolute(url!(home).query("a", 1)))
        })
        .name("self");
    let inner: RouterService = inner.compile(Context::default()).unwrap();
    let middle = Router::new().mount("/b%20b", inner.clone()).compile(Context::default()).unwrap();
    // A member of a chain of callables: what stands before it is `SCRIPT_NAME`.
    let chain = Application::from(inner.clone());
    let outer = Router::new()
        .mount("/a", middle)
        .mount("/é", inner.clone())
        .mount_with("/wsgi", move |context| chain.clone().service(context.clone()));
    let outer = Client::new(outer.compile(Context::default()).unwrap());
    let alone = Client::new(inner);
    block_on(async {
        for (client, path, expected) in [
            (&alone, "/x", "/users/7 http://shop.example/?a=1 /x"),
            (&outer, "/a/b%20b/x", "/a/b%20b/users/7 http://shop.example/a/b%20b/?a=1 /a/b%20b/x"),
            (&outer, "/a/b%20b/x/y", "/a/b%20b/users/7 http://shop.example/a/b%20b/?a=1 /a/b%20b/x"),
            (&outer, "/wsgi/x", "/wsgi/users/7 http://shop.example/wsgi/?a=1 /wsgi/x"),
            (&outer, "/%C3%A9/x", "/%C3%A9/users/7 http://shop.example/%C3%A9/?a=1 /%C3%A9/x"),
        ] {
            client.get(path).header("host", "shop.example").send().await.assert_text(expected);
        }
        let answer = alone.get("/x").header("host", "no host").send().await;
        answer.assert_status(400);
    });
}

#[test]
fn a_program_finds_its_routes_by_name() {
    block_on(async {
        let client = program!().client().await.unwrap();
        for (name, url) in [
            ("user.show", "/users/7"),
            ("url::user", "/users/7"),
            ("search", "/search/?id=7"),
            ("old", "/old-address?id=7"),
            ("address", "/address?id=7"),
            ("beside::beside", "/beside?id=7"),
        ] {
            client.get(&url!(link { name, id: 7 })).send().await.assert_status(200).assert_text(url);
        }
        client
            .post("/jump/a%20b/c")
            .send()
            .await
            .assert_status(303)
            .assert_header("location", "/files/a%20b/c");
        client.get("/link/nobody/7").send().await.assert_status(500);
    });
}

#[test]
fn a_fallback_can_make_urls_too() {
    let router = Router::new().add(Method::GET, "/users/<int:id>", async || "").name("user").fallback(
        async |urls: Urls| (StatusCode::NOT_FOUND, urls.url_for("user", [("id", 7)]).unwrap().to_string()),
    );
    block_on(async {
        let client = Client::new(router.compile(Context::default()).unwrap());
        client.get("/x").send().await.assert_status(404).assert_text("/users/7");
    });
}

#[test]
fn names_that_decide_nothing_are_explained() {
    let router = Router::new()
        .add(Method::GET, "/a", async || "")
        .name("list")
        .add(Method::GET, "/a/<int:page>", async || "")
        .name("list")
        .add(Method::POST, "/a/<int:page>", async || "")
        .name("list")
        .add(Method::GET, "/b", async || "")
        .name("twice")
        .add(Method::GET, "/c", async || "")
        .name("twice")
        .add(Method::GET, "/d/<x>", async || "")
        .name("either")
        .add(Method::GET, "/d/<y>/<z>", async || "")
        .name("either");
    let ask = |name: &str, values: &[(&str, &str)]| {
        let places =
            |line: &str| line.rsplit_once(':').map_or(line.to_owned(), |(line, _)| format!("{line}:N"));
        router.url_for(name, values).map(String::from).map_err(|error| {
            error
                .to_string()
                .lines()
                .map(|line| if line.contains("at pulsar/") { places(line) } else { line.to_owned() })
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(ask("list", &[]).unwrap(), "/a");
    assert_eq!(ask("list", &[("page", "2")]).unwrap(), "/a/2");
    assert_eq!(ask("list", &[("sort", "up"), ("sort", "down")]).unwrap(), "/a?sort=up&sort=down");
    assert_eq!(ask("either", &[("y", "1"), ("z", "2"), ("x", "3")]).unwrap(), "/d/1/2?x=3");
    for (name, values, message) in [
        (
            "twice",
            &[][..],
            vec![
                "there is no URL of `twice`: several routes have this name; write it with its module, or give one `name = \"..\"`".to_owned(),
                format!("    /b  twice  at pulsar/tests/url.rs:N"),
                format!("    /c  twice  at pulsar/tests/url.rs:N"),
            ],
        ),
        (
            "either",
            &[("y", "1")],
            vec![
                "there is no URL of `either`: none of the routes of this name has a value for each of its placeholders".to_owned(),
                format!("    /d/<x>  either  at pulsar/tests/url.rs:N"),
                format!("    /d/<y>/<z>  either  at pulsar/tests/url.rs:N"),
            ],
        ),
        (
            "lists",
            &[],
            vec![
                "there is no URL of `lists`: no route has this name; did you mean `list`?".to_owned(),
                format!("    /a  list  at pulsar/tests/url.rs:N"),
                format!("    /a/<int:page>  list  at pulsar/tests/url.rs:N"),
            ],
        ),
        (
            "a.twice",
            &[],
            vec![
                "there is no URL of `a.twice`: no route has this name; did you mean `twice`?".to_owned(),
                format!("    /b  twice  at pulsar/tests/url.rs:N"),
                format!("    /c  twice  at pulsar/tests/url.rs:N"),
            ],
        ),
        ("nothing at all", &[], vec!["there is no URL of `nothing at all`: no route has this name".to_owned()]),
        ("list", &[("page", "x")], vec!["cannot build a URL for \"/a/<int:page>\": <int:page> does not accept \"x\"".to_owned(), format!("    at pulsar/tests/url.rs:N")]),
        ("list", &[("page", "1"), ("page", "2")], vec!["cannot build a URL for \"/a/<int:page>\": two values for `page`".to_owned(), format!("    at pulsar/tests/url.rs:N")]),
    ] {
        assert_eq!(ask(name, values).unwrap_err(), message, "{name}");
    }
    let router = Router::new().add(Method::GET, "/users/<user_id>", async || "").name("user");
    let missing = |values: &[(&str, u8)]| router.url_for("user", values).unwrap_err().to_string();
    assert!(
        missing(&[])
            .starts_with("cannot build a URL for \"/users/<user_id>\": no value for `user_id`\n    at ")
    );
    let misspelt = missing(&[("usr_id", 7)]);
    assert!(
        misspelt.contains("no value for `user_id`; `usr_id` was given, did you mean that?"),
        "{misspelt}"
    );
    let nested = [("a", [("b", "c")])];
    let error = router.url_for("user", nested).unwrap_err().to_string();
    assert!(error.starts_with("a URL cannot be made of these values: "), "{error}");
    let nameless =
        Router::new().add(Method::GET, "/", async || "").url_for("home", ()).unwrap_err().to_string();
    assert_eq!(
        nameless,
        "there is no URL of `home`: no route has this name; none of this application has any"
    );
    let nothing = Router::new().name("home").compile(Context::default()).unwrap_err().to_string();
    assert!(nothing.starts_with(
        "no route was added before the name `home`; write `.name(..)` after `.add(..)`\n    at "
    ));
}
