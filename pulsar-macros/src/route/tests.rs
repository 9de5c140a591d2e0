//! What the route attributes write, and what they say.

use quote::quote;

use crate::{
    route::{Verb, expand},
    testing::{golden, messages, tokens},
};

fn route(verb: Verb, attribute: &str, item: &str) -> proc_macro2::TokenStream {
    expand(verb, tokens(attribute), tokens(item))
}

#[test]
fn an_async_handler_is_awaited_on_the_event_loop() {
    let item = r#"
        /// One user.
        ///
        /// By number.
        #[must_use]
        pub(crate) async fn user(id: u64, db: State<Db>, form: Json<Edit>) -> Result<Json<User>> { db.find(id).await }
    "#;
    golden("async", route(Verb::Get, r#""/users/<int(min=1):id>", name = "user.show""#, item));
}

#[test]
fn an_async_handler_without_extractors_takes_nothing_of_the_request() {
    let item = "async fn page(lang: &str, number: u32) -> String { format!(\"{lang} {number}\") }";
    golden("async_without_extractors", route(Verb::Get, r#""/<lang>/<int:number>""#, item));
}

#[test]
fn a_plain_handler_runs_on_the_pool() {
    let item = "fn report(mut year: u16, _lang: &str, Query(filter): Query<Filter>) -> impl IntoResponse {}";
    golden("pool", route(Verb::Any, r#""/reports/<int:year>/<lang>", methods = ["GET", "PURGE"]"#, item));
}

#[test]
fn an_inline_handler_is_called_at_once() {
    golden("inline", route(Verb::Get, r#""/", inline"#, "fn hello() -> &'static str { \"hello\" }"));
}

#[test]
fn an_inline_handler_with_extractors_waits_for_them() {
    let item = "fn save(request: Request) {}";
    golden("inline_with_extractors", route(Verb::Put, r#""/save", inline"#, item));
}

#[test]
fn names_of_the_user_do_not_meet_ours() {
    let item = "#[cfg(unix)] async fn handler(params: u8, context: State<Db>, handler: Body) {}";
    let expansion = route(Verb::Post, r#""/<int:params>", crate = my_framework::pulsar"#, item);
    golden("names", expansion);
}

#[test]
fn dump() {
    let rows: &[(Verb, &str, &str)] = &[
        (Verb::Get, "", "fn f() {}"),
        (Verb::Get, "\"users\"", "fn f() {}"),
        (Verb::Get, "\"/<itn:id>/{x}\"", "fn f(id: u8) {}"),
        (Verb::Get, "\"/<id>/<id>\"", "fn f(id: u8) {}"),
        (Verb::Get, "RULE", "fn f() {}"),
        (Verb::Get, "5, name = 5", "fn f() {}"),
        (Verb::Get, "\"/a\", \"/b\"", "fn f() {}"),
        (Verb::Get, "name = \"x\", \"/a\"", "fn f() {}"),
        (Verb::Get, "path = \"/a\"", "fn f() {}"),
        (Verb::Get, "\"/a\", nmae = \"x\", rank = 1", "fn f() {}"),
        (Verb::Get, "\"/a\", method = \"GET\"", "fn f() {}"),
        (Verb::Get, "\"/a\", name = \"x\", name = \"y\"", "fn f() {}"),
        (Verb::Get, "\"/a\", name = \" \"", "fn f() {}"),
        (Verb::Get, "\"/a\", name", "fn f() {}"),
        (Verb::Get, "\"/a\", name = home", "fn f() {}"),
        (Verb::Get, "\"/a\", inline = true", "fn f() {}"),
        (Verb::Get, "\"/a\", inline", "async fn f() {}"),
        (Verb::Get, "\"/a\", , inline", "fn f() {}"),
        (Verb::Get, "\"/a\", crate = \"pulsar\"", "fn f() {}"),
        (Verb::Get, "\"/a\", crate", "fn f() {}"),
        (Verb::Any, "\"/a\", method = GET", "fn f() {}"),
        (Verb::Any, "\"/a\", method = [\"GET\"]", "fn f() {}"),
        (Verb::Any, "\"/a\", methods = \"GET\"", "fn f() {}"),
        (Verb::Any, "\"/a\", methods = []", "fn f() {}"),
        (Verb::Any, "\"/a\", methods = [GET, \"get\", \"PUT\", \"PUT\", \"A B\", \"\"]", "fn f() {}"),
        (Verb::Any, "\"/a\", method = \"GET\", methods = [\"POST\"]", "fn f() {}"),
        (Verb::Get, "\"/users/<id>/<slug>\"", "fn f(id: u64, slugs: String) {}"),
        (Verb::Get, "\"/users/<int:id>\"", "fn f() {}"),
        (Verb::Get, "\"/users/<float:id>\"", "fn f(db: State<Db>) {}"),
        (Verb::Get, "\"/users/<id>\"", "fn f(number: u64) {}"),
        (Verb::Get, "\"/users\"", "fn f(id: u64, _: bool) {}"),
        (Verb::Get, "\"/users/<id>\"", "fn f(id: u64, page: u32, name: &str) {}"),
        (Verb::Get, "\"/users/<id>\"", "fn f(id: u64, _id: u32) {}"),
        (Verb::Get, "\"/users/<id>/<name>\"", "fn f(id: &u64, name: &String) {}"),
        (Verb::Get, "\"/users/<id>\"", "fn f(id: &'static str) {}"),
        (Verb::Get, "\"/users\"", "fn f(settings: &Settings) {}"),
        (Verb::Get, "\"/users/<id>\"", "fn f<'a>(id: &'a str, token: Token<'a>) {}"),
        (Verb::Get, "\"/a\"", "fn f(&self) {}"),
        (Verb::Get, "\"/a\"", "fn f<T: Clone, const N: usize>(db: State<T>) where T: Send {}"),
        (Verb::Get, "\"/a\"", "fn f(x: impl Into<String>, y: Json<impl Clone>) {}"),
        (Verb::Get, "\"/a\"", "const unsafe extern \"C\" fn f(x: State<X>, ...) {}"),
        (Verb::Get, "\"/a\"", "fn f(#[cfg(unix)] x: State<X>) {}"),
        (Verb::Get, "\"/a\"", "struct Users;"),
        (Verb::Get, "\"/a\"", "impl Users { fn f() {} }"),
        (Verb::Get, "\"/a\"", "mod users;"),
        (Verb::Get, "\"/a\"", "fn f();"),
        (Verb::Get, "\"/a\"", "#[post(\"/a\")] fn f<T>() {}"),
        (Verb::Get, "oops", "enum A {}"),
    ];
    for (verb, attribute, item) in rows {
        println!("=== {}({attribute}) {item}", verb.attribute());
        for m in messages(route(*verb, attribute, item)) {
            println!("{m}\n-");
        }
    }
}
