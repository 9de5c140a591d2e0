//! The tour of routes: one function per idea. The page at `/` has a link to each.
//!
//!     cargo run --example router
//!     curl http://127.0.0.1:8060/
//!     curl -i http://127.0.0.1:8060/users/7
//!     curl -i -X DELETE http://127.0.0.1:8060/users/7        # 405, with the methods that there are
//!     cargo run --example router -- routes                    # the table of routes
//!
//! Its tests are at the end: `cargo test --example router`.

use pulsar::{
    FieldError, Form, Json, Problem, Query, Result, StatusCode, get, post, request::MatchedRoute, route, url,
};
use serde::{Deserialize, Serialize};

/// The page with the links, as text/html. `url!` has the compiler check them.
#[get("/")]
async fn index() -> ([(&'static str, &'static str); 1], String) {
    let mut page = String::from("<!doctype html><title>pulsar</title><h1>The tour of routes</h1><ul>");
    let filter = Search { q: "rust".to_owned(), page: 2, tag: vec!["a".to_owned(), "b".to_owned()] };
    for (link, idea) in [
        (url!(hello { name: "Ada" }), "one segment of the path as an argument"),
        (url!(user { id: 7 }), "a number; /users/x is another route, /users/0 is none"),
        (url!(me), "literal text goes before placeholders"),
        (url!(year { year: 2026 }), "exactly four digits"),
        (url!(price { euros: 9.99 }), "a number with a fraction"),
        (url!(menu { lang: "en" }), "one of several words"),
        (url!(item { key: uuid::Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8) }), "a UUID"),
        (url!(stock { sku: "ABC-42" }), "a regular expression"),
        (url!(file { rest: "a/b/c.txt" }), "the rest of the path"),
        (url!(edit { page: "rust/async" }), "a path in the middle"),
        (url!(status { major: 1, minor: 4 }), "text and several placeholders in a segment"),
        (url!(short { code: "abc" }), "text of bounded length"),
        (url!(guestbook), "a form, and two methods of one function; /guestbook is redirected to it"),
        (url!(search).query_of(&filter), "the query string"),
        (url!(blocking), "a function that blocks, on the thread pool"),
        (url!(quick), "a function that does not, on the event loop"),
        (url!(which), "what the router knows of a request"),
    ] {
        page.push_str(&format!("<li><a href=\"{link}\">{link}</a>: {idea}</li>"));
    }
    page.push_str("</ul>\n");
    ([("content-type", "text/html; charset=utf-8")], page)
}

/// A placeholder without a converter is one segment of text. `&str` borrows it from the request.
#[get("/hello/<name>")]
async fn hello(name: &str) -> String {
    format!("Hello, {name}!\n")
}

/// What does not match its converter does not match the route; what does not fit its type (300 into `u8`) is a 404.
#[get("/users/<int(min=1):id>")]
async fn user(id: u64) -> String {
    format!("user {id}\n")
}

/// Literal text is more specific than any placeholder. The order of functions never matters.
#[get("/users/me")]
async fn me() -> &'static str {
    "that is you\n"
}

#[get("/years/<int(fixed_digits=4):year>")]
async fn year(year: u16) -> String {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    format!("{year} is {}a leap year\n", if leap { "" } else { "not " })
}

#[get("/price/<float:euros>")]
async fn price(euros: f64) -> String {
    format!("{:.2} with tax\n", euros * 1.19)
}

#[get("/<any(en,it):lang>/menu")]
async fn menu(lang: &str) -> &'static str {
    if lang == "it" { "pasta\n" } else { "noodles\n" }
}

#[get("/items/<uuid:key>")]
async fn item(key: uuid::Uuid) -> String {
    format!("item {key}, version {}\n", key.get_version_num())
}

/// The expression must match the whole value; it is checked when the program is compiled.
#[get(r#"/stock/<re("[A-Z]{3}-[0-9]+"):sku>"#)]
async fn stock(sku: &str) -> String {
    format!("{sku}: in stock\n")
}

#[get("/files/<path:rest>")]
async fn file(rest: &str) -> String {
    format!("the file {rest}\n")
}

#[get("/wiki/<path:page>/edit")]
async fn edit(page: &str) -> String {
    format!("editing {page}\n")
}

#[get("/api/v<int:major>.<int:minor>/status")]
async fn status(major: u16, minor: u16) -> String {
    format!("version {major}.{minor}: fine\n")
}

