//! `#[pulsar::test]`: a test that is given the client of the program.
//!
//! The harness names a test by the path of its function, and lists no test that stands inside of another item. So the test has
//! the name of the user's function, which stands in it as it was written, but for its attributes: those are the test's.
//! What an argument is, is for its type to say, by a trait; whether the program starts is known when the test runs.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, ItemFn, LitStr, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    errors::{Errors, with_help},
    function::{Argument, Function, Role},
    options::{self, Options},
    words,
};

const KNOWN: &[&str] = &["provide", "settings", "program", "app", "socket", "crate"];

/// What people try, and what does it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("ignore", "write `#[ignore]` above the function"),
    ("should_panic", "write `#[should_panic]` above the function"),
    ("flavor", "a test has one event loop, as a worker does: leave it out"),
    ("worker_threads", "a test has one event loop, as a worker does: leave it out"),
    ("start_paused", "call `tokio::time::pause()` at the beginning of the test"),
    ("crates", "write `program = pulsar::program! { crates: [..] }`"),
    ("layers", "they are those of `main!`, or of `program = pulsar::program! { layers: [..] }`"),
];

/// The test; with mistakes the function as it was, and behind it every mistake.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let test = test(attribute, item.clone(), &mut errors);
    match test {
        Some(test) if errors.is_empty() => test,
        _ => {
            let mistakes = errors.into_tokens();
            // Nothing calls it now, which is not worth another message.
            quote!(#[allow(dead_code)] #item #mistakes)
        }
    }
}

/// What the attribute says.
struct Given {
    provided: Vec<Expr>,
    settings: Vec<(Ident, Expr)>,
    program: Option<Expr>,
    app: Option<LitStr>,
    socket: bool,
    crate_path: Path,
}

impl Given {
    fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let options = Options::read("#[pulsar::test]", tokens, KNOWN, ELSEWHERE, errors);
        for value in options.values() {
            let word = value.to_string();
            let (message, help) = match ELSEWHERE.iter().find(|(tried, _)| *tried == word) {
                Some((word, help)) => (format!("`{word}` is no option of `#[pulsar::test]`"), *help),
                None => (
                    "`#[pulsar::test]` takes options alone".to_owned(),
                    "a value in place of a provider is `provide = VALUE`",
                ),
            };
            errors.at(value, with_help(message, help));
        }
        let provided = match options.expression("provide", "Rate(1.5)", errors) {
            Some(Expr::Array(list)) => list.elems.into_iter().collect(),
            one => one.into_iter().collect(),
        };
        Self {
            provided,
            settings: settings(&options, errors),
            program: options.expression("program", "pulsar::program! { crates: [shop] }", errors),
            app: options.string("app", errors),
            socket: options.flag("socket", errors),
            crate_path: options.crate_path(errors),
        }
    }

    /// Whether a program is to be started, though nobody asks for anything of it.
    fn is_empty(&self) -> bool {
        self.provided.is_empty()
            && self.settings.is_empty()
            && self.program.is_none()
            && self.app.is_none()
            && !self.socket
    }
}

/// The settings in `settings = { max_body = 4, .. }`. Their names are for the program to check: it has the table.
fn settings(options: &Options, errors: &mut Errors) -> Vec<(Ident, Expr)> {
    let Some((key, value)) = options.pair("settings") else { return Vec::new() };
    let example = "write `settings = { max_body = 4, strict_slashes = false }`";
    let braces = value.cloned().and_then(|value| syn::parse2::<Group>(value).ok());
    let Some(braces) = braces.filter(|group| group.delimiter() == Delimiter::Brace) else {
        let place = value.map_or_else(|| key.to_token_stream(), Clone::clone);
        errors.at(place, with_help("`settings` takes names and values in braces", example));
        return Vec::new();
    };
    let mut settings = Vec::new();
    for piece in options::pieces(braces.stream(), errors) {
        let pair = |input: ParseStream<'_>| {
            let name: Ident = input.parse()?;
            let _: Token![=] = input.parse()?;
            Ok((name, input.parse::<Expr>()?))
        };
        if let Ok(pair) = pair.parse2(piece.clone()) {
            settings.push(pair);
        } else {
            let message = format!("`{}` sets nothing", words::source(&piece));
            errors.at(&piece, with_help(message, example));
        }
    }
    settings
}

fn test(tokens: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let given = Given::read(tokens, errors);
    let role = Role {
        attribute: "#[pulsar::test]",
        noun: "a test",
        caller: "the test harness",
        purpose: "tests something",
    };
    let function = Function::read(role, item.clone(), errors)?;
    for lifetime in &function.lifetimes {
        let help = format!("leave `{lifetime}` out: its arguments are values");
        errors.at(lifetime, with_help("a test cannot have lifetimes", help));
    }
    for argument in &function.arguments {
        check_argument(argument, errors);
    }
    let item: ItemFn = syn::parse2(item).ok()?;
    for attribute in &item.attrs {
        if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
            let name = words::source(attribute.path());
            let help = format!("leave `#[{name}]` out: `#[pulsar::test]` is one by itself");
            errors.at(attribute, with_help("a function can be one test only", help));
        }
    }
    errors.is_empty().then(|| tokens_of(&given, &function, item))
}

fn check_argument(argument: &Argument, errors: &mut Errors) {
    if let Some(referent) = argument.referent() {
        let ty = words::source(referent);
        let message = format!(
            "an argument of a test is a value: nobody else keeps what `{}` borrows",
            words::source(&argument.original.ty)
        );
        errors.at(&argument.original.ty, with_help(message, format!("write `{ty}`")));
    }
}

