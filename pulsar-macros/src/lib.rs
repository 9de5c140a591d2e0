//! The macros of pulsar. Use them through the `pulsar` crate, which re-exports and documents them.
//!
//! This crate reads what the user wrote, checks it, and writes a registration beside it. It does not know how a
//! request is served: everything that the written code names is in `pulsar::__private`.
//!
//! The rule every macro keeps: the user's item is emitted untouched and first, also when something is wrong; then
//! either one block of generated code or every mistake, each at the token it is about, never both. `#[pulsar::test]` puts the
//! function into the test that has its name, since the harness takes no test from within a block.
//!
//! Each macro goes through the same stages, one file each: read the attribute, read the item, check one against the
//! other, write the tokens. `errors`, `words`, `options`, `literal_path`, `function` and `half_written` are what they share,
//! `needs` and `job` what those share whose functions take state alone.

mod errors;
mod every;
mod function;
mod half_written;
mod http_error;
mod job;
mod literal_path;
mod needs;
mod on;
mod options;
mod program;
mod provide;
mod route;
mod scope;
mod static_files;
mod test;
#[cfg(test)]
mod testing;
mod url;
mod words;
mod wsgi_app;

use proc_macro::TokenStream;

use crate::route::Verb;

/// Answers the requests that a rule and one or more methods describe. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn route(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Any, attribute.into(), item.into()).into()
}

/// Answers `GET` requests (and `HEAD`, unless a route of its own does). Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn get(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Get, attribute.into(), item.into()).into()
}

/// Answers `POST` requests. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn post(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Post, attribute.into(), item.into()).into()
}

/// Answers `PUT` requests. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn put(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Put, attribute.into(), item.into()).into()
}

/// Answers `PATCH` requests. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn patch(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Patch, attribute.into(), item.into()).into()
}

/// Answers `DELETE` requests. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn delete(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Delete, attribute.into(), item.into()).into()
}

/// Answers `HEAD` requests in place of the `GET` route. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn head(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Head, attribute.into(), item.into()).into()
}

/// Answers `OPTIONS` requests in place of the automatic answer. Documented at `pulsar::route`.
#[proc_macro_attribute]
pub fn options(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Verb::Options, attribute.into(), item.into()).into()
}

/// Builds a value once per worker and application, for `State<T>`. Documented at `pulsar::provide`.
#[proc_macro_attribute]
pub fn provide(attribute: TokenStream, item: TokenStream) -> TokenStream {
    provide::expand(attribute.into(), item.into()).into()
}

/// Runs a function when something happens in the life of the program, or for a message. Documented at `pulsar::on`.
#[proc_macro_attribute]
pub fn on(attribute: TokenStream, item: TokenStream) -> TokenStream {
    on::expand(attribute.into(), item.into()).into()
}

/// Runs a function again and again. Documented at `pulsar::every`.
#[proc_macro_attribute]
pub fn every(attribute: TokenStream, item: TokenStream) -> TokenStream {
    every::expand(attribute.into(), item.into()).into()
}

/// Makes a WSGI callable an application. Documented at `pulsar::wsgi_app`.
#[proc_macro_attribute]
pub fn wsgi_app(attribute: TokenStream, item: TokenStream) -> TokenStream {
    wsgi_app::expand(attribute.into(), item.into()).into()
}

/// Puts a prefix before every rule of a module. Documented at `pulsar::scope`.
#[proc_macro]
pub fn scope(input: TokenStream) -> TokenStream {
    scope::expand(input.into()).into()
}

/// Serves the files of a folder. Documented at `pulsar::static_files`.
#[proc_macro]
pub fn static_files(input: TokenStream) -> TokenStream {
    static_files::expand(input.into()).into()
}

/// The URL of a route. Documented at `pulsar::url`.
#[proc_macro]
pub fn url(input: TokenStream) -> TokenStream {
    url::expand(input.into()).into()
}

/// Writes `fn main`. Documented at `pulsar::main`.
#[proc_macro]
pub fn main(input: TokenStream) -> TokenStream {
    program::expand_main(input.into()).into()
}

/// The program that `main!` runs, as an expression. Documented at `pulsar::program`.
#[proc_macro]
pub fn program(input: TokenStream) -> TokenStream {
    program::expand_program(input.into()).into()
}

/// Panics with everything that is wrong with a program. Documented at `pulsar::check`.
#[proc_macro]
pub fn check(input: TokenStream) -> TokenStream {
    program::expand_check(input.into()).into()
}

/// A test that is given the client of the program. Documented at `pulsar::test`.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(attribute.into(), item.into()).into()
}

/// Makes an error an answer. Documented at `pulsar::HttpError`.
#[proc_macro_derive(HttpError, attributes(status, detail, http_error))]
pub fn http_error(input: TokenStream) -> TokenStream {
    http_error::expand(input.into()).into()
}

#[cfg(test)]
mod tests {
    use crate::{Verb, every, on, provide, route, testing::tokens, wsgi_app};

    #[test]
    fn every_attribute_leaves_half_a_function_to_the_compiler() {
        for item in
            ["fn user(db) { db. }", "fn user(db: &Db) -> { db. }", "async fn user(db: &Vec<u8) {}", "fn user"]
        {
            let item = tokens(item);
            let expansions = [
                route::expand(Verb::Get, tokens(r#""/""#), item.clone()),
                provide::expand(tokens(""), item.clone()),
                on::expand(tokens("worker_start"), item.clone()),
                on::expand(tokens(r#"message = "x""#), item.clone()),
                every::expand(tokens(r#""1s""#), item.clone()),
                wsgi_app::expand(tokens(""), item.clone()),
            ];
            for expansion in expansions {
                assert_eq!(expansion.to_string(), item.to_string());
            }
        }
    }

    #[test]
    fn every_attribute_reads_a_function_with_half_a_body() {
        let hook = tokens("async fn user(db: &Db) { db. }");
        let callable = tokens("fn app(e: &mut Environ, s: StartResponse) -> Result<Body> { s(,). }");
        for (item, expansion) in [
            (&hook, provide::expand(tokens(""), tokens("fn user(db: &Db) -> Db { db. }"))),
            (&hook, on::expand(tokens("worker_start"), hook.clone())),
            (&hook, on::expand(tokens(r#"message = "x""#), hook.clone())),
            (&hook, every::expand(tokens(r#""1s""#), hook.clone())),
            (&callable, wsgi_app::expand(tokens(""), callable.clone())),
        ] {
            assert!(expansion.to_string().contains("submit"), "{item} gives {expansion}");
        }
    }
}