#[get("/short/<string(minlength=2,maxlength=9):code>")]
async fn short(code: &str) -> String {
    format!("{} characters\n", code.chars().count())
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    text: String,
}

/// A rule that ends in a slash is a branch: `/guestbook` is redirected to it. One function may have several attributes.
#[get("/guestbook/")]
#[post("/guestbook/")]
async fn guestbook(entry: Option<Form<Entry>>) -> String {
    match entry {
        Some(entry) => format!("thank you, {}, for {} letters\n", entry.name, entry.text.len()),
        None => "curl -d name=Ada -d text=hello http://127.0.0.1:8060/guestbook/\n".to_owned(),
    }
}

#[derive(Deserialize, Serialize)]
struct Search {
    q: String,
    #[serde(default)]
    page: u32,
    #[serde(default)]
    tag: Vec<String>,
}

/// A handler that can fail returns a `Result`: what the client did wrong is made with care, `?` is the program's fault.
#[get("/search")]
async fn search(query: Query<Search>) -> Result<Json<Search>, Problem> {
    if query.q.is_empty() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY);
        return Err(problem.with_field(FieldError::field("q", "say what to search for")));
    }
    Ok(Json(query.0))
}

/// A plain `fn` may block: it runs on a thread of the pool and stalls nobody.
#[get("/blocking")]
fn blocking() -> Result<String> {
    let this_file = std::fs::read_to_string(file!()).or_else(|_| std::fs::read_to_string("Cargo.toml"))?;
    Ok(format!("read {} bytes\n", this_file.len()))
}

/// A plain `fn` that does not block may stay on the event loop, which saves the hop.
#[get("/quick", inline)]
fn quick() -> &'static str {
    "quick\n"
}

/// Any method, also one of your own, and a name other than that of the function.
#[route("/whichroute", methods = ["GET", "REPORT"], name = "which")]
async fn which(route: MatchedRoute) -> String {
    format!("{} is called {}\n", route.rule(), route.name().unwrap_or("nothing"))
}

pulsar::main!();

#[cfg(test)]
mod tests {
    use pulsar::{
        Program,
        testing::{Client, assert_routes},
    };
    use serde_json::json;

    use super::*;

    /// A handler is a function as before.
    #[pulsar::test]
    async fn a_leap_year_is_one() {
        assert_eq!(year(2024).await, "2024 is a leap year\n");
        assert_eq!(year(1900).await, "1900 is not a leap year\n");
    }

    /// Everything around it is asked of the program that `main!` describes.
    #[pulsar::test]
    async fn literal_text_goes_before_placeholders(client: Client) {
        client.get("/users/me").send().await.assert_text("that is you\n");
        client.get("/users/7").send().await.assert_text("user 7\n");
        client.get("/users/0").send().await.assert_status(404);
        client
            .delete("/users/7")
            .send()
            .await
            .assert_status(405)
            .assert_header("allow", "GET, HEAD, OPTIONS");
    }

    #[pulsar::test]
    async fn a_form_is_signed_where_the_redirect_leads(client: Client) {
        let form = [("name", "Ada"), ("text", "hello")];
        let answer = client.post("/guestbook").form(&form).follow_redirects().send().await;
        answer.assert_text("thank you, Ada, for 5 letters\n");
        assert_eq!(answer.path(), "/guestbook/");
    }

    #[pulsar::test]
    async fn a_search_without_words_is_told_which_field_is_wrong(client: Client) {
        let found = client.get("/search?q=rust&tag=a&tag=b").send().await;
        found.assert_json(&json!({"q": "rust", "page": 0, "tag": ["a", "b"]}));
        let problem: serde_json::Value = client.get("/search?q=").send().await.assert_status(422).json();
        assert_eq!(problem["errors"][0]["field"], "q");
    }

    /// With `socket` there is a server, as there is when the program runs.
    #[pulsar::test(socket)]
    async fn a_function_that_blocks_answers(client: Client) {
        client.get("/blocking").send().await.assert_status(200);
    }

    /// A rule that changes is a line of the diff of this file. `UPDATE_PULSAR_ROUTES=1` writes it.
    #[pulsar::test]
    async fn the_routes_are_those_of_the_file(program: Program) {
        assert_routes!(program, "routes/router.txt");
    }
}