fn tokens_of(given: &Given, function: &Function, mut item: ItemFn) -> TokenStream {
    let site = Span::mixed_site();
    let name = &function.name;
    let attributes = std::mem::take(&mut item.attrs);
    let output = &function.output;

    let call = if function.arguments.is_empty() && given.is_empty() {
        alone(given, function)
    } else {
        with_program(given, function)
    };
    quote_spanned! {site=>
        #(#attributes)*
        #[::core::prelude::v1::test]
        fn #name() #output {
            #item
            #call
        }
    }
}

/// Nothing is asked of a program, and none is started.
fn alone(given: &Given, function: &Function) -> TokenStream {
    let (site, name, crate_path) = (Span::mixed_site(), &function.name, &given.crate_path);
    if function.is_async {
        quote_spanned!(site=> #crate_path::__private::run_alone(#name))
    } else {
        quote_spanned!(site=> #name())
    }
}

fn with_program(given: &Given, function: &Function) -> TokenStream {
    let (site, name, crate_path) = (Span::mixed_site(), &function.name, &given.crate_path);
    let program = given
        .program
        .as_ref()
        .map_or_else(|| quote_spanned!(site=> #crate_path::testing::program!()), ToTokens::to_token_stream);
    let provided = given.provided.iter().map(|value| {
        let site = site.located_at(value.span());
        quote_spanned!(site=> .provide(#value))
    });
    let settings = given.settings.iter().map(|(name, value)| {
        let (site, text) = (site.located_at(name.span()), name.unraw().to_string());
        quote_spanned!(site=> .setting(#text, #value))
    });
    let app = given.app.as_ref().map(|name| quote_spanned!(site=> .app(#name)));
    let socket = given.socket.then(|| quote_spanned!(site=> .socket()));

    let names: Vec<Ident> =
        (0..function.arguments.len()).map(|number| Ident::new(&format!("argument_{number}"), site)).collect();
    let lines = function.arguments.iter().map(|argument| {
        let (site, ty) = (argument.span(), &argument.ty);
        quote_spanned!(site=> _pulsar::argument::<#ty>(test).await)
    });
    let (run, is_async, wait) = if function.is_async {
        (quote!(run_async), Some(quote!(async)), Some(quote!(.await)))
    } else {
        (quote!(run_sync), None, None)
    };
    let test = if names.is_empty() { quote_spanned!(site=> _) } else { quote_spanned!(site=> test) };
    quote_spanned! {site=>
        {
            use #crate_path::__private as _pulsar;
            _pulsar::#run(
                async || _pulsar::TestSetup::new(#program) #(#provided)* #(#settings)* #app #socket,
                async |#test: &_pulsar::Test| (#(#lines,)*),
                #is_async |(#(#names,)*)| #name(#(#names),*) #wait,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn a_test_has_the_name_of_its_function_and_its_arguments_from_the_program() {
        let item = r#"
            /// Orders are listed.
            #[ignore = "slow"]
            async fn orders(client: Client, State(db): State<Db>) -> Result<(), Error> {
                client.get("/orders").send().await.assert_status(200);
                Ok(())
            }
        "#;
        let attribute = r#"provide = [Rate(1.5), clock()], app = "admin", socket,
            settings = { max_body = 4, strict_slashes = false }, program = shop::program()"#;
        golden("test", expand(tokens(attribute), tokens(item)));
    }

    #[test]
    fn a_test_that_blocks_has_a_thread_to_itself() {
        golden("test_fn", expand(tokens("provide = Rate(1.5)"), tokens("fn orders(client: Client) {}")));
    }

    #[test]
    fn a_test_without_arguments_starts_no_program() {
        golden(
            "test_alone",
            expand(TokenStream::new(), tokens("async fn addition() { assert_eq!(1 + 1, 2); }")),
        );
        golden(
            "test_plain",
            expand(TokenStream::new(), tokens("#[cfg(unix)] fn addition() -> Result<(), E> { Ok(()) }")),
        );
        golden("test_started", expand(tokens("socket"), tokens("async fn starts() {}")));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            ("", "async fn t(&self) {}"),
            ("", "async fn t<T>(client: T) {}"),
            ("", "async fn t<'a>(client: Client) {}"),
            ("", "async fn t(client: &Client) {}"),
            ("", "async fn t(client: impl Ask) {}"),
            ("", "unsafe fn t() {}"),
            ("", "struct T;"),
            ("", "mod tests {}"),
            ("", "#[test] async fn t() {}"),
            ("", "#[tokio::test] async fn t() {}"),
            ("sockte", "async fn t() {}"),
            ("socket = true", "async fn t() {}"),
            ("provide", "async fn t() {}"),
            ("provide = ", "async fn t() {}"),
            ("provide = let", "async fn t() {}"),
            ("providers = A", "async fn t() {}"),
            ("app = admin", "async fn t() {}"),
            ("settings", "async fn t() {}"),
            ("settings = [4]", "async fn t() {}"),
            ("settings = { max_body: 4, threads }", "async fn t() {}"),
            ("setting = { max_body = 4 }", "async fn t() {}"),
            ("Rate(1.5)", "async fn t() {}"),
            ("ignore", "async fn t() {}"),
            ("flavor = \"multi_thread\", worker_threads = 2", "async fn t() {}"),
            ("start_paused = true", "async fn t() {}"),
            ("crates = [shop]", "async fn t() {}"),
            ("socket, socket", "async fn t() {}"),
            ("crate = \"pulsar\"", "async fn t() {}"),
        ];
        golden_messages(
            "test",
            rows.map(|(attribute, item)| {
                let brackets = if attribute.is_empty() { String::new() } else { format!("({attribute})") };
                (format!("#[pulsar::test{brackets}]\n{item}"), expand(tokens(attribute), tokens(item)))
            }),
        );
    }
}
