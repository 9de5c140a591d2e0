//! What the route attributes write, and what they say.

use crate::{
    route::{Verb, expand},
    testing::{golden, golden_messages, messages, tokens},
};

fn route(verb: Verb, attribute: &str, item: &str) -> proc_macro2::TokenStream {
    expand(verb, tokens(attribute), tokens(item))
}

#[test]
fn an_async_handler_is_awaited_on_the_event_loop() {
    let item = r"
        /// One user.
        ///
        /// By number.
        #[must_use]
        pub(crate) async fn user(id: u64, db: State<Db>, form: Json<Edit>) -> Result<Json<User>> { db.find(id).await }
    ";
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
fn a_body_is_left_alone() {
    // Such as what the compiler knows and syn does not yet.
    let expansion = route(Verb::Get, r#""/""#, "async fn page() -> u8 { no Rust of today }").to_string();
    assert!(expansion.contains("{ no Rust of today }"), "{expansion}");
    assert!(!expansion.contains("compile_error"), "{expansion}");
}

#[test]
fn every_mistake_is_named_with_a_way_out() {
    use Verb::{Any, Get};
    #[rustfmt::skip]
    let rows: &[(Verb, &str, &str)] = &[
        // The rule.
        (Get, "", "fn f() {}"),
        (Get, "RULE", "fn f() {}"),
        (Get, r#"concat!("/a", "/b")"#, "fn f() {}"),
        (Get, r#"path = "/a""#, "fn f() {}"),
        (Get, r#""/a", "/b""#, "fn f() {}"),
        (Get, r#"name = "x", "/a""#, "fn f() {}"),
        (Get, r#""users""#, "fn f() {}"),
        (Get, r#""/<itn:id>/{x}""#, "fn f(id: u8) {}"),
        (Get, r#""/<id>/<id>""#, "fn f(id: u8) {}"),
        // The options.
        (Get, r#""/a", nmae = "x", rank = 1"#, "fn f() {}"),
        (Get, r#"inlin, "/""#, "fn f() {}"),
        (Get, r#""/a", method = "GET""#, "fn f() {}"),
        (Get, r#""/a", name = "x", name = "y""#, "fn f() {}"),
        (Get, "5, name = 5", "fn f() {}"),
        (Get, r#""/a", name"#, "fn f() {}"),
        (Get, r#""/a", name = " ""#, "fn f() {}"),
        (Get, r#""/a", name = home"#, "fn f() {}"),
        (Get, r#""/a", inline = true"#, "fn f() {}"),
        (Get, r#""/a", inline"#, "async fn f() {}"),
        (Get, r#""/a", , inline"#, "fn f() {}"),
        (Get, r#""/a", crate = "pulsar""#, "fn f() {}"),
        (Get, r#""/a", crate"#, "fn f() {}"),
        // The methods.
        (Any, r#""/a", method = GET"#, "fn f() {}"),
        (Any, r#""/a", method = ["GET"]"#, "fn f() {}"),
        (Any, r#""/a", methods = "GET""#, "fn f() {}"),
        (Any, r#""/a", methods = []"#, "fn f() {}"),
        (Any, r#""/a", methods"#, "fn f() {}"),
        (Any, r#""/a", methods = [GET, "get", "PUT", "PUT", "A B"]"#, "fn f() {}"),
        (Any, r#""/a", method = """#, "fn f() {}"),
        (Any, r#""/a", methods = ["", "GET"]"#, "fn f() {}"),
        (Any, r#""/a", method = "GET", methods = ["POST"]"#, "fn f() {}"),
        // Placeholders and arguments.
        (Get, r#""/users/<id>/<slug>""#, "fn f(id: u64, slugs: String) {}"),
        (Get, r#""/users/<int:id>""#, "fn f() {}"),
        (Get, r#""/users/<float:x>""#, "fn f(db: State<Db>) {}"),
        (Get, r#""/users/<id>""#, "fn f(number: u64) {}"),
        (Get, r#""/<year>/<month>""#, "fn f(years: u16) {}"),
        (Get, r#""/users""#, "fn f(id: u64, _: bool) {}"),
        (Get, r#""/users/<id>""#, "fn f(id: u64, page: u32, name: &str) {}"),
        (Get, r#""/users/<id>""#, "fn f(id: u64, _id: u32) {}"),
        (Get, r#""/users/<id>/<name>""#, "fn f(id: &u64, name: &String) {}"),
        (Get, r#""/users/<name>""#, "fn f(name: &mut str) {}"),
        (Get, r#""/users/<name>""#, "fn f(name: &'static str) {}"),
        (Get, r#""/users""#, "fn f(settings: &Settings) {}"),
        (Get, r#""/users/<id>""#, "fn f<'a>(id: &'a str, token: Token<'a>) {}"),
        (Get, r#""/users/<name>""#, "fn f(name: &str) -> &str { name }"),
        // The function.
        (Get, r#""/a""#, "fn f(&self) {}"),
        (Get, r#""/a""#, "fn f<T: Clone, const N: usize>(db: State<T>) where T: Send {}"),
        (Get, r#""/a""#, "fn f(x: impl Into<String>, y: Json<impl Clone>) {}"),
        (Get, r#""/a""#, r#"const unsafe extern "C" fn f(x: State<X>, ...) {}"#),
        (Get, r#""/a""#, "fn f(#[cfg(unix)] x: State<X>) {}"),
        (Get, r#""/a""#, "struct Users;"),
        (Get, r#""/a""#, "enum Users {}"),
        (Get, r#""/a""#, "union Users { a: u8 }"),
        (Get, r#""/a""#, "impl Users { fn f() {} }"),
        (Get, r#""/a""#, "trait Users {}"),
        (Get, r#""/a""#, "mod users;"),
        (Get, r#""/a""#, "const USERS: u8 = 1;"),
        (Get, r#""/a""#, "static USERS: u8 = 1;"),
        (Get, r#""/a""#, "type Users = u8;"),
        (Get, r#""/a""#, "use users::f;"),
        (Get, r#""/a""#, "users! {}"),
        (Get, r#""/a""#, "extern crate users;"),
        (Get, r#""/a""#, r#"extern "C" {}"#),
        (Get, r#""/a""#, "fn f();"),
        // Several at once.
        (Any, r#""/<a>/{b}", name = 5, methods = ["get"], rank = 1"#, "fn f<T>(&self) {}"),
    ];
    golden_messages(
        "route",
        rows.iter().map(|(verb, attribute, item)| {
            let word = verb.attribute().trim_end_matches(']');
            let brackets = if attribute.is_empty() { String::new() } else { format!("({attribute})") };
            (format!("{word}{brackets}]\n{item}"), route(*verb, attribute, item))
        }),
    );
}

#[test]
fn these_are_no_mistakes() {
    let rows = [
        (r#""/""#, "fn f() {}"),
        (r#""/<id>""#, "fn f(_id: u64) {}"),
        (r#""/<id>""#, "fn f(mut id: u64) {}"),
        (r#""/<id>""#, "fn f(id: (u64)) {}"),
        (r#""/<id>""#, "fn f(id: UserId) {}"),
        (r#""/<id>""#, "fn f(Path(id): Path<u64>) {}"),
        (r#""/<id>""#, "fn f(id: Path<u64>) {}"),
        (r#""/<id>""#, "fn f(path: Option<extract::Path<u64>>) {}"),
        (r#""/<id>""#, "fn f(request: Request) {}"),
        (r#""/<id>""#, "fn f(parts: http::request::Parts) {}"),
        (r#""/<name>""#, "fn f<'a>(name: &'a str) -> Cow<'static, str> {}"),
        (r#""/<path:rest>""#, "fn f(rest: String, body: String) {}"),
        (r#""/a", name = "b", inline,"#, "fn f() {}"),
        (r#""/<type_>""#, "fn f(r#type_: u8) {}"),
    ];
    for (attribute, item) in rows {
        let expansion = route(Verb::Get, attribute, item);
        assert_eq!(messages(expansion.clone()), Vec::<String>::new(), "{attribute} {item}");
        assert!(expansion.to_string().contains("submit"), "{attribute} {item}");
    }
}

#[test]
fn the_function_comes_first_and_untouched_also_with_mistakes() {
    let item = "#[post(5)] #[must_use] pub unsafe fn f(self, a: impl X) -> u8 { 5 }";
    for attribute in [r#""/""#, "nonsense nonsense", ""] {
        let expansion = route(Verb::Get, attribute, item).to_string();
        assert!(expansion.starts_with(&tokens(item).to_string()), "{expansion}");
        assert!(!expansion.contains("submit"), "{expansion}");
    }
}

#[test]
fn the_last_of_several_attributes_reports_what_is_wrong_with_the_function() {
    let first = route(Verb::Get, r#""/""#, r#"#[pulsar::post("/")] fn f<T>() {}"#);
    assert_eq!(messages(first.clone()), Vec::<String>::new());
    assert!(!first.to_string().contains("submit"), "a function that cannot be called is not registered");
    let second = route(Verb::Post, r#""/""#, "fn f<T>() {}");
    assert_eq!(messages(second).len(), 1);
}
