//! `#[provide]`: a function that makes a value once per worker and application, from settings and other provided values.
//!
//! It does not see whether something provides what the function asks for, or in which order: that is known when the
//! program starts.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{ReturnType, Type};

use crate::{
    errors::{Errors, beside, with_help},
    function::{Function, Role},
    needs::Need,
    options::Options,
};

/// The function, and behind it its registration or what is wrong.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item, errors| registration(attribute, item, errors))
}

fn registration(tokens: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let options = Options::read("#[provide]", tokens, &["crate"], &[], errors);
    for value in options.values() {
        let help = "what it provides is the type that the function returns";
        errors.at(value, with_help("`#[provide]` takes no value", help));
    }
    let crate_path = options.crate_path(errors);
    let role = Role {
        attribute: "#[provide]",
        noun: "a provider",
        caller: "the worker",
        purpose: "makes the value",
    };
    let function = Function::read(role, item, errors)?;
    for lifetime in &function.lifetimes {
        let help = format!("leave `{lifetime}` out: what is provided lives as long as the worker");
        errors.at(lifetime, with_help("a provider cannot have lifetimes", help));
    }
    let output = output(&function, errors);
    let needs = Need::all(&function.arguments, role.noun, errors);
    let output = output.filter(|_| errors.is_empty())?;
    Some(tokens_of(&crate_path, &function, output, &needs))
}

fn output<'a>(function: &'a Function, errors: &mut Errors) -> Option<&'a Type> {
    let help = "write `-> T`, or `-> Result<T>` if making it can fail";
    match &function.output {
        ReturnType::Default => {
            errors.at(
                &function.name,
                with_help("a provider returns what it provides, and this returns nothing", help),
            );
            None
        }
        ReturnType::Type(_, ty) => match &**ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => {
                let message = "a provider returns what it provides, and this returns nothing";
                errors.at(ty, with_help(message, help));
                None
            }
            Type::ImplTrait(_) => {
                let message =
                    "the type that a provider returns must be named: `State<T>` finds the value by it";
                errors.at(ty, with_help(message, "write a concrete type, or `Box<dyn Trait>`"));
                None
            }
            Type::Reference(_) => {
                let message = "a provider returns a value, not a reference: the worker keeps it";
                errors.at(ty, with_help(message, "return the value itself, or an `Arc` of it"));
                None
            }
            ty => Some(ty),
        },
    }
}

fn tokens_of(crate_path: &syn::Path, function: &Function, output: &Type, needs: &[Need<'_>]) -> TokenStream {
    let site = Span::mixed_site();
    let name = &function.name;
    let function_name = name.to_string();
    let conditions = &function.conditions;
    // Items are not hygienic: ours step aside for a function of the same name.
    let item = |word: &str| {
        let word = if function_name == word { format!("{word}_of_provider") } else { word.to_owned() };
        Ident::new(&word, site)
    };
    let (provides, asks, build) = (item("provides"), item("needs"), item("build"));

    let at_output = function.output_span();
    let requirements = needs.iter().map(Need::requirement);
    let lines = needs.iter().map(Need::line);
    let passed = needs.iter().map(Need::passed);
    let wait = function.is_async.then(|| quote_spanned!(at_output=> .await));
    let context = if needs.is_empty() { quote_spanned!(site=> _) } else { quote_spanned!(site=> context) };
    let returned = quote_spanned!(at_output=> _pulsar::Returned::<#output>::new());
    let called = quote_spanned!(at_output=> #returned.split(#name(#(#passed),*) #wait));
    let at = function.places();
    let value = quote_spanned!(at.value=> _pulsar::Provided::built(value));
    let error = quote_spanned!(at.error=> _pulsar::Failure::boxed(error));
    let finish = quote_spanned! {at_output=>
        match #called {
            _pulsar::Ok(value) => _pulsar::Ok(#value),
            _pulsar::Err(error) => _pulsar::Err(#error),
        }
    };

    let future = function.future(&quote_spanned!(site=> #(#lines)* #finish));
    quote_spanned! {site=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            // The trait is for one of the two kinds of return type; for the other one it is not used.
            use _pulsar::ReturnedValue as _;

            fn #provides() -> _pulsar::Requirement {
                #returned.provides()
            }
            fn #asks() -> _pulsar::Vec<_pulsar::Requirement> {
                _pulsar::From::from([#(#requirements),*])
            }
            fn #build(
                #context: &_pulsar::Context,
            ) -> _pulsar::BoxFuture<'_, _pulsar::Result<_pulsar::Built, _pulsar::BoxError>> {
                #future
            }
            _pulsar::inventory::submit! {
                _pulsar::Provider::new(#provides, #asks, #build)
                    .function(#function_name)
                    .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn a_provider_gets_what_it_needs_and_gives_what_it_returns() {
        let item =
            "async fn db(settings: &Settings, State(pool): State<Pool>) -> Result<Db> { pool.open().await }";
        golden("provide", expand(TokenStream::new(), tokens(item)));
    }

    #[test]
    fn a_provider_may_need_nothing() {
        golden(
            "provide_plain",
            expand(TokenStream::new(), tokens("#[cfg(unix)] fn build() -> Clock { Clock }")),
        );
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            ("", "fn db(&self) -> Db {}"),
            ("", "fn db<T>() -> T {}"),
            ("", "fn db<'a>(settings: &'a Settings) -> Db {}"),
            ("", "fn db(settings: Settings) -> Db {}"),
            ("", "fn db(settings: &mut Settings) -> Db {}"),
            ("", "fn db() {}"),
            ("", "fn db() -> () {}"),
            ("", "fn db() -> impl Clone {}"),
            ("", "fn db() -> &'static Db {}"),
            ("", "unsafe fn db() -> Db {}"),
            ("", "struct Db;"),
            (r#""db""#, "fn db() -> Db {}"),
            ("db", "fn db() -> Db {}"),
            ("crate", "fn db() -> Db {}"),
            ("crate = \"x\"", "fn db() -> Db {}"),
            ("crate = a, crate = b", "fn db() -> Db {}"),
            (",", "fn db() -> Db {}"),
            ("", "const DB: Db = Db;"),
            ("", "impl Db { fn new() -> Db {} }"),
            ("", "fn db(name: &str) -> &str {}"),
            ("", "fn db(#[cfg(unix)] a: &A) -> Db {}"),
            ("", "fn db(settings: impl Deref<Target = Settings>) -> Db {}"),
            ("", "fn db() -> Option<Db> where Db: Send {}"),
            ("", "fn db() -> Db;"),
            (r#"name = "db""#, "fn db() -> Db {}"),
        ];
        golden_messages(
            "provide",
            rows.map(|(attribute, item)| {
                let brackets = if attribute.is_empty() { String::new() } else { format!("({attribute})") };
                (format!("#[provide{brackets}]\n{item}"), expand(tokens(attribute), tokens(item)))
            }),
        );
    }
}
