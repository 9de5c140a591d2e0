//! `main!` and `program!`: the applications of a program, written as `key: value`.
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
    quote_spanned! {site=>
        fn #main() -> ::std::process::ExitCode {
            let program = #program;
            program.run()
        }
    }
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
