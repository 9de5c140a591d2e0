//! `#[wsgi_app]`: a callable of an environ and a `start_response` that is an application, or is mounted in one.
//!
//! It sees the shape of the function, not its types: that the arguments are an environ and a `start_response` is checked by the
//! compiler where the registration names the function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{LitStr, ReturnType, Type};

use crate::{
    errors::{Errors, beside, with_help},
    function::{Argument, Function, Role, is_result},
    literal_path,
    options::{self, Options},
    words,
};

const SIGNATURE: &str =
    "fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody>";

/// What stands in the brackets.
struct Attribute {
    path: Option<LitStr>,
    name: Option<LitStr>,
    binds: Vec<LitStr>,
    workers: Option<String>,
    inline: Option<Ident>,
    crate_path: syn::Path,
}

/// The function, and behind it its registration or what is wrong.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item, errors| registration(attribute, item, errors))
}

fn registration(tokens: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let attribute = Attribute::read(tokens, errors);
    let role = Role {
        attribute: "#[wsgi_app]",
        noun: "a WSGI callable",
        caller: "the server",
        purpose: "takes an environ and `start_response`",
    };
    let function = Function::read(role, item, errors)?;
    check_signature(&function, errors);
    if let Some(flag) = attribute.inline.as_ref().filter(|_| function.is_async) {
        let help = "leave `inline` out; it is for a quick `fn`";
        errors.at(flag, with_help("an `async fn` already runs on the event loop", help));
    }
    errors.is_empty().then(|| tokens_of(&attribute, &function))
}

impl Attribute {
    fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let known = ["name", "bind", "workers", "inline", "crate"];
        let path_first = ("path", "the path comes first, without a key: `#[wsgi_app(\"/path\")]`");
        let options = Options::read("#[wsgi_app]", tokens, &known, &[path_first], errors);
        let attribute = Attribute {
            path: path(&options, errors),
            name: options.string("name", errors),
            binds: options.one_or_several("bind", errors),
            workers: options.integer("workers", errors),
            inline: options.flag("inline", errors).then(|| options.key("inline").cloned()).flatten(),
            crate_path: options.crate_path(errors),
        };
        if attribute.path.is_some() {
            for key in ["name", "bind", "workers"].iter().filter_map(|key| options.key(key)) {
                let message = format!(
                    "`{key}` is for an application of its own, and one with a path is part of another"
                );
                errors.at(key, with_help(message, format!("leave out the path, or `{key}`")));
            }
        }
        attribute
    }
}

fn path(options: &Options, errors: &mut Errors) -> Option<LitStr> {
    const EXAMPLE: &str = "write `#[wsgi_app(\"/path\")]`";
    let (first, more) = options.values().split_first()?;
    for value in more {
        errors.at(value, with_help("`#[wsgi_app]` has one path", "write one function for each"));
    }
    let Some(literal) = options::string(first.clone()) else {
        let message = format!("the path is a string literal, not `{}`", words::source(first));
        errors.at(first, with_help(message, EXAMPLE));
        return None;
    };
    let help = "the application finds the rest of the path in `PATH_INFO`";
    literal_path::check(&literal, "an application is mounted at", help, errors).then_some(literal)
}

/// Two arguments, the first one borrowed, and an answer.
fn check_signature(function: &Function, errors: &mut Errors) {
    let help = format!("write `{}{SIGNATURE}`", if function.is_async { "async " } else { "" });
    for lifetime in &function.lifetimes {
        errors
            .at(lifetime, with_help("a WSGI callable needs no lifetimes", format!("leave `{lifetime}` out")));
    }
    match &function.arguments[..] {
        [environ, start_response] => {
            check_environ(environ, errors);
            if start_response.referent().is_some() {
                let message = format!("`{}` is passed by value", start_response.source());
                errors.at(&start_response.original.ty, with_help(message, "leave the `&` out"));
            }
        }
        arguments => {
            let count = match arguments.len() {
                0 => "none".to_owned(),
                count => count.to_string(),
            };
            let message = format!("a WSGI callable has two arguments, and this one has {count}");
            errors.at_span(function.name.span(), with_help(message, &help));
        }
    }
    let nothing = |errors: &mut Errors| {
        let message = "a WSGI callable returns the body of the answer, and this one returns nothing";
        errors.at_span(function.name.span(), with_help(message, help));
    };
    match &function.output {
        ReturnType::Default => nothing(errors),
        ReturnType::Type(_, ty) if matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()) => {
            nothing(errors);
        }
        ReturnType::Type(_, ty) if !is_result(ty) => {
            let message = format!("a WSGI callable cannot return `{}`: it may fail", words::source(ty));
            errors.at(
                ty,
                with_help(message, "return `wsgi::Result<impl IntoBody>`, and the value as `Ok(value)`"),
            );
        }
        ReturnType::Type(..) => {}
    }
}

