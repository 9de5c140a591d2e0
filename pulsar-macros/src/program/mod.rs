//! `main!`, `program!` and `check!`: the applications of a program, written as `key: value`.
//!
//! `parse` reads the keys, `tokens` writes the calls of the builder. Whether an address is free or a module has routes
//! is for the program to find out when it starts.

mod parse;
mod tokens;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::{errors::Errors, program::parse::Settings};

/// `main!`: a function `main`. With mistakes there is one as well, so that nobody is told that it is missing.
pub(crate) fn expand_main(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = Settings::read("main!", input, &mut errors);
    let site = Span::mixed_site();
    // `main` is found by its name, which only a name of the call site has.
    let main = syn::Ident::new("main", Span::call_site());
    if !errors.is_empty() {
        let mistakes = errors.into_tokens();
        return quote_spanned!(site=> #mistakes fn #main() {});
    }
    let program = tokens::program(&settings);
    let crate_path = &settings.crate_path;
    quote_spanned! {site=>
        fn #main() -> ::std::process::ExitCode {
            fn the_program_of_main() -> #crate_path::Program {
                #program
            }
            // A test of this crate finds the program here.
            #crate_path::__private::inventory::submit! {
                #crate_path::__private::Main::new(
                    the_program_of_main,
                    #crate_path::__private::Place::new(module_path!(), file!(), line!(), column!()),
                )
            }
            the_program_of_main().run()
        }
    }
}

/// `check!`: an expression of type `()`, which panics if something is wrong with the program: the one of this crate if nothing
/// else is said.
pub(crate) fn expand_check(input: TokenStream) -> TokenStream {
    let site = Span::mixed_site();
    if input.is_empty() {
        return quote_spanned!(site=> ::pulsar::testing::program!().assert_sound());
    }
    let mut errors = Errors::default();
    let settings = Settings::read("check!", input, &mut errors);
    if !errors.is_empty() {
        let mistakes = errors.into_tokens();
        return quote_spanned!(site=> { #mistakes });
    }
    let program = tokens::program(&settings);
    let crate_path = &settings.crate_path;
    quote_spanned!(site=> #crate_path::__private::Program::assert_sound(&#program))
}

/// `program!`: an expression. With mistakes it is one that never returns, so that its type fits everywhere.
pub(crate) fn expand_program(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = Settings::read("program!", input, &mut errors);
    if errors.is_empty() {
        return tokens::program(&settings);
    }
    let crate_path = &settings.crate_path;
    let mistakes = errors.into_tokens();
    quote_spanned! {Span::mixed_site()=>
        {
            #mistakes
            let program: #crate_path::__private::Program = ::core::unreachable!();
            program
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, messages, tokens};

    /// An expression as an item, for those who read lists of items.
    fn as_item(expression: TokenStream) -> TokenStream {
        quote::quote!(fn program() -> Program { #expression })
    }

    #[test]
    fn the_shortest_program_is_one_word() {
        golden("shortest_program", expand_main(TokenStream::new()));
    }

    #[test]
    fn a_program_is_built_in_the_order_in_which_it_is_written() {
        let input = r#"
            layers: [TraceLayer::new_for_http(), CompressionLayer::new()],
            crates: [blog, shop],
            fallback: not_found,
            errors: |problem| render(problem),
            bind: ["127.0.0.1:8060", "unix:/run/shop.sock"],
            name: "shop",
            app admin { bind: "127.0.0.1:8061", routes: crate::admin }
            app feed { routes: blog::feed, layers: [Gzip], },
            app api { routes: self::api },
        "#;
        golden("program", as_item(expand_program(tokens(input))));
    }

    #[test]
    fn a_check_takes_what_a_program_does() {
        golden("check", as_item(expand_check(tokens("crates: [blog]"))));
        golden("check_this_crate", as_item(expand_check(tokens(""))));
        assert_eq!(messages(as_item(expand_check(tokens("crate: [blog]")))).len(), 1);
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            "layer: []",
            "workers: 2",
            "routes: crate::web",
            "layers = [A]",
            "layers: A",
            "layers",
            "layers: [A], layers: [B]",
            "layers: [A] fallback: f, name: 5",
            "layers: [A B], bind: []",
            "crates: blog",
            "crates: [blog, blog, crate, a::b]",
            "fallback: ,",
            "bind: 8060",
            "bind: [\"127.0.0.1:1\", \"\"]",
            "name: \"\"",
            "5, name: shop",
            "app: admin",
            "app",
            "app admin",
            "app admin { bidn: \"127.0.0.1:1\", crates: [a], name: \"x\" }",
            "app admin {}, app admin {}",
            "app admin { routes: \"admin\" }",
            "app admin { routes: admin }",
            "app admin { routes: super::admin }",
            "app admin { bind: \"a\", bind: \"b\" }",
            "bind: [\"a\" \"b\"], crates: [a b]",
            "bind: [8060, \"a\"]",
            "layers: [A,,B]",
            "layers: {A}",
            "layers: [A, B.]",
            "layers: [Trace::new(A B)]",
            "layers = [A], name = \"x\"",
            "bind \"127.0.0.1:1\"",
            "name: shop",
            "name: \"a\" \"b\"",
            "\"shop\"",
            "shop",
            "fallback: fn not_found() {}",
            "fallback: a b",
            "errors: |problem| , name: \"x\"",
            "crate: pulsar::",
            "routes = crate::web",
            "app \"admin\" {}",
            "app admin: {}",
            "app admin { routes: crate::admin bind: \"x\" }",
            "app admin { bind = \"x\" }",
            "app admin { \"x\" }",
            "app admin { routes: }",
            "app admin { routes: crate::admin::<u8> }",
            "app admin(bind: \"x\")",
            ", name: \"x\"",
            ";",
            "crate: \"pulsar\"",
        ];
        let rows = rows.map(|row| (format!("main! {{ {row} }}"), expand_main(tokens(row))));
        golden_messages("main", rows);
    }

    #[test]
    fn a_program_with_mistakes_is_still_an_expression() {
        let expansion = as_item(expand_program(tokens("layer: []")));
        assert_eq!(messages(expansion).len(), 1);
    }
}
