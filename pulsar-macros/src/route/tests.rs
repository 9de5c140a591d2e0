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
    golden("async", route(Verb::Post, r#""/users/<int(min=1):id>", name = "user.show""#, item));
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
fn a_url_has_the_types_of_the_arguments_or_borrows_text() {
    let item = r"
        pub fn page(
            a: String, b: Cow<'_, str>, c: std::path::PathBuf, d: Token<'_>, _e: Vec<Uuid>, mut f: (u8), g: &'a str,
        ) {}
    ";
    golden("url_fields", route(Verb::Get, r#""/<a>/<b>/<c>/<d>/<e>/<f>/<g>", inline"#, item));
}

#[test]
fn a_url_of_values_that_are_read_together_has_the_types_of_their_tuple() {
    let item = "fn day(Path((year, name)): extract::Path<(u16, String)>) {}";
    golden("url_tuple", route(Verb::Get, r#""/<int:year>/<name>""#, item));
}

#[test]
fn the_attribute_next_to_the_function_writes_its_url() {
    let upper = route(Verb::Get, r#""/old""#, r#"#[pulsar::get("/new")] fn f() {}"#).to_string();
    assert!(upper.contains("submit") && !upper.contains("struct"), "{upper}");
    let lower = route(Verb::Get, r#""/new""#, "fn f() {}").to_string();
    assert!(lower.contains("struct f_url"), "{lower}");
}

#[test]
fn a_route_has_a_url_unless_it_says_so() {
    let without = route(Verb::Get, r#""/", url = false"#, "fn f() {}").to_string();
    assert!(without.contains("submit") && !without.contains("struct"), "{without}");
    let raw = route(Verb::Get, r#""/""#, "fn r#type() {}").to_string();
    assert!(raw.contains("struct type_url {"), "{raw}");
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
        (Get, r#""/a" "/b""#, "fn f() {}"),
        (Get, r#""/a" name = "x""#, "fn f() {}"),
        (Get, r#""/a"; inline"#, "fn f() {}"),
        (Get, "/users", "fn f() {}"),
        (Get, r#"["/a", "/b"]"#, "fn f() {}"),
        (Get, r#"b"/a""#, "fn f() {}"),
        (Get, "'a'", "fn f() {}"),
        (Get, r#""/a", name: "x""#, "fn f() {}"),
        (Get, r#""/a", name = "x" "y""#, "fn f() {}"),
        (Get, r#""/a", "inline""#, "fn f() {}"),
        (Get, r#""/a", Name = "x""#, "fn f() {}"),
        (Get, r#""/a?x=<id>""#, "fn f(id: u8) {}"),
        (Get, r#""GET /a""#, "fn f() {}"),
        (Get, r#""/users/{id}/:name""#, "fn f(id: u8) {}"),
        (Get, r#""/a", url"#, "fn f() {}"),
        (Get, r#""/a", url = true"#, "fn f() {}"),
        (Get, r#""/a", url = "f""#, "fn f() {}"),
        (Get, r#""/a", url = false"#, r#"#[post("/a")] fn f() {}"#),
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
    messages_of("route", rows);
}

#[test]
fn every_type_that_does_not_fit_is_named_with_a_way_out() {
    use Verb::{Any, Get, Post};
    #[rustfmt::skip]
    let rows: &[(Verb, &str, &str)] = &[
        // Converters and types.
        (Get, r#""/users/<int:id>""#, "fn f(id: String) {}"),
        (Get, r#""/<int:id>/<int(fixed_digits=5):zip>""#, "fn f(id: &str, zip: &str) {}"),
        (Get, r#""/<int:a>/<int:b>/<int:c>""#, "fn f(a: bool, b: char, c: f64) {}"),
        (Get, r#""/<int(signed):a>/<int:b>/<int:c>""#, "fn f(a: PathBuf, b: uuid::Uuid, c: std::net::IpAddr) {}"),
        (Get, r#""/<int:a>/<int:b>/<int:c>""#, "fn f(a: Box<str>, b: Cow<'_, str>, c: std::path::PathBuf) {}"),
        (Get, r#""/archive/<int(max=9999):year>""#, "fn f(year: u8) {}"),
        (Get, r#""/archive/<int(fixed_digits=4):year>""#, "fn f(year: i8) {}"),
        (Get, r#""/<int(max=300):a>/<int(max=5000000000):b>""#, "fn f(a: NonZeroU8, b: NonZero<u32>) {}"),
        (Get, r#""/<int(min=300):a>/<int(min=300,max=70000):b>""#, "fn f(a: u8, b: i8) {}"),
        (Get, r#""/<int(signed):a>/<int(signed,min=-300):b>""#, "fn f(a: u32, b: u8) {}"),
        (Get, r#""/<int(signed,min=-200):a>/<int(signed,fixed_digits=3):b>""#, "fn f(a: i8, b: i8) {}"),
        (Get, r#""/<int(fixed_digits=20):a>/<int(fixed_digits=40):b>""#, "fn f(a: u64, b: u128) {}"),
        (Get, r#""/<float:a>/<float:b>/<float:c>""#, "fn f(a: u32, b: String, c: bool) {}"),
        (Get, r#""/<path:a>""#, "fn f(a: u32) {}"),
        (Get, r#""/<path:a>""#, "fn f(a: Uuid) {}"),
        (Get, r#""/<uuid:a>/<uuid:b>/<uuid:c>""#, "fn f(a: u128, b: char, c: PathBuf) {}"),
        (Get, r#""/<any(1,2,300):a>/<any(on,off):b>/<any(a,bc):c>""#, "fn f(a: u8, b: bool, c: char) {}"),
        (Get, r##"r#"/<any(1,"2,5"):a>/<any("::1",localhost):b>"#"##, "fn f(a: f64, b: IpAddr) {}"),
        (Get, r#""/<int:id>/<name>""#, "fn f(id: Option<u64>, name: Option<String>) {}"),
        // The body.
        (Post, r#""/a""#, "fn f(user: Json<User>, text: String) {}"),
        (Post, r#""/a""#, "fn f(a: axum::Json<A>, b: Option<Form<B>>, c: Vec<u8>) {}"),
        (Post, r#""/a/<id>""#, "async fn f(form: Form<A>, id: u64, db: State<Db>) {}"),
        (Post, r#""/a""#, "fn f(request: pulsar::Request, headers: HeaderMap) {}"),
        (Get, r#""/a""#, "fn f(user: Json<User>) {}"),
        (Get, r#""/a""#, "fn f(text: String) {}"),
        (Any, r#""/a", methods = ["GET", "HEAD"]"#, "fn f(file: Result<Multipart, MultipartRejection>) {}"),
        (Get, r#""/a", allow(blocking)"#, "fn f(bytes: Bytes) {}"),
        // What is allowed.
        (Get, r#""/a", allow"#, "fn f() {}"),
        (Get, r#""/a", allow()"#, "fn f() {}"),
        (Get, r#""/a", allow(blockign, "body", panic)"#, "fn f() {}"),
        (Get, r#""/a", allow = body"#, "fn f() {}"),
        (Get, r#""/a", allow(body), allow(blocking)"#, "fn f() {}"),
        (Get, r#""/a", alow(body)"#, "fn f() {}"),
        (Get, r#"rule("/a")"#, "fn f() {}"),
        // Types that look right.
        (Get, r#""/a""#, "fn f(filter: Option<Query<Filter>>, db: Option<State<Db>>, headers: Option<HeaderMap>) {}"),
        (Get, r#""/<id>""#, "fn f(path: Option<extract::Path<u64>>) {}"),
        (Post, r#""/a""#, "fn f(text: Option<String>) {}"),
        (Get, r#""/<id>""#, "fn f(path: axum::extract::Path<u64>) {}"),
        (Get, r#""/a""#, "fn f(path: axum::extract::MatchedPath, nested: axum::extract::NestedPath) {}"),
        (Get, r#""/<id>""#, "fn f(path: axum::extract::RawPathParams) {}"),
        (Get, r#""/a""#, "fn f() -> Option<Json<User>> {}"),
        (Get, r#""/a""#, "fn f() -> pulsar::Result<Option<String>> {}"),
        (
            Get,
            r#""/a""#,
            "fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A, i: A, j: A, k: A, l: A, m: A, n: A, o: A, p: A, q: A) {}",
        ),
    ];
    messages_of("route_types", rows);
}

fn messages_of(name: &str, rows: &[(Verb, &str, &str)]) {
    golden_messages(
        name,
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
        (r#""/<id>""#, "fn f(path: Result<extract::Path<u64>, Problem>) {}"),
        (r#""/<id>""#, "fn f(request: Request) {}"),
        (r#""/<id>""#, "fn f(parts: http::request::Parts) {}"),
        (r#""/<name>""#, "fn f<'a>(name: &'a str) -> Cow<'static, str> {}"),
        (r#""/<path:rest>", allow(body)"#, "fn f(rest: String, body: String) {}"),
        (r#""/a", name = "b", inline,"#, "fn f() {}"),
        (r#""/<type_>""#, "fn f(r#type_: u8) {}"),
        // Converters and types.
        (r#""/<int:id>""#, "fn f(_id: &str) {}"),
        (r#""/<int:id>/<float:x>""#, "fn f(id: NonZeroU64, x: f32) {}"),
        (r#""/<int:id>""#, "fn f(id: u8) {}"),
        (r#""/<int(max=255):a>/<int(max=127):b>""#, "fn f(a: u8, b: i8) {}"),
        (r#""/<int(signed,min=-128,max=127):a>""#, "fn f(a: i8) {}"),
        (r#""/<int(fixed_digits=2):a>/<int(fixed_digits=38):b>""#, "fn f(a: i8, b: u128) {}"),
        (r#""/<int(max=170141183460469231731687303715884105727):a>""#, "fn f(a: u128) {}"),
        (r#""/<int(max=100,fixed_digits=4):a>""#, "fn f(a: u8) {}"),
        (r#""/<int:id>/<float:x>/<path:p>/a/<uuid:u>""#, "fn f(id: UserId, x: Price, p: Page, u: Key) {}"),
        (r#""/<path:a>/a/<path:b>/b/<path:c>""#, "fn f(a: &str, b: PathBuf, c: std::ffi::OsString) {}"),
        (r#""/<uuid:a>/<uuid:b>""#, "fn f(a: String, b: uuid::Uuid) {}"),
        (
            r#""/<any(1,2):a>/<any(true,false):b>/<any(a,b):c>/<any(x):d>""#,
            "fn f(a: u8, b: bool, c: char, d: Lang) {}",
        ),
        (r##"r#"/<a>/<string(length=1):b>/<re("[0-9]"):c>"#"##, "fn f(a: u8, b: char, c: IpAddr) {}"),
        // The body.
        (r#""/a""#, "fn f(request: Request) {}"),
        (r#""/a""#, "fn f(search: Option<Form<Search>>) {}"),
        (r#""/a", allow(body, blocking)"#, "fn f(filter: Json<Filter>) {}"),
        (r#""/a""#, "fn f(name: axum_extra::extract::Query<String>) -> Result<String, Option<u8>> {}"),
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

#[test]
fn half_a_function_is_left_to_the_compiler() {
    // What stands in a body is no business of ours; what is no Rust is said once, by the compiler.
    let rows = [
        ("fn user(db: State<Db>) { db. }", true),
        ("async fn user(db: State<Db>) -> Json<User> { let user = db.find(,); Json(user) }", true),
        ("async fn user(db: State<Db>) -> String { match { } let x = ; }", true),
        ("async fn user(db: State<Db>) { if let Some() = }", true),
        ("fn user(db) {}", false),
        ("fn user(db: ) {}", false),
        ("fn user(db: State<Db>, id) -> u8 { db. }", false),
        ("fn user(db: State<Db) { db. }", false),
        ("fn user(db: State<Db>) -> { db. }", false),
        ("fn user(db: State<Db>) -> Json<User { db. }", false),
        ("fn user(db: State<Db>)", false),
        ("fn user", false),
        ("fn user<(db: State<Db>) {}", false),
        ("pub async fn", false),
        ("fn user(db: State<Db>) -> String { db.; #![x] 'a 5..= }", true),
    ];
    for (item, registered) in rows {
        // Brackets that are not closed are no tokens: no macro sees them.
        let (written, item) = (item, tokens(item));
        let expansion = expand(Verb::Get, tokens(r#""/users""#), item.clone());
        let behind: Vec<_> = expansion.into_iter().skip(item.into_iter().count()).collect();
        let behind: proc_macro2::TokenStream = behind.into_iter().collect();
        assert_eq!(behind.to_string().contains("submit"), registered, "{written}");
        assert_eq!(behind.is_empty(), !registered, "nothing stands beside half a function: {written}");
    }
}

#[test]
fn a_head_that_cannot_be_read_is_never_passed_over() {
    let expansion = route(Verb::Get, r#""/a""#, "fn f(id: u8 = 5) {}").to_string();
    assert!(expansion.starts_with("fn f (id : u8 = 5) { }"), "{expansion}");
    assert!(expansion.contains("`#[get]` cannot read this function: expected `,`"), "{expansion}");
}

#[test]
fn the_tokens_of_the_user_are_passed_on_as_they_are() {
    let rows = [
        (r#""/users""#, "fn user(db: State<Db>) { db. }"),
        (r#""/users/<id>""#, "fn user(db: State<Db>) { db. }"),
        (r#""/users""#, "fn user(db) { db.find(5) }"),
        (r#""/users""#, "fn user(db: State<Db) -> { db.find(5) }"),
        ("", "pub fn user(&self, db: State<Db>) -> { db.find(5) }"),
        ("nonsense", "struct User { id: u64, }"),
        (r#""/users""#, "async fn user(db: State<Db>) { std::thread::sleep(x); db. }"),
    ];
    for (attribute, item) in rows {
        let item = tokens(item);
        let expansion = expand(Verb::Get, tokens(attribute), item.clone());
        let passed: Vec<String> = flat(expansion).take(flat(item.clone()).count()).collect();
        assert_eq!(passed, flat(item).collect::<Vec<_>>());
    }
}

/// Every token, at any depth, with its place in the text that it was read from.
fn flat(tokens: proc_macro2::TokenStream) -> Box<dyn Iterator<Item = String>> {
    use proc_macro2::TokenTree;
    Box::new(tokens.into_iter().flat_map(|token| -> Box<dyn Iterator<Item = String>> {
        let place = |text: String, span: proc_macro2::Span| format!("{text} at {span:?}");
        match token {
            TokenTree::Group(group) => {
                let open = place(format!("{:?}", group.delimiter()), group.span());
                Box::new(std::iter::once(open).chain(flat(group.stream())))
            }
            token => Box::new(std::iter::once(place(token.to_string(), token.span()))),
        }
    }))
}

#[test]
fn a_blocking_call_is_warned_of_beside_the_route() {
    let item = r"
        #[cfg(unix)]
        #[allow(deprecated, unused)]
        async fn nap(seconds: u64) { std::thread::sleep(Duration::from_secs(seconds)) }
    ";
    golden("blocking", route(Verb::Get, r#""/nap/<int:seconds>""#, item));
    let inline = "fn nap() { std::fs::read(PATH); }";
    golden("blocking_inline", route(Verb::Get, r#""/nap", inline"#, inline));
    for (attribute, item) in [
        (r#""/nap", allow(blocking)"#, "async fn nap() { std::thread::sleep(second) }"),
        (r#""/nap""#, "fn nap() { std::thread::sleep(second) }"),
        (r#""/nap""#, "#[post(\"/nap\")] async fn nap() { std::thread::sleep(second) }"),
    ] {
        let expansion = route(Verb::Get, attribute, item).to_string();
        assert!(expansion.contains("submit") && !expansion.contains("deprecated"), "{attribute} {item}");
    }
}