fn check_environ(environ: &Argument, errors: &mut Errors) {
    let by_mutable_reference =
        matches!(&environ.ty, Type::Reference(reference) if reference.mutability.is_some());
    if !by_mutable_reference {
        let ty = environ.referent().unwrap_or(&environ.ty);
        let message = format!("the environ is borrowed: `{}` is not", environ.source());
        let message = if environ.referent().is_some() {
            format!("the environ can be changed: `{}` says that it cannot", environ.source())
        } else {
            message
        };
        errors.at(&environ.original.ty, with_help(message, format!("write `&mut {}`", words::source(ty))));
    }
}

/// The application, by calls of the function in which each type stands for itself: what the compiler finds wrong with an
/// argument it says at its type, and at the function's name what is wrong with the answer.
fn made_of(function: &Function) -> TokenStream {
    let site = Span::mixed_site();
    let callable = &function.name;
    let at_name = site.located_at(callable.span());
    let [environ, start_response] = &function.arguments[..] else { return TokenStream::new() };
    let environ = Ident::new("environ", environ.span());
    let start_response = Ident::new("start_response", start_response.span());
    let name = callable.to_string();
    let name = quote_spanned!(site=> concat!(module_path!(), "::", #name));
    if !function.is_async {
        let called = answered(function, &quote_spanned!(at_name=> #callable(#environ, #start_response)));
        return quote_spanned!(at_name=> _pulsar::Application::of_fn(#name, |#environ, #start_response| #called));
    }
    let borrowed = quote_spanned!(environ.span()=> &mut #environ);
    let future = |environ: &TokenStream| {
        let called = quote_spanned!(at_name=> #callable(#environ, #start_response).await);
        let called = answered(function, &called);
        quote_spanned!(at_name=> _pulsar::Box::pin(async move { #called }))
    };
    let (alone, chained) = (future(&borrowed), future(&quote!(#environ)));
    quote_spanned! {at_name=>
        _pulsar::Application::of_async_fn(
            #name,
            |mut #environ, #start_response| #alone,
            |#environ, #start_response| #chained,
        )
    }
}

/// A call taken apart, so that what one side of its `Result` lacks is said at that side.
fn answered(function: &Function, called: &TokenStream) -> TokenStream {
    let site = function.output_span();
    let at = function.places();
    let body = quote_spanned!(at.value=> _pulsar::Answer::answered(body));
    let error = quote_spanned!(at.error=> _pulsar::AnswerError::answered(error));
    quote_spanned! {site=>
        match #called {
            _pulsar::Ok(body) => #body,
            _pulsar::Err(error) => #error,
        }
    }
}

fn tokens_of(attribute: &Attribute, function: &Function) -> TokenStream {
    let site = Span::mixed_site();
    let Attribute { path, name, binds, workers, inline, crate_path } = attribute;
    let (callable, conditions) = (&function.name, &function.conditions);
    let function_name = callable.to_string();
    // Items are not hygienic: ours steps aside for a function of the same name.
    let word = if function_name == "application" { "application_of_callable" } else { "application" };
    let application = Ident::new(word, site);
    let made = made_of(function);
    let inline = inline.as_ref().map(|_| quote_spanned!(site=> .inline()));
    let path = path.as_ref().map(|path| quote_spanned!(site=> .at_path(#path)));
    let name = name.as_ref().map(|name| quote_spanned!(site=> .name(#name)));
    let binds = (!binds.is_empty()).then(|| quote_spanned!(site=> .binds(&[#(#binds),*])));
    let workers = workers.as_ref().map(|workers| quote_spanned!(site=> .workers(#workers)));
    let doc = Some(&function.doc).filter(|doc| !doc.is_empty()).map(|doc| quote_spanned!(site=> .doc(#doc)));
    quote_spanned! {site=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;

            fn #application() -> _pulsar::Application {
                #made #inline
            }
            _pulsar::inventory::submit! {
                _pulsar::WsgiApp::new(
                    #application,
                    #function_name,
                    _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
                )
                #path
                #name
                #binds
                #workers
                #doc
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn a_callable_is_one_entry() {
        let item = "/// The old pages.\nfn legacy(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<Body> {}";
        golden("wsgi_app_path", expand(tokens(r#""/legacy", inline"#), tokens(item)));
        let item =
            "#[cfg(unix)] async fn application(e: &mut Environ, s: StartResponse) -> wsgi::Result<Body> {}";
        let brackets = r#"name = "wsgi2", bind = [":8070", "unix:app.sock"], workers = 2"#;
        golden("wsgi_app", expand(tokens(brackets), tokens(item)));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        const GOOD: &str = "fn app(e: &mut Environ, s: StartResponse) -> Result<Body> {}";
        let rows = [
            (r#""legacy""#, GOOD),
            (r#""/<int:id>""#, GOOD),
            ("path", GOOD),
            (r#"path = "/x""#, GOOD),
            (r#""/a", "/b""#, GOOD),
            (r#""/a", bind = ":80", name = "x", workers = 2"#, GOOD),
            (r#"nmae = "x""#, GOOD),
            ("bind = 80", GOOD),
            (r#"bind = [":80", 81]"#, GOOD),
            (r#"workers = "four""#, GOOD),
            ("workers = -1", GOOD),
            ("workers", GOOD),
            ("inline", "async fn app(e: &mut Environ, s: StartResponse) -> Result<Body> {}"),
            ("", "fn app() -> Result<Body> {}"),
            ("", "async fn app(e: &mut Environ) -> Result<Body> {}"),
            ("", "fn app(e: Environ, s: StartResponse) -> Result<Body> {}"),
            ("", "fn app(e: &Environ, s: &StartResponse) -> Result<Body> {}"),
            ("", "fn app(e: &mut Environ, s: StartResponse) {}"),
            ("", "fn app<'a>(e: &'a mut Environ, s: StartResponse) -> Result<Body> {}"),
            ("", "fn app<T>(e: &mut Environ, s: T) -> Result<Body> {}"),
            ("", "fn app(&self, e: &mut Environ, s: StartResponse) -> Result<Body> {}"),
            ("app", GOOD),
            (r#"route("/a")"#, GOOD),
            (r#""/a" bind = ":80""#, GOOD),
            (r#""/users/{id}""#, GOOD),
            (r#"binds = [":80"]"#, GOOD),
            ("bind = []", GOOD),
            ("bind", GOOD),
            (r#"bind = """#, GOOD),
            ("name = app", GOOD),
            (r#"name = "a", name = "b""#, GOOD),
            ("workers = 2.5", GOOD),
            ("workers = 99999999999", GOOD),
            ("inline = true", GOOD),
            (r#"name: "x""#, GOOD),
            (r#", name = "x""#, GOOD),
            ("", "fn app(e: &mut Environ, s: &mut StartResponse, x: u8) -> Result<Body> {}"),
            ("", "fn app(e: &mut Environ, s: StartResponse) -> () {}"),
            ("", "mod app {}"),
            ("", "struct App;"),
        ];
        golden_messages(
            "wsgi_app",
            rows.map(|(attribute, item)| {
                let brackets = if attribute.is_empty() { String::new() } else { format!("({attribute})") };
                (format!("#[wsgi_app{brackets}]\n{item}"), expand(tokens(attribute), tokens(item)))
            }),
        );
    }
}
